#include "muster/dispatch/routers.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/forest_router.h"
#include "muster/dispatch/hash_router.h"
#include "muster/dispatch/kd_tree_router.h"
#include "muster/dispatch/nearest_sample_router.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/projected_router.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/random_router.h"
#include "muster/dispatch/tree_router.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

template <typename Member>
absl::StatusOr<std::unique_ptr<Router>> Decode(absl::string_view bytes) {
  MUSTER_ASSIGN_OR_RETURN(typename Member::State state,
                          runtime::Decode<typename Member::State>(bytes));
  return Member::Create(std::move(state));
}

absl::StatusOr<std::unique_ptr<Router>> DecodeProjected(
    absl::string_view bytes) {
  MUSTER_ASSIGN_OR_RETURN(ProjectedRouterState state,
                          runtime::Decode<ProjectedRouterState>(bytes));
  MUSTER_ASSIGN_OR_RETURN(RandomProjection projection,
                          RandomProjection::Create(state.projection));
  // Before it is decoded: states may not nest without end.
  if (state.kind == ProjectedRouter::kKind) {
    return absl::InvalidArgumentError(
        "kind: a projected router cannot be behind a projection");
  }
  MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<Router> router,
                          DecodeRouter(state.kind, state.state));
  return ProjectedRouter::Create(projection, std::move(router));
}

template <typename Member>
constexpr RouterEntry Entry(absl::string_view description) {
  return {Member::kKind, description, Decode<Member>};
}

constexpr RouterEntry kTable[] = {
    Entry<PriceRouter>(
        "the centres of least cost minus price (cells of a power diagram)"),
    Entry<NearestSampleRouter>(
        "the groups of the nearest neighbour in the clustered sample, exact"),
    Entry<ForestRouter>(
        "the groups of an approximate nearest neighbour, by random partition "
        "trees"),
    Entry<KdTreeRouter>(
        "the groups of the nearest neighbour, exact, by a kd-tree (d <= 20)"),
    Entry<CenterRouter>("the nearest centres"),
    Entry<TreeRouter>("the leaf of a balanced partition tree"),
    Entry<HashRouter>("a locality-sensitive hash modulo k"),
    Entry<RandomRouter>("random groups, by a hash of the point"),
    {ProjectedRouter::kKind,
     "another router behind a random projection of sparse rows",
     DecodeProjected},
};

}  // namespace

std::span<const RouterEntry> RouterTable() { return kTable; }

absl::StatusOr<std::unique_ptr<Router>> DecodeRouter(absl::string_view kind,
                                                     absl::string_view state) {
  for (const RouterEntry& entry : kTable) {
    if (entry.kind == kind) return entry.decode(state);
  }
  return absl::NotFoundError(absl::StrCat(
      "no router is of kind ", kind, "; there are ",
      absl::StrJoin(kTable, ", ",
                    [](std::string* out, const RouterEntry& entry) {
                      absl::StrAppend(out, entry.kind);
                    })));
}

}  // namespace muster::dispatch
