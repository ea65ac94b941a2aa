#include "muster/dispatch/balanced_clusterer.h"

#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/dispatch/balanced_assignment.h"
#include "muster/dispatch/centroids.h"
#include "muster/dispatch/clusterer_checks.h"
#include "muster/dispatch/kmeans_plus_plus.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/check.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// The weighted mean of each cluster's points, summed in their order.
void UpdateWeightedCentroids(const ClusteringProblem& problem,
                             std::span<const int32_t> clusters,
                             PointSet* centers) {
  const int64_t d = centers->dimension, p = problem.copies;
  std::vector<double> sums(centers->values.size(), 0.0);
  std::vector<double> masses(static_cast<size_t>(centers->size()), 0.0);
  for (int64_t at = 0; at < static_cast<int64_t>(clusters.size()); ++at) {
    const double weight = problem.weights[at / p];
    const std::span<const float> point = problem.points.Point(at / p);
    masses[clusters[at]] += weight;
    for (int64_t m = 0; m < d; ++m) {
      sums[clusters[at] * d + m] += weight * point[m];
    }
  }
  for (int64_t i = 0; i < centers->size(); ++i) {
    if (masses[i] == 0) continue;
    for (int64_t m = 0; m < d; ++m) {
      centers->values[i * d + m] =
          static_cast<float>(sums[i * d + m] / masses[i]);
    }
  }
}

}  // namespace

absl::Status Validate(const BalancedOptions& options) {
  if (options.max_iterations < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "balanced: max_iterations is %d, need >= 1", options.max_iterations));
  }
  if (!(options.tolerance >= 0 && std::isfinite(options.tolerance))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("balanced: tolerance is %g, need a finite number >= 0",
                        options.tolerance));
  }
  if (options.seed_trials < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "balanced: seed_trials is %d, need >= 1", options.seed_trials));
  }
  return absl::OkStatus();
}

BalancedClusterer::BalancedClusterer(const BalancedOptions& options)
    : options_(options) {
  MUSTER_CHECK(Validate(options).ok());
}

ClustererTraits BalancedClusterer::traits() const {
  return {.means = true,
          .max_copies = std::numeric_limits<int64_t>::max(),
          .weights = true,
          .prices = true};
}

absl::StatusOr<Clustering> BalancedClusterer::Cluster(
    const ClusteringProblem& problem, runtime::Rng rng,
    const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(ValidateFor(*this, problem));
  MUSTER_ASSIGN_OR_RETURN(
      const std::vector<int64_t> seeds,
      SeedKMeansPlusPlus(problem.points, problem.num_clusters, problem.weights,
                         {.trials = options_.seed_trials}, rng.Fork("seed"),
                         runtime));
  PointSet centers = SelectPoints(problem.points, seeds);
  Clustering result{.copies = problem.copies,
                    .scope = CertificateScope::kFixedCenters,
                    .converged = false};
  while (!result.converged && result.iterations < options_.max_iterations) {
    const bool go_on =
        runtime::ReportProgress(runtime, {.phase = "balanced",
                                          .done = result.iterations,
                                          .total = options_.max_iterations});
    if (!go_on && result.iterations > 0) break;
    absl::StatusOr<BalancedAssignment> assignment =
        go_on ? AssignBalanced({.points = problem.points,
                                .centers = centers.View(),
                                .copies = problem.copies,
                                .sizes = problem.sizes,
                                .objective = problem.objective,
                                .weights = problem.weights},
                               {.initial_prices = result.prices}, runtime)
              : absl::CancelledError("balanced: stopped before it began");
    if (!assignment.ok()) {
      // Stopped in the middle: the round before is whole.
      if (absl::IsCancelled(assignment.status()) && result.iterations > 0) {
        break;
      }
      return assignment.status();
    }
    const double fall = result.cost - assignment->cost;
    const bool better = result.iterations == 0 || fall > 0;
    result.converged =
        result.iterations > 0 && (assignment->clusters == result.clusters ||
                                  !(fall > options_.tolerance * result.cost));
    ++result.iterations;
    if (!better) break;
    result.centers = centers;
    result.clusters = std::move(assignment->clusters);
    result.prices = std::move(assignment->prices);
    result.guaranteed_sizes = assignment->guaranteed_sizes;
    result.cost = assignment->cost;
    result.lower_bound = assignment->lower_bound;
    if (result.converged) break;
    if (problem.weights.empty()) {
      UpdateCentroids(problem.points, result.clusters, problem.copies, &centers,
                      runtime);
    } else {
      UpdateWeightedCentroids(problem, result.clusters, &centers);
    }
  }
  Finish(problem, &result, runtime);
  return result;
}

}  // namespace muster::dispatch
