#include "muster/dispatch/assignment_repair.h"

#include <atomic>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/assignment_frontier.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOkAndHolds;
using ::muster::runtime::StatusIs;
using ::testing::ElementsAre;

TEST(AssignmentRepairTest, PlacesTheCheapestUnlessStopped) {
  const PointSet points = {{0, 1, 2, 10}, 1};
  const PointSet centers = {{0, 10}, 1};
  const AssignmentCosts costs(points.View(), centers.View(), Objective::kKMeans,
                              1.0 / 16);
  const std::vector<double> prices = {0, 0};
  const AssignmentState crowded{.clusters = {0, 0, 0, 1}};
  std::atomic<bool> stop = false;
  const auto place = [&](AssignmentState* state) {
    return PlaceGreedilyUnlessStopped(costs, prices, {2, 2},
                                      {.threads = 1, .stop = &stop}, state);
  };
  AssignmentState state = crowded;
  EXPECT_THAT(place(&state), IsOkAndHolds(1));
  EXPECT_THAT(state.clusters, ElementsAre(0, 0, 1, 1));
  EXPECT_THAT(place(&state), IsOkAndHolds(0));
  stop = true;
  state = crowded;
  EXPECT_THAT(place(&state).status(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(PlaceGreedily(costs, prices, {2, 2}, {.threads = 1, .stop = &stop},
                          &state),
            1);
}

}  // namespace
}  // namespace muster::dispatch
