#ifndef MUSTER_DISPATCH_CENTER_ROUTER_H_
#define MUSTER_DISPATCH_CENTER_ROUTER_H_

// Routing to the p nearest centres: the plain Voronoi cells.
//
// The least cost of all rules with these centres, and no promise about loads
// (Dick et al., AISTATS 2017, section 4). Exact: decided in double, ties to the
// lower group. O(k d) a point.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct CenterRouterState {
  PointSet centers = {};  // k x d
  int64_t copies = 1;     // p in [1, k]

  static void Fields(auto& self, auto&& visit) {
    visit(self.centers.dimension, self.centers.values, self.copies);
  }
};

// InvalidArgument naming the field: centres empty or not finite, p outside
// [1, k].
absl::Status Validate(const CenterRouterState& state);

class CenterRouter final : public Router {
 public:
  static constexpr absl::string_view kKind = "center";
  using State = CenterRouterState;

  static absl::StatusOr<std::unique_ptr<Router>> Create(
      CenterRouterState state);

  absl::string_view kind() const override { return kKind; }
  int64_t dimension() const override { return state_.centers.dimension; }
  int64_t num_groups() const override { return state_.centers.size(); }
  int64_t copies() const override { return state_.copies; }
  std::string EncodeState() const override;

 private:
  explicit CenterRouter(CenterRouterState state);
  void RouteChecked(PointsView points, std::span<int32_t> groups,
                    const runtime::Runtime& runtime) const override;

  CenterRouterState state_;
  PackedCenters packed_;  // of state_.centers
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CENTER_ROUTER_H_
