#include "muster/allocation/heterogeneous_sgd_with_allocator.h"

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

// As in malenia_test.cc: the minimum of the mean is at 1, the start.
const std::vector<Parabola> kProblems = {{.centre = -1}, {.centre = 3}};

absl::StatusOr<SgdSummary> RunCase(std::shared_ptr<Allocator> allocator,
                                   int64_t batch, int64_t max_steps,
                                   std::vector<runtime::WorkerSpec> workers) {
  const auto policy = *CreateHeterogeneousSgdWithAllocator(
      {.step = 0.5, .batch = batch, .allocator = std::move(allocator)});
  return RunSgd(*MakeCluster(std::move(workers), kProblems),
                Parabola{.centre = 1}, *policy,
                {.max_steps = max_steps, .keep_rounds = true});
}

// a = (2, 0): worker 0 (1 second) gets 3 tasks, worker 1 (2 seconds) gets 1.
TEST(HeterogeneousSgdTest, WorkedExample) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{2, 0});
  const auto summary =
      RunCase(allocator, 2, 2, ConstantWorkers(std::vector<double>{1, 2}));
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->rounds_log, (std::vector<SgdRound>{{3, 5}, {6, 10}}));
  EXPECT_EQ(summary->gradients, 8);
  EXPECT_EQ(summary->x, std::vector<double>{1});
  EXPECT_EQ(allocator->seen().front().completed,
            (std::vector<TaskRun>{{0, 1}, {0, 1}, {1, 2}, {0, 1}}));
}

// Greedy, B = 1: until 3 gradients are there, of both: w0 at 1, 2 and w1 at 2.
TEST(HeterogeneousSgdTest, GreedyRound) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(Allocation::Leftover::kReset, 2);
  const auto summary =
      RunCase(allocator, 1, 1, ConstantWorkers(std::vector<double>{1, 2}));
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->rounds_log, (std::vector<SgdRound>{{2, 4}}));
  EXPECT_EQ(summary->x, std::vector<double>{1});
}

TEST(HeterogeneousSgdTest, StaysUnbiasedUnderLearningAllocators) {
  for (const char* name : {"uta", "gta", "ata", "ata_empirical"}) {
    const auto summary =
        RunCase(*CreateAllocator(name, MakeAllocatorOptions(2, 3)), 3, 100,
                ExponentialWorkers(2));
    ASSERT_THAT(summary, IsOk());
    EXPECT_NEAR(summary->x[0], 1, 1e-12) << name;
  }
}

// Worker 1 crashes at t = 1 and is back at t = 9.5: rounds go on with worker 0,
// and the iterate leans towards its optimum, -1; then it recovers.
TEST(HeterogeneousSgdTest, GoesOnWithoutACrashedWorker) {
  auto workers = ConstantWorkers(std::vector<double>{1, 2});
  workers[1].modifiers.push_back(runtime::SpeedModifier::Outage(1, 9.5));
  for (bool greedy : {false, true}) {
    std::shared_ptr<Allocator> allocator =
        *CreateAllocator(greedy ? "gta" : "uta", MakeAllocatorOptions(2, 1));
    const auto early = RunCase(allocator, 1, 4, workers);
    ASSERT_THAT(early, IsOk());
    EXPECT_LT(early->seconds, 9.5);
    EXPECT_LT(early->x[0], -0.5);
    allocator->Reset();
    const auto late = RunCase(allocator, 1, 60, workers);
    ASSERT_THAT(late, IsOk());
    EXPECT_NEAR(late->x[0], 1, 1e-6);
  }
}

TEST(HeterogeneousSgdTest, RejectsBadOptions) {
  EXPECT_THAT(CreateHeterogeneousSgdWithAllocator(
                  {.step = 1, .batch = 1, .allocator = {}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("allocator is null")));
}

}  // namespace
}  // namespace muster::allocation
