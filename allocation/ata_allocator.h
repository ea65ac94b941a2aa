// Adaptive Task Allocation: min-max allocation on lower confidence bounds of
// the mean durations. Three members of the table:
//
//   ata            absolute widths, c = width_constant * alpha
//   ata_empirical  relative widths, c = width_constant * eta
//   greedy_mean    c = 0: no exploration beyond one task each; may lock into a
//                  bad allocation for ever, the ablation that shows why ATA
//                  explores
//
// Source: Maranjyan et al. (ICML 2025), algorithms 1 and 2.

#ifndef MUSTER_ALLOCATION_ATA_ALLOCATOR_H_
#define MUSTER_ALLOCATION_ATA_ALLOCATOR_H_

#include <cstdint>
#include <optional>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/hot_set.h"
#include "muster/allocation/learning_allocator.h"
#include "muster/allocation/zero_set.h"

namespace muster::allocation {

// From kManyWorkers on, rounds without masks and offsets use hot_set.h and
// zero_set.h: the same answers at a cost per round that depends on B, not on n,
// but for an O(n) scan now and then.
class AtaAllocator : public LearningAllocator {
 public:
  static constexpr int32_t kManyWorkers = 2048;

  // width >= 0 is the constant c of confidence.h.
  AtaAllocator(absl::string_view name, WidthKind kind, double width,
               const AllocatorOptions& options);

  void Allocate(const RoundRequest& request, Allocation* allocation) override;
  void Observe(const RoundFeedback& feedback) override;

 protected:
  void Score(const RoundRequest& request, std::span<double> scores) override;
  void ResetMore() override;
  absl::Status RestoreMore(absl::string_view bytes) override;

 private:
  const WidthKind kind_;
  const double width_;
  std::optional<HotSet> hot_;  // with many workers
  std::optional<ZeroSet> zero_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ATA_ALLOCATOR_H_
