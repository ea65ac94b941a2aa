#include "muster/dispatch/balanced_fast_clusterer.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/dispatch/assignment_bound.h"
#include "muster/dispatch/assignment_chains.h"
#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/assignment_frontier.h"
#include "muster/dispatch/assignment_repair.h"
#include "muster/dispatch/balanced_assignment.h"
#include "muster/dispatch/centroids.h"
#include "muster/dispatch/clusterer_checks.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kLeastSample = 20000;
constexpr int64_t kLeastChunk = 1000;

// The bounds' share for `part` of n points, rounded outwards.
SizeBounds ShareOf(const SizeBounds& sizes, int64_t part, int64_t n) {
  const auto scale = [&](int64_t size, int64_t round) {
    return static_cast<int64_t>((static_cast<__int128>(size) * part + round) /
                                n);
  };
  return {.lower = scale(sizes.lower, 0),
          .upper = scale(std::min(sizes.upper, n), n - 1)};
}

class Run {
 public:
  Run(const ClusteringProblem& problem, const BalancedFastOptions& options,
      const runtime::Runtime& runtime)
      : problem_(problem),
        options_(options),
        runtime_(runtime),
        n_(problem.points.size),
        p_(problem.copies) {
    const int64_t most = std::max(options.chunk_points, problem.num_clusters);
    // Every T-th point: all chunks of nearly one size, none below k.
    num_chunks_ = (n_ + most - 1) / most;
    while (num_chunks_ > 1 && n_ / num_chunks_ < problem.num_clusters) {
      --num_chunks_;
    }
  }

  absl::StatusOr<Clustering> Cluster(runtime::Rng rng);

 private:
  absl::Status FitSample(runtime::Rng rng);
  // All chunks; prices := their mean.
  absl::Status Round();
  absl::Status AssignChunk(int64_t chunk);
  void KeepBounds();

  const ClusteringProblem& problem_;
  const BalancedFastOptions& options_;
  const runtime::Runtime& runtime_;
  const int64_t n_;
  const int64_t p_;
  int64_t num_chunks_ = 1;
  Clustering result_;
  std::vector<double> price_sums_;
};

absl::Status Run::FitSample(runtime::Rng rng) {
  const int64_t k = problem_.num_clusters;
  const int64_t size =
      std::min(n_, std::max(kLeastSample, options_.sample_per_center * k));
  std::vector<int64_t> rows(static_cast<size_t>(size));
  runtime::Rng draws = rng.Fork("sample");
  for (int64_t s = 0; s < size; ++s) {
    // One of each stratum.
    const int64_t begin = s * n_ / size, end = (s + 1) * n_ / size;
    rows[s] = begin + runtime::UniformInt(draws, end - begin);
  }
  const PointSet sample = SelectPoints(problem_.points, rows);
  ClusteringProblem part = problem_;
  part.points = sample.View();
  part.sizes = ShareOf(problem_.sizes, size, n_);
  MUSTER_ASSIGN_OR_RETURN(Clustering fit,
                          BalancedClusterer(options_.on_sample)
                              .Cluster(part, rng.Fork("fit"), runtime_));
  result_.centers = std::move(fit.centers);
  result_.prices = std::move(fit.prices);
  result_.iterations = fit.iterations;
  return absl::OkStatus();
}

absl::Status Run::AssignChunk(int64_t chunk) {
  std::vector<int64_t> rows;
  for (int64_t j = chunk; j < n_; j += num_chunks_) rows.push_back(j);
  PointSet copy;
  PointsView points = problem_.points;
  if (num_chunks_ > 1) {
    copy = SelectPoints(problem_.points, rows);
    points = copy.View();
  }
  MUSTER_ASSIGN_OR_RETURN(
      const BalancedAssignment assignment,
      AssignBalanced({.points = points,
                      .centers = result_.centers.View(),
                      .copies = p_,
                      .sizes = ShareOf(problem_.sizes, points.size, n_),
                      .objective = problem_.objective},
                     {.initial_prices = result_.prices}, runtime_));
  for (size_t s = 0; s < rows.size(); ++s) {
    std::copy_n(assignment.clusters.begin() + static_cast<int64_t>(s) * p_, p_,
                result_.clusters.begin() + rows[s] * p_);
  }
  for (size_t i = 0; i < price_sums_.size(); ++i) {
    price_sums_[i] += assignment.prices[i];
  }
  if (num_chunks_ == 1) result_.lower_bound = assignment.lower_bound;
  return absl::OkStatus();
}

