#include "muster/allocation/asgd_with_allocator.h"

#include <gtest/gtest.h>

#include <memory>
#include <utility>
#include <vector>

#include "muster/allocation/allocators.h"
#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_allocator.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

std::unique_ptr<SgdPolicy> Make(std::shared_ptr<Allocator> allocator,
                                int64_t batch, double step = 0.5) {
  return *CreateAsgdWithAllocator(
      {.step = step, .batch = batch, .allocator = std::move(allocator)});
}

// a = (2, 1) on workers of 1 and 3 seconds, gamma = 1/2:
//
//   t      0    1    2    3
//   w0     |-x0-|-x1-|            x1 = 1 - 1/2 = 1/2 at 1, x2 = 1/4 at 2
//   w1     |------x0------|       x3 = 1/4 - 1/2 = -1/4 at 3
//
// A round has exactly B = 3 gradients: worker 0 waits from 2 to 3.
TEST(AsgdWithAllocatorTest, WorkedExample) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{2, 1});
  const auto policy = Make(allocator, 3);
  const SgdSummary summary = RunConstant(*policy, std::vector<double>{1, 3}, 6);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(summary.rounds_log, (std::vector<SgdRound>{{3, 5}, {6, 10}}));
  EXPECT_EQ(summary.trace[3].objective, 0.5 / 16);
  EXPECT_EQ(summary.gradients, 6);
  EXPECT_EQ(allocator->seen().front().completed,
            (std::vector<TaskRun>{{0, 1}, {0, 1}, {1, 3}}));
}

// The greedy mode: both work until three gradients have arrived.
//   t = 1, 2, 3: worker 0; at 3 (worker 0 first) the round is over and worker
//   1's gradient, which would end at the same moment, is cancelled.
TEST(AsgdWithAllocatorTest, GreedyRound) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(Allocation::Leftover::kReset, 2);
  const auto policy = Make(allocator, 3);
  const SgdSummary summary = RunConstant(*policy, std::vector<double>{1, 3}, 3);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 1, 2, 3}));
  EXPECT_EQ(summary.x, std::vector<double>{0.125});
  EXPECT_EQ(allocator->seen().front().cancelled,
            (std::vector<TaskRun>{{1, 3}}));
}

// Every round has B gradients, and the allocator sees all of them.
TEST(AsgdWithAllocatorTest, RoundsHaveExactlyBGradients) {
  const Parabola problem = {.centre = 0, .noise = 0.1};
  for (const char* name : {"uta", "gta", "ata_empirical", "greedy_mean"}) {
    const auto policy =
        Make(*CreateAllocator(name, MakeAllocatorOptions(5, 8)), 8, 0.02);
    const auto summary = RunSgd(*MakeCluster(ExponentialWorkers(5), {problem}),
                                problem, *policy, {.max_steps = 8 * 50});
    ASSERT_THAT(summary, IsOk());
    EXPECT_EQ(summary->rounds, 50) << name;
    EXPECT_EQ(summary->gradients, 8 * 50) << name;
  }
}

// Worker 1 (3 seconds, quota 2) crashes at t = 1: its two tasks go to worker 0,
// which ends its own two at t = 2 and those at t = 4.
TEST(AsgdWithAllocatorTest, LostTasksAreGivenToOthers) {
  auto workers = ConstantWorkers(std::vector<double>{1, 3});
  workers[1].modifiers.push_back(runtime::SpeedModifier::Outage(1, 100));
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{2, 2});
  const auto policy = Make(allocator, 4);
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 4, .keep_rounds = true});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(Seconds(*summary), (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_EQ(summary->rounds_log, (std::vector<SgdRound>{{4, 5}}));
  EXPECT_EQ(summary->x, std::vector<double>{0.0625});
}

// Workers 0 and 1, who race, are gone at t = 2.5: worker 0 has made two of the
// three gradients, and workers 2 and 3 (2 and 3 seconds) race for the third.
TEST(AsgdWithAllocatorTest, OthersTakeTheLostRacersPlace) {
  auto workers = ConstantWorkers(std::vector<double>{1, 3, 2, 3});
  for (int i : {0, 1}) {
    workers[i].modifiers.push_back(runtime::SpeedModifier::Outage(2.5));
  }
  AllocatorOptions options = MakeAllocatorOptions(4, 3);
  options.top_m = 2;
  options.true_means = {1, 1, 2, 3};
  const auto policy = Make(*CreateAllocator("top_m_greedy", options), 3);
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 4});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kStepLimit);
  EXPECT_EQ(Seconds(*summary), (std::vector<double>{0, 1, 2, 4.5, 6.5}));
}

TEST(AsgdWithAllocatorTest, RejectsBadOptions) {
  EXPECT_THAT(CreateAsgdWithAllocator({.step = 1, .batch = 1, .allocator = {}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("allocator is null")));
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{1});
  EXPECT_THAT(
      CreateAsgdWithAllocator({.step = 1, .batch = 0, .allocator = allocator}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("batch is 0")));
  EXPECT_THAT(
      CreateAsgdWithAllocator({.step = -1, .batch = 1, .allocator = allocator}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("step is -1")));
}

}  // namespace
}  // namespace muster::allocation
