#include "muster/allocation/synchronous_sgd.h"

#include <gtest/gtest.h>

#include <vector>

#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

//   t      0   1   2
//   w0     |-1-|              m = 2: the round ends with the second arrival
//   w1     |---2---|
//   w2     |-------x
TEST(SynchronousSgdTest, WorkedExample) {
  const auto policy = *CreateSynchronousSgd({.step = 0.5, .wait_for = 2});
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 5}, 2);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 2, 4}));
  EXPECT_EQ(WorkerSeconds(summary), (std::vector<double>{0, 5, 10}));
  EXPECT_EQ(summary.x, std::vector<double>{0.25});
}

TEST(SynchronousSgdTest, WaitsForAllWhenAskedForMore) {
  const auto policy = *CreateSynchronousSgd({.step = 0.5, .wait_for = 99});
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 5}, 2);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 5, 10}));
  EXPECT_EQ(WorkerSeconds(summary), (std::vector<double>{0, 8, 16}));
}

// Worker 1 crashes at t = 3, in its second task: the round ends with the other
// gradient, and later rounds go on without it until it is back at t = 7.
TEST(SynchronousSgdTest, GoesOnWithoutACrashedWorker) {
  auto workers = ConstantWorkers(std::vector<double>{1, 2});
  workers[1].modifiers.push_back(runtime::SpeedModifier::Outage(3, 7));
  const auto policy = *CreateSynchronousSgd({.step = 0.5, .wait_for = 2});
  const auto cluster = MakeCluster(workers, {Parabola()});
  const auto summary = RunSgd(*cluster, Parabola(), *policy, {.max_steps = 7});
  ASSERT_THAT(summary, runtime::IsOk());
  // Rounds end at 2 (both), 3 (the loss), 4, 5, 6, 7 (alone), 9 (both).
  EXPECT_EQ(Seconds(*summary), (std::vector<double>{0, 2, 3, 4, 5, 6, 7, 9}));
  EXPECT_EQ(summary->losses, 1);
}

TEST(SynchronousSgdTest, RejectsBadOptions) {
  EXPECT_THAT(
      CreateSynchronousSgd({.step = 1, .wait_for = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("wait_for is 0")));
  EXPECT_THAT(
      CreateSynchronousSgd({}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("step is 0")));
}

}  // namespace
}  // namespace muster::allocation
