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

#include <span>

#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/learning_allocator.h"

namespace muster::allocation {

class AtaAllocator : public LearningAllocator {
 public:
  // width >= 0 is the constant c of confidence.h.
  AtaAllocator(absl::string_view name, WidthKind kind, double width,
               const AllocatorOptions& options);

 protected:
  void Score(const RoundRequest& request, std::span<double> scores) override;

 private:
  const WidthKind kind_;
  const double width_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ATA_ALLOCATOR_H_
