#ifndef MUSTER_DISPATCH_DISTANCES_H_
#define MUSTER_DISPATCH_DISTANCES_H_

// Distances between many points and some centres: the inner loop of clusterers
// and routers.
//
// SquaredDistance (squared_distance.h; one pair, double) is the definition:
// costs that are reported come from it. Outputs, with the property that each
// has on every machine, for any blocks and any number of threads:
//
//   SquaredDistance, SquaredDistances   the same bits: a fixed sequence of
//                                       operations over the coordinates in
//                                       their order, without contraction
//   NearestCenters, NearestByPrice      the same indices: float kernels with
//                                       whatever instructions there are only
//                                       select candidates, within a proven
//                                       error; the definition decides
//
// Each of these functions packs the centres, O(k d), at every call: give it
// many points at once, or keep a PackedCenters (packed_centers.h), which also
// has the second nearest and bounds.

#include <cstdint>
#include <span>

#include "muster/dispatch/points.h"
#include "muster/dispatch/squared_distance.h"  // IWYU pragma: export
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// distances (n x k, row-major) := squared distances in float, never negative,
// within d + 2 roundings of the exact ones: from differences, so that nothing
// cancels (infinite where the square passes 3.4e38). O(n k d) at about a third
// of NearestCenters' speed; one thread.
void SquaredDistances(PointsView points, PointsView centers,
                      std::span<float> distances);

// nearest[j * count + r] := the r-th nearest centre of point j by
// SquaredDistance (double), ties to the lower index; r < count <= k. O(n k d)
// in float, O(d) in double for each candidate of a near tie.
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
