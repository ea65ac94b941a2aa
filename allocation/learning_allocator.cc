#include "muster/allocation/learning_allocator.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

struct LearnedState {
  std::string policy;
  int32_t num_workers = 0;
  std::vector<double> counts;
  std::vector<double> totals;
  int32_t cursor = 0;
  std::string more;

  static void Fields(auto& self, auto&& visit) {
    visit(self.policy, self.num_workers, self.counts, self.totals, self.cursor,
          self.more);
  }
};

}  // namespace

double ConfidenceWidth(WidthKind kind, const AllocatorOptions& options) {
  if (options.width_constant == 0) return 0;
  return options.width_constant *
         (kind == WidthKind::kAbsolute ? options.alpha : options.eta);
}

double SampleDeviation(double count, double total, double squares) {
  const double variance = (squares - total * (total / count)) / (count - 1);
  return std::sqrt(std::max(0.0, variance));
}

absl::Status DamagedState(absl::string_view policy, absl::string_view what) {
  return absl::DataLossError(
      absl::StrCat("saved state of ", policy, ": ", what,
                   "; restore from bytes that SaveState returned"));
}

LearningAllocator::LearningAllocator(absl::string_view name,
                                     const AllocatorOptions& options)
    : Allocator(options.num_workers),
      name_(name),
      options_(options),
      arms_(options.num_workers),
      split_({.num_workers = options.num_workers,
              .zero_rule = options.zero_rule,
              .seed = options.seed,
              .communication_seconds = options.communication_seconds}),
      scores_(options.num_workers) {}

void LearningAllocator::Allocate(const RoundRequest& request,
                                 Allocation* allocation) {
  Score(request, scores_);
  split_.Allocate(scores_, arms_.counts(), request, allocation);
}

void LearningAllocator::Observe(const RoundFeedback& feedback) {
  // The tasks of one worker mostly come in a row.
  int32_t last = -1;
  for (const TaskRun& run : feedback.completed) {
    if (run.worker != last) {
      if (last >= 0) arms_.Refresh(last);
      last = run.worker;
    }
    arms_.Add(run.worker, run.seconds);
  }
  if (last >= 0) arms_.Refresh(last);
}

void LearningAllocator::Reset() {
  arms_.Clear();
  split_.set_cursor(0);
  ResetMore();
}

std::string LearningAllocator::SaveState() const {
  LearnedState state{.policy = std::string(name_.data(), name_.size()),
                     .num_workers = options_.num_workers,
                     .counts = {},
                     .totals = {},
                     .cursor = split_.cursor(),
                     .more = SaveMore()};
  state.counts.assign(arms_.counts().begin(), arms_.counts().end());
  state.totals.assign(arms_.totals().begin(), arms_.totals().end());
  std::string bytes;
  runtime::Encode(state, &bytes);
  return bytes;
}

absl::Status LearningAllocator::RestoreState(absl::string_view bytes) {
  absl::StatusOr<LearnedState> decoded = runtime::Decode<LearnedState>(bytes);
  if (!decoded.ok()) return DamagedState(name_, decoded.status().message());
  const LearnedState& state = *decoded;
  if (state.policy != name_ || state.num_workers != options_.num_workers) {
    return absl::InvalidArgumentError(absl::StrCat(
        "saved state is of ", state.policy, " for ", state.num_workers,
        " workers; this allocator is ", name_, " for ", options_.num_workers));
  }
  const size_t n = static_cast<size_t>(options_.num_workers);
  if (state.counts.size() != n || state.totals.size() != n) {
    return DamagedState(name_, "wrong number of counts or totals");
  }
  for (size_t i = 0; i < n; ++i) {
    if (!(state.counts[i] >= 0 && std::isfinite(state.counts[i]) &&
          std::isfinite(state.totals[i]))) {
      return DamagedState(name_, absl::StrCat("bad statistics of worker ", i));
    }
  }
  MUSTER_RETURN_IF_ERROR(RestoreMore(state.more));
  for (size_t i = 0; i < n; ++i) {
    arms_.Set(static_cast<int32_t>(i), state.counts[i], state.totals[i]);
  }
  split_.set_cursor(state.cursor);
  return absl::OkStatus();
}

absl::Status LearningAllocator::RestoreMore(absl::string_view bytes) {
  if (bytes.empty()) return absl::OkStatus();
  return DamagedState(name_, "has bytes that this policy does not use");
}

}  // namespace muster::allocation
