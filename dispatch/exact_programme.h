#ifndef MUSTER_DISPATCH_EXACT_PROGRAMME_H_
#define MUSTER_DISPATCH_EXACT_PROGRAMME_H_

// Optimal balanced clustering with exactly k of the points as centres, by
// branch and bound (Cbc) over the programme of clustering_lp.h with y_i in
// {0, 1}. The shares need no integrality: for given centres they are a flow.
// For instances small enough; the yardstick of every other clusterer.
//
// The root programme, solved by columns, gives a bound D, and a first solution
// comes from its largest openings and exchanges of centres. When the two meet
// there is nothing to branch on. Otherwise centres whose reduced cost exceeds
// the gap are closed, arcs that cost more than all of the first solution are
// left out, and a node is pruned unless it may be better than the best known by
// 1e-9 of its cost: proven means proven up to that. If all costs are integers
// (and the optimum below 1e6), so is the optimum, and a node within 1 of the
// best known is pruned. The solver is given costs in units of the first
// solution's mean, so that what is found does not depend on the unit of length.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct ExactOptions {
  // Refused above: the tree of branches grows exponentially at worst. >= 1. At
  // 60 points seconds as a rule.
  int64_t max_points = 60;
  // Nodes of the tree, >= 1; then the best so far is returned, not proven. A
  // count and not a time, so that results do not depend on the machine.
  int64_t max_nodes = 100000;
};
// InvalidArgument naming the field.
absl::Status Validate(const ExactOptions& options);

struct ExactResult {
  std::vector<int64_t> centers = {};   // points, exactly k, ascending
  std::vector<int32_t> clusters = {};  // n x p positions in `centers`
  double cost = 0;                     // for k-center the radius
  double lower_bound = 0;              // of the cost; equal to it when proven
  bool proven = false;
  int64_t nodes = 0;
};

// k-median or k-means: the least sum of `costs`. InvalidArgument as of
// ValidateFeasible; Cancelled when stopped before a solution is proven.
absl::StatusOr<ExactResult> SolveExactly(const DistanceMatrix& costs,
                                         int64_t num_clusters, int64_t copies,
                                         const SizeBounds& sizes,
                                         const ExactOptions& options = {},
                                         const runtime::Runtime& runtime = {});

// k-center: a binary search over the distances from the bound of
// threshold_lp.h up, a feasibility programme at each.
absl::StatusOr<ExactResult> SolveKCenterExactly(
    const DistanceMatrix& metric, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, const ExactOptions& options = {},
    const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_EXACT_PROGRAMME_H_
