#ifndef MUSTER_DISPATCH_K_CENTER_CLUSTERER_H_
#define MUSTER_DISPATCH_K_CENTER_CLUSTERER_H_

// k-center within 6 times the optimum, any p >= 1, nothing violated
// (k_center_rounding.h). The lower bound is the linear programme's radius.

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct KCenterOptions {
  // Refused above: each of some 15 linear programmes has up to n^2 variables.
  // >= 1. At 200 up to two minutes, when the radius is large (few clusters).
  int64_t max_points = 200;
};

// InvalidArgument naming the field.
absl::Status Validate(const KCenterOptions& options);

class KCenterClusterer final : public Clusterer {
 public:
  // options must be valid (CHECKed).
  explicit KCenterClusterer(const KCenterOptions& options);

  absl::string_view name() const override { return "k_center"; }
  ClustererTraits traits() const override;
  // The random generator is not used.
  absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng rng,
      const runtime::Runtime& runtime) const override;

 private:
  KCenterOptions options_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_K_CENTER_CLUSTERER_H_
