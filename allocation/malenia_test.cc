#include "muster/allocation/malenia.h"

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

// f_0 = 1/2 (x + 1)^2 on a worker of 1 second, f_1 = 1/2 (x - 3)^2 on one of 2
// seconds: f has its minimum at 1, where the iterates start, and every step on
// the mean of the workers' means stays there. f_0 alone would pull to -1.
const std::vector<Parabola> kProblems = {{.centre = -1}, {.centre = 3}};

SgdSummary RunCase(double batch, int64_t max_steps,
                   std::vector<runtime::WorkerSpec> workers =
                       ConstantWorkers(std::vector<double>{1, 2})) {
  const auto policy = *CreateMalenia({.step = 0.5, .batch = batch});
  const auto summary =
      RunSgd(*MakeCluster(std::move(workers), kProblems), Parabola{.centre = 1},
             *policy, {.max_steps = max_steps, .keep_rounds = true});
  MUSTER_CHECK_OK(summary.status());
  return *summary;
}

//   t      0   1   2   3   4
//   w0     |---|---|---|            S = 2: s = (2, 1) at t = 2
//   w1     |-------|---x            S = 3: 2 / (1/2 + 1) = 4/3 < 3/2 then, but
//                                   2 / (1/3 + 1) = 3/2 at t = 3
TEST(MaleniaTest, WorkedExample) {
  const SgdSummary two = RunCase(2, 2);
  EXPECT_EQ(two.rounds_log, (std::vector<SgdRound>{{2, 4}, {4, 8}}));
  EXPECT_EQ(two.x, std::vector<double>{1});
  EXPECT_EQ(two.gradients, 6);
  const SgdSummary three = RunCase(3, 1);
  EXPECT_EQ(three.rounds_log, (std::vector<SgdRound>{{3, 6}}));
  EXPECT_EQ(three.x, std::vector<double>{1});
}

// Worker 1 is down from the start until t = 10.5: the others do not wait, the
// iterate drifts towards -1 = argmin f_0; from its return on it comes back.
TEST(MaleniaTest, GoesOnWithoutACrashedWorker) {
  auto workers = ConstantWorkers(std::vector<double>{1, 2});
  workers[1].modifiers.push_back(runtime::SpeedModifier::Outage(0, 10.5));
  const SgdSummary alone = RunCase(1, 10, workers);
  EXPECT_EQ(alone.seconds, 10);
  EXPECT_LT(alone.x[0], -0.99);
  const SgdSummary back = RunCase(1, 60, workers);
  EXPECT_NEAR(back.x[0], 1, 1e-6);
}

TEST(MaleniaTest, RejectsBadOptions) {
  EXPECT_THAT(
      CreateMalenia({.step = 1, .batch = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("batch is 0")));
  EXPECT_THAT(
      CreateMalenia({.step = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("step is 0")));
}

}  // namespace
}  // namespace muster::allocation
