#ifndef MUSTER_DISPATCH_ROUTER_CHECKS_H_
#define MUSTER_DISPATCH_ROUTER_CHECKS_H_

// Checks that the states of routers share. Each returns InvalidArgument that
// names the field, the value and its bound: states come from callers and from
// files alike.

#include <cstdint>
#include <span>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/points.h"

namespace muster::dispatch {

// d >= 1.
absl::Status ValidateDimension(int64_t dimension);
// k in [1, 2^31 - 1]: groups are int32_t.
absl::Status ValidateNumGroups(int64_t num_groups);
// p in [1, k].
absl::Status ValidateCopies(int64_t copies, int64_t num_groups);
// ValidatePoints, and the values make whole rows.
absl::Status ValidatePointSet(const PointSet& points, absl::string_view what);
// n p groups in [0, k), distinct within each of the n rows.
absl::Status ValidateGroups(std::span<const int32_t> groups, int64_t num_points,
                            int64_t copies, int64_t num_groups);
// `count` finite numbers.
absl::Status ValidateNumbers(std::span<const double> numbers, int64_t count,
                             absl::string_view what);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ROUTER_CHECKS_H_
