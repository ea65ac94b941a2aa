#include "muster/dispatch/stability_clusterer.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/dispatch/centroids.h"
#include "muster/dispatch/clusterer_checks.h"
#include "muster/dispatch/greedy_deletion.h"
#include "muster/dispatch/kmeans_plus_plus.h"
#include "muster/dispatch/lane_sums.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_repair.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/dispatch/threshold_graph.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kMaxPoints = 16384;
// Members against which a medoid is measured: exact up to this many.
constexpr int64_t kMedoidSample = 512;

// The member of least total distance (k-median) or radius (k-center) to the
// others; measured on evenly spaced members when there are many.
int64_t Medoid(PointsView points, std::span<const int64_t> members,
               Objective objective) {
  const auto size = static_cast<int64_t>(members.size());
  const int64_t step = (size + kMedoidSample - 1) / kMedoidSample;
  int64_t best = members[0];
  double least = std::numeric_limits<double>::infinity();
  for (const int64_t candidate : members) {
    double total = 0;
    for (int64_t i = 0; i < size; i += step) {
      const double distance = std::sqrt(static_cast<double>(LaneSquaredDistance(
          points.Point(candidate), points.Point(members[i]))));
      total = objective == Objective::kKCenter ? std::max(total, distance)
                                               : total + distance;
    }
    if (total < least) {
      least = total;
      best = candidate;
    }
  }
  return best;
}

// A centre for each of the k clusters of `clusters` (-1: in none). A cluster
// without members gets the point farthest from the centres before it.
PointSet CentersOf(const ClusteringProblem& problem,
                   std::span<const int32_t> clusters,
                   const runtime::Runtime& runtime) {
  const PointsView points = problem.points;
  const int64_t k = problem.num_clusters;
  std::vector<std::vector<int64_t>> members(static_cast<size_t>(k));
  for (int64_t j = 0; j < points.size; ++j) {
    if (clusters[j] >= 0) members[clusters[j]].push_back(j);
  }
  std::vector<std::vector<float>> centers(static_cast<size_t>(k));
  runtime::ParallelForEach(runtime, k, [&](int64_t c) {
    if (members[c].empty()) return;
    if (problem.objective == Objective::kKMeans) {
      centers[c] = MeanOf(points, members[c]);
    } else {
      const auto medoid =
          points.Point(Medoid(points, members[c], problem.objective));
      centers[c].assign(medoid.begin(), medoid.end());
    }
  });
  for (int64_t c = 0; c < k; ++c) {
    if (!centers[c].empty()) continue;
    int64_t far = 0;
    double most = -1;
    for (int64_t j = 0; j < points.size; ++j) {
      double nearest = std::numeric_limits<double>::infinity();
      for (const std::vector<float>& center : centers) {
        if (center.empty()) continue;
        nearest = std::min(nearest, SquaredDistance(points.Point(j), center));
      }
      if (nearest > most) {
        most = nearest;
        far = j;
      }
    }
    centers[c].assign(points.Point(far).begin(), points.Point(far).end());
  }
  PointSet result{.dimension = points.dimension};
  for (const std::vector<float>& center : centers) {
    result.values.insert(result.values.end(), center.begin(), center.end());
  }
  return result;
}

// Assigns, repairs and finishes a clustering with the centres.
Clustering Complete(const ClusteringProblem& problem, PointSet centers,
                    const runtime::Runtime& runtime) {
  const int64_t n = problem.points.size, p = problem.copies;
  Clustering result{.centers = std::move(centers),
                    .copies = p,
                    .guaranteed_sizes = problem.sizes,
                    .iterations = 1};
  result.clusters.resize(static_cast<size_t>(n * p));
  PackedCenters(result.centers.View())
      .Nearest(problem.points, p, result.clusters, runtime);
  RepairSizes(problem.points, result.centers.View(), problem.objective, p,
              problem.sizes, &result.clusters);
  if (problem.objective == Objective::kKMeans) {
    UpdateCentroids(problem.points, result.clusters, p, &result.centers,
                    runtime);
  }
  Finish(problem, &result, runtime);
  return result;
}

// Centres by oversampling, deletion and a ball step.
absl::StatusOr<PointSet> MeansByDeletion(const ClusteringProblem& problem,
                                         const StabilityOptions& options,
                                         runtime::Rng rng,
                                         const runtime::Runtime& runtime) {
  const auto k = static_cast<double>(problem.num_clusters);
  const double draws =
      options.oversampling == StabilityOptions::Oversampling::kLogarithmic
          ? k * (1 + std::log(k))
          : 2 * k / (1 - 5 * options.rho);
  // Without end as rho nears 0.2, so the minimum is taken before the cast.
  const auto count = static_cast<int64_t>(
      std::min(static_cast<double>(problem.points.size), std::ceil(draws)));
  MUSTER_ASSIGN_OR_RETURN(const std::vector<int64_t> seeds,
                          SeedKMeansPlusPlus(problem.points, count, {}, {},
                                             rng.Fork("draws"), runtime));
  MUSTER_ASSIGN_OR_RETURN(
      const PointSet centers,
      DeleteGreedily(problem.points, SelectPoints(problem.points, seeds),
                     problem.num_clusters, runtime));
  return BallStep(problem.points, centers, runtime);
}

