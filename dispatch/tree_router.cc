#include "muster/dispatch/tree_router.h"

#include <utility>

#include "muster/runtime/blocks.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<Router>> TreeRouter::Create(PartitionTree tree) {
  MUSTER_RETURN_IF_ERROR(Validate(tree));
  return std::unique_ptr<Router>(new TreeRouter(std::move(tree)));
}

TreeRouter::TreeRouter(PartitionTree tree) : tree_(std::move(tree)) {}

std::string TreeRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(tree_, &bytes);
  return bytes;
}

void TreeRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                              const runtime::Runtime& runtime) const {
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(points.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        for (int64_t j = block.begin; j < block.end; ++j) {
          groups[j] = tree_.LeafOf(points.Point(j));
        }
      });
}

}  // namespace muster::dispatch
