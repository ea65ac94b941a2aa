#include "muster/allocation/ata_allocator.h"

namespace muster::allocation {

AtaAllocator::AtaAllocator(absl::string_view name, WidthKind kind, double width,
                           const AllocatorOptions& options)
    : LearningAllocator(name, options), kind_(kind), width_(width) {
  if (options.num_workers >= kManyWorkers &&
      options.communication_seconds.empty() &&
      ZeroSet::Supports(options.zero_rule)) {
    const ScoreAllocation::Options split{.num_workers = options.num_workers,
                                         .zero_rule = options.zero_rule,
                                         .seed = options.seed};
    hot_.emplace(kind, width, split);
    zero_.emplace(kind, width, split);
  }
}

void AtaAllocator::Score(const RoundRequest& request,
                         std::span<double> scores) {
  ComputeScores(kind_, arms(), LogTerm(request.round), width_, scores);
}

void AtaAllocator::Allocate(const RoundRequest& request,
                            Allocation* allocation) {
  if (!hot_ || !request.up.empty() || !request.ready_seconds.empty()) {
    LearningAllocator::Allocate(request, allocation);
    return;
  }
  if (zero_->valid() && zero_->Allocate(request, arms(), allocation)) return;
  hot_->Allocate(request, arms(), &split(), scores(), allocation);
  if (allocation->exploring && !hot_->valid()) {
    zero_->Begin(request.round, arms());
  }
}

void AtaAllocator::Observe(const RoundFeedback& feedback) {
  LearningAllocator::Observe(feedback);
  if (!hot_) return;
  int32_t last = -1;
  for (const TaskRun& run : feedback.completed) {
    if (run.worker == last) continue;
    last = run.worker;
    hot_->Update(last, arms());
    zero_->Update(last);
  }
}

void AtaAllocator::ResetMore() {
  if (!hot_) return;
  hot_->Invalidate();
  zero_->Invalidate();
}

absl::Status AtaAllocator::RestoreMore(absl::string_view bytes) {
  ResetMore();
  return LearningAllocator::RestoreMore(bytes);
}

}  // namespace muster::allocation
