#include "muster/benchmarks/ata/sgd_runs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/allocation/sgd_run.h"
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
