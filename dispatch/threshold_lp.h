#ifndef MUSTER_DISPATCH_THRESHOLD_LP_H_
#define MUSTER_DISPATCH_THRESHOLD_LP_H_

// The linear relaxation of k-center at a radius t (Dick et al., AISTATS 2017,
// supplement LP.5 and section 10): fractional clusterings
// (fractional_clustering.h) of some points in which x_ij > 0 only where
// d(i, j) <= t. It can hold for a radius only if an integral one does not
// contradict it: the least t at which it holds is a lower bound of the optimum.
//
// The feasible sums of y form an interval, as the programme is convex.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/clustering_lp.h"
#include "muster/dispatch/fractional_clustering.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct ThresholdLp {
  const DistanceMatrix* metric = nullptr;  // not owned
  std::span<const int64_t> members = {};   // points of the programme, distinct
  double radius = 0;                       // t
  int64_t copies = 1;                      // p
  SizeBounds sizes = {};                   // [a, b]
};

struct CountRange {
  int64_t fewest = 0;  // integers within the interval of sum y
  int64_t most = 0;
};

// The numbers of centres that are feasible; none: empty. Two linear programmes
// with an x_ij for each pair within the radius. Cancelled when stopped,
// Internal when the solver fails.
absl::StatusOr<std::optional<CountRange>> FeasibleCounts(
    const ThresholdLp& problem, const runtime::Runtime& runtime = {});

// A solution with sum y = count and the least sum d x, written into the
// members' entries of `fractional`, of size metric->size(). `count` is in the
// range of FeasibleCounts.
absl::Status SolveThresholdLp(const ThresholdLp& problem, int64_t count,
                              FractionalClustering* fractional,
                              const runtime::Runtime& runtime = {});

// The points that paths of pairs within `radius` connect, each set ascending,
// in the order of their first points. O(n^2).
std::vector<std::vector<int64_t>> ThresholdComponents(
    const DistanceMatrix& metric, double radius);

struct ThresholdSolution {
  double radius = 0;  // the least t; no clustering has a smaller radius
  std::vector<std::vector<int64_t>> components = {};  // at that radius
  std::vector<int64_t> counts = {};                   // sum y of each, integers
  FractionalClustering fractional = FractionalClustering();
};

// The least of the distances at which every connected component has a feasible
// integral number of centres and these can sum up to k (kExactly) or less
// (kAtMost; then as near to k as they can). By a binary search, as a larger
// radius only allows more. Counts start at the fewest and are raised component
// by component. InvalidArgument as of ValidateFeasible; Cancelled; Internal.
absl::StatusOr<ThresholdSolution> SolveSmallestThreshold(
    const DistanceMatrix& metric, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, CenterCount count,
    const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_THRESHOLD_LP_H_
