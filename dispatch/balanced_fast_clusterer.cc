#include "muster/dispatch/balanced_fast_clusterer.h"

#include <algorithm>
#include <limits>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
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

// Passes progress on, and remembers when the answer asked for a stop.
class StopMemory final : public runtime::Observer {
 public:
  // The observer must outlive this object.
  explicit StopMemory(runtime::Observer* observer) : observer_(observer) {}

  bool OnProgress(const runtime::Progress& progress) override {
    const bool go_on = observer_ == nullptr || observer_->OnProgress(progress);
    stopped_ = stopped_ || !go_on;
    return go_on;
  }
  bool stopped() const { return stopped_; }

 private:
  runtime::Observer* observer_;
  bool stopped_ = false;
};

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
  // False once an early end was asked for: nobody is asked a second time.
  bool GoOn(const runtime::Progress& progress) {
    stopped_ = stopped_ || !runtime::ReportProgress(runtime_, progress);
    return !stopped_;
  }

  absl::Status FitSample(runtime::Rng rng);
  // All chunks from the centres and prices of next; its prices := their mean.
  // Cancelled when stopped, with next in pieces.
  absl::Status Round(int64_t round, Clustering* next);
  absl::Status AssignChunk(int64_t chunk, Clustering* next);
  void KeepBounds();
  // The better one of the chunks' assignment and that by prices, and the dual
  // bound; what is left undone by a stop is given up.
  void ImproveByPrices(const AssignmentCosts& costs,
                       const std::vector<double>& prices);
  void PlaceInBounds(const AssignmentCosts& costs,
                     const std::vector<double>& prices,
                     std::vector<int32_t>* clusters) const;
  double CostOf(const std::vector<int32_t>& clusters) const {
    return EvaluateObjective(problem_.objective, problem_.points,
                             result_.centers.View(), clusters, p_, {},
                             runtime_);
  }

  const ClusteringProblem& problem_;
  const BalancedFastOptions& options_;
  const runtime::Runtime& runtime_;
  const int64_t n_;
  const int64_t p_;
  int64_t num_chunks_ = 1;
  bool stopped_ = false;
  Clustering result_;  // of the last whole round
  std::vector<double> price_sums_;
};

absl::Status Run::FitSample(runtime::Rng rng) {
  const int64_t k = problem_.num_clusters;
  // The product may pass 2^63, but not where it is at most n.
  const int64_t size =
      options_.sample_per_center > n_ / k
          ? n_
          : std::min(n_,
                     std::max(kLeastSample, options_.sample_per_center * k));
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
  StopMemory memory(runtime_.observer);
  runtime::Runtime remembering = runtime_;
  remembering.observer = &memory;
  MUSTER_ASSIGN_OR_RETURN(Clustering fit,
                          BalancedClusterer(options_.on_sample)
                              .Cluster(part, rng.Fork("fit"), remembering));
  // A fit that was stopped is a clustering of the sample alone.
  if (memory.stopped() || runtime::ShouldStop(runtime_)) {
    return absl::CancelledError("balanced_fast: stopped on the sample");
  }
  result_.centers = std::move(fit.centers);
  result_.prices = std::move(fit.prices);
  result_.iterations = fit.iterations;
  return absl::OkStatus();
}

absl::Status Run::AssignChunk(int64_t chunk, Clustering* next) {
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
                      .centers = next->centers.View(),
                      .copies = p_,
                      .sizes = ShareOf(problem_.sizes, points.size, n_),
                      .objective = problem_.objective},
                     {.initial_prices = next->prices}, runtime_));
  for (size_t s = 0; s < rows.size(); ++s) {
    std::copy_n(assignment.clusters.begin() + static_cast<int64_t>(s) * p_, p_,
                next->clusters.begin() + rows[s] * p_);
  }
  for (size_t i = 0; i < price_sums_.size(); ++i) {
    price_sums_[i] += assignment.prices[i];
  }
  if (num_chunks_ == 1) next->lower_bound = assignment.lower_bound;
  return absl::OkStatus();
}

absl::Status Run::Round(int64_t round, Clustering* next) {
  const bool countable =
      options_.rounds <= std::numeric_limits<int64_t>::max() / num_chunks_;
  next->clusters.resize(static_cast<size_t>(n_ * p_));
  price_sums_.assign(static_cast<size_t>(problem_.num_clusters), 0.0);
  for (int64_t chunk = 0; chunk < num_chunks_; ++chunk) {
    if (!GoOn({.phase = "balanced_fast",
               .done = round * num_chunks_ + chunk,
               .total = countable ? options_.rounds * num_chunks_ : -1})) {
      return absl::CancelledError("balanced_fast: stopped from outside");
    }
    MUSTER_RETURN_IF_ERROR(AssignChunk(chunk, next));
  }
  for (size_t i = 0; i < price_sums_.size(); ++i) {
    next->prices[i] = price_sums_[i] / static_cast<double>(num_chunks_);
  }
  ++next->iterations;
  return absl::OkStatus();
}

void Run::PlaceInBounds(const AssignmentCosts& costs,
                        const std::vector<double>& prices,
                        std::vector<int32_t>* clusters) const {
  AssignmentState state{.copies = p_, .clusters = std::move(*clusters)};
  PlaceGreedily(costs, prices, problem_.sizes, runtime_, &state);
  *clusters = std::move(state.clusters);
}

void Run::ImproveByPrices(const AssignmentCosts& costs,
                          const std::vector<double>& prices) {
  const auto go_on = [&](int64_t pass) {
    return GoOn({.phase = "balanced_fast: bounds", .done = pass, .total = 3});
  };
  if (!go_on(0)) return;
  std::vector<int32_t> by_price =
      AssignByPrices(costs, p_, problem_.sizes, prices, runtime_);
  if (!go_on(1)) return;
  PlaceInBounds(costs, prices, &by_price);
  if (CostOf(by_price) < CostOf(result_.clusters)) {
    result_.clusters = std::move(by_price);
  }
  if (!go_on(2)) return;
  result_.lower_bound =
      costs.unit() *
      AssignmentLowerBound(costs, p_, problem_.sizes, prices, runtime_);
  result_.scope = CertificateScope::kFixedCenters;
}

void Run::KeepBounds() {
  const AssignmentCosts costs(
      problem_.points, result_.centers.View(), problem_.objective,
      CoordinateScale(problem_.points, result_.centers.View()));
  std::vector<double> prices = result_.prices;
  for (double& price : prices) price /= costs.unit();
  PlaceInBounds(costs, prices, &result_.clusters);
  ImproveByPrices(costs, prices);
}

absl::StatusOr<Clustering> Run::Cluster(runtime::Rng rng) {
  MUSTER_RETURN_IF_ERROR(FitSample(rng));
  for (int64_t round = 0; round < options_.rounds; ++round) {
    Clustering next{.centers = result_.centers,
                    .copies = p_,
                    .guaranteed_sizes = problem_.sizes,
                    .prices = result_.prices,
                    .iterations = result_.iterations};
    if (round > 0) {
      UpdateCentroids(problem_.points, result_.clusters, p_, &next.centers,
                      runtime_);
    }
    const absl::Status status = Round(round, &next);
    if (absl::IsCancelled(status) && round > 0) {
      // Stopped in the middle: the round before is whole.
      stopped_ = true;
      break;
    }
    MUSTER_RETURN_IF_ERROR(status);
    result_ = std::move(next);
  }
  if (num_chunks_ > 1) {
    KeepBounds();
  } else {
    result_.scope = CertificateScope::kFixedCenters;
  }
  result_.converged = !stopped_;
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
