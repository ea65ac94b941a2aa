#include "muster/allocation/sgd_run.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <memory>
#include <vector>

#include "muster/allocation/rennala.h"
#include "muster/allocation/ringmaster.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// One worker of 1 second; step k at t = k, objective 1/2 4^-k.
absl::StatusOr<SgdSummary> RunCase(const SgdOptions& options,
                                   const runtime::Runtime& runtime = {},
                                   double step = 0.5) {
  const auto policy = *CreateRennala({.step = step, .batch = 1});
  const auto cluster =
      MakeCluster(ConstantWorkers(std::vector<double>{1}), {Parabola()});
  return RunSgd(*cluster, Parabola(), *policy, options, runtime);
}

TEST(SgdRunTest, StopsAtEachLimit) {
  const auto expect = [](const SgdOptions& options, Termination termination,
                         int64_t steps) {
    const auto summary = RunCase(options);
    ASSERT_THAT(summary, IsOk());
    EXPECT_EQ(summary->termination, termination);
    EXPECT_EQ(summary->steps, steps);
    EXPECT_EQ(summary->trace.front().step, 0);
    EXPECT_EQ(summary->trace.back().step, steps);
    EXPECT_EQ(summary->objective, 0.5 * std::pow(0.25, steps));
  };
  expect({.max_steps = 0}, Termination::kStepLimit, 0);
  expect({.max_steps = 5}, Termination::kStepLimit, 5);
  expect({.max_gradients = 7}, Termination::kGradientLimit, 7);
  expect({.max_seconds = 3.5}, Termination::kTimeLimit, 3);
  expect({.max_seconds = 3}, Termination::kTimeLimit, 3);
  expect({.max_worker_seconds = 4}, Termination::kWorkerTimeLimit, 4);
  expect({.target_objective = 0.5 / 64}, Termination::kTargetReached, 3);
  expect({.target_objective = 0.6}, Termination::kTargetReached, 0);
}

TEST(SgdRunTest, RecordsOnTheGridAndAtTheEnd) {
  const auto every = RunCase({.max_steps = 10, .record_every_steps = 4});
  ASSERT_THAT(every, IsOk());
  std::vector<int64_t> steps;
  for (const auto& point : every->trace) steps.push_back(point.step);
  EXPECT_EQ(steps, (std::vector<int64_t>{0, 4, 8, 10}));
  const auto growing =
      RunCase({.max_steps = 40, .record_every_steps = 8, .record_growth = 0.5});
  ASSERT_THAT(growing, IsOk());
  steps.clear();
  for (const auto& point : growing->trace) steps.push_back(point.step);
  // Strides max(1, ceil(step / 2)), at most 8.
  EXPECT_EQ(steps,
            (std::vector<int64_t>{0, 1, 2, 3, 5, 8, 12, 18, 26, 34, 40}));
}

TEST(SgdRunTest, TimeToTargetIsReadOffTheTrace) {
  const auto summary = RunCase({.max_steps = 10});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->SecondsTo(0.5 / 16), 2);
  EXPECT_EQ(summary->WorkerSecondsTo(0.5 / 17), 3);
  EXPECT_TRUE(std::isnan(summary->SecondsTo(1e-30)));
  EXPECT_EQ(summary->BriefReport(),
            "rennala: step_limit after 10 steps, 10 gradients, 10 s, 10 worker "
            "seconds, objective 4.76837e-07");
}

TEST(SgdRunTest, DivergenceIsATermination) {
  const auto summary = RunCase({.max_steps = 100000}, {}, /*step=*/3);
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kDiverged);
  EXPECT_GT(summary->objective, 1e30);
  // NaN does not slip through the comparison.
  const auto nan =
      RunCase({.max_steps = 100000, .record_every_steps = 5000}, {},
              /*step=*/3);
  ASSERT_THAT(nan, IsOk());
  EXPECT_EQ(nan->termination, Termination::kDiverged);
  EXPECT_FALSE(std::isfinite(nan->objective));
}

TEST(SgdRunTest, EndsWhenNobodyEverReturns) {
  auto workers = ConstantWorkers(std::vector<double>{1, 1});
  for (auto& worker : workers) {
    worker.modifiers.push_back(runtime::SpeedModifier::Outage(2.5));
  }
  const auto policy = *CreateRingmaster({.step = 0.5});
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 100});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kNoWorkers);
  EXPECT_EQ(summary->steps, 4);
  EXPECT_EQ(summary->losses, 2);
  EXPECT_EQ(summary->seconds, 2.5);
}

