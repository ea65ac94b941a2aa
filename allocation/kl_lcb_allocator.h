// Min-max allocation on Kullback-Leibler lower bounds of exponential durations
// (KlScore in confidence.h). Much tighter than the widths of ATA and free of
// constants; scores are positive after a worker's first task, so there is no
// zero-score phase. The bound holds for every law that is no more spread out
// than the exponential of its mean (shifted exponentials among them).

#ifndef MUSTER_ALLOCATION_KL_LCB_ALLOCATOR_H_
#define MUSTER_ALLOCATION_KL_LCB_ALLOCATOR_H_

#include <span>

#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/learning_allocator.h"

namespace muster::allocation {

class KlLcbAllocator : public LearningAllocator {
 public:
  KlLcbAllocator(absl::string_view name, const AllocatorOptions& options)
      : LearningAllocator(name, options) {}

 protected:
  void Score(const RoundRequest& request, std::span<double> scores) override;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_KL_LCB_ALLOCATOR_H_
