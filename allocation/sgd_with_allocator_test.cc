#include "muster/allocation/sgd_with_allocator.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "muster/allocation/allocators.h"
#include "muster/allocation/round_simulator.h"
#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_allocator.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/task_durations.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

std::unique_ptr<SgdPolicy> Make(std::shared_ptr<Allocator> allocator,
                                int64_t batch, double step = 0.5) {
  return *CreateSgdWithAllocator(
      {.step = step, .batch = batch, .allocator = std::move(allocator)});
}

// a = (3, 1, 0) on workers of 1, 2 and 1 seconds:
//
//   t      0   1   2   3
//   w0     |---|---|---|     the round lasts 3 seconds and costs 3 + 2: waiting
//   w1     |-------|         at the barrier is free
TEST(SgdWithAllocatorTest, BarrierRound) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{3, 1, 0});
  const auto policy = Make(allocator, 4);
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 1}, 2);
  EXPECT_EQ(summary.rounds_log, (std::vector<SgdRound>{{3, 5}, {6, 10}}));
  EXPECT_EQ(summary.x, std::vector<double>{0.25});
  EXPECT_EQ(summary.gradients, 8);
  // What the allocator was told of round 1, in the order of arrival.
  const ScriptedAllocator::Seen& seen = allocator->seen().front();
  EXPECT_EQ(seen.round, 1);
  EXPECT_EQ(seen.round_seconds, 3);
  EXPECT_EQ(seen.completed,
            (std::vector<TaskRun>{{0, 1}, {0, 1}, {1, 2}, {0, 1}}));
  EXPECT_TRUE(seen.cancelled.empty());
}

// Workers of 1, 2 and 5 seconds race to 3 gradients; see rennala_test.cc. The
// cancelled tasks are told with the time they ran; worker 0's last one had just
// begun.
TEST(SgdWithAllocatorTest, GreedyRound) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(Allocation::Leftover::kReset, 3);
  const auto policy = Make(allocator, 3);
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 5}, 2);
  EXPECT_EQ(summary.rounds_log, (std::vector<SgdRound>{{2, 6}, {4, 12}}));
  const ScriptedAllocator::Seen& seen = allocator->seen().front();
  EXPECT_EQ(seen.completed, (std::vector<TaskRun>{{0, 1}, {0, 1}, {1, 2}}));
  EXPECT_EQ(seen.cancelled, (std::vector<TaskRun>{{2, 2}}));
}

// With kKeep worker 2's task runs on and counts in the round in which it ends,
// although it was computed at x_0:
//   round 1: w0 at 1, w0 at 2, w1 at 2;     x_1 = 1 - 1/2 = 1/2
//   round 2 (w0 runs its third at x_0, w1 and w2 likewise as they are):
//     w0 at 3 (x_0), w0 at 4 (x_1), w1 at 4 (x_1): x_2 = 1/2 - 1/6 (1 + 1/2 +
//     1/2) = 1/6
TEST(SgdWithAllocatorTest, GreedyRoundThatKeepsItsLeftovers) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(Allocation::Leftover::kKeep, 3);
  const auto policy = Make(allocator, 3);
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 5}, 2);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 2, 4}));
  EXPECT_NEAR(summary.x[0], 1.0 / 6, 1e-15);
  EXPECT_EQ(summary.gradients, 6);
}

// The same, stale gradients ignored: w0's at 3 does not count.
TEST(SgdWithAllocatorTest, GreedyRoundThatDropsStaleGradients) {
  const auto allocator = std::make_shared<ScriptedAllocator>(
      Allocation::Leftover::kKeepDropStale, 3);
  const auto policy = Make(allocator, 3);
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 2, 5}, 2);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 2, 5}));
  EXPECT_EQ(summary.x, std::vector<double>{0.25});
  EXPECT_EQ(summary.gradients, 7);
}

