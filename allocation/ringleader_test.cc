#include "muster/allocation/ringleader.h"

#include <gtest/gtest.h>

#include <vector>

#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// f_0 = 1/2 (x + 4)^2 (1 second), f_1 = 1/2 (x - 2)^2 (3 seconds), gamma = 1/4,
// x_0 = 1; the minimum is at -1. Mean gradient at x: x + 1.
//
//   t      0   1   2   3   4   5   6   7
//   w0     |x0-|x0-|x0-|x0-|x2-|x2-|x2-|
//   w1     |----x0-----|----x1-----|
//
// Phase 1 ends at t = 3 with worker 1's report (worker 0's third came first):
//   t = 3   G/b = (5, -1), mean 2:          x1 = 1 - 1/2 = 1/2, to worker 1
//   t = 4   worker 0 reports 5 (from x0):   x2 = 1/2 - 1/2 = 0, to worker 0
// All are updated. Phase 1 again, until worker 1's report at t = 6, computed at
// x1: G_0 / b_0 = 4 (two reports at x2 = 0), G_1 / b_1 = 1/2 - 2 = -3/2,
//   t = 6   mean 5/4:                       x3 = 0 - 5/16
//   t = 7   worker 0 (from x2) reports 4:   x4 = -10/16
TEST(RingleaderTest, WorkedExample) {
  const auto policy = *CreateRingleader({.step = 0.25});
  const Parabola objective = {.centre = -1};
  const auto summary =
      RunSgd(*MakeCluster(ConstantWorkers(std::vector<double>{1, 3}),
                          {{.centre = -4}, {.centre = 2}}),
             objective, *policy, {.max_steps = 4});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(Seconds(*summary), (std::vector<double>{0, 3, 4, 6, 7}));
  EXPECT_EQ(summary->trace[1].objective, 0.5 * 1.5 * 1.5);
  EXPECT_EQ(summary->trace[2].objective, 0.5);
  EXPECT_EQ(summary->trace[3].objective, 0.5 * 121 / 256);
  EXPECT_EQ(summary->x, std::vector<double>{-0.625});
  EXPECT_EQ(summary->rounds, 2);
}

// Four workers with optima 9, -1, -3, 3: the fastest is at 9, the mean at 2.
TEST(RingleaderTest, ConvergesToTheCommonMinimum) {
  const std::vector<Parabola> problems = {
      {.centre = 9}, {.centre = -1}, {.centre = -3}, {.centre = 3}};
  const auto policy = *CreateRingleader({.step = 0.1});
  const auto summary =
      RunSgd(*MakeCluster(ExponentialWorkers(4), problems),
             Parabola{.centre = 2}, *policy, {.max_steps = 2000});
  ASSERT_THAT(summary, IsOk());
  EXPECT_NEAR(summary->x[0], 2, 1e-9);
}

TEST(RingleaderTest, GoesOnWithoutACrashedWorker) {
  auto workers = ConstantWorkers(std::vector<double>{1, 3});
  workers[1].modifiers.push_back(runtime::SpeedModifier::Outage(0, 100));
  const auto policy = *CreateRingleader({.step = 0.25});
  const std::vector<Parabola> problems = {{.centre = -4}, {.centre = 2}};
  const auto cluster = MakeCluster(workers, problems);
  const auto summary =
      RunSgd(*cluster, Parabola{.centre = -1}, *policy, {.max_seconds = 1000});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->trace[5].seconds, 5);  // a step per report of worker 0
  EXPECT_NEAR(summary->x[0], -1, 1e-6);     // both, after the return
}

TEST(RingleaderTest, RejectsBadOptions) {
  EXPECT_THAT(CreateRingleader({.step = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("RingleaderOptions.step is 0")));
}

}  // namespace
}  // namespace muster::allocation
