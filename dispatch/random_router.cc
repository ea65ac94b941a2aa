#include "muster/dispatch/random_router.h"

#include <vector>

#include "muster/dispatch/hash_chain.h"
#include "muster/dispatch/router_checks.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 1024;

}  // namespace

absl::Status Validate(const RandomRouterState& state) {
  MUSTER_RETURN_IF_ERROR(ValidateDimension(state.dimension));
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(state.num_groups));
  return ValidateCopies(state.copies, state.num_groups);
}

absl::StatusOr<std::unique_ptr<Router>> RandomRouter::Create(
    RandomRouterState state) {
  MUSTER_RETURN_IF_ERROR(Validate(state));
  return std::unique_ptr<Router>(new RandomRouter(state));
}

std::string RandomRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(state_, &bytes);
  return bytes;
}

void RandomRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                                const runtime::Runtime& runtime) const {
  const runtime::Rng root(state_.seed);
  const int64_t p = state_.copies;
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(points.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        std::vector<int64_t> drawn;
        for (int64_t j = block.begin; j < block.end; ++j) {
          runtime::Rng rng =
              root.Fork("random_router", HashPoint(points.Point(j)));
          if (p == 1) {
            groups[j] = static_cast<int32_t>(
                runtime::UniformInt(rng, state_.num_groups));
            continue;
          }
          runtime::SampleWithoutReplacement(rng, state_.num_groups, p, &drawn);
          for (int64_t r = 0; r < p; ++r) {
            groups[j * p + r] = static_cast<int32_t>(drawn[r]);
          }
        }
      });
}

}  // namespace muster::dispatch
