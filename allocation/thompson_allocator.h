// Thompson sampling: every round draws each worker's mean from its posterior
// and takes the min-max allocation of the draws.
//
// Model: exponential durations of rate r_i with prior Gamma(1, scale 1 / p),
// p = prior_mean_seconds; after K tasks of total T the posterior of r_i is
// Gamma(1 + K) / (p + T), so the drawn mean is (p + T) / Gamma(1 + K). Workers
// never tried come first, as in every learner here.
//
// Source: W. Thompson, Biometrika 25, 1933; the combination with min-max
// allocation is ours.

#ifndef MUSTER_ALLOCATION_THOMPSON_ALLOCATOR_H_
#define MUSTER_ALLOCATION_THOMPSON_ALLOCATOR_H_

#include <span>

#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/learning_allocator.h"

namespace muster::allocation {

// O(n) Gamma variates per round; the draws depend on (seed, round, worker) and
// the statistics only.
class ThompsonAllocator : public LearningAllocator {
 public:
  ThompsonAllocator(absl::string_view name, const AllocatorOptions& options)
      : LearningAllocator(name, options) {}

 protected:
  void Score(const RoundRequest& request, std::span<double> scores) override;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_THOMPSON_ALLOCATOR_H_
