#ifndef MUSTER_DISPATCH_SIZE_BOUNDS_H_
#define MUSTER_DISPATCH_SIZE_BOUNDS_H_

// How large the k groups may be: every group holds between a and b of the n p
// copies of n points, each of which goes to p distinct groups.
//
// Such a partition exists iff k >= p, a <= b and k a <= n p <= k b, where b
// counts as min(b, n) because the copies of a point lie in distinct groups.
// Absolute integers everywhere; the paper (Dick et al., AISTATS 2017, section
// 2) has fractions l = a / n and L = b / n.

#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace muster::dispatch {

struct SizeBounds {
  int64_t lower = 0;                                    // a >= 0, copies
  int64_t upper = std::numeric_limits<int64_t>::max();  // b >= a, copies

  friend bool operator==(const SizeBounds&, const SizeBounds&) = default;
};

// InvalidArgument that says which inequality fails, with its numbers and what
// to change: n >= 1, k >= 1, p >= 1, k <= n, k >= p, 0 <= a <= b, k a <= n p,
// n p <= k min(b, n).
absl::Status ValidateFeasible(int64_t num_points, int64_t num_clusters,
                              int64_t copies, const SizeBounds& bounds);

// Group sizes that differ by at most one: a = floor(n p / k), b = ceil(n p /
// k).
SizeBounds EqualSizes(int64_t num_points, int64_t num_clusters, int64_t copies);

// a = ceil(lower_factor n p / k), b = floor(upper_factor n p / k): the paper's
// experiments have p = 1 and factors 1/2 and 2 (section 5). InvalidArgument
// unless 0 <= lower_factor <= 1 <= upper_factor, both finite.
absl::StatusOr<SizeBounds> RelativeSizes(int64_t num_points,
                                         int64_t num_clusters, int64_t copies,
                                         double lower_factor,
                                         double upper_factor);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_SIZE_BOUNDS_H_
