#include "muster/dispatch/balanced_assignment.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/assignment_duplicates.h"
#include "muster/dispatch/assignment_frontier.h"
#include "muster/dispatch/assignment_network.h"
#include "muster/dispatch/assignment_prices.h"
#include "muster/dispatch/assignment_repair.h"
#include "muster/dispatch/assignment_smoothing.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// Sample of the first ascent.
constexpr int64_t kSamplePerCenter = 32;
constexpr int64_t kLeastSample = 8192;
constexpr int64_t kLongestSampleList = 254;
// Relative gap up to which an assignment counts as optimal.
constexpr double kOptimalGap = 1e-9;

class Solver {
 public:
  Solver(const AssignmentProblem& problem, const AssignmentOptions& options,
         const runtime::Runtime& runtime)
      : problem_(problem),
        options_(options),
        runtime_(runtime),
        n_(problem.points.size),
        k_(problem.centers.size),
        p_(problem.copies),
        costs_(problem.points, problem.centers, problem.objective,
               CoordinateScale(problem.points, problem.centers)),
        bounds_{static_cast<double>(problem.sizes.lower),
                static_cast<double>(std::min(problem.sizes.upper, n_))} {
    // Whole numbers are exact; sums of weights round.
    negligible_ =
        problem.weights.empty()
            ? 0.5
            : 1e-12 * static_cast<double>(n_ * p_) / static_cast<double>(k_);
    if (problem.weights.empty()) return;
    // To a sum of n: what Validate lets pass is far more than negligible.
    weight_factor_ =
        static_cast<double>(n_) / runtime::PairwiseSum(problem.weights);
    weights_.reserve(problem.weights.size());
    for (const double weight : problem.weights) {
      weights_.push_back(weight_factor_ * weight);
    }
  }

  absl::StatusOr<BalancedAssignment> Run();

 private:
  double WeightOf(int64_t j) const {
    return weights_.empty() ? 1.0 : weights_[j];
  }
  absl::Status CheckStop() const;
  void AscendOnSample();
  void Ascend();
  // Rounds of frontier and network until the loads are within bounds and no
  // point prefers other centres.
  absl::Status Balance();
  // One of these rounds; true when it was the last.
  absl::StatusOr<bool> BalanceOnce();
  void SetSinkFlows(std::span<const double> loads);
  double SinkGap() const;
  FrontierQuery Query(bool repair) const;
  double LargeCost() const;
  // Above the reduced length of every move at prices_.
  double LargestLength() const;
  double FlowCost() const;
  absl::Status PlaceRest();
  void Report();
  void ReportSplits();

  const AssignmentProblem& problem_;
  const AssignmentOptions& options_;
  const runtime::Runtime& runtime_;
  const int64_t n_;
  const int64_t k_;
  const int64_t p_;
  const AssignmentCosts costs_;
  const LoadBounds bounds_;
  double negligible_;
  std::vector<double> weights_;  // n of sum n, or empty
  double weight_factor_ = 1;     // times the weights given
  CandidateLists lists_;
  std::vector<double> prices_;  // in units of costs_
  std::vector<double> sink_flows_;
  double width_ = 0;
  double radius_ = 0;
  int64_t max_entries_ = 16;
  AssignmentState state_;
  BalancedAssignment result_;
};

absl::Status Solver::CheckStop() const {
  if (!runtime::ShouldStop(runtime_)) return absl::OkStatus();
  return absl::CancelledError("balanced assignment: stopped from outside");
}

