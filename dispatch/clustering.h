#ifndef MUSTER_DISPATCH_CLUSTERING_H_
#define MUSTER_DISPATCH_CLUSTERING_H_

// What is asked of a clusterer and what it answers: k centres and p distinct
// groups for each point, group sizes within bounds, and a certificate.
//
// Objectives (Dick et al., AISTATS 2017, section 2), over the copies j -> i:
//
//   k-median  sum d(i, j)      k-means  sum d(i, j)^2      k-center  max d(i,
//   j)
//
// d is the Euclidean distance between point and centre, computed in double from
// the float coordinates. Sums run over all p copies, not averaged.

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

enum class Objective { kKMedian, kKMeans, kKCenter };
// "k-median", "k-means", "k-center".
absl::string_view ObjectiveName(Objective objective);

struct ClusteringProblem {
  PointsView points = {};
  int64_t num_clusters = 0;  // k in [1, n]
  int64_t copies = 1;        // p in [1, k]
  SizeBounds sizes = {};     // copies per cluster
  Objective objective = Objective::kKMeans;
  // Empty: every point counts once. Otherwise n weights > 0 of mean 1: the
  // objective sums w_j d and a cluster's size is the sum of its weights
  // (section 4: what share of the population each sample point stands for).
  // Only clusterers whose traits say so take weights.
  std::span<const double> weights = {};
};

// InvalidArgument for points that are empty, too many (ValidateNumPoints) or
// not finite, bounds that cannot be met (the failing inequality), weights of
// the wrong number, not finite or not positive.
absl::Status Validate(const ClusteringProblem& problem);

// InvalidArgument for more than 2^31 - 1 points, which are numbered by int32_t.
absl::Status ValidateNumPoints(int64_t num_points);

// What `lower_bound` bounds.
enum class CertificateScope {
  kNone,          // nothing is known
  kFixedCenters,  // the best assignment to these centres within the bounds
  kAnyCenters,    // the best clustering with any centres of the kind allowed
};

struct Clustering {
  // k' x d. k' = k unless the clusterer's traits say that it may differ.
  PointSet centers = {};
  // Where centres are points: the index of each (k'); empty: centroids.
  std::vector<int64_t> center_points = {};
  // n x p: the clusters of point j at [j p, j p + p), nearest centre first,
  // distinct (LP rounding in paper mode alone may repeat one).
  std::vector<int32_t> clusters = {};
  int64_t copies = 1;
  // k': copies per cluster.
  std::vector<int64_t> sizes = {};
  // What `sizes` keep: the bounds asked for, or the relaxed ones that the
  // algorithm promises.
  SizeBounds guaranteed_sizes = {};
  // k' prices of the price router, squared distance (k-means) or distance: copy
  // of j goes to the p centres of least cost(j, c) - price(c). Empty: none.
  std::vector<double> prices = {};
  // The objective, recomputed in double from points, centres and clusters
  // (EvaluateObjective).
  double cost = std::numeric_limits<double>::quiet_NaN();
  // No better cost than this is possible, in the sense of `scope`.
  double lower_bound = -std::numeric_limits<double>::infinity();
  CertificateScope scope = CertificateScope::kNone;
  int64_t iterations = 0;  // of the outer loop
  bool converged = true;   // false: stopped by a limit or from outside

  int64_t num_clusters() const { return centers.size(); }
  std::span<const int32_t> ClustersOf(int64_t point) const {
    return std::span(clusters).subspan(static_cast<size_t>(point * copies),
                                       static_cast<size_t>(copies));
  }
};

// The objective of `clusters` (n x copies) with `centers`. O(n p d), in blocks
// folded in order: the bits do not depend on the threads.
double EvaluateObjective(Objective objective, PointsView points,
                         PointsView centers, std::span<const int32_t> clusters,
                         int64_t copies, std::span<const double> weights = {},
                         const runtime::Runtime& runtime = {});

// Sorts each point's clusters by distance to their centres (ties: lower
// cluster), recounts `sizes` and recomputes `cost`: the last step of every
// clusterer.
void Finish(const ClusteringProblem& problem, Clustering* clustering,
            const runtime::Runtime& runtime = {});

// Internal unless the clustering is whole: shapes, cluster indices in range,
// distinct (if `distinct`), sizes right and within guaranteed_sizes, cost equal
// to EvaluateObjective, lower_bound <= cost. What the contract test and callers
// with their own clusterer use.
absl::Status CheckClustering(const ClusteringProblem& problem,
                             const Clustering& clustering,
                             bool distinct = true);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERING_H_
