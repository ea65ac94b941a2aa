#include "muster/allocation/fixed_allocators.h"

#include <cstddef>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/allocation/learning_allocator.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fields.h"

namespace muster::allocation {
namespace {

struct FixedState {
  std::string policy;
  int32_t num_workers = 0;

  static void Fields(auto& self, auto&& visit) {
    visit(self.policy, self.num_workers);
  }
};

ScoreAllocation::Options SplitOptions(const AllocatorOptions& options) {
  return {.num_workers = options.num_workers,
          .zero_rule = ZeroRule::kRandomRemainder,
          .seed = options.seed,
          .communication_seconds = options.communication_seconds};
}

}  // namespace

std::string FixedAllocator::SaveState() const {
  const FixedState state{.policy = std::string(name_.data(), name_.size()),
                         .num_workers = num_workers()};
  std::string bytes;
  runtime::Encode(state, &bytes);
  return bytes;
}

absl::Status FixedAllocator::RestoreState(absl::string_view bytes) {
  const absl::StatusOr<FixedState> state = runtime::Decode<FixedState>(bytes);
  if (!state.ok()) return DamagedState(name_, state.status().message());
  if (state->policy != name_ || state->num_workers != num_workers()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "saved state is of ", state->policy, " for ", state->num_workers,
        " workers; this allocator is ", name_, " for ", num_workers()));
  }
  return absl::OkStatus();
}

OftaAllocator::OftaAllocator(absl::string_view name,
                             const AllocatorOptions& options)
    : FixedAllocator(name, options.num_workers),
      means_(options.true_means),
      split_(SplitOptions(options)) {
  MUSTER_CHECK_EQ(means_.size(), static_cast<size_t>(options.num_workers));
}

void OftaAllocator::Allocate(const RoundRequest& request,
                             Allocation* allocation) {
  split_.Allocate(means_, {}, request, allocation);
}

UtaAllocator::UtaAllocator(absl::string_view name,
                           const AllocatorOptions& options)
    : FixedAllocator(name, options.num_workers),
      zeros_(options.num_workers, 0.0),
      split_(SplitOptions(options)) {}

void UtaAllocator::Allocate(const RoundRequest& request,
                            Allocation* allocation) {
  split_.Allocate(zeros_, {}, request, allocation);
  allocation->exploring = false;
}

GtaAllocator::GtaAllocator(absl::string_view name,
                           Allocation::Leftover leftover,
                           const AllocatorOptions& options)
    : FixedAllocator(name, options.num_workers), leftover_(leftover) {}

void GtaAllocator::Allocate(const RoundRequest& request,
                            Allocation* allocation) {
  CheckRequest(request, num_workers());
  allocation->mode = Allocation::Mode::kGreedy;
  allocation->leftover = leftover_;
  allocation->budget = request.budget;
  allocation->exploring = false;
  allocation->tasks.clear();
  for (int32_t i = 0; i < num_workers(); ++i) {
    if (request.up.empty() || request.up[i] != 0) {
      allocation->tasks.push_back({.worker = i, .tasks = 0});
    }
  }
}

}  // namespace muster::allocation
