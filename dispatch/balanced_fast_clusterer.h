#ifndef MUSTER_DISPATCH_BALANCED_FAST_CLUSTERER_H_
#define MUSTER_DISPATCH_BALANCED_FAST_CLUSTERER_H_

// Balanced k-means for tens of millions of points: exact on parts, nearly exact
// on the whole.
//
//   1. Balanced k-means (balanced_clusterer.h) on a sample, with the bounds in
//      proportion: centres and prices.
//   2. Rounds over all points, in chunks of every T-th point: each chunk is
//      assigned exactly within its share of the bounds (balanced_assignment.h),
//      from the prices at hand. After each round but the last, centroids.
//   3. All points at the mean of the chunks' prices: the dual bound, and the
//      assignment by prices and chains (assignment_chains.h). The copies that
//      are still out of [a, b], here and in the chunks (by rounding), are moved
//      greedily: the bounds asked for hold exactly. The cheaper one is the
//      answer.
//
// A chunk is a fair part of the whole but for whole points: where a dense
// region's share of it is one point more than its centres may take, that point
// goes far. The mean price does not care, and errs by the square of a chunk's
// error elsewhere. The reported gap (cost against lower_bound, scope
// kFixedCenters) says how close, usually below one per mille. Beyond the points
// memory is O(n p + m (d + p + 20)) for chunks of m points. With at most one
// chunk the assignment is exact. k-means only, no weights.
//
// Stopped after the first whole round, the last whole round is the answer, its
// copies moved into the bounds; step 3's bound and its assignment by prices are
// left out (scope kNone) unless they are done. Before that: Cancelled.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/balanced_clusterer.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct BalancedFastOptions {
  // Step 1. Looser than balanced's own tolerance: the rounds over all points
  // improve the centres by more than the last rounds on a sample.
  BalancedOptions on_sample = {.max_iterations = 30, .tolerance = 1e-3};
  // Points of the sample, per centre, >= 1; at least 20,000 in all. A centroid
  // of s points adds about 1/s to the relative cost before step 2.
  int64_t sample_per_center = 500;
  // Step 2: rounds, >= 1. A second one after full centroids takes off most of
  // the sample's share of the cost; more take as long again each.
  int64_t rounds = 2;
  // Points of a chunk at most, >= 1,000 (and k at least). More: more memory, a
  // smaller gap.
  int64_t chunk_points = 1 << 20;
};

// InvalidArgument naming the field.
absl::Status Validate(const BalancedFastOptions& options);

class BalancedFastClusterer final : public Clusterer {
 public:
  // options must be valid (CHECKed).
  explicit BalancedFastClusterer(const BalancedFastOptions& options);

  absl::string_view name() const override { return "balanced_fast"; }
  ClustererTraits traits() const override;
  absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng rng,
      const runtime::Runtime& runtime) const override;

 private:
  BalancedFastOptions options_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_BALANCED_FAST_CLUSTERER_H_
