#include "muster/dispatch/size_bounds.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_format.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

// Products of counts, exact: k b may pass 2^63 when b is "no bound".
__int128 Product(int64_t x, int64_t y) { return static_cast<__int128>(x) * y; }

// Of a share, in itself: a decimal factor and three operations are each off by
// at most 2^-53.
constexpr double kTolerance = 0x1p-50;

double Share(double factor, int64_t n, int64_t p, int64_t k) {
  return factor * static_cast<double>(n) * static_cast<double>(p) /
         static_cast<double>(k);
}

bool IsNear(double share, double whole) {
  return std::abs(share - whole) <= kTolerance * share;
}

}  // namespace

absl::Status ValidateFeasible(int64_t num_points, int64_t num_clusters,
                              int64_t copies, const SizeBounds& bounds) {
  const int64_t n = num_points, k = num_clusters, p = copies;
  const int64_t a = bounds.lower, b = bounds.upper;
  if (n < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "number of points n = %d, need n >= 1: give at least one point", n));
  }
  if (k < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "number of clusters k = %d, need k >= 1: ask for at least one", k));
  }
  if (k > n) {
    return absl::InvalidArgumentError(
        absl::StrFormat("number of clusters k = %d, need k <= n = %d: ask for "
                        "fewer clusters or give more points",
                        k, n));
  }
  if (p < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "copies p = %d, need p >= 1: each point goes to a cluster", p));
  }
  if (p > k) {
    return absl::InvalidArgumentError(
        absl::StrFormat("copies p = %d, need p <= k = %d: the copies of a "
                        "point lie in distinct "
                        "clusters; ask for more clusters or fewer copies",
                        p, k));
  }
  if (a < 0 || a > b) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "size bounds [a, b] = [%d, %d], need 0 <= a <= b", a, b));
  }
  if (Product(k, a) > Product(n, p)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("size bounds cannot be met: k a <= n p fails, %d x %d "
                        "> %d x %d; take a "
                        "<= %d",
                        k, a, n, p, static_cast<int64_t>(Product(n, p) / k)));
  }
  if (Product(n, p) > Product(k, std::min(b, n))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("size bounds cannot be met: n p <= k min(b, n) fails, "
                        "%d x %d > %d x %d; "
                        "take b >= %d",
                        n, p, k, std::min(b, n),
                        static_cast<int64_t>((Product(n, p) + k - 1) / k)));
  }
  return absl::OkStatus();
}

SizeBounds EqualSizes(int64_t num_points, int64_t num_clusters,
                      int64_t copies) {
  MUSTER_CHECK(num_points >= 1 && num_clusters >= 1 && copies >= 1);
  const __int128 total = Product(num_points, copies);
  return {
      .lower = static_cast<int64_t>(total / num_clusters),
      .upper = static_cast<int64_t>((total + num_clusters - 1) / num_clusters)};
}

double ShareRoundedDown(double factor, int64_t num_points, int64_t copies,
                        int64_t num_clusters) {
  const double share = Share(factor, num_points, copies, num_clusters);
  const double above = std::ceil(share);
  return IsNear(share, above) ? above : std::floor(share);
}

double ShareRoundedUp(double factor, int64_t num_points, int64_t copies,
                      int64_t num_clusters) {
  const double share = Share(factor, num_points, copies, num_clusters);
  const double below = std::floor(share);
  return IsNear(share, below) ? below : std::ceil(share);
}

absl::StatusOr<SizeBounds> RelativeSizes(int64_t num_points,
                                         int64_t num_clusters, int64_t copies,
                                         double lower_factor,
                                         double upper_factor) {
  if (!(lower_factor >= 0 && lower_factor <= 1)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "lower size factor is %g, need 0 <= factor <= 1 (multiples of the mean "
        "size n p / k)",
        lower_factor));
  }
  if (!(upper_factor >= 1 && std::isfinite(upper_factor))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "upper size factor is %g, need a finite factor >= 1 (multiples of the "
        "mean size n p / k)",
        upper_factor));
  }
  const int64_t n = num_points, k = num_clusters, p = copies;
  if (n < 1 || k < 1 || p < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("n = %d points, k = %d clusters, p = %d copies, need 1 "
                        "of each at least",
                        n, k, p));
  }
  const SizeBounds equal = EqualSizes(n, k, p);
  const double largest = ShareRoundedDown(upper_factor, n, p, k);
  const int64_t upper =
      largest < static_cast<double>(n) ? static_cast<int64_t>(largest) : n;
  // The lower factor's share is at most the mean.
  const auto lower =
      static_cast<int64_t>(ShareRoundedUp(lower_factor, n, p, k));
  return SizeBounds{.lower = std::min(lower, equal.lower),
                    .upper = std::max(upper, equal.upper)};
}

}  // namespace muster::dispatch
