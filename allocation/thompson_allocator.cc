#include "muster/allocation/thompson_allocator.h"

#include <cstdint>
#include <limits>

#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {

void ThompsonAllocator::Score(const RoundRequest& request,
                              std::span<double> scores) {
  const runtime::Rng root = runtime::Rng(options().seed).Fork("posterior");
  for (int32_t i = 0; i < options().num_workers; ++i) {
    const double count = arms().counts()[i];
    if (count == 0) {
      scores[i] = -std::numeric_limits<double>::infinity();
      continue;
    }
    runtime::Rng rng = root.Fork("draw", static_cast<uint64_t>(request.round),
                                 static_cast<uint64_t>(i));
    scores[i] = (options().prior_mean_seconds + arms().totals()[i]) /
                runtime::Gamma(rng, 1 + count);
  }
}

}  // namespace muster::allocation
