#ifndef MUSTER_DISPATCH_MERGE_SPLIT_CLUSTERER_H_
#define MUSTER_DISPATCH_MERGE_SPLIT_CLUSTERER_H_

// k-means++ and Lloyd, then small clusters merged and large ones split: the
// clusterer of every learning experiment of Dick et al. (AISTATS 2017, section
// 5).
//
//   1. k-means++ seeds; Lloyd's iteration with the p nearest centres of each
//      point until no assignment changes. A centre is the mean of all points
//      that list it; one that nobody lists stays where it is.
//   2. Merge: clusters in turn; one with fewer than a members joins the one
//      with the nearest centre, whose mean is taken anew.
//   3. Split: a cluster with more than b members is cut at random into
//      ceil(size / b) parts whose sizes differ by at most one.
//
// The number of clusters may end below or above k (at least 1 and p). With p =
// 1 and b >= 2 a - 1 every size ends within [a, b]: a part has at least
// floor((b + 1) / 2) members. Where that does not hold, and where the merging
// of clusters that share a point has lost a copy (p > 1), the assignment is
// repaired (size_repair.h): exactly p distinct clusters, sizes in [a, b]; the
// paper leaves both open. No bound on the cost: the parts of a split overlap,
// and a far group smaller than a is merged away. Objective: k-means only.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct MergeSplitOptions {
  // Lloyd's iterations at most, >= 1. The paper gives no limit; k-means on
  // 10,000 points has settled long before 100 as a rule, and a limit of this
  // order costs no accuracy that our experiments show.
  int64_t max_iterations = 100;
  // Draws per k-means++ centre, >= 1 (kmeans_plus_plus.h). Paper: 1.
  int64_t seed_trials = 1;
};

// InvalidArgument naming the field.
absl::Status Validate(const MergeSplitOptions& options);

// Clusters as lists of members, ascending.
using Groups = std::vector<std::vector<int64_t>>;

// Step 2 on its own: what is left of `groups`, in their order. Members are a
// set: a point of both clusters is listed once afterwards. O(k^2 d + moved d).
Groups MergeSmall(PointsView points, Groups groups, int64_t lower);

// Step 3 on its own: the first part takes the place of the cluster, the others
// follow at the end. O(n).
Groups SplitLarge(Groups groups, int64_t upper, runtime::Rng rng);

class MergeSplitClusterer final : public Clusterer {
 public:
  // options must be valid (CHECKed).
  explicit MergeSplitClusterer(const MergeSplitOptions& options);

  absl::string_view name() const override { return "merge_split"; }
  ClustererTraits traits() const override;
  absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng rng,
      const runtime::Runtime& runtime) const override;

 private:
  MergeSplitOptions options_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_MERGE_SPLIT_CLUSTERER_H_
