#include "muster/allocation/kl_lcb_allocator.h"

#include "muster/allocation/confidence.h"

namespace muster::allocation {

void KlLcbAllocator::Score(const RoundRequest& request,
                           std::span<double> scores) {
  ComputeKlScores(arms(), LogTerm(request.round), scores);
}

}  // namespace muster::allocation
