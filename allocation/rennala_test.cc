#include "muster/allocation/rennala.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "muster/allocation/allocators.h"
#include "muster/allocation/async_theory.h"
#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_allocator.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/allocation/sgd_with_allocator.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

std::unique_ptr<SgdPolicy> Make(const RennalaOptions& options) {
  return *CreateRennala(options);
}

// Three workers of 1, 2 and 5 seconds, B = 3, gamma = 1/2:
//
//   t      0   1   2   3   4
//   w0     |-1-|-2-|-1-|-2-|     a number: the gradient's place in its round
//   w1     |---3---|---3---|
//   w2     |---x   |---x         x: cancelled
//
// The mean of three equal gradients x halves x at t = 2, 4, ...; each round
// costs 3 workers x 2 seconds.
TEST(RennalaTest, WorkedExample) {
  const auto policy = Make({.step = 0.5, .batch = 3});
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 5}, 3);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 2, 4, 6}));
  EXPECT_EQ(WorkerSeconds(summary), (std::vector<double>{0, 6, 12, 18}));
  EXPECT_EQ(summary.x, std::vector<double>{0.125});
  EXPECT_EQ(summary.gradients, 9);
  EXPECT_EQ(summary.rounds, 3);
  EXPECT_EQ(summary.termination, Termination::kStepLimit);
}

// The same without cancelling: at t = 2 worker 0 has just started its third
// gradient at x_0, so that the first fresh one ends at t = 4, and
//
//   t      0   1   2   3   4   5   6
//   w0     |-1-|-2-|-s-|-2-|-s-|-2-|     s: stale, ignored
//   w1     |---3---|---1---|---1---|
//   w2     |---------s---------|---
//
// Worker 1 begins a round with x_1 at t = 2 and ends at 4, after worker 0 (tie,
// lower index first).
TEST(RennalaTest, KeepsStaleWorkersRunning) {
  const auto policy = Make({.step = 0.5, .batch = 3, .cancel_stale = false});
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 5}, 2);
  // Fresh gradients of round 2: w0 at 4, w1 at 4, w0 at 5.
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 2, 5}));
  EXPECT_EQ(summary.x, std::vector<double>{0.25});
}

TEST(RennalaTest, IsSgdWithTheGreedyAllocator) {
  for (uint64_t seed = 1; seed <= 5; ++seed) {
    const Parabola problem = {.centre = 0.3, .noise = 0.5};
    const SgdOptions options = {.max_steps = 50, .keep_rounds = true};
    const auto rennala = Make({.step = 0.1, .batch = 7});
    const auto rennala_summary =
        RunSgd(*MakeCluster(ExponentialWorkers(5), {problem}, seed), problem,
               *rennala, options);
    std::shared_ptr<Allocator> greedy =
        *CreateAllocator("gta", MakeAllocatorOptions(5, 7));
    const auto sgd =
        *CreateSgdWithAllocator({.step = 0.1, .batch = 7, .allocator = greedy});
    const auto sgd_summary =
        RunSgd(*MakeCluster(ExponentialWorkers(5), {problem}, seed), problem,
               *sgd, options);
    ASSERT_THAT(rennala_summary, runtime::IsOk());
    ASSERT_THAT(sgd_summary, runtime::IsOk());
    EXPECT_EQ(rennala_summary->x, sgd_summary->x);
    EXPECT_EQ(rennala_summary->trace, sgd_summary->trace);
    EXPECT_EQ(rennala_summary->rounds_log, sgd_summary->rounds_log);
    // Everybody is busy all the time.
    EXPECT_NEAR(rennala_summary->worker_seconds,
                5 * rennala_summary->trace.back().seconds, 1e-9);
  }
}

// With fixed speeds a step lasts as long as the theory says.
TEST(RennalaTest, StepsLastTheGreedyBatchSeconds) {
  const std::vector<double> seconds = {1, 1.5, 2.25, 7, 40};
  for (int64_t batch : {1, 2, 5, 23}) {
    const auto policy = Make({.step = 0.1, .batch = batch});
    const SgdSummary summary = RunConstant(*policy, seconds, 10);
    EXPECT_NEAR(summary.seconds, 10 * GreedyBatchSeconds(seconds, batch), 1e-9)
        << batch;
  }
}

TEST(RennalaTest, RejectsBadOptions) {
  EXPECT_THAT(CreateRennala({.step = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("RennalaOptions.step is 0")));
  EXPECT_THAT(CreateRennala({.step = 1, .batch = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("RennalaOptions.batch is 0, must be >= 1")));
}

}  // namespace
}  // namespace muster::allocation
