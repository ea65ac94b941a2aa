#include "muster/dispatch/center_router.h"

#include <utility>

#include "muster/dispatch/router_checks.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {

absl::Status Validate(const CenterRouterState& state) {
  MUSTER_RETURN_IF_ERROR(ValidatePointSet(state.centers, "centers"));
  return ValidateCopies(state.copies, state.centers.size());
}

absl::StatusOr<std::unique_ptr<Router>> CenterRouter::Create(
    CenterRouterState state) {
  MUSTER_RETURN_IF_ERROR(Validate(state));
  return std::unique_ptr<Router>(new CenterRouter(std::move(state)));
}

CenterRouter::CenterRouter(CenterRouterState state)
    : state_(std::move(state)), packed_(state_.centers.View()) {}

std::string CenterRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(state_, &bytes);
  return bytes;
}

void CenterRouter::RouteChecked(PointsView points, std::span<int32_t> groups,
                                const runtime::Runtime& runtime) const {
  packed_.Nearest(points, state_.copies, groups, runtime);
}

}  // namespace muster::dispatch
