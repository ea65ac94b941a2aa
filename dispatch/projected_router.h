#ifndef MUSTER_DISPATCH_PROJECTED_ROUTER_H_
#define MUSTER_DISPATCH_PROJECTED_ROUTER_H_

// A router for sparse data: a random projection and a router of its points.
//
//   MUSTER_ASSIGN_OR_RETURN(auto router, LoadRouter("news.router"));
//   const ProjectedRouter* sparse = ProjectedRouter::From(*router);
//   MUSTER_RETURN_IF_ERROR(sparse->RouteSparse(rows, groups));
//
// It is saved and loaded like any other (router_file.h), projection included,
// and takes dense points too, of D features, of which it reads the non-zeros:
// both ways the same groups. FitProjectedRouter (fit.h) makes one.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct ProjectedRouterState {
  RandomProjectionOptions projection = {};
  std::string kind = {};   // of the router behind
  std::string state = {};  // its EncodeState()

  static void Fields(auto& self, auto&& visit) {
    visit(self.projection, self.kind, self.state);
  }
};

class ProjectedRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "projected";

  // `router` routes the projection's points. InvalidArgument for another
  // dimension, or a projected router behind a projection.
  static absl::StatusOr<std::unique_ptr<Router>> Create(
      const RandomProjection& projection, std::unique_ptr<Router> router);

  // `router` as this class, null if it is of another kind.
  static const ProjectedRouter* From(const Router& router);

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return projection_.num_features(); }
  int64_t num_groups() const override { return router_->num_groups(); }
  int64_t copies() const override { return router_->copies(); }
  std::string EncodeState() const override;

  const RandomProjection& projection() const { return projection_; }
  const Router& router() const { return *router_; }

  // groups (n x p) := the groups of each row, as Route. InvalidArgument for
  // rows that are not valid (ValidateSparseRows) or have another number of
  // columns; nothing is written then.
  absl::Status RouteSparse(SparseRowsView rows, std::span<int32_t> groups,
                           const runtime::Runtime& runtime = {}) const;

 private:
  ProjectedRouter(const RandomProjection& projection,
                  std::unique_ptr<Router> router);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  RandomProjection projection_;
  std::unique_ptr<Router> router_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_PROJECTED_ROUTER_H_
