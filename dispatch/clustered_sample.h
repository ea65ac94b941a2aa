#ifndef MUSTER_DISPATCH_CLUSTERED_SAMPLE_H_
#define MUSTER_DISPATCH_CLUSTERED_SAMPLE_H_

// A sample of points and their groups: what a clusterer hands to the routers by
// nearest neighbour (nearest_sample_router.h, forest_router.h,
// kd_tree_router.h).

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "muster/dispatch/points.h"

namespace muster::dispatch {

struct ClusteredSample {
  PointSet points = {};              // n x d
  std::vector<int32_t> groups = {};  // n x p: those of point j, best first
  int64_t num_groups = 0;            // k
  int64_t copies = 1;                // p in [1, k]

  std::span<const int32_t> GroupsOf(int64_t point) const {
    return std::span(groups).subspan(static_cast<size_t>(point * copies),
                                     static_cast<size_t>(copies));
  }

  static void Fields(auto& self, auto&& visit) {
    visit(self.points.dimension, self.points.values, self.groups,
          self.num_groups, self.copies);
  }
};

// InvalidArgument naming the field: points empty or not finite, another number
// of groups than n p, a group outside [0, k) or twice at one point, p outside
// [1, k]. O(n (d + p^2)).
absl::Status Validate(const ClusteredSample& sample);

// groups (m x p) := the groups of the sample points named by `nearest` (m).
void CopyGroups(const ClusteredSample& sample, std::span<const int32_t> nearest,
                std::span<int32_t> groups);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERED_SAMPLE_H_