TEST(SgdRunTest, WaitsForReturnsWithinTheTimeLimit) {
  auto workers = ConstantWorkers(std::vector<double>{1});
  workers[0].modifiers.push_back(runtime::SpeedModifier::Outage(2.5, 10));
  for (double limit : {9.0, 11.5}) {
    const auto policy = *CreateRingmaster({.step = 0.5});
    const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                                *policy, {.max_seconds = limit});
    ASSERT_THAT(summary, IsOk());
    EXPECT_EQ(summary->termination, Termination::kTimeLimit);
    EXPECT_EQ(summary->steps, limit < 10 ? 2 : 3);
  }
}

TEST(SgdRunTest, NoGradientsAreAllowed) {
  const auto summary = RunCase({.max_gradients = 0});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kGradientLimit);
  EXPECT_EQ(summary->gradients, 0);
  EXPECT_EQ(summary->steps, 0);
  EXPECT_EQ(summary->seconds, 0);
  EXPECT_EQ(RunCase({.max_gradients = 1})->gradients, 1);
}

class StopAfter final : public runtime::Observer {
 public:
  explicit StopAfter(int calls) : calls_left_(calls) {}
  bool OnProgress(const runtime::Progress& progress) override {
    last_ = progress;
    return --calls_left_ > 0;
  }
  runtime::Progress last_;

 private:
  int calls_left_;
};

TEST(SgdRunTest, ObserverAndFlagStopTheRun) {
  StopAfter observer(4);
  const auto observed = RunCase({.max_steps = 100}, {.observer = &observer});
  ASSERT_THAT(observed, IsOk());
  EXPECT_EQ(observed->termination, Termination::kStopped);
  EXPECT_EQ(observed->steps, 3);
  EXPECT_EQ(observer.last_.done, 3);
  EXPECT_EQ(observer.last_.total, 100);
  EXPECT_EQ(observer.last_.clock_seconds, 3);
  EXPECT_EQ(observer.last_.objective, 0.5 / 64);
  const std::atomic<bool> stop = true;
  const auto flagged = RunCase({.max_steps = 100}, {.stop = &stop});
  ASSERT_THAT(flagged, IsOk());
  EXPECT_EQ(flagged->termination, Termination::kStopped);
  EXPECT_EQ(flagged->steps, 0);
}

TEST(SgdRunTest, SamplesPerTaskReduceTheNoise) {
  const Parabola problem = {.centre = 0, .noise = 1};
  double squares[2] = {0, 0};
  for (int i = 0; i < 2; ++i) {
    for (uint64_t seed = 1; seed <= 400; ++seed) {
      const auto policy = *CreateRennala({.step = 1.0, .batch = 1});
      const auto summary =
          RunSgd(*MakeCluster(ConstantWorkers(std::vector<double>{1}),
                              {problem}, seed),
                 problem, *policy,
                 {.max_steps = 1, .samples_per_task = i == 0 ? 1 : 16});
      squares[i] += summary->x[0] * summary->x[0] / 400;  // x_1 = -noise
    }
  }
  // Chi-squared of 400 degrees: relative deviation 0.071, 5 deviations.
  EXPECT_NEAR(squares[0], 1, 0.36);
  EXPECT_NEAR(squares[1], 1.0 / 16, 0.36 / 16);
}

TEST(SgdRunTest, RejectsBadOptions) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const auto expect = [](const SgdOptions& options, const char* message) {
    EXPECT_THAT(RunCase(options), StatusIs(absl::StatusCode::kInvalidArgument,
                                           HasSubstr(message)));
  };
  expect({}, "has no limit");
  expect({.max_steps = -1},
         "max_steps is -1, must be >= 0; leave it unset for no limit");
  expect({.max_gradients = -1}, "max_gradients is -1");
  expect({.max_seconds = nan}, "max_seconds is nan");
  expect({.max_worker_seconds = -2}, "max_worker_seconds is -2");
  expect({.target_objective = nan}, "target_objective is nan");
  expect({.max_steps = 1, .record_every_steps = 0}, "record_every_steps is 0");
  expect({.max_steps = 1, .record_growth = -1}, "record_growth is -1");
  expect({.max_steps = 1, .samples_per_task = 0}, "samples_per_task is 0");
  expect({.max_steps = 1, .divergence_objective = nan},
         "divergence_objective is nan");
}

}  // namespace
}  // namespace muster::allocation
