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

// factor n p / k, rounded to a whole number: factor >= 0, n >= 0, p >= 1, k >=
// 1. A share that is a whole number but for the rounding of doubles (within
// 2^-50 of itself) is that number: 1.15 x 100 is 115, although the double next
// to 1.15 lies below it. May exceed the range of int64_t.
double ShareRoundedDown(double factor, int64_t num_points, int64_t copies,
                        int64_t num_clusters);
double ShareRoundedUp(double factor, int64_t num_points, int64_t copies,
                      int64_t num_clusters);

// a = ceil(lower_factor n p / k), b = min(floor(upper_factor n p / k), n), by
// the functions above: the paper's experiments have p = 1 and factors 1/2 and 2
// (section 5). Never narrower than EqualSizes, so that k a <= n p <= k b: with
// both factors 1, sizes differ by at most one. InvalidArgument unless 0 <=
// lower_factor <= 1 <= upper_factor, both finite, and n, k, p >= 1.
absl::StatusOr<SizeBounds> RelativeSizes(int64_t num_points,
                                         int64_t num_clusters, int64_t copies,
                                         double lower_factor,
                                         double upper_factor);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_SIZE_BOUNDS_H_
