#include "muster/dispatch/clustered_sample.h"

#include <algorithm>

#include "muster/dispatch/router_checks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {

absl::Status Validate(const ClusteredSample& sample) {
  MUSTER_RETURN_IF_ERROR(ValidatePointSet(sample.points, "sample"));
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(sample.num_groups));
  MUSTER_RETURN_IF_ERROR(ValidateCopies(sample.copies, sample.num_groups));
  return ValidateGroups(sample.groups, sample.points.size(), sample.copies,
                        sample.num_groups);
}

void CopyGroups(const ClusteredSample& sample, std::span<const int32_t> nearest,
                std::span<int32_t> groups) {
  const auto p = static_cast<size_t>(sample.copies);
  MUSTER_CHECK_EQ(groups.size(), nearest.size() * p);
  for (size_t j = 0; j < nearest.size(); ++j) {
    const std::span<const int32_t> mine = sample.GroupsOf(nearest[j]);
    std::copy(mine.begin(), mine.end(), groups.begin() + j * p);
  }
}

}  // namespace muster::dispatch
