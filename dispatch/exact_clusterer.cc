#include "muster/dispatch/exact_clusterer.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "muster/dispatch/clusterer_checks.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {

ExactClusterer::ExactClusterer(const ExactOptions& options)
    : options_(options) {
  MUSTER_CHECK(Validate(options).ok());
}

ClustererTraits ExactClusterer::traits() const {
  return {.median = true,
          .means = true,
          .center = true,
          .max_copies = std::numeric_limits<int64_t>::max(),
          .centers_are_points = true,
          .optimal = true,
          .max_points = options_.max_points};
}

absl::StatusOr<Clustering> ExactClusterer::Cluster(
    const ClusteringProblem& problem, runtime::Rng,
    const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(ValidateFor(*this, problem));
  const DistanceMatrix costs = ConnectionCosts(
      problem.objective, DistanceMatrix::Of(problem.points, runtime));
  const auto solve = problem.objective == Objective::kKCenter
                         ? SolveKCenterExactly
                         : SolveExactly;
  MUSTER_ASSIGN_OR_RETURN(ExactResult exact,
                          solve(costs, problem.num_clusters, problem.copies,
                                problem.sizes, options_, runtime));
  Clustering result = {
      .centers = SelectPoints(problem.points, exact.centers),
      .center_points = std::move(exact.centers),
      .clusters = std::move(exact.clusters),
      .copies = problem.copies,
      .guaranteed_sizes = problem.sizes,
      .scope = CertificateScope::kAnyCenters,
      .iterations = exact.nodes,
      .converged = exact.proven,
  };
  Finish(problem, &result, runtime);
  result.lower_bound =
      exact.proven ? result.cost : std::min(exact.lower_bound, result.cost);
  return result;
}

}  // namespace muster::dispatch
