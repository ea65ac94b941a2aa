#include "muster/dispatch/selective_replication.h"

#include <algorithm>
#include <cmath>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/distances.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 512;

absl::Status ValidateOptions(const SelectiveReplicationOptions& options,
                             const PriceRouterState& state) {
  const int64_t k = state.centers.size();
  if (options.max_copies < 1 || options.max_copies > k) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "max_copies is %d, need a number in [1, %d], the number "
        "of groups",
        options.max_copies, k));
  }
  if (!(1 <= options.mean_copies &&
        options.mean_copies <= static_cast<double>(options.max_copies))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "mean_copies is %g, need a number in [1, max_copies = %d]",
        options.mean_copies, options.max_copies));
  }
  if (options.margin == ReplicationMargin::kBoundary && !state.squared) {
    return absl::InvalidArgumentError(
        "margin is kBoundary, but the prices are those of distances, whose "
        "borders are no planes: choose kScore or kFactor");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<SelectiveReplicator> SelectiveReplicator::Fit(
    PriceRouterState state, PointsView sample,
    const SelectiveReplicationOptions& options,
    const runtime::Runtime& runtime) {
  state.copies = 1;
  MUSTER_RETURN_IF_ERROR(Validate(state));
  MUSTER_RETURN_IF_ERROR(ValidateOptions(options, state));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(sample, "sample"));
  MUSTER_RETURN_IF_ERROR(ValidateSameDimension(sample, state.centers.dimension,
                                               "sample's points"));
  SelectiveReplicator replicator(std::move(state), options);
  std::vector<int32_t> centers;
  std::vector<double> margins;
  replicator.Margins(sample, &centers, &margins, runtime);
  std::sort(margins.begin(), margins.end());
  const auto budget = static_cast<size_t>(
      (options.mean_copies - 1) * static_cast<double>(sample.size) + 1e-9);
  // The margins taken: up to the budget, without a part of equal ones.
  size_t taken = std::min(budget, margins.size());
  while (taken > 0 && taken < margins.size() &&
         margins[taken - 1] == margins[taken]) {
    --taken;
  }
  replicator.threshold_ = taken == 0 ? -HUGE_VAL : margins[taken - 1];
  replicator.sample_copies_ =
      1 + static_cast<double>(taken) / static_cast<double>(sample.size);
  return replicator;
}

SelectiveReplicator::SelectiveReplicator(
    PriceRouterState state, const SelectiveReplicationOptions& options)
    : state_(std::move(state)), options_(options) {
  state_.copies = options.max_copies;
}

double SelectiveReplicator::MarginOf(std::span<const float> point,
                                     int32_t first, int32_t other) const {
  const auto cost = [&](int32_t center) {
    const double square = SquaredDistance(point, state_.centers.Point(center));
    return state_.squared ? square : std::sqrt(square);
  };
  const double near = cost(first), far = cost(other);
  switch (options_.margin) {
    case ReplicationMargin::kScore:
      return (far - state_.prices[other]) - (near - state_.prices[first]);
    case ReplicationMargin::kFactor: {
      // Two centres at the point itself are equally near.
      if (near == 0) return far == 0 ? 1 : HUGE_VAL;
      return state_.squared ? std::sqrt(far / near) : far / near;
    }
    case ReplicationMargin::kBoundary: {
      const double apart = std::sqrt(SquaredDistance(
          state_.centers.Point(first), state_.centers.Point(other)));
      const double margin =
          (far - state_.prices[other]) - (near - state_.prices[first]);
      // Equal centres have no plane between them: on it if they tie.
      if (apart == 0) return margin <= 0 ? 0 : HUGE_VAL;
      return margin / (2 * apart);
    }
  }
  MUSTER_CHECK(false);
  return 0;
}

void SelectiveReplicator::Margins(PointsView points,
                                  std::vector<int32_t>* centers,
                                  std::vector<double>* margins,
                                  const runtime::Runtime& runtime) const {
  const int64_t p = options_.max_copies;
  centers->resize(static_cast<size_t>(points.size * p));
  margins->resize(static_cast<size_t>(points.size * (p - 1)));
  // The price router's order; state and points have been validated.
  const auto router = PriceRouter::Create(state_);
  MUSTER_CHECK_OK(router);
  MUSTER_CHECK_OK((*router)->Route(points, *centers, runtime));
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(points.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        for (int64_t j = block.begin; j < block.end; ++j) {
          const int32_t* mine = centers->data() + j * p;
          for (int64_t r = 1; r < p; ++r) {
            (*margins)[j * (p - 1) + r - 1] =
                MarginOf(points.Point(j), mine[0], mine[r]);
          }
        }
      });
}

absl::StatusOr<RaggedGroups> SelectiveReplicator::Route(
    PointsView points, const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(ValidateSameDimension(points, state_.centers.dimension,
                                               "points to route"));
  RaggedGroups result;
  if (points.size == 0) return result;
  MUSTER_RETURN_IF_ERROR(ValidatePoints(points, "points to route"));
  std::vector<int32_t> centers;
  std::vector<double> margins;
  Margins(points, &centers, &margins, runtime);
  const int64_t p = options_.max_copies;
  result.begin.reserve(static_cast<size_t>(points.size) + 1);
  for (int64_t j = 0; j < points.size; ++j) {
    result.groups.push_back(centers[j * p]);
    for (int64_t r = 1; r < p; ++r) {
      if (margins[j * (p - 1) + r - 1] <= threshold_) {
        result.groups.push_back(centers[j * p + r]);
      }
    }
    result.begin.push_back(static_cast<int64_t>(result.groups.size()));
  }
  return result;
}

}  // namespace muster::dispatch