void Solver::AscendOnSample() {
  const int64_t size = std::max(kLeastSample, kSamplePerCenter * k_);
  if (n_ <= 2 * size) return;
  // One point of each of `size` strata, so that sorted data does no harm.
  const runtime::Rng rng = runtime::Rng(1).Fork("balanced_assignment_sample");
  std::vector<int64_t> indices;
  std::vector<double> weights;
  for (int64_t s = 0; s < size; ++s) {
    const int64_t begin = s * n_ / size, end = (s + 1) * n_ / size;
    const uint64_t draw = rng.At(static_cast<uint64_t>(s)).NextUint64();
    indices.push_back(begin + static_cast<int64_t>(
                                  draw % static_cast<uint64_t>(end - begin)));
    if (!weights_.empty()) weights.push_back(weights_[indices.back()]);
  }
  const double mass = weights.empty() ? static_cast<double>(size)
                                      : runtime::PairwiseSum(weights);
  const double share = mass / static_cast<double>(n_);
  const PointSet sample = SelectPoints(problem_.points, indices);
  const AssignmentCosts costs(sample.View(), problem_.centers,
                              problem_.objective, costs_.scale());
  CandidateLists lists;
  const PriceAscent ascent = AscendPrices(
      costs, p_, {bounds_.lower * share, bounds_.upper * share}, weights,
      prices_, {.max_list_length = kLongestSampleList}, runtime_, &lists);
  prices_ = ascent.prices;
  // The sample's error is about this wide; all points begin there.
  width_ = 16 * ascent.width;
  result_.price_steps += ascent.steps;
}

void Solver::Ascend() {
  prices_.assign(static_cast<size_t>(k_), 0.0);
  for (size_t i = 0; i < options_.initial_prices.size(); ++i) {
    prices_[i] = options_.initial_prices[i] / costs_.unit();
  }
  AscendOnSample();
  PriceAscentOptions ascent_options{.first_width = width_};
  const PriceAscent ascent =
      AscendPrices(costs_, p_, bounds_, weights_, prices_, ascent_options,
                   runtime_, &lists_);
  prices_ = ascent.prices;
  width_ = ascent.width;
  result_.price_steps += ascent.steps;
}

void Solver::SetSinkFlows(std::span<const double> loads) {
  // Prices within rounding of zero keep the flow that they have.
  sink_flows_ = SinkFlows(
      prices_,
      sink_flows_.empty() ? loads : std::span<const double>(sink_flows_),
      bounds_, 1e-13 * LargeCost());
}

double Solver::SinkGap() const {
  double sum = 0;
  for (int64_t i = 0; i < k_; ++i) {
    sum += prices_[i] *
           (sink_flows_[i] - (prices_[i] > 0 ? bounds_.lower : bounds_.upper));
  }
  return std::max(0.0, sum);
}

FrontierQuery Solver::Query(bool repair) const {
  return {.prices = prices_,
          .weights = weights_,
          .radius = radius_,
          .repair = repair,
          .max_entries = max_entries_};
}

double Solver::LargeCost() const {
  double largest = 0;
  for (int64_t i = 0; i < k_; ++i) {
    largest = std::max({largest, costs_.Exact(0, i), std::abs(prices_[i])});
  }
  return largest;
}

double Solver::LargestLength() const {
  // In units of costs_ all coordinates are within 1.
  const auto dimension = static_cast<double>(problem_.points.dimension);
  const double cost = problem_.objective == Objective::kKMeans
                          ? 4 * dimension
                          : 2 * std::sqrt(dimension);
  const auto [least, most] =
      std::minmax_element(prices_.begin(), prices_.end());
  return cost + (*most - *least);
}

double Solver::FlowCost() const {
  const auto blocks = runtime::CutBlocks(n_, 16384);
  return runtime::SumBlocks(
      runtime_, blocks, [&](int64_t, runtime::Block block) {
        double sum = 0;
        for (int64_t j = block.begin; j < block.end; ++j) {
          if (!state_.split_of.empty() && state_.split_of[j] >= 0) {
            const SplitPoint& split = state_.splits[state_.split_of[j]];
            for (size_t e = 0; e < split.centers.size(); ++e) {
              sum += split.flows[e] * costs_.Exact(j, split.centers[e]);
            }
            continue;
          }
          for (int64_t r = 0; r < p_; ++r) {
            sum += WeightOf(j) * costs_.Exact(j, state_.clusters[j * p_ + r]);
          }
        }
        return sum;
      });
}

absl::Status Solver::Balance() {
  AssignByLists(lists_, prices_, n_, runtime_, &state_);
  radius_ = 8 * width_;
  while (true) {
    MUSTER_RETURN_IF_ERROR(CheckStop());
    MUSTER_ASSIGN_OR_RETURN(const bool done, BalanceOnce());
    if (done) return absl::OkStatus();
  }
}

