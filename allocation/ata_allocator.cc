#include "muster/allocation/ata_allocator.h"

namespace muster::allocation {

AtaAllocator::AtaAllocator(absl::string_view name, WidthKind kind, double width,
                           const AllocatorOptions& options)
    : LearningAllocator(name, options), kind_(kind), width_(width) {}

void AtaAllocator::Score(const RoundRequest& request,
                         std::span<double> scores) {
  ComputeScores(kind_, arms(), LogTerm(request.round), width_, scores);
}

}  // namespace muster::allocation
