#include "muster/allocation/variance_aware_allocator.h"

#include <algorithm>
#include <cstdint>
#include <utility>

#include "absl/status/statusor.h"
#include "muster/allocation/confidence.h"
#include "muster/runtime/fields.h"

namespace muster::allocation {

struct VarianceAwareAllocator::Squares {
  std::vector<double> squares;
  std::vector<double> spreads;
  static void Fields(auto& self, auto&& visit) {
    visit(self.squares, self.spreads);
  }
};

VarianceAwareAllocator::VarianceAwareAllocator(absl::string_view name,
                                               const AllocatorOptions& options)
    : LearningAllocator(name, options),
      width_(ConfidenceWidth(options.width_kind, options)),
      squares_(options.num_workers),
      spreads_(options.num_workers) {
  ResetMore();
}

void VarianceAwareAllocator::Score(const RoundRequest& request,
                                   std::span<double> scores) {
  if (!options().true_means.empty()) {
    std::copy(options().true_means.begin(), options().true_means.end(),
              scores.begin());
    return;
  }
  ComputeScores(options().width_kind, arms(), LogTerm(request.round), width_,
                scores);
}

void VarianceAwareAllocator::Allocate(const RoundRequest& request,
                                      Allocation* allocation) {
  Score(request, scores());
  split().Allocate(scores(), arms().counts(), request, allocation, spreads_);
}

void VarianceAwareAllocator::Observe(const RoundFeedback& feedback) {
  for (const TaskRun& run : feedback.completed) {
    squares_[run.worker] += run.seconds * run.seconds;
  }
  LearningAllocator::Observe(feedback);
  for (const TaskRun& run : feedback.completed) SetSpread(run.worker);
}

void VarianceAwareAllocator::SetSpread(int32_t worker) {
  if (!options().true_deviations.empty()) return;
  const double count = arms().counts()[worker];
  if (count < 2) return;
  spreads_[worker] =
      options().deviation_weight *
      SampleDeviation(count, arms().totals()[worker], squares_[worker]);
}

void VarianceAwareAllocator::ResetMore() {
  std::fill(squares_.begin(), squares_.end(), 0);
  std::fill(spreads_.begin(), spreads_.end(), 0);
  for (size_t i = 0; i < options().true_deviations.size(); ++i) {
    spreads_[i] = options().deviation_weight * options().true_deviations[i];
  }
}

std::string VarianceAwareAllocator::SaveMore() const {
  std::string bytes;
  runtime::Encode(Squares{.squares = squares_, .spreads = spreads_}, &bytes);
  return bytes;
}

absl::Status VarianceAwareAllocator::RestoreMore(absl::string_view bytes) {
  absl::StatusOr<Squares> saved = runtime::Decode<Squares>(bytes);
  if (!saved.ok()) return DamagedState(name(), saved.status().message());
  if (saved->squares.size() != squares_.size() ||
      saved->spreads.size() != spreads_.size()) {
    return DamagedState(name(), "wrong number of squares");
  }
  squares_ = std::move(saved->squares);
  spreads_ = std::move(saved->spreads);
  return absl::OkStatus();
}

}  // namespace muster::allocation
