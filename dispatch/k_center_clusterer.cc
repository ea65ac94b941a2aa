#include "muster/dispatch/k_center_clusterer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/clusterer_checks.h"
#include "muster/dispatch/k_center_rounding.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {

absl::Status Validate(const KCenterOptions& options) {
  if (options.max_points < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "k_center: max_points is %d, need >= 1", options.max_points));
  }
  return absl::OkStatus();
}

KCenterClusterer::KCenterClusterer(const KCenterOptions& options)
    : options_(options) {
  MUSTER_CHECK(Validate(options).ok());
}

ClustererTraits KCenterClusterer::traits() const {
  return {.center = true,
          .max_copies = std::numeric_limits<int64_t>::max(),
          .centers_are_points = true,
          .max_points = options_.max_points};
}

absl::StatusOr<Clustering> KCenterClusterer::Cluster(
    const ClusteringProblem& problem, runtime::Rng,
    const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(ValidateFor(*this, problem));
  const DistanceMatrix metric = DistanceMatrix::Of(problem.points, runtime);
  MUSTER_ASSIGN_OR_RETURN(
      KCenterResult rounded,
      ApproximateKCenter(metric, problem.num_clusters, problem.copies,
                         problem.sizes, runtime));
  Clustering result = {
      .centers = SelectPoints(problem.points, rounded.centers),
      .center_points = std::move(rounded.centers),
      .clusters = std::move(rounded.clusters),
      .copies = problem.copies,
      .guaranteed_sizes = problem.sizes,
      .lower_bound = rounded.lower_bound,
      .scope = CertificateScope::kAnyCenters,
      .iterations = 1,
  };
  Finish(problem, &result, runtime);
  return result;
}

}  // namespace muster::dispatch
