#include "muster/benchmarks/ata/sgd_runs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/allocation/sgd_run.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

SgdOutcome Outcome(double step, bool reached, double seconds,
                   double objective) {
  SgdOutcome outcome;
  outcome.choice.step = step;
  outcome.reached = reached;
  outcome.seconds = seconds;
  outcome.objective = objective;
  return outcome;
}

TEST(SgdRunsTest, BestIsTheFastestToTheTarget) {
  const std::vector<SgdOutcome> outcomes = {
      Outcome(1, false, 1, 0.1), Outcome(2, true, 9, 0.01),
      Outcome(3, true, 7, 0.02), Outcome(4, true, 7, 0.001)};
  EXPECT_EQ(BestOutcome(outcomes).choice.step, 3);
}

TEST(SgdRunsTest, BestIsTheLowestWhenNoneGetsThere) {
  const std::vector<SgdOutcome> outcomes = {
      Outcome(1, false, 1, std::numeric_limits<double>::quiet_NaN()),
      Outcome(2, false, 9, 0.5), Outcome(3, false, 7, 0.2)};
  EXPECT_EQ(BestOutcome(outcomes).choice.step, 3);
}

TEST(SgdRunsTest, SummaryTakesTheTimesOfTheTarget) {
  allocation::SgdSummary summary;
  summary.trace = {
      {.step = 0, .seconds = 0, .objective = 8},
      {.step = 1, .seconds = 2, .worker_seconds = 4, .objective = 3},
      {.step = 2, .seconds = 5, .worker_seconds = 9, .objective = 1}};
  summary.seconds = 5;
  summary.worker_seconds = 9;
  const SgdOutcome reached = Summarise(summary, 3.5, {0.1, 7});
  EXPECT_TRUE(reached.reached);
  EXPECT_EQ(reached.seconds, 2);
  EXPECT_EQ(reached.worker_seconds, 4);
  EXPECT_EQ(reached.choice.size, 7);
  EXPECT_EQ(reached.at_objective, (std::vector<double>{8, 3, 1}));
  const SgdOutcome missed = Summarise(summary, 0.5, {0.1, 7});
  EXPECT_FALSE(missed.reached);
  EXPECT_EQ(missed.seconds, 5);
}

TEST(SgdRunsTest, AMissedTargetHasNoTimeToIt) {
  const SgdComparison comparison = {
      .methods = {{.label = "always"}, {.label = "once"}, {.label = "never"}},
      .outcomes = {{Outcome(1, true, 3, 0), Outcome(1, true, 4, 0)},
                   {Outcome(1, true, 5, 0), Outcome(1, false, 9, 1)},
                   {Outcome(1, false, 9, 1), Outcome(1, false, 9, 1)}}};
  EXPECT_EQ(comparison.SecondsToTarget("always"), (std::vector<double>{3, 4}));
  EXPECT_EQ(comparison.Seconds("once"), (std::vector<double>{5, 9}));
  EXPECT_EQ(comparison.SecondsToTarget("once")[0], 5);
  EXPECT_TRUE(std::isnan(comparison.SecondsToTarget("once")[1]));
  EXPECT_TRUE(std::isnan(comparison.WorkerSecondsToTarget("never")[0]));
  EXPECT_TRUE(comparison.Reached("always"));
  EXPECT_FALSE(comparison.Reached("once"));
  EXPECT_FALSE(comparison.NeverReached("once"));
  EXPECT_TRUE(comparison.NeverReached("never"));
}

// x^2 / 2 without noise, both as a worker's problem and as the server's.
struct Parabola {
  int64_t dimension() const { return 1; }
  void StochasticGradient(std::span<const double> x, int64_t /*samples*/,
                          runtime::Rng /*rng*/, std::span<double> g) const {
    g[0] = x[0];
  }
  std::vector<double> InitialPoint() const { return {1}; }
  double Objective(std::span<const double> x) const { return x[0] * x[0] / 2; }
};

// A second, a step of 1/2, halves x: the objective is 2^(-2 k - 1) after k.
TEST(SgdRunsTest, ACaseStopsAtItsOwnTimeLimit) {
  SgdStudy<Parabola, Parabola> study;
  study.workers.laws = {runtime::SpeedLaw::Constant(1)};
  study.shards = {std::make_shared<const Parabola>()};
  study.server = study.shards[0];
  study.options.target_objective = 0.001;
  const SgdMethod method = {.label = "a", .policy = "asgd"};
  const runtime::Runtime runtime = {.threads = 1};
  absl::StatusOr<SgdOutcome> free =
      RunSgdCase(study, method, {0.5, 1}, 1, study.options, runtime);
  ASSERT_THAT(free, runtime::IsOk());
  EXPECT_TRUE(free->reached);
  EXPECT_EQ(free->seconds, 5);
  allocation::SgdOptions short_of_time = study.options;
  short_of_time.max_seconds = 3;
  absl::StatusOr<SgdOutcome> cut =
      RunSgdCase(study, method, {0.5, 1}, 1, short_of_time, runtime);
  ASSERT_THAT(cut, runtime::IsOk());
  EXPECT_FALSE(cut->reached);
  EXPECT_LE(cut->seconds, 4);
}

TEST(SgdRunsTest, EveryMethodOfTheTableCanBeMade) {
  SgdWorkers workers;
  for (int i = 1; i <= 3; ++i) {
    workers.laws.push_back(runtime::SpeedLaw::Exponential(i));
  }
  workers.alpha = 5;
  for (const allocation::SgdPolicyEntry& entry : allocation::SgdPolicyTable()) {
    const SgdMethod method = {.label = std::string(entry.name),
                              .policy = std::string(entry.name),
                              .steps = {0.1},
                              .allocator = entry.needs_allocator ? "ata" : ""};
    EXPECT_THAT(MakeSgdPolicy(method, {0.1, 4}, workers, 1), runtime::IsOk())
        << method.label;
  }
  EXPECT_EQ(SgdTaskName("heavy", "rennala, no cancelling"),
            "heavy.rennala__no_cancelling");
}

}  // namespace
}  // namespace muster::benchmarks
