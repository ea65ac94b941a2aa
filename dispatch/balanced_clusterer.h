#ifndef MUSTER_DISPATCH_BALANCED_CLUSTERER_H_
#define MUSTER_DISPATCH_BALANCED_CLUSTERER_H_

// Balanced k-means: centroids and the exact assignment within the size bounds,
// in turn.
//
//   1. k-means++ seeds;
//   2. every point to p distinct centres at the least total cost with all sizes
//      in [a, b] (balanced_assignment.h), prices carried over from the round
//      before;
//   3. each centre to the mean of its copies;
//   until no assignment changes, or the cost falls by less than a tolerance.
//
// Neither step can raise the cost, so the rounds end in a local optimum: for
// its centres the assignment is the best within the bounds (certificate
// kFixedCenters, gap zero up to rounding), and its prices route any further
// point (price_router.h). k-means only. A centre without copies (a = 0) stays
// where it is.
//
// With weights sizes are sums of weights and a centre is a weighted mean.
// Points whose optimal flow is split go whole to their largest share:
// guaranteed_sizes says how far that takes the sizes out of [a, b], and the
// cost may rise from one round to the next, which ends them.
//
// Source: Bradley, Bennett and Demiriz, "Constrained k-means clustering"
// (2000), there with lower bounds and a general network flow code.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct BalancedOptions {
  // Rounds at most, >= 1. Each costs about three passes of Lloyd's iteration.
  // Default: as merge_split.
  int64_t max_iterations = 100;
  // Rounds end when the cost falls by less than this share of it; >= 0, 0: only
  // when no assignment changes. A last per mille of the cost takes most of the
  // rounds on large data and changes no accuracy that we measured. 1e-4 is
  // scikit-learn's default for k-means.
  double tolerance = 1e-4;
  // Draws per k-means++ centre, >= 1 (kmeans_plus_plus.h).
  int64_t seed_trials = 1;
};

// InvalidArgument naming the field.
absl::Status Validate(const BalancedOptions& options);

class BalancedClusterer final : public Clusterer {
 public:
  // options must be valid (CHECKed).
  explicit BalancedClusterer(const BalancedOptions& options);

  absl::string_view name() const override { return "balanced"; }
  ClustererTraits traits() const override;
  absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng rng,
      const runtime::Runtime& runtime) const override;

 private:
  BalancedOptions options_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_BALANCED_CLUSTERER_H_
