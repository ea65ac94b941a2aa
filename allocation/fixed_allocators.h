// The policies that learn nothing.
//
//   ofta  the min-max allocation of the true means, an oracle ("optimal fixed
//         task allocation"). Not the optimum of the expected round time: see
//         expected_round_time.h.
//   uta   floor(B / n) tasks for everybody and one more for a random subset,
//         drawn anew each round ("uniform task allocation").
//   gta, gta_keep, gta_keep_drop_stale
//         everybody races to the B-th completion ("greedy task allocation", the
//         collection rule of Rennala SGD); what is still running then is
//         cancelled (the paper), runs on and counts, or runs on and counts for
//         nothing. Billed n times the round's duration.
//
// Source: Maranjyan et al. (ICML 2025), section 5 and algorithm 3.

#ifndef MUSTER_ALLOCATION_FIXED_ALLOCATORS_H_
#define MUSTER_ALLOCATION_FIXED_ALLOCATORS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/score_allocation.h"

namespace muster::allocation {

// An allocator whose only state is the policy's name and size. O(1) Observe.
class FixedAllocator : public Allocator {
 public:
  FixedAllocator(absl::string_view name, int32_t num_workers)
      : Allocator(num_workers), name_(name) {}

  void Observe(const RoundFeedback&) override {}
  void Reset() override {}
  std::string SaveState() const override;
  absl::Status RestoreState(absl::string_view bytes) override;
  absl::string_view name() const override { return name_; }

 private:
  const absl::string_view name_;
};

// O(m + n / 4) once the budget is known, O(n + m log m) otherwise.
class OftaAllocator : public FixedAllocator {
 public:
  // options.true_means has n entries.
  OftaAllocator(absl::string_view name, const AllocatorOptions& options);
  void Allocate(const RoundRequest& request, Allocation* allocation) override;

 private:
  const std::vector<double> means_;
  ScoreAllocation split_;
};

class UtaAllocator : public FixedAllocator {
 public:
  UtaAllocator(absl::string_view name, const AllocatorOptions& options);
  void Allocate(const RoundRequest& request, Allocation* allocation) override;

 private:
  const std::vector<double> zeros_;  // n equal scores: everybody explores
  ScoreAllocation split_;
};

class GtaAllocator : public FixedAllocator {
 public:
  GtaAllocator(absl::string_view name, Allocation::Leftover leftover,
               const AllocatorOptions& options);
  void Allocate(const RoundRequest& request, Allocation* allocation) override;

 private:
  const Allocation::Leftover leftover_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_FIXED_ALLOCATORS_H_