// Worker 1 (2 seconds each, 3 tasks) crashes at t = 3, one task done. Its other
// two go to worker 0, which has finished its own:
//
//   t      0   1   2   3   4   5
//   w0     |-a-|-b-|   |-d-|-e-|
//   w1     |---c---|---†              † until t = 100
TEST(SgdWithAllocatorTest, LostTasksAreGivenToOthers) {
  auto workers = ConstantWorkers(std::vector<double>{1, 2});
  workers[1].modifiers.push_back(runtime::SpeedModifier::Outage(3, 100));
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{2, 3});
  const auto policy = Make(allocator, 5);
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 1, .keep_rounds = true});
  ASSERT_THAT(summary, IsOk());
  // 4 gradients of 1, 1, 1, 1 seconds and one of 2, and one second lost.
  EXPECT_EQ(summary->rounds_log, (std::vector<SgdRound>{{5, 7}}));
  EXPECT_EQ(summary->losses, 2);
  EXPECT_EQ(allocator->seen().front().cancelled,
            (std::vector<TaskRun>{{1, 1}}));
}

// Workers 0 and 1 race to 3 gradients and are gone at t = 2.5, with two
// gradients made. The allocator is asked for the third among workers 2 and 3:
//
//   t      0   1   2   3   4   5
//   w0     |-a-|-b-|-†                w0, w1: gone for good
//   w1     |---------†
//   w2               |---c---|        x_1 at 4.5; then w2 and w3 race from
//   w3               |----------      the round's start on
//
// Round 2: w2 at 6.5 and 8.5, w3 (3 seconds each) at 7.5.
TEST(SgdWithAllocatorTest, OthersTakeTheLostRacersPlace) {
  auto workers = ConstantWorkers(std::vector<double>{1, 3, 2, 3});
  for (int i : {0, 1}) {
    workers[i].modifiers.push_back(runtime::SpeedModifier::Outage(2.5));
  }
  AllocatorOptions options = MakeAllocatorOptions(4, 3);
  options.top_m = 2;
  options.true_means = {1, 1, 2, 3};
  const auto policy = Make(*CreateAllocator("top_m_greedy", options), 3);
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 2});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kStepLimit);
  EXPECT_EQ(Seconds(*summary), (std::vector<double>{0, 4.5, 8.5}));
  EXPECT_EQ(summary->x, std::vector<double>{0.25});
  EXPECT_EQ(summary->losses, 2);
}

TEST(SgdWithAllocatorTest, WaitsForAReturnWhenAllAreDown) {
  auto workers = ConstantWorkers(std::vector<double>{1, 2});
  for (auto& worker : workers) {
    worker.modifiers.push_back(runtime::SpeedModifier::Outage(0.5, 10));
  }
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{2, 1});
  const auto policy = Make(allocator, 3);
  const auto summary = RunSgd(*MakeCluster(workers, {Parabola()}), Parabola(),
                              *policy, {.max_steps = 1});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kStepLimit);
  // All three tasks go to worker 0, the first that is told of its return.
  EXPECT_EQ(summary->seconds, 13);
}

// On homogeneous data the iterates have the same bits under every allocator of
// barrier rounds, with and without crashes: only the clock differs.
TEST(SgdWithAllocatorTest, IteratesDoNotDependOnWhoComputes) {
  const Parabola problem = {.centre = 0.2, .noise = 1};
  AllocatorOptions allocator_options = MakeAllocatorOptions(6, 9);
  allocator_options.true_means = {1, 2, 3, 4, 5, 6};
  std::vector<double> expected;
  for (const char* name :
       {"uta", "ofta", "ata", "ata_empirical", "greedy_mean"}) {
    for (bool crashes : {false, true}) {
      auto workers = ExponentialWorkers(6);
      if (crashes) {
        for (auto& worker : workers) {
          worker.modifiers.push_back(runtime::SpeedModifier::Crash(30, 10));
        }
      }
      const auto policy =
          Make(*CreateAllocator(name, allocator_options), 9, 0.1);
      const auto summary = RunSgd(*MakeCluster(workers, {problem}), problem,
                                  *policy, {.max_steps = 100});
      ASSERT_THAT(summary, IsOk());
      EXPECT_EQ(summary->losses > 0, crashes) << name;
      if (expected.empty()) expected = summary->x;
      EXPECT_EQ(summary->x, expected) << name << " " << crashes;
    }
  }
}

