// ATA with exponential forgetting: after every round K_i <- d K_i + a_i and
// T_i <- d T_i + sum of durations, d = options.discount; widths as in
// confidence.h with L = ln(2 min(k, 1 / (1 - d))^2). A count below 1e-9 counts
// as never tried.
//
// Source: discounted UCB (A. Garivier, E. Moulines, ALT 2011), carried over to
// the scores of ATA.

#ifndef MUSTER_ALLOCATION_DISCOUNTED_ALLOCATOR_H_
#define MUSTER_ALLOCATION_DISCOUNTED_ALLOCATOR_H_

#include <span>

#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/learning_allocator.h"

namespace muster::allocation {

// Observe is O(n) as well.
class DiscountedAllocator : public LearningAllocator {
 public:
  DiscountedAllocator(absl::string_view name, const AllocatorOptions& options);

  void Observe(const RoundFeedback& feedback) override;

 protected:
  void Score(const RoundRequest& request, std::span<double> scores) override;

 private:
  const double width_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_DISCOUNTED_ALLOCATOR_H_
