#include "muster/dispatch/forest_router.h"

#include <utility>
#include <vector>

#include "muster/runtime/blocks.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 128;

}  // namespace

absl::StatusOr<std::unique_ptr<Router>> ForestRouter::Create(
    ForestRouterState state, const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(state.sample));
  MUSTER_RETURN_IF_ERROR(Validate(state.forest));
  return std::unique_ptr<Router>(new ForestRouter(std::move(state), runtime));
}

ForestRouter::ForestRouter(ForestRouterState state,
                           const runtime::Runtime& runtime)
    : state_(std::move(state)),
      forest_(state_.sample.points.View(), state_.forest, runtime) {}

std::string ForestRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(state_, &bytes);
  return bytes;
}

void ForestRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                                const runtime::Runtime& runtime) const {
  std::vector<int32_t> nearest(static_cast<size_t>(points.size));
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(points.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        std::vector<int32_t> candidates;
        for (int64_t j = block.begin; j < block.end; ++j) {
          nearest[j] = forest_.Nearest(points.Point(j), &candidates);
        }
      });
  CopyGroups(state_.sample, nearest, groups);
}

}  // namespace muster::dispatch