// The trainer and the scheduling-only simulator see the same rounds. With
// durations that are multiples of 1/64 all sums are exact, so equality is too;
// with exponential ones the cluster's clock rounds absolute times.
TEST(SgdWithAllocatorTest, RoundsAreThoseOfTheSimulator) {
  constexpr int32_t kWorkers = 7;
  constexpr int64_t kBatch = 11;
  constexpr int64_t kRounds = 300;
  for (bool exact : {true, false}) {
    std::vector<runtime::SpeedLaw> laws;
    std::vector<runtime::WorkerSpec> workers;
    for (int32_t i = 0; i < kWorkers; ++i) {
      std::vector<double> samples;
      for (int j = 1; j <= 16; ++j) samples.push_back((i + 1) * j / 64.0);
      laws.push_back(
          exact ? runtime::SpeedLaw::Empirical(
                      *runtime::EmpiricalSamples::Create(samples),
                      runtime::SpeedLaw::Sampling::kResample)
                : runtime::SpeedLaw::ShiftedExponential(i + 1.0, i + 1.0));
      workers.push_back({.law = laws.back(), .modifiers = {}});
    }
    const runtime::TaskDurations durations(laws, 5);
    for (const char* name : {"uta", "ofta", "gta", "gta_keep",
                             "gta_keep_drop_stale", "ata", "ata_empirical"}) {
      AllocatorOptions options = MakeAllocatorOptions(kWorkers, kBatch);
      for (const auto& law : laws) options.true_means.push_back(law.Mean());
      RoundSimulator simulator(&durations);
      const auto simulated = *CreateAllocator(name, options);
      std::vector<SgdRound> expected;
      double seconds = 0;
      double worker_seconds = 0;
      Allocation allocation;
      for (int64_t round = 1; round <= kRounds; ++round) {
        const auto outcome =
            simulator.Play(*simulated, round, kBatch, &allocation);
        ASSERT_THAT(outcome, IsOk());
        seconds += outcome->round_seconds;
        worker_seconds += outcome->worker_seconds;
        expected.push_back({seconds, worker_seconds});
      }
      const auto policy = Make(*CreateAllocator(name, options), kBatch, 0.1);
      const auto summary =
          RunSgd(*MakeCluster(workers, {Parabola()}, 5), Parabola(), *policy,
                 {.max_steps = kRounds, .keep_rounds = true});
      ASSERT_THAT(summary, IsOk());
      ASSERT_EQ(summary->rounds_log.size(), expected.size());
      // With leftovers the cluster bills a task when it ends, the simulator in
      // the rounds in which it runs.
      const bool same_bill =
          std::string(name).find("keep") == std::string::npos;
      for (size_t k = 0; k < expected.size(); ++k) {
        const SgdRound& round = summary->rounds_log[k];
        const double slack = exact ? 0 : 1e-9 * expected[k].end_seconds;
        EXPECT_NEAR(round.end_seconds, expected[k].end_seconds, slack)
            << name << " " << k;
        if (same_bill) {
          EXPECT_NEAR(round.worker_seconds, expected[k].worker_seconds,
                      exact ? 0 : 1e-9 * expected[k].worker_seconds)
              << name << " " << k;
        }
      }
    }
  }
}

TEST(SgdWithAllocatorTest, RejectsBadOptions) {
  const auto allocator =
      std::make_shared<ScriptedAllocator>(std::vector<int32_t>{1});
  const auto expect = [](const SgdWithAllocatorOptions& options,
                         const char* message) {
    EXPECT_THAT(
        CreateSgdWithAllocator(options),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  expect({.step = 1, .batch = 1, .allocator = nullptr}, "allocator is null");
  expect({.step = 1, .batch = 0, .allocator = allocator},
         "batch is 0, must be >= 1; give the gradients of one round");
  expect({.step = 1, .batch = int64_t{1} << 31, .allocator = allocator},
         "batch is 2147483648, must be <= 2147483647; give");
  expect({.step = 0, .batch = 1, .allocator = allocator},
         "step is 0, must be finite and > 0; give a step size");
}

}  // namespace
}  // namespace muster::allocation