absl::StatusOr<bool> Solver::BalanceOnce() {
  using End = AssignmentNetwork::End;
  ++result_.rounds;
  Frontier frontier =
      FindFrontier(costs_, lists_, Query(true), runtime_, &state_);
  SetSinkFlows(frontier.loads);
  result_.frontier_points = static_cast<int64_t>(frontier.points.size());
  const bool truncated = frontier.truncated;
  const bool all_moves = !truncated && radius_ >= LargestLength();
  const bool weighted = !weights_.empty();
  DuplicateGroups groups;
  if (!weighted) groups = JoinDuplicates(problem_.points, state_, &frontier);
  AssignmentNetwork network(
      std::move(frontier.points), std::move(frontier.entries), prices_,
      std::move(frontier.loads), sink_flows_, static_cast<double>(n_ * p_),
      bounds_, radius_, negligible_);
  End end = network.Balance(options_.max_searches - result_.searches, runtime_);
  result_.searches += network.searches();
  result_.pushes += network.pushes();
  prices_ = network.Prices();
  sink_flows_ = network.sink_flows();
  if (weighted) {
    TakeFlows(network, negligible_, &state_);
  } else {
    DealFlows(network, groups, &state_);
  }
  if (end == End::kLimit) return true;
  // Seen at the start of the next round.
  if (end == End::kStopped) return false;
  // Nothing at each of many centres may be something at one.
  if (end == End::kStuck && weighted &&
      network.Excess() <= 2 * static_cast<double>(k_ + 1) * negligible_) {
    end = End::kBalanced;
  }
  if (end == End::kStuck && all_moves) {
    return absl::InternalError(absl::StrFormat(
        "balanced assignment: %g copies fit nowhere though the bounds can be "
        "met",
        network.Excess()));
  }
  if (end != End::kBalanced) {
    radius_ = std::max(3 * radius_, 1e-7 * LargeCost());
    if (truncated) max_entries_ *= 4;
    return false;
  }
  if (!truncated) return true;
  // Moves were left out: are there any that pay?
  const double gap =
      FindFrontier(costs_, lists_, Query(false), runtime_, &state_).gap;
  if (gap <= 0.5 * kOptimalGap * FlowCost()) return true;
  max_entries_ *= 4;
  return false;
}

absl::Status Solver::PlaceRest() {
  // With weights the loads are what they are: guaranteed_sizes says so.
  if (weights_.empty()) {
    MUSTER_ASSIGN_OR_RETURN(
        result_.greedy_moves,
        PlaceGreedilyUnlessStopped(costs_, prices_, problem_.sizes, runtime_,
                                   &state_));
  }
  return absl::OkStatus();
}

void Solver::Report() {
  CancelSplitCycles(k_, weights_, &state_);
  radius_ = 0;
  const Frontier frontier =
      FindFrontier(costs_, lists_, Query(false), runtime_, &state_);
  sink_flows_ = frontier.loads;
  // As much for the weights given.
  const double unit = costs_.unit() / weight_factor_;
  const double gap = (frontier.gap + SinkGap()) * unit;
  const double flow_cost = FlowCost() * unit;
  result_.flow_cost = flow_cost;
  Clustering clustering;
  clustering.centers.dimension = problem_.centers.dimension;
  clustering.centers.values.assign(
      problem_.centers.values,
      problem_.centers.values + k_ * problem_.centers.dimension);
  clustering.copies = p_;
  clustering.clusters = std::move(state_.clusters);
  Finish({.points = problem_.points,
          .num_clusters = k_,
          .copies = p_,
          .objective = problem_.objective,
          .weights = problem_.weights},
         &clustering, runtime_);
  result_.clusters = std::move(clustering.clusters);
  result_.sizes = std::move(clustering.sizes);
  result_.cost = clustering.cost;
  result_.lower_bound = std::min(flow_cost - gap, result_.cost);
  result_.gap =
      state_.splits.empty() ? gap : result_.cost - result_.lower_bound;
  result_.optimal =
      gap <= kOptimalGap * flow_cost ||
      gap <= 1e-14 * static_cast<double>(n_ * p_) * LargeCost() * unit;
  for (double& price : prices_) price *= costs_.unit();
  result_.prices = prices_;
  ReportSplits();
}

