#include "muster/dispatch/clustering.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/distances.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 4096;

double CostOf(Objective objective, double squared_distance) {
  return objective == Objective::kKMeans ? squared_distance
                                         : std::sqrt(squared_distance);
}

absl::Status ValidateWeights(std::span<const double> weights, int64_t n) {
  if (weights.empty()) return absl::OkStatus();
  if (static_cast<int64_t>(weights.size()) != n) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "weights: %d given for %d points; give one each", weights.size(), n));
  }
  double sum = 0;
  for (size_t j = 0; j < weights.size(); ++j) {
    if (!(weights[j] > 0 && std::isfinite(weights[j]))) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "weights: entry %d (from 0) is %g, need a finite number > 0: drop "
          "points that stand for nothing",
          j, weights[j]));
    }
    sum += weights[j];
  }
  const double mean = sum / static_cast<double>(n);
  if (std::abs(mean - 1) > 1e-9) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "weights: their mean is %.17g, need 1: divide each by the mean", mean));
  }
  return absl::OkStatus();
}

// The weight of each cluster's copies; counts without weights.
std::vector<double> Masses(const ClusteringProblem& problem,
                           const Clustering& clustering) {
  std::vector<double> masses(static_cast<size_t>(clustering.num_clusters()),
                             0.0);
  for (size_t at = 0; at < clustering.clusters.size(); ++at) {
    masses[clustering.clusters[at]] +=
        problem.weights.empty()
            ? 1.0
            : problem.weights[at / static_cast<size_t>(clustering.copies)];
  }
  return masses;
}

absl::Status CheckShapes(const ClusteringProblem& problem,
                         const Clustering& clustering, bool distinct) {
  const int64_t n = problem.points.size, p = problem.copies;
  const int64_t k = clustering.num_clusters();
  if (k < 1 || clustering.copies != p ||
      clustering.centers.dimension != problem.points.dimension ||
      static_cast<int64_t>(clustering.clusters.size()) != n * p ||
      static_cast<int64_t>(clustering.sizes.size()) != k ||
      (!clustering.prices.empty() &&
       static_cast<int64_t>(clustering.prices.size()) != k) ||
      (!clustering.center_points.empty() &&
       static_cast<int64_t>(clustering.center_points.size()) != k)) {
    return absl::InternalError("clustering: shapes do not fit");
  }
  for (int64_t j = 0; j < n; ++j) {
    const std::span<const int32_t> mine = clustering.ClustersOf(j);
    for (size_t r = 0; r < mine.size(); ++r) {
      if (mine[r] < 0 || mine[r] >= k) {
        return absl::InternalError(absl::StrFormat(
            "clustering: point %d is in cluster %d of %d", j, mine[r], k));
      }
      if (distinct && std::find(mine.begin(), mine.begin() + r, mine[r]) !=
                          mine.begin() + r) {
        return absl::InternalError(absl::StrFormat(
            "clustering: point %d is in cluster %d twice", j, mine[r]));
      }
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::string_view ObjectiveName(Objective objective) {
  switch (objective) {
    case Objective::kKMedian:
      return "k-median";
    case Objective::kKMeans:
      return "k-means";
    case Objective::kKCenter:
      return "k-center";
  }
  MUSTER_CHECK(false);
  return "";
}

absl::Status ValidateNumPoints(int64_t num_points) {
  if (num_points <= std::numeric_limits<int32_t>::max()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "%d points, need at most 2147483647: cluster a sample", num_points));
}

absl::Status Validate(const ClusteringProblem& problem) {
  MUSTER_RETURN_IF_ERROR(ValidateNumPoints(problem.points.size));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(problem.points, "points"));
  MUSTER_RETURN_IF_ERROR(ValidateFeasible(problem.points.size,
                                          problem.num_clusters, problem.copies,
                                          problem.sizes));
  return ValidateWeights(problem.weights, problem.points.size);
}

double EvaluateObjective(Objective objective, PointsView points,
                         PointsView centers, std::span<const int32_t> clusters,
                         int64_t copies, std::span<const double> weights,
                         const runtime::Runtime& runtime) {
  const bool center = objective == Objective::kKCenter;
  const auto blocks = runtime::CutBlocks(points.size, kPointsPerBlock);
  const std::vector<double> slots =
      runtime::MapBlocks(runtime, blocks, [&](int64_t, runtime::Block block) {
        double total = 0;
        for (int64_t j = block.begin; j < block.end; ++j) {
          const double weight = weights.empty() ? 1.0 : weights[j];
          for (int64_t r = 0; r < copies; ++r) {
            const int32_t c = clusters[j * copies + r];
            const double cost = CostOf(
                objective, SquaredDistance(points.Point(j), centers.Point(c)));
            total = center ? std::max(total, cost) : total + weight * cost;
          }
        }
        return total;
      });
  return center ? *std::max_element(slots.begin(), slots.end())
                : runtime::PairwiseSum(slots);
}

void Finish(const ClusteringProblem& problem, Clustering* clustering,
            const runtime::Runtime& runtime) {
  const int64_t p = clustering->copies;
  const PointsView centers = clustering->centers.View();
  const auto blocks = runtime::CutBlocks(problem.points.size, kPointsPerBlock);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        std::vector<std::pair<double, int32_t>> order(static_cast<size_t>(p));
        for (int64_t j = block.begin; p > 1 && j < block.end; ++j) {
          for (int64_t r = 0; r < p; ++r) {
            const int32_t c = clustering->clusters[j * p + r];
            order[r] = {
                SquaredDistance(problem.points.Point(j), centers.Point(c)), c};
          }
          std::sort(order.begin(), order.end());
          for (int64_t r = 0; r < p; ++r) {
            clustering->clusters[j * p + r] = order[r].second;
          }
        }
      });
  clustering->sizes.assign(static_cast<size_t>(centers.size), 0);
  for (const int32_t c : clustering->clusters) ++clustering->sizes[c];
  clustering->cost =
      EvaluateObjective(problem.objective, problem.points, centers,
                        clustering->clusters, p, problem.weights, runtime);
}