absl::Status Run::Round() {
  price_sums_.assign(static_cast<size_t>(problem_.num_clusters), 0.0);
  for (int64_t chunk = 0; chunk < num_chunks_; ++chunk) {
    const bool go_on = runtime::ReportProgress(
        runtime_,
        {.phase = "balanced_fast", .done = chunk, .total = num_chunks_});
    if (!go_on) {
      return absl::CancelledError("balanced_fast: stopped from outside");
    }
    MUSTER_RETURN_IF_ERROR(AssignChunk(chunk));
  }
  for (size_t i = 0; i < price_sums_.size(); ++i) {
    result_.prices[i] = price_sums_[i] / static_cast<double>(num_chunks_);
  }
  return absl::OkStatus();
}

void Run::KeepBounds() {
  const AssignmentCosts costs(
      problem_.points, result_.centers.View(), problem_.objective,
      CoordinateScale(problem_.points, result_.centers.View()));
  std::vector<double> prices = result_.prices;
  for (double& price : prices) price /= costs.unit();
  const auto repaired = [&](std::vector<int32_t> clusters) {
    AssignmentState state{.copies = p_, .clusters = std::move(clusters)};
    PlaceGreedily(costs, prices, problem_.sizes, runtime_, &state);
    return std::move(state.clusters);
  };
  const auto cost_of = [&](const std::vector<int32_t>& clusters) {
    return EvaluateObjective(problem_.objective, problem_.points,
                             result_.centers.View(), clusters, p_, {},
                             runtime_);
  };
  result_.clusters = repaired(std::move(result_.clusters));
  std::vector<int32_t> by_price =
      repaired(AssignByPrices(costs, p_, problem_.sizes, prices, runtime_));
  if (cost_of(by_price) < cost_of(result_.clusters)) {
    result_.clusters = std::move(by_price);
  }
  result_.lower_bound =
      costs.unit() *
      AssignmentLowerBound(costs, p_, problem_.sizes, prices, runtime_);
}

absl::StatusOr<Clustering> Run::Cluster(runtime::Rng rng) {
  result_.copies = p_;
  result_.guaranteed_sizes = problem_.sizes;
  result_.scope = CertificateScope::kFixedCenters;
  MUSTER_RETURN_IF_ERROR(FitSample(rng));
  result_.clusters.resize(static_cast<size_t>(n_ * p_));
  for (int64_t round = 0; round < options_.rounds; ++round) {
    if (round > 0) {
      UpdateCentroids(problem_.points, result_.clusters, p_, &result_.centers,
                      runtime_);
    }
    MUSTER_RETURN_IF_ERROR(Round());
    ++result_.iterations;
  }
  if (num_chunks_ > 1) KeepBounds();
  Finish(problem_, &result_, runtime_);
  result_.lower_bound = std::min(result_.lower_bound, result_.cost);
  return std::move(result_);
}

}  // namespace

absl::Status Validate(const BalancedFastOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options.on_sample));
  if (options.sample_per_center < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("balanced_fast: sample_per_center is %d, need >= 1",
                        options.sample_per_center));
  }
  if (options.rounds < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "balanced_fast: rounds is %d, need >= 1", options.rounds));
  }
  if (options.chunk_points < kLeastChunk) {
    return absl::InvalidArgumentError(
        absl::StrFormat("balanced_fast: chunk_points is %d, need >= %d",
                        options.chunk_points, kLeastChunk));
  }
  return absl::OkStatus();
}

BalancedFastClusterer::BalancedFastClusterer(const BalancedFastOptions& options)
    : options_(options) {
  MUSTER_CHECK(Validate(options).ok());
}

ClustererTraits BalancedFastClusterer::traits() const {
  return {.means = true,
          .max_copies = std::numeric_limits<int64_t>::max(),
          .prices = true};
}

absl::StatusOr<Clustering> BalancedFastClusterer::Cluster(
    const ClusteringProblem& problem, runtime::Rng rng,
    const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(ValidateFor(*this, problem));
  return Run(problem, options_, runtime).Cluster(rng);
}

}  // namespace muster::dispatch
