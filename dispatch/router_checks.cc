#include "muster/dispatch/router_checks.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {

absl::Status ValidateDimension(int64_t dimension) {
  if (dimension >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "dimension is %d; points need at least one feature", dimension));
}

absl::Status ValidateNumGroups(int64_t num_groups) {
  if (1 <= num_groups && num_groups <= std::numeric_limits<int32_t>::max()) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrFormat(
      "num_groups is %d, need a number in [1, 2^31 - 1]", num_groups));
}

absl::Status ValidateCopies(int64_t copies, int64_t num_groups) {
  if (1 <= copies && copies <= num_groups) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "copies is %d, need a number in [1, num_groups = %d]: a point's groups "
      "are distinct",
      copies, num_groups));
}

absl::Status ValidatePointSet(const PointSet& points, absl::string_view what) {
  MUSTER_RETURN_IF_ERROR(ValidatePoints(points.View(), what));
  if (static_cast<int64_t>(points.values.size()) ==
      points.size() * points.dimension) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(
      absl::StrFormat("%s: %d values are no whole number of rows of %d", what,
                      points.values.size(), points.dimension));
}

absl::Status ValidateGroups(std::span<const int32_t> groups, int64_t num_points,
                            int64_t copies, int64_t num_groups) {
  // Not num_points * copies, which may overflow for numbers from a file.
  if (static_cast<int64_t>(groups.size()) % copies != 0 ||
      static_cast<int64_t>(groups.size()) / copies != num_points) {
    return absl::InvalidArgumentError(
        absl::StrFormat("groups: %d given for %d points; give %d each",
                        groups.size(), num_points, copies));
  }
  for (int64_t j = 0; j < num_points; ++j) {
    const auto mine = groups.subspan(static_cast<size_t>(j * copies),
                                     static_cast<size_t>(copies));
    for (auto at = mine.begin(); at != mine.end(); ++at) {
      if (*at < 0 || *at >= num_groups) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "groups: point %d (from 0) has group %d, need one in [0, %d)", j,
            *at, num_groups));
      }
      if (std::find(mine.begin(), at, *at) != at) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "groups: point %d (from 0) has group %d twice; its groups must be "
            "distinct",
            j, *at));
      }
    }
  }
  return absl::OkStatus();
}

absl::Status ValidateNumbers(std::span<const double> numbers, int64_t count,
                             absl::string_view what) {
  if (static_cast<int64_t>(numbers.size()) != count) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %d given, need %d", what, numbers.size(), count));
  }
  for (size_t i = 0; i < numbers.size(); ++i) {
    if (!std::isfinite(numbers[i])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: entry %d (from 0) is %g, need a finite number",
                          what, i, numbers[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace muster::dispatch
