#ifndef MUSTER_DISPATCH_DISTANCES_H_
#define MUSTER_DISPATCH_DISTANCES_H_

// Distances between many points and some centres: the inner loop of clusterers
// and routers.
//
// Two kinds. SquaredDistance (one pair, double) is the definition: costs that
// are reported come from it. The float kernels below are for finding the
// nearest: their error is stated, and callers that need an exact answer decide
// near ties in double (NearestCenters does).
//
// Every output is a fixed sequence of operations over the coordinates in their
// order, so it has the same bits on every machine, for any block and any number
// of threads.

#include <cstdint>
#include <span>

#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// sum_m (x_m - y_m)^2 in double. Equal lengths (CHECKed).
double SquaredDistance(std::span<const float> x, std::span<const float> y);

// distances (n x k, row-major) := squared distances in float, never negative.
// O(n k d), one thread.
void SquaredDistances(PointsView points, PointsView centers,
                      std::span<float> distances);

// nearest[j * count + r] := the r-th nearest centre of point j by
// SquaredDistance (double), ties to the lower index; r < count <= k. O(n k d)
// in float plus the candidates in double.
void NearestCenters(PointsView points, PointsView centers, int64_t count,
                    std::span<int32_t> nearest,
                    const runtime::Runtime& runtime = {});

// The same by cost SquaredDistance(x, c) - offsets[c] (k offsets): the cells of
// a power diagram.
void NearestByPrice(PointsView points, PointsView centers,
                    std::span<const double> offsets, int64_t count,
                    std::span<int32_t> nearest,
                    const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_DISTANCES_H_
