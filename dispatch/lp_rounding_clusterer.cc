#include "muster/dispatch/lp_rounding_clusterer.h"

#include <algorithm>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/dispatch/clusterer_checks.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/threshold_lp.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// A fractional clustering with the costs C_j that found the empires.
struct Relaxation {
  FractionalClustering fractional = FractionalClustering();
  std::vector<double> average_costs = {};
  double lower_bound = 0;
  double radius = 0;  // k-center
  int64_t rounds = 0;
  bool solved = true;
};

absl::StatusOr<Relaxation> Relax(const ClusteringProblem& problem,
                                 const DistanceMatrix& costs,
                                 const ClusteringLpOptions& options,
                                 const runtime::Runtime& runtime) {
  Relaxation result;
  if (problem.objective == Objective::kKCenter) {
    MUSTER_ASSIGN_OR_RETURN(
        ThresholdSolution lp,
        SolveSmallestThreshold(costs, problem.num_clusters, problem.copies,
                               problem.sizes, options.count, runtime));
    result.average_costs.assign(static_cast<size_t>(costs.size()), lp.radius);
    result.fractional = std::move(lp.fractional);
    result.lower_bound = result.radius = lp.radius;
    result.rounds = 1;
    return result;
  }
  MUSTER_ASSIGN_OR_RETURN(
      LpSolution lp,
      SolveClusteringLp(costs, problem.num_clusters, problem.copies,
                        problem.sizes, options, runtime));
  result.average_costs = AverageCosts(costs, lp.fractional, problem.copies);
  result.fractional = std::move(lp.fractional);
  result.lower_bound = lp.lower_bound;
  result.rounds = lp.rounds;
  result.solved = lp.solved;
  return result;
}

absl::Status RefuseOneCopy(const ClusteringProblem& problem) {
  MUSTER_RETURN_IF_ERROR(Validate(problem));
  if (problem.copies >= 2) return absl::OkStatus();
  return absl::InvalidArgumentError(
      "copies p = 1: lp_rounding needs p >= 2, as without replication the "
      "integrality gap of its linear programme is unbounded; ask for more "
      "copies, or take \"balanced\" or \"merge_split\"");
}

}  // namespace

absl::Status Validate(const LpRoundingOptions& options) {
  if (options.max_points < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "lp_rounding: max_points is %d, need >= 1", options.max_points));
  }
  const absl::Status lp = Validate(options.lp);
  return lp.ok() ? lp
                 : absl::InvalidArgumentError(
                       absl::StrFormat("lp_rounding: lp.%s", lp.message()));
}

LpRoundingClusterer::LpRoundingClusterer(const LpRoundingOptions& options)
    : options_(options) {
  MUSTER_CHECK(Validate(options).ok());
}

ClustererTraits LpRoundingClusterer::traits() const {
  return {.median = true,
          .means = true,
          .center = true,
          .min_copies = 2,
          .max_copies = std::numeric_limits<int64_t>::max(),
          .exact_count = false,
          .keeps_bounds = options_.mode == RoundingMode::kWithinBounds,
          .centers_are_points = true,
          .max_points = options_.max_points};
}

absl::StatusOr<Clustering> LpRoundingClusterer::Cluster(
    const ClusteringProblem& problem, runtime::Rng,
    const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(RefuseOneCopy(problem));
  MUSTER_RETURN_IF_ERROR(ValidateFor(*this, problem));
  const DistanceMatrix costs = ConnectionCosts(
      problem.objective, DistanceMatrix::Of(problem.points, runtime));
  MUSTER_ASSIGN_OR_RETURN(Relaxation lp,
                          Relax(problem, costs, options_.lp, runtime));
  const Empires empires =
      FoundEmpires(costs, lp.average_costs, JoiningFactor(problem.objective));
  AggregatedCenters aggregated =
      AggregateEmpires(costs, empires, &lp.fractional);
  MUSTER_ASSIGN_OR_RETURN(
      RoundedClustering rounded,
      AssignToCenters(costs, problem.objective, std::move(aggregated),
                      problem.num_clusters, problem.copies, problem.sizes,
                      options_.mode, lp.radius));
  Clustering result = {
      .centers = SelectPoints(problem.points, rounded.centers),
      .center_points = std::move(rounded.centers),
      .clusters = std::move(rounded.clusters),
      .copies = problem.copies,
      .guaranteed_sizes = rounded.guaranteed_sizes,
      .scope = CertificateScope::kAnyCenters,
      .iterations = lp.rounds,
      .converged = lp.solved,
  };
  Finish(problem, &result, runtime);
  // With relaxed sizes the cost may fall below what the asked ones allow.
  result.lower_bound = std::min(lp.lower_bound, result.cost);
  return result;
}

}  // namespace muster::dispatch
