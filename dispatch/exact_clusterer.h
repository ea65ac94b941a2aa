#ifndef MUSTER_DISPATCH_EXACT_CLUSTERER_H_
#define MUSTER_DISPATCH_EXACT_CLUSTERER_H_

// Optimal clusterings of small sets with points as centres: k-median, k-means
// and k-center, any p, by integer programme (exact_programme.h).

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/exact_programme.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class ExactClusterer final : public Clusterer {
 public:
  // options must be valid (CHECKed).
  explicit ExactClusterer(const ExactOptions& options);

  absl::string_view name() const override { return "exact"; }
  ClustererTraits traits() const override;
  // Proven optimal (lower_bound = cost) unless `converged` is false: max_nodes.
  // The random generator is not used.
  absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng rng,
      const runtime::Runtime& runtime) const override;

 private:
  ExactOptions options_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_EXACT_CLUSTERER_H_
