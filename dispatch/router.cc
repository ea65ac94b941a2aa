#include "muster/dispatch/router.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {

absl::Status Router::Route(PointsView points, std::span<int32_t> groups,
                           const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(
      ValidateSameDimension(points, dimension(), "points to route"));
  if (points.size == 0) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(ValidatePoints(points, "points to route"));
  MUSTER_CHECK(static_cast<int64_t>(groups.size()) == points.size * copies());
  RouteChecked(points, groups, runtime);
  return absl::OkStatus();
}

absl::Status Router::RouteOne(std::span<const float> point,
                              std::span<int32_t> groups) const {
  return Route({point.data(), 1, static_cast<int64_t>(point.size())}, groups,
               {.threads = 1});
}

int32_t FirstLiveGroup(std::span<const int32_t> groups,
                       std::span<const char> alive) {
  for (const int32_t group : groups) {
    if (alive[group]) return group;
  }
  return -1;
}

LoadSpread MeasureLoads(std::span<const int32_t> groups, int64_t copies,
                        int64_t num_groups) {
  MUSTER_CHECK(!groups.empty() && copies >= 1 && num_groups >= 1);
  std::vector<int64_t> loads(static_cast<size_t>(num_groups), 0);
  for (const int32_t group : groups) ++loads[group];
  return SpreadOfLoads(std::move(loads),
                       static_cast<int64_t>(groups.size()) / copies);
}

LoadSpread SpreadOfLoads(std::vector<int64_t> loads, int64_t points) {
  int64_t total = 0;
  for (const int64_t load : loads) total += load;
  MUSTER_CHECK_GE(total, 1);
  LoadSpread spread{.points = points, .loads = std::move(loads)};
  const auto num_groups = static_cast<double>(spread.loads.size());
  const double mean = static_cast<double>(total) / num_groups;
  const auto [least, most] =
      std::minmax_element(spread.loads.begin(), spread.loads.end());
  spread.smallest = static_cast<double>(*least) / mean;
  spread.largest = static_cast<double>(*most) / mean;
  double squares = 0;
  for (const int64_t load : spread.loads) {
    const double relative = static_cast<double>(load) / mean - 1;
    squares += relative * relative;
  }
  spread.deviation = std::sqrt(squares / num_groups);
  return spread;
}

}  // namespace muster::dispatch
