#ifndef MUSTER_ALLOCATION_SGD_TEST_ALLOCATOR_H_
#define MUSTER_ALLOCATION_SGD_TEST_ALLOCATOR_H_

// For tests of gradient methods in rounds: an allocator that does what it was
// told and remembers what it saw.

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"

namespace muster::allocation {

// Barrier rounds of fixed counts, or greedy rounds of all workers. Asked for
// another budget than the counts of those that are up make, it gives all to the
// first that is up.
class ScriptedAllocator final : public Allocator {
 public:
  struct Seen {
    int64_t round;
    double round_seconds;
    std::vector<TaskRun> completed;
    std::vector<TaskRun> cancelled;
  };

  explicit ScriptedAllocator(std::vector<int32_t> counts)
      : Allocator(static_cast<int32_t>(counts.size())),
        counts_(std::move(counts)) {}
  ScriptedAllocator(Allocation::Leftover leftover, int32_t num_workers)
      : Allocator(num_workers),
        greedy_(true),
        leftover_(leftover),
        counts_(num_workers, 0) {}

  void Allocate(const RoundRequest& request, Allocation* allocation) override {
    *allocation = {};
    allocation->budget = request.budget;
    allocation->mode =
        greedy_ ? Allocation::Mode::kGreedy : Allocation::Mode::kBarrier;
    allocation->leftover = leftover_;
    const auto is_up = [&](size_t i) {
      return request.up.empty() || request.up[i] != 0;
    };
    int64_t sum = 0;
    for (size_t i = 0; i < counts_.size(); ++i) {
      if (is_up(i)) sum += counts_[i];
    }
    for (size_t i = 0; i < counts_.size(); ++i) {
      if (!is_up(i)) continue;
      const auto worker = static_cast<int32_t>(i);
      if (greedy_) {
        allocation->tasks.push_back({worker, 0});
      } else if (sum != request.budget) {
        allocation->tasks.push_back(
            {worker, static_cast<int32_t>(request.budget)});
        return;
      } else if (counts_[i] > 0) {
        allocation->tasks.push_back({worker, counts_[i]});
      }
    }
  }

  void Observe(const RoundFeedback& feedback) override {
    seen_.push_back(
        {.round = feedback.round,
         .round_seconds = feedback.round_seconds,
         .completed = {feedback.completed.begin(), feedback.completed.end()},
         .cancelled = {feedback.cancelled.begin(), feedback.cancelled.end()}});
  }

  void Reset() override { seen_.clear(); }
  std::string SaveState() const override { return ""; }
  absl::Status RestoreState(absl::string_view) override {
    return absl::OkStatus();
  }
  absl::string_view name() const override { return "scripted"; }

  const std::vector<Seen>& seen() const { return seen_; }

 private:
  const bool greedy_ = false;
  const Allocation::Leftover leftover_ = Allocation::Leftover::kReset;
  const std::vector<int32_t> counts_;
  std::vector<Seen> seen_;
};

// Enough for every member of the table that needs no true means.
inline AllocatorOptions MakeAllocatorOptions(int32_t num_workers,
                                             int64_t budget) {
  AllocatorOptions options;
  options.num_workers = num_workers;
  options.budget = budget;
  options.alpha = 20;
  options.top_m = std::min(num_workers, 2);
  return options;
}

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_TEST_ALLOCATOR_H_
