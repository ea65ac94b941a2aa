#include "muster/allocation/top_m_allocator.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/learning_allocator.h"
#include "muster/allocation/race_time.h"
#include "muster/allocation/score_allocation.h"
#include "muster/runtime/fields.h"

namespace muster::allocation {
namespace {

constexpr int64_t kFirstChoice = 10;

}  // namespace

TopMAllocator::TopMAllocator(absl::string_view name,
                             const AllocatorOptions& options)
    : Allocator(options.num_workers),
      name_(name),
      options_(options),
      scores_(options.num_workers) {
  order_.reserve(options.num_workers);
  Reset();
}

void TopMAllocator::Reset() {
  const size_t n = static_cast<size_t>(options_.num_workers);
  state_ = {.policy = std::string(name_.data(), name_.size()),
            .counts = std::vector<double>(n),
            .totals = std::vector<double>(n),
            .squares = std::vector<double>(n),
            .spent = std::vector<double>(n),
            .m = options_.top_m,
            .next_choice = kFirstChoice};
  if (options_.top_m > 0) {
    state_.next_choice = std::numeric_limits<int64_t>::max();
  } else if (!options_.true_means.empty()) {
    state_.next_choice = 1;
  }
  if (state_.m == 0) {
    state_.m = static_cast<int32_t>(
        std::min<int64_t>(options_.num_workers, options_.budget));
  }
}

void TopMAllocator::Allocate(const RoundRequest& request,
                             Allocation* allocation) {
  CheckRequest(request, options_.num_workers);
  if (request.round >= state_.next_choice) {
    ChooseM(request);
    state_.next_choice = request.round + 1 + request.round / 10;
  }
  const double log_term = LogTerm(request.round);
  order_.clear();
  for (int32_t i = 0; i < options_.num_workers; ++i) {
    if (!request.up.empty() && request.up[i] == 0) continue;
    scores_[i] = options_.true_means.empty()
                     ? KlScore(state_.counts[i], state_.spent[i], log_term)
                     : options_.true_means[i];
    scores_[i] += Communication(i);
    order_.push_back(i);
  }
  const size_t m = std::min(order_.size(), static_cast<size_t>(state_.m));
  std::nth_element(order_.begin(), order_.begin() + (m - 1), order_.end(),
                   [&](int32_t x, int32_t y) {
                     return scores_[x] < scores_[y] ||
                            (scores_[x] == scores_[y] && x < y);
                   });
  std::sort(order_.begin(), order_.begin() + m);
  allocation->mode = Allocation::Mode::kGreedy;
  allocation->leftover = Allocation::Leftover::kReset;
  allocation->budget = request.budget;
  allocation->exploring = false;
  allocation->tasks.clear();
  for (size_t i = 0; i < m; ++i) {
    const int32_t worker = order_[i];
    allocation->tasks.push_back({.worker = worker, .tasks = 0});
    allocation->exploring = allocation->exploring || scores_[worker] <= 0;
  }
}

bool TopMAllocator::Moments(int32_t worker, TaskMoments* moments) const {
  const double count = state_.counts[worker];
  if (!options_.true_means.empty()) {
    moments->mean = options_.true_means[worker];
  } else {
    if (count < 2) return false;
    moments->mean = state_.totals[worker] / count;
  }
  if (!options_.true_deviations.empty()) {
    moments->deviation = options_.true_deviations[worker];
  } else if (count >= 2) {
    moments->deviation =
        SampleDeviation(count, state_.totals[worker], state_.squares[worker]);
  }
  return true;
}

void TopMAllocator::ChooseM(const RoundRequest& request) {
  std::vector<Racer> racers;
  for (int32_t i = 0; i < options_.num_workers; ++i) {
    if (!request.up.empty() && request.up[i] == 0) continue;
    Racer racer{.law = {}, .start_seconds = Communication(i)};
    if (Moments(i, &racer.law)) racers.push_back(racer);
  }
  if (racers.empty()) return;
  std::stable_sort(
      racers.begin(), racers.end(), [](const Racer& x, const Racer& y) {
        return x.start_seconds + x.law.mean < y.start_seconds + y.law.mean;
      });
  state_.m = BestRaceSize(racers, request.budget, options_.runtime_weight);
}

void TopMAllocator::Observe(const RoundFeedback& feedback) {
  for (const TaskRun& run : feedback.completed) {
    state_.counts[run.worker] += 1;
    state_.totals[run.worker] += run.seconds;
    state_.squares[run.worker] += run.seconds * run.seconds;
    state_.spent[run.worker] += run.seconds;
  }
  for (const TaskRun& run : feedback.cancelled) {
    state_.spent[run.worker] += run.seconds;
  }
}

std::string TopMAllocator::SaveState() const {
  std::string bytes;
  runtime::Encode(state_, &bytes);
  return bytes;
}

absl::Status TopMAllocator::RestoreState(absl::string_view bytes) {
  absl::StatusOr<State> state = runtime::Decode<State>(bytes);
  if (!state.ok()) return DamagedState(name_, state.status().message());
  const size_t n = static_cast<size_t>(options_.num_workers);
  if (state->policy != name_ || state->counts.size() != n) {
    return absl::InvalidArgumentError(absl::StrCat(
        "saved state is of ", state->policy, " for ", state->counts.size(),
        " workers; this allocator is ", name_, " for ", n));
  }
  if (state->totals.size() != n || state->squares.size() != n ||
      state->spent.size() != n || state->m < 1 ||
      state->m > options_.num_workers) {
    return DamagedState(name_, "inconsistent sizes");
  }
  state_ = *std::move(state);
  return absl::OkStatus();
}

}  // namespace muster::allocation
