#include "muster/dispatch/projected_router.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// A block's points: enough to keep a router busy, within the caches.
constexpr int64_t kRowsPerBlock = 256;
constexpr int64_t kValuesPerBlock = int64_t{1} << 20;

// Projects project(j, point) for each j of [0, n) and routes the points, block
// by block: memory O(d') a thread.
template <typename Project>
void RouteProjected(const Router& router, int64_t n, Project&& project,
                    std::span<int32_t> groups,
                    const runtime::Runtime& runtime) {
  const int64_t d = router.dimension(), p = router.copies();
  const int64_t rows =
      std::clamp<int64_t>(kValuesPerBlock / d, 1, kRowsPerBlock);
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(n, rows), [&](int64_t, runtime::Block block) {
        std::vector<float> points(static_cast<size_t>(block.size() * d));
        for (int64_t j = block.begin; j < block.end; ++j) {
          project(j, std::span(points).subspan(
                         static_cast<size_t>((j - block.begin) * d),
                         static_cast<size_t>(d)));
        }
        // Projections are finite and of the right dimension.
        MUSTER_CHECK_OK(
            router.Route({points.data(), block.size(), d},
                         groups.subspan(static_cast<size_t>(block.begin * p),
                                        static_cast<size_t>(block.size() * p)),
                         {.threads = 1}));
      });
}

}  // namespace

absl::StatusOr<std::unique_ptr<Router>> ProjectedRouter::Create(
    const RandomProjection& projection, std::unique_ptr<Router> router) {
  if (router->kind() == kKind) {
    return absl::InvalidArgumentError(
        "router: a projected router cannot be behind a projection");
  }
  if (router->dimension() != projection.dimension()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "router: it takes points of %d features, but the projection makes %d",
        router->dimension(), projection.dimension()));
  }
  return std::unique_ptr<Router>(
      new ProjectedRouter(projection, std::move(router)));
}

const ProjectedRouter* ProjectedRouter::From(const Router& router) {
  return dynamic_cast<const ProjectedRouter*>(&router);
}

ProjectedRouter::ProjectedRouter(const RandomProjection& projection,
                                 std::unique_ptr<Router> router)
    : projection_(projection), router_(std::move(router)) {}

std::string ProjectedRouter::EncodeState() const {
  const absl::string_view kind = router_->kind();
  std::string bytes;
  runtime::Encode(
      ProjectedRouterState{.projection = projection_.options(),
                           .kind = std::string(kind.data(), kind.size()),
                           .state = router_->EncodeState()},
      &bytes);
  return bytes;
}

absl::Status ProjectedRouter::RouteSparse(
    SparseRowsView rows, std::span<int32_t> groups,
    const runtime::Runtime& runtime) const {
  if (rows.num_columns != dimension()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "rows to route have %d columns, expected %d: they must come from the "
        "same space",
        rows.num_columns, dimension()));
  }
  MUSTER_RETURN_IF_ERROR(ValidateSparseRows(rows, "rows to route"));
  MUSTER_CHECK_EQ(static_cast<int64_t>(groups.size()), rows.size() * copies());
  RouteProjected(
      *router_, rows.size(),
      [&](int64_t r, std::span<float> point) {
        projection_.ProjectRow(rows.Row(r), point);
      },
      groups, runtime);
  return absl::OkStatus();
}

void ProjectedRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                                   const runtime::Runtime& runtime) const {
  RouteProjected(
      *router_, points.size,
      [&](int64_t j, std::span<float> point) {
        const std::span<const float> values = points.Point(j);
        std::vector<int32_t> columns;
        std::vector<float> entries;
        for (size_t m = 0; m < values.size(); ++m) {
          if (values[m] == 0) continue;
          columns.push_back(static_cast<int32_t>(m));
          entries.push_back(values[m]);
        }
        projection_.ProjectRow({columns, entries}, point);
      },
      groups, runtime);
}

}  // namespace muster::dispatch
