#include "muster/allocation/discounted_allocator.h"

#include <algorithm>
#include <cmath>
#include <cstdint>

#include "muster/allocation/confidence.h"

namespace muster::allocation {

DiscountedAllocator::DiscountedAllocator(absl::string_view name,
                                         const AllocatorOptions& options)
    : LearningAllocator(name, options),
      width_(ConfidenceWidth(options.width_kind, options)) {}

void DiscountedAllocator::Score(const RoundRequest& request,
                                std::span<double> scores) {
  const double memory = std::min(9e15, std::ceil(1 / (1 - options().discount)));
  const double log_term =
      LogTerm(std::min(request.round, static_cast<int64_t>(memory)));
  ComputeScores(options().width_kind, arms(), log_term, width_, scores);
}

void DiscountedAllocator::Observe(const RoundFeedback& feedback) {
  arms().Scale(options().discount);
  LearningAllocator::Observe(feedback);
}

}  // namespace muster::allocation
