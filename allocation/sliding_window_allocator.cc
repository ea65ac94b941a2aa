#include "muster/allocation/sliding_window_allocator.h"

#include <algorithm>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/allocation/confidence.h"
#include "muster/runtime/fields.h"

namespace muster::allocation {

struct SlidingWindowAllocator::Entries {
  std::vector<Entry> entries;  // oldest first
  static void Fields(auto& self, auto&& visit) { visit(self.entries); }
};

SlidingWindowAllocator::SlidingWindowAllocator(absl::string_view name,
                                               const AllocatorOptions& options)
    : LearningAllocator(name, options),
      width_(ConfidenceWidth(options.width_kind, options)),
      ring_(64) {}

void SlidingWindowAllocator::Score(const RoundRequest& request,
                                   std::span<double> scores) {
  Forget(request.round - options().window - 1);
  const double log_term = LogTerm(std::min(request.round, options().window));
  ComputeScores(options().width_kind, arms(), log_term, width_, scores);
}

void SlidingWindowAllocator::Observe(const RoundFeedback& feedback) {
  Entry entry{.round = feedback.round, .worker = -1};
  for (const TaskRun& run : feedback.completed) {
    if (run.worker != entry.worker) {
      if (entry.worker >= 0) Push(entry);
      entry = {.round = feedback.round, .worker = run.worker};
    }
    ++entry.count;
    entry.total += run.seconds;
  }
  if (entry.worker >= 0) Push(entry);
  LearningAllocator::Observe(feedback);
}

void SlidingWindowAllocator::Push(const Entry& entry) {
  if (size_ == ring_.size()) {
    std::rotate(ring_.begin(),
                ring_.begin() + static_cast<std::ptrdiff_t>(first_),
                ring_.end());
    first_ = 0;
    ring_.resize(2 * ring_.size());
  }
  ring_[(first_ + size_) & (ring_.size() - 1)] = entry;
  ++size_;
}

void SlidingWindowAllocator::Forget(int64_t round) {
  while (size_ > 0 && ring_[first_].round <= round) {
    const Entry& entry = ring_[first_];
    const double count =
        arms().counts()[entry.worker] - static_cast<double>(entry.count);
    // An empty window leaves no rounding residue behind.
    const double total =
        count > 0 ? arms().totals()[entry.worker] - entry.total : 0;
    arms().Set(entry.worker, count, total);
    first_ = (first_ + 1) & (ring_.size() - 1);
    --size_;
  }
}

void SlidingWindowAllocator::ResetMore() { first_ = size_ = 0; }

std::string SlidingWindowAllocator::SaveMore() const {
  Entries saved;
  for (size_t i = 0; i < size_; ++i) {
    saved.entries.push_back(ring_[(first_ + i) & (ring_.size() - 1)]);
  }
  std::string bytes;
  runtime::Encode(saved, &bytes);
  return bytes;
}

absl::Status SlidingWindowAllocator::RestoreMore(absl::string_view bytes) {
  absl::StatusOr<Entries> saved = runtime::Decode<Entries>(bytes);
  if (!saved.ok()) return DamagedState(name(), saved.status().message());
  for (const Entry& entry : saved->entries) {
    if (entry.worker < 0 || entry.worker >= options().num_workers) {
      return DamagedState(name(),
                          absl::StrCat("an entry of worker ", entry.worker));
    }
  }
  first_ = size_ = 0;
  for (const Entry& entry : saved->entries) Push(entry);
  return absl::OkStatus();
}

}  // namespace muster::allocation