void Solver::ReportSplits() {
  result_.guaranteed_sizes = problem_.sizes;
  if (problem_.weights.empty()) return;
  result_.split_points = static_cast<int64_t>(state_.splits.size());
  std::vector<double> loads(static_cast<size_t>(k_), 0.0);
  for (int64_t at = 0; at < n_ * p_; ++at) {
    loads[result_.clusters[at]] += problem_.weights[at / p_];
  }
  std::vector<double> largest(static_cast<size_t>(k_), 0.0);
  std::vector<double> count(static_cast<size_t>(k_), 0.0);
  for (const SplitPoint& split : state_.splits) {
    for (const int32_t center : split.centers) {
      largest[center] =
          std::max(largest[center], problem_.weights[split.point]);
      count[center] += 1;
    }
  }
  SizeBounds& sizes = result_.guaranteed_sizes;
  for (int64_t i = 0; i < k_; ++i) {
    result_.violation_bound =
        std::max(result_.violation_bound, count[i] * largest[i]);
    // Sums of weights round, and their mean is 1 up to 1e-9: what a clustering
    // is checked with.
    const double slack = 9e-10 * loads[i];
    sizes.lower = std::min(sizes.lower,
                           static_cast<int64_t>(std::floor(loads[i] + slack)));
    sizes.upper = std::max(sizes.upper,
                           static_cast<int64_t>(std::ceil(loads[i] - slack)));
  }
}

absl::StatusOr<BalancedAssignment> Solver::Run() {
  MUSTER_RETURN_IF_ERROR(CheckStop());
  state_.copies = p_;
  if (!problem_.weights.empty()) {
    state_.split_of.assign(static_cast<size_t>(n_), -1);
  }
  if (p_ == k_) {
    // Every point at every centre: prices are nothing but loads n.
    prices_.assign(static_cast<size_t>(k_), 0.0);
    BuildCandidateLists(costs_, prices_, k_, runtime_, &lists_);
    AssignByLists(lists_, prices_, n_, runtime_, &state_);
  } else {
    Ascend();
    MUSTER_RETURN_IF_ERROR(Balance());
    MUSTER_RETURN_IF_ERROR(PlaceRest());
  }
  MUSTER_RETURN_IF_ERROR(CheckStop());
  Report();
  return std::move(result_);
}

}  // namespace

absl::Status Validate(const AssignmentProblem& problem) {
  MUSTER_RETURN_IF_ERROR(
      Validate(ClusteringProblem{.points = problem.points,
                                 .num_clusters = problem.centers.size,
                                 .copies = problem.copies,
                                 .sizes = problem.sizes,
                                 .objective = problem.objective,
                                 .weights = problem.weights}));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(problem.centers, "centers"));
  MUSTER_RETURN_IF_ERROR(ValidateSameDimension(
      problem.centers, problem.points.dimension, "centers"));
  if (problem.objective == Objective::kKCenter) {
    return absl::InvalidArgumentError(
        "objective: k-center has no sum to minimise; give k-means or "
        "k-median");
  }
  return absl::OkStatus();
}

absl::Status Validate(const AssignmentOptions& options, int64_t num_centers) {
  if (!options.initial_prices.empty() &&
      static_cast<int64_t>(options.initial_prices.size()) != num_centers) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "initial_prices: %d given for k = %d centers; give one each or none",
        options.initial_prices.size(), num_centers));
  }
  for (size_t i = 0; i < options.initial_prices.size(); ++i) {
    if (!std::isfinite(options.initial_prices[i])) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "initial_prices: entry %d (from 0) is %f, need a finite number", i,
          options.initial_prices[i]));
    }
  }
  if (options.max_searches < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("max_searches = %d, need >= 0", options.max_searches));
  }
  return absl::OkStatus();
}

absl::StatusOr<BalancedAssignment> AssignBalanced(
    const AssignmentProblem& problem, const AssignmentOptions& options,
    const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(problem));
  MUSTER_RETURN_IF_ERROR(Validate(options, problem.centers.size));
  return Solver(problem, options, runtime).Run();
}

}  // namespace muster::dispatch
