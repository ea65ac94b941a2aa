#include "muster/allocation/mindflayer.h"

#include <gtest/gtest.h>

#include <vector>

#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::SpeedLaw;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// Worker 0 always takes 2 seconds; worker 1 takes 1, 9, 1, 9, ... and gives up
// after 3. B_0 = 1, B_1 = 2, p_1 = 1/2: B = 2.
//
//   t      0   1   2   3   4
//   w0     |---1---|
//   w1     |-1-|----x-----|       x: given up at 1 + 3 = 4
//
// Two gradients x: the step is gamma / 2 (x + x).
TEST(MindFlayerTest, WorkedExample) {
  std::vector<runtime::WorkerSpec> workers =
      ConstantWorkers(std::vector<double>{2, 1});
  workers[1].law = SpeedLaw::Empirical(
      *runtime::EmpiricalSamples::Create({1, 9}), SpeedLaw::Sampling::kReplay);
  const auto policy =
      *CreateMindFlayer({.step = 0.5,
                         .workers = {{.attempts = 1},
                                     {.attempts = 2,
                                      .abandon_after_seconds = 3,
                                      .success_probability = 0.5}}});
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 2, .keep_rounds = true});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->rounds_log, (std::vector<SgdRound>{{4, 6}, {8, 12}}));
  EXPECT_EQ(summary->x, std::vector<double>{0.25});
  EXPECT_EQ(summary->gradients, 4);
  EXPECT_EQ(summary->losses, 2);
}

// B is the expected number: when all attempts succeed although p = 1/2, the
// step is twice as long; when none does, the iterate stays.
TEST(MindFlayerTest, NormalisesByTheExpectedBatch) {
  for (bool succeed : {true, false}) {
    const auto policy = *CreateMindFlayer(
        {.step = 0.25,
         .workers = {{.attempts = 4,
                      .abandon_after_seconds = succeed ? 2.0 : 0.5,
                      .success_probability = 0.5}}});
    const SgdSummary summary = RunConstant(*policy, std::vector<double>{1}, 1);
    EXPECT_EQ(summary.x[0], succeed ? 0.5 : 1.0);
    EXPECT_EQ(summary.seconds, succeed ? 4.0 : 2.0);
  }
}

// Worker 1 crashes in round 1 and is back at 5: round 1 (t = 0..2) and round 2
// (2..4) are worker 0's alone, round 3 (4..6) too, as it began before the
// return; round 4 has both.
TEST(MindFlayerTest, CrashForfeitsTheRound) {
  auto workers = ConstantWorkers(std::vector<double>{2, 1});
  workers[1].modifiers.push_back(runtime::SpeedModifier::Outage(0.5, 5));
  const auto policy = *CreateMindFlayer(
      {.step = 1.0, .workers = {{.attempts = 1}, {.attempts = 1}}});
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 4});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(Seconds(*summary), (std::vector<double>{0, 2, 4, 6, 8}));
  // Alone: x - x / 2; both: x - (x + x) / 2 = 0.
  EXPECT_EQ(summary->trace[3].objective, 0.5 / 64);
  EXPECT_EQ(summary->x, std::vector<double>{0});
}

TEST(MindFlayerTest, RejectsBadOptions) {
  const auto expect = [](const MindFlayerOptions& options,
                         const char* message) {
    EXPECT_THAT(
        CreateMindFlayer(options),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  expect({.step = 0, .workers = {{}}}, "step is 0");
  expect({.step = 1, .workers = {}}, "no worker with attempts");
  expect({.step = 1, .workers = {{.attempts = 0}}}, "no worker with attempts");
  expect({.step = 1, .workers = {{.attempts = -1}}},
         "workers[0].attempts is -1");
  expect({.step = 1, .workers = {{}, {.abandon_after_seconds = 0}}},
         "workers[1].abandon_after_seconds is 0");
  expect({.step = 1, .workers = {{.success_probability = 1.5}}},
         "success_probability is 1.5, must be in (0, 1]");
}

}  // namespace
}  // namespace muster::allocation