// Squared distances to use as thresholds: for costs w 2^(i / 2) around the
// average cost w of a clustering that k-means++ seeds give.
absl::StatusOr<std::vector<double>> Thresholds(
    const ClusteringProblem& problem, int64_t count, runtime::Rng rng,
    const runtime::Runtime& runtime) {
  const bool means = problem.objective == Objective::kKMeans;
  MUSTER_ASSIGN_OR_RETURN(
      const std::vector<int64_t> seeds,
      SeedKMeansPlusPlus(problem.points, problem.num_clusters, {},
                         {.power = means ? 2 : 1}, rng.Fork("scale"), runtime));
  const PointSet centers = SelectPoints(problem.points, seeds);
  std::vector<int32_t> nearest(static_cast<size_t>(problem.points.size));
  PackedCenters(centers.View()).Nearest(problem.points, 1, nearest, runtime);
  const double average =
      EvaluateObjective(problem.objective, problem.points, centers.View(),
                        nearest, 1, {}, runtime) /
      static_cast<double>(problem.points.size);
  // A quarter of them below w: alpha / (3 eps) is large as a rule.
  const int64_t below = count / 4;
  std::vector<double> thresholds;
  for (int64_t i = 0; i < count; ++i) {
    const int64_t halves = i - below;
    const double cost = average * std::exp2(static_cast<double>(halves) / 2);
    thresholds.push_back(means ? cost : cost * cost);
  }
  return thresholds;
}

absl::StatusOr<Clustering> ByThresholds(const ClusteringProblem& problem,
                                        int64_t num_thresholds,
                                        runtime::Rng rng,
                                        const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<double> thresholds,
                          Thresholds(problem, num_thresholds, rng, runtime));
  const ThresholdGraphs graphs(problem.points, thresholds, runtime);
  Clustering best;
  for (int64_t t = 0; t < num_thresholds; ++t) {
    if (!runtime::ReportProgress(runtime, {.phase = "stability: thresholds",
                                           .done = t,
                                           .total = num_thresholds})) {
      if (t > 0) {
        best.converged = false;
        return best;
      }
      return absl::CancelledError("stability: stopped before it began");
    }
    const std::vector<int32_t> clusters =
        graphs.GreedyClusters(t, problem.num_clusters);
    Clustering next =
        Complete(problem, CentersOf(problem, clusters, runtime), runtime);
    if (t == 0 || next.cost < best.cost) best = std::move(next);
    best.iterations = t + 1;
  }
  return best;
}

}  // namespace

absl::Status Validate(const StabilityOptions& options) {
  if (!(options.rho > 0 && options.rho < 0.2)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "stability: rho is %g, need 0 < rho < 0.2 (2 k / (1 - 5 rho) draws)",
        options.rho));
  }
  if (options.num_thresholds < 1 || options.num_thresholds > 255) {
    return absl::InvalidArgumentError(
        absl::StrFormat("stability: num_thresholds is %d, need 1 to 255",
                        options.num_thresholds));
  }
  return absl::OkStatus();
}

StabilityClusterer::StabilityClusterer(const StabilityOptions& options)
    : options_(options) {
  MUSTER_CHECK(Validate(options).ok());
}

ClustererTraits StabilityClusterer::traits() const {
  return {.median = true,
          .means = true,
          .center = true,
          .max_copies = std::numeric_limits<int64_t>::max(),
          .max_points = kMaxPoints};
}

absl::StatusOr<Clustering> StabilityClusterer::Cluster(
    const ClusteringProblem& problem, runtime::Rng rng,
    const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(ValidateFor(*this, problem));
  const bool means = problem.objective == Objective::kKMeans;
  if (problem.objective == Objective::kKMedian ||
      (means && options_.means_by_threshold)) {
    return ByThresholds(problem, options_.num_thresholds, rng, runtime);
  }
  if (runtime::ShouldStop(runtime)) {
    return absl::CancelledError("stability: stopped before it began");
  }
  if (means) {
    MUSTER_ASSIGN_OR_RETURN(PointSet centers,
                            MeansByDeletion(problem, options_, rng, runtime));
    return Complete(problem, std::move(centers), runtime);
  }
  return Complete(
      problem,
      CentersOf(problem, SingleLinkage(problem.points, problem.num_clusters),
                runtime),
      runtime);
}

}  // namespace muster::dispatch
