#include "muster/dispatch/nearest_sample_router.h"

#include <utility>
#include <vector>

#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {

absl::StatusOr<std::unique_ptr<Router>> NearestSampleRouter::Create(
    ClusteredSample sample) {
  MUSTER_RETURN_IF_ERROR(Validate(sample));
  return std::unique_ptr<Router>(new NearestSampleRouter(std::move(sample)));
}

NearestSampleRouter::NearestSampleRouter(ClusteredSample sample)
    : sample_(std::move(sample)), packed_(sample_.points.View()) {}

std::string NearestSampleRouter::EncodeState() const {
  std::string bytes;
  runtime::Encode(sample_, &bytes);
  return bytes;
}

void NearestSampleRouter::RouteChecked(PointsView points,
                                       std::span<int32_t> groups,
                                       const runtime::Runtime& runtime) const {
  std::vector<int32_t> nearest(static_cast<size_t>(points.size));
  packed_.Nearest(points, 1, nearest, runtime);
  CopyGroups(sample_, nearest, groups);
}

}  // namespace muster::dispatch
