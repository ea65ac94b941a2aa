#include "muster/dispatch/sample_extension.h"

#include <cmath>
#include <limits>

#include "absl/strings/str_format.h"
#include "muster/dispatch/distances.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

bool IsProbability(double value) { return 0 < value && value < 1; }

int64_t RoundedUp(double count) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return count < 0x1p63 ? static_cast<int64_t>(std::ceil(count)) : kMost;
}

}  // namespace

int64_t PointsToWeigh(int64_t sample_size, double eps, double delta) {
  MUSTER_CHECK_GE(sample_size, 1);
  MUSTER_CHECK(IsProbability(eps) && IsProbability(delta));
  return RoundedUp(
      (static_cast<double>(sample_size) * std::log(2.0) + std::log(1 / delta)) /
      (2 * eps * eps));
}

int64_t PointsToVerify(int64_t num_groups, double eps, double delta) {
  MUSTER_CHECK_GE(num_groups, 1);
  MUSTER_CHECK(IsProbability(eps) && IsProbability(delta));
  return RoundedUp(std::log(2 * static_cast<double>(num_groups) / delta) /
                   (2 * eps * eps));
}

double LoadRadius(int64_t num_points, int64_t num_groups, double delta) {
  MUSTER_CHECK(num_points >= 1 && num_groups >= 1 && IsProbability(delta));
  return std::sqrt(std::log(2 * static_cast<double>(num_groups) / delta) /
                   (2 * static_cast<double>(num_points)));
}

absl::StatusOr<SampleWeights> WeighSample(PointsView sample, PointsView second,
                                          const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(ValidatePoints(sample, "sample"));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(second, "second sample"));
  MUSTER_RETURN_IF_ERROR(ValidateSameDimension(second, sample.dimension,
                                               "second sample's points"));
  std::vector<int32_t> nearest(static_cast<size_t>(second.size));
  NearestCenters(second, sample, 1, nearest, runtime);
  SampleWeights result;
  result.counts.assign(static_cast<size_t>(sample.size), 0);
  for (const int32_t row : nearest) ++result.counts[row];
  for (int64_t row = 0; row < sample.size; ++row) {
    if (result.counts[row] > 0) result.rows.push_back(row);
  }
  const double mean = static_cast<double>(second.size) /
                      static_cast<double>(result.rows.size());
  for (const int64_t row : result.rows) {
    result.weights.push_back(static_cast<double>(result.counts[row]) / mean);
  }
  return result;
}

absl::StatusOr<LoadEstimates> EstimateLoads(const Router& router,
                                            PointsView fresh_points,
                                            double delta,
                                            const runtime::Runtime& runtime) {
  if (!IsProbability(delta)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("delta is %g, need a probability in (0, 1)", delta));
  }
  MUSTER_RETURN_IF_ERROR(ValidatePoints(fresh_points, "points"));
  std::vector<int32_t> groups(
      static_cast<size_t>(fresh_points.size * router.copies()));
  MUSTER_RETURN_IF_ERROR(router.Route(fresh_points, groups, runtime));
  const LoadSpread spread =
      MeasureLoads(groups, router.copies(), router.num_groups());
  LoadEstimates estimates{
      .radius = LoadRadius(fresh_points.size, router.num_groups(), delta),
      .points = fresh_points.size};
  for (const int64_t load : spread.loads) {
    estimates.shares.push_back(static_cast<double>(load) /
                               static_cast<double>(fresh_points.size));
  }
  return estimates;
}

BoundsVerdict JudgeBounds(const LoadEstimates& estimates, double lower,
                          double upper) {
  BoundsVerdict verdict = BoundsVerdict::kHold;
  for (const double share : estimates.shares) {
    if (share + estimates.radius < lower || share - estimates.radius > upper) {
      return BoundsVerdict::kBroken;
    }
    if (share - estimates.radius < lower || share + estimates.radius > upper) {
      verdict = BoundsVerdict::kUndecided;
    }
  }
  return verdict;
}

}  // namespace muster::dispatch
