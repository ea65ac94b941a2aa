// ATA on the last `window` rounds only: for workers whose speeds change.
//
// Counts and totals are those of the rounds k - window .. k - 1; a worker
// without a task in them counts as never tried. Widths as in confidence.h with
// L = ln(2 min(k, window)^2).
//
// Source: sliding-window UCB (A. Garivier, E. Moulines, ALT 2011), carried over
// to the scores of ATA.

#ifndef MUSTER_ALLOCATION_SLIDING_WINDOW_ALLOCATOR_H_
#define MUSTER_ALLOCATION_SLIDING_WINDOW_ALLOCATOR_H_

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/learning_allocator.h"

namespace muster::allocation {

// Memory: one entry per worker used in each round of the window.
class SlidingWindowAllocator : public LearningAllocator {
 public:
  SlidingWindowAllocator(absl::string_view name,
                         const AllocatorOptions& options);

  void Observe(const RoundFeedback& feedback) override;

 protected:
  void Score(const RoundRequest& request, std::span<double> scores) override;
  void ResetMore() override;
  std::string SaveMore() const override;
  absl::Status RestoreMore(absl::string_view bytes) override;

 private:
  // What one worker did in one round.
  struct Entry {
    int64_t round = 0;
    int32_t worker = 0;
    int64_t count = 0;
    double total = 0;
    static void Fields(auto& self, auto&& visit) {
      visit(self.round, self.worker, self.count, self.total);
    }
  };
  struct Entries;

  void Push(const Entry& entry);
  // Takes the entries of rounds <= `round` out of the statistics.
  void Forget(int64_t round);

  const double width_;
  std::vector<Entry> ring_;  // a power of two
  size_t first_ = 0;         // oldest entry
  size_t size_ = 0;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SLIDING_WINDOW_ALLOCATOR_H_
