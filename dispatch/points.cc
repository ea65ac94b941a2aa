#include "muster/dispatch/points.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {

absl::Status ValidatePoints(PointsView points, absl::string_view what) {
  if (points.size < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: no points; give at least one", what));
  }
  if (points.dimension < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: dimension is %d; points need at least one feature",
                        what, points.dimension));
  }
  const int64_t count = points.size * points.dimension;
  const float* end = points.values + count;
  const float* bad = std::find_if_not(
      points.values, end, [](float value) { return std::isfinite(value); });
  if (bad == end) return absl::OkStatus();
  const int64_t position = bad - points.values;
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s: row %d, column %d (both from 0) is %f; every value must be finite: "
      "drop or impute the row",
      what, position / points.dimension, position % points.dimension, *bad));
}

absl::Status ValidateSameDimension(PointsView points, int64_t dimension,
                                   absl::string_view what) {
  if (points.dimension == dimension) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s have %d features, expected %d: they must come from the same space",
      what, points.dimension, dimension));
}

PointSet SelectPoints(PointsView points, std::span<const int64_t> indices) {
  PointSet selected{.dimension = points.dimension};
  selected.values.reserve(indices.size() *
                          static_cast<size_t>(points.dimension));
  for (const int64_t i : indices) {
    MUSTER_CHECK(0 <= i && i < points.size);
    const std::span<const float> point = points.Point(i);
    selected.values.insert(selected.values.end(), point.begin(), point.end());
  }
  return selected;
}

}  // namespace muster::dispatch
