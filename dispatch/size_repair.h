#ifndef MUSTER_DISPATCH_SIZE_REPAIR_H_
#define MUSTER_DISPATCH_SIZE_REPAIR_H_

// Repairs an assignment with few moves: every point in p distinct clusters,
// every cluster's size within [a, b].
//
// Missing copies go to the nearest cluster that does not hold the point and has
// room. Then clusters above b give, largest first, the copies whose move to a
// cluster with room costs least; clusters below a take, smallest first, the
// cheapest copies of clusters above a. Where no direct move exists (p > 1: all
// members of the one are members of the other), copies move along a shortest
// path of clusters; one exists whenever the bounds can be met at all.
//
// Every move is the cheapest for the cluster in turn; the result is not the
// cheapest assignment within the bounds: that is AssignBalanced's.

#include <cstdint>
#include <vector>

#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"

namespace muster::dispatch {

// clusters (n x copies): entries in [0, k), or -1 for a missing copy; a
// repeated entry counts as missing. ValidateFeasible must hold for n, k =
// centers.size, copies and sizes (CHECKed). Costs: distances (k-median,
// k-center) or their squares (k-means), in float. O(moved clusters' members x k
// d). Returns the number of copies moved or set. Deterministic.
int64_t RepairSizes(PointsView points, PointsView centers, Objective objective,
                    int64_t copies, SizeBounds sizes,
                    std::vector<int32_t>* clusters);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_SIZE_REPAIR_H_
