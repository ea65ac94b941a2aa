// The best clusterings of tiny instances by trying all, for tests.

#ifndef MUSTER_DISPATCH_CLUSTERING_ORACLE_H_
#define MUSTER_DISPATCH_CLUSTERING_ORACLE_H_

#include <optional>

#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"

namespace muster::dispatch {

// The least cost of giving each point `problem.copies` distinct centres out of
// `centers`, sizes (sums of weights) within `sizes`; none when no assignment
// does. Tries all assignments, C(k, p)^n: up to some 10^5.
std::optional<double> BestAssignmentCost(const ClusteringProblem& problem,
                                         PointsView centers, SizeBounds sizes);

// The least cost of the problem with exactly k centres: points of the problem,
// each at most once (`centers_are_points`), or, for k-means only, the means of
// the clusters anywhere (0 for an empty cluster). For other objectives with
// centres anywhere: 0, a bound that is always right.
double BestClusteringCost(const ClusteringProblem& problem,
                          bool centers_are_points);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERING_ORACLE_H_
