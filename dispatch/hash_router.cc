#include "muster/dispatch/hash_router.h"

#include <utility>

#include "muster/runtime/blocks.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 1024;

}  // namespace

absl::StatusOr<std::unique_ptr<Router>> HashRouter::Create(LocalityHash hash) {
  MUSTER_RETURN_IF_ERROR(Validate(hash));
  return std::unique_ptr<Router>(new HashRouter(std::move(hash)));
}

HashRouter::HashRouter(LocalityHash hash) : hash_(std::move(hash)) {}

std::string HashRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(hash_, &bytes);
  return bytes;
}

void HashRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                              const runtime::Runtime& runtime) const {
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(points.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        for (int64_t j = block.begin; j < block.end; ++j) {
          groups[j] =
              static_cast<int32_t>(hash_.BinOf(points.Point(j)) %
                                   static_cast<uint64_t>(hash_.num_groups));
        }
      });
}

}  // namespace muster::dispatch