absl::Status CheckClustering(const ClusteringProblem& problem,
                             const Clustering& clustering, bool distinct) {
  MUSTER_RETURN_IF_ERROR(CheckShapes(problem, clustering, distinct));
  std::vector<int64_t> sizes(clustering.sizes.size(), 0);
  for (const int32_t c : clustering.clusters) ++sizes[c];
  if (sizes != clustering.sizes) {
    return absl::InternalError("clustering: sizes do not count the clusters");
  }
  const std::vector<double> masses = Masses(problem, clustering);
  // Sums of weights are rounded; counts are exact.
  const double slack = problem.weights.empty() ? 0 : 1e-9;
  for (size_t c = 0; c < masses.size(); ++c) {
    const double lower = static_cast<double>(clustering.guaranteed_sizes.lower);
    const double upper = static_cast<double>(clustering.guaranteed_sizes.upper);
    if (masses[c] < lower * (1 - slack) || masses[c] > upper * (1 + slack)) {
      return absl::InternalError(absl::StrFormat(
          "clustering: cluster %d has size %g, outside [%g, %g]", c, masses[c],
          lower, upper));
    }
  }
  const double cost = EvaluateObjective(
      problem.objective, problem.points, clustering.centers.View(),
      clustering.clusters, clustering.copies, problem.weights);
  if (!(std::abs(cost - clustering.cost) <= 1e-9 * std::abs(cost))) {
    return absl::InternalError(
        absl::StrFormat("clustering: cost is %.17g, evaluates to %.17g",
                        clustering.cost, cost));
  }
  if (clustering.scope != CertificateScope::kNone &&
      clustering.lower_bound > cost + 1e-9 * std::abs(cost)) {
    return absl::InternalError(
        absl::StrFormat("clustering: lower bound %.17g is above the cost %.17g",
                        clustering.lower_bound, cost));
  }
  return absl::OkStatus();
}

}  // namespace muster::dispatch
