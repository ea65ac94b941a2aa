#include "muster/allocation/expected_round_time.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/allocation/round_simulator.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/task_durations.h"

namespace muster::allocation {
namespace {

// beta + Exp(beta) with beta = 29 i^power.
std::vector<TaskMoments> PaperLaws(int n, double power) {
  std::vector<TaskMoments> laws;
  for (int i = 1; i <= n; ++i) {
    const double beta = 29 * std::pow(i, power);
    laws.push_back({.shift = beta, .mean = 2 * beta, .deviation = beta});
  }
  return laws;
}

std::vector<WorkerTasks> Sparse(const std::vector<int>& counts) {
  std::vector<WorkerTasks> tasks;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] > 0) tasks.push_back({static_cast<int32_t>(i), counts[i]});
  }
  return tasks;
}

TEST(ExpectedRoundTimeTest, ClosedForms) {
  // max of Erlang(3, 1) and Exp(2): 97/27. Of one worker: its mean.
  const std::vector<TaskMoments> laws = {{0, 1, 1}, {0, 2, 2}, {0, 3, 3}};
  EXPECT_NEAR(ExpectedRoundTime(laws, Sparse({3, 1, 0})), 97.0 / 27, 1e-8);
  EXPECT_NEAR(ExpectedRoundTime(laws, Sparse({0, 0, 5})), 15, 1e-8);
  // Maximum of three unit exponentials: 1 + 1/2 + 1/3.
  const std::vector<TaskMoments> equal(3, {0, 1, 1});
  EXPECT_NEAR(ExpectedRoundTime(equal, Sparse({1, 1, 1})), 11.0 / 6, 1e-8);
  // A constant of 2 and a unit exponential: 2 + e^-2.
  const std::vector<TaskMoments> mixed = {{0, 2, 0}, {0, 1, 1}};
  EXPECT_NEAR(ExpectedRoundTime(mixed, Sparse({1, 1})), 2 + std::exp(-2.0),
              1e-8);
  const std::vector<TaskMoments> constants = {{0, 2, 0}, {3, 3, 0}};
  EXPECT_NEAR(ExpectedRoundTime(constants, Sparse({2, 1})), 4, 1e-12);
  EXPECT_EQ(ExpectedBill(constants, Sparse({2, 1})), 7);
}

// One worker's expected sum is its mean, whatever the shape: an independent
// check of the quadrature. Two equal exponential-like tails: E max = 2 E - E
// min.
TEST(ExpectedRoundTimeTest, SmallShapesAreExactToo) {
  for (const double cv : {0.01, 0.5, 1.0, 2.0, 5.3, 10.0}) {
    for (const double shift : {0.0, 3.0}) {
      const std::vector<TaskMoments> laws = {
          {.shift = shift, .mean = shift + 1, .deviation = cv}};
      EXPECT_NEAR(ExpectedRoundTime(laws, Sparse({1})), shift + 1,
                  1e-9 * (shift + 1))
          << cv;
      EXPECT_NEAR(ExpectedRoundTime(laws, Sparse({7})), 7 * (shift + 1),
                  7e-9 * (shift + 1))
          << cv;
    }
  }
}

// max(X, Y) of X almost certainly 10 and Y exponential of mean 1:
// 10 + e^-10, whatever X's deviation, if small. And of a near-constant of 1
// with a constant of 2.
TEST(ExpectedRoundTimeTest, NarrowLawsAreNotOverlooked) {
  for (const double deviation : {1e-3, 1e-5, 1e-7}) {
    const std::vector<TaskMoments> laws = {{0, 10, deviation}, {0, 1, 1}};
    EXPECT_NEAR(ExpectedRoundTime(laws, Sparse({1, 1})), 10 + std::exp(-10.0),
                1e-7);
    const std::vector<TaskMoments> pair = {{0, 1, deviation}, {2, 2, 0}};
    EXPECT_NEAR(ExpectedRoundTime(pair, Sparse({1, 1})), 2, 1e-9);
  }
}

// The exact values of the paper's instances, and better neighbours.
TEST(ExpectedRoundTimeTest, ThePapersInstances) {
  const std::vector<TaskMoments> sqrt_law = PaperLaws(17, 0.5);
  const std::vector<TaskMoments> linear_law = PaperLaws(17, 1);
  std::vector<int> optimum = {4, 2, 2, 2};
  optimum.resize(17, 1);
  EXPECT_NEAR(ExpectedRoundTime(sqrt_law, Sparse(optimum)), 424.880, 0.001);
  EXPECT_NEAR(ExpectedBill(sqrt_law, Sparse(optimum)), 3290.837, 0.001);
  std::vector<int> better = {5, 3, 2, 2, 2};
  better.resize(14, 1);
  EXPECT_NEAR(ExpectedRoundTime(sqrt_law, Sparse(better)), 406.95, 0.01);
  EXPECT_NEAR(
      ExpectedRoundTime(linear_law, Sparse({9, 4, 3, 2, 1, 1, 1, 1, 1})),
      780.024, 0.001);
  EXPECT_NEAR(ExpectedRoundTime(linear_law, Sparse({10, 5, 3, 2, 1, 1, 1})),
              727.6, 0.05);
  std::vector<TaskMoments> regret_law;
  for (int i = 1; i <= 20; ++i) regret_law.push_back({0, 2.0 * i, 2.0 * i});
  EXPECT_NEAR(ExpectedRoundTime(regret_law, Sparse({3, 1, 1})), 9.32695, 1e-5);
}

// l <= E[C] <= (1 + 4 eta ln min(n, B)) l, with eta = 0.766 for these laws.
TEST(ExpectedRoundTimeTest, LiesBetweenTheBounds) {
  for (const double power : {0.25, 0.5, 1.0, 2.0}) {
    for (const int64_t budget : {1, 2, 7, 23, 60}) {
      const std::vector<TaskMoments> laws = PaperLaws(10, power);
      std::vector<double> means;
      for (const TaskMoments& law : laws) means.push_back(law.mean);
      MinMaxWorkspace workspace;
      std::vector<WorkerTasks> tasks;
      const double loss = MinMaxAllocate(means, {}, budget, &workspace, &tasks);
      const double time = ExpectedRoundTime(laws, tasks);
      EXPECT_GE(time, loss * (1 - 1e-9));
      EXPECT_LE(time, (1 + 4 * 0.766 * std::log(std::min<double>(10, budget))) *
                          loss * (1 + 1e-9));
    }
  }
}

TEST(ExpectedRoundTimeTest, ImprovesTheMinMaxAllocation) {
  const std::vector<TaskMoments> laws = PaperLaws(17, 1);
  const std::vector<WorkerTasks> better =
      ImproveAllocation(laws, Sparse({9, 4, 3, 2, 1, 1, 1, 1, 1}));
  EXPECT_EQ(better, Sparse({10, 5, 3, 2, 1, 1, 1}));
  EXPECT_EQ(ImproveAllocation(laws, better), better);
}

// Worker 1 has the lower mean of the unused ones and a wide law; the move that
// pays is to worker 2: max(2 * 10, 15) = 20 instead of 3 * 10.
TEST(ExpectedRoundTimeTest, TriesAllWorkersThatMayHelp) {
  const std::vector<TaskMoments> laws = {{10, 10, 0}, {0, 14, 60}, {15, 15, 0}};
  const std::vector<WorkerTasks> better = ImproveAllocation(laws, Sparse({3}));
  EXPECT_EQ(better, Sparse({2, 0, 1}));
  EXPECT_NEAR(ExpectedRoundTime(laws, better), 20, 1e-9);
}

// No single move helps: checked over all of them, on laws of mixed shapes.
TEST(ExpectedRoundTimeTest, ReachesALocalMinimum) {
  const std::vector<TaskMoments> laws = {{0, 3, 3},  {1, 4, 0.5}, {0, 5, 12},
                                         {5, 5, 0},  {2, 6, 4},   {0, 6, 1},
                                         {0, 7, 0.1}};
  const std::vector<WorkerTasks> tasks = ImproveAllocation(laws, Sparse({9}));
  const double time = ExpectedRoundTime(laws, tasks);
  std::vector<int> counts(laws.size());
  for (const WorkerTasks& w : tasks) counts[w.worker] = w.tasks;
  for (size_t from = 0; from < laws.size(); ++from) {
    for (size_t to = 0; to < laws.size(); ++to) {
      if (from == to || counts[from] == 0) continue;
      std::vector<int> moved = counts;
      --moved[from];
      ++moved[to];
      EXPECT_GE(ExpectedRoundTime(laws, Sparse(moved)), time * (1 - 2e-6))
          << from << " to " << to;
    }
  }
}

// The quantile keys of variance_aware at the default weight come within 0.5 %
// of the best allocation that local moves find, from the true moments.
TEST(ExpectedRoundTimeTest, SpreadKeysAreNearlyOptimal) {
  for (const double power : {0.5, 1.0}) {
    const std::vector<TaskMoments> laws = PaperLaws(17, power);
    std::vector<double> means;
    std::vector<double> spreads;
    for (const TaskMoments& law : laws) {
      means.push_back(law.mean);
      spreads.push_back(AllocatorOptions().deviation_weight * law.deviation);
    }
    MinMaxWorkspace workspace;
    std::vector<WorkerTasks> tasks;
    MinMaxAllocateWithSpreads(means, {}, spreads, 23, &workspace, &tasks);
    const double best = ExpectedRoundTime(laws, ImproveAllocation(laws, tasks));
    EXPECT_LE(ExpectedRoundTime(laws, tasks), 1.005 * best);
  }
}

// Against simulation: 20,000 rounds, standard error below 0.3 %.
TEST(ExpectedRoundTimeTest, EqualsSimulation) {
  std::vector<runtime::SpeedLaw> laws;
  for (int i = 1; i <= 4; ++i) {
    laws.push_back(runtime::SpeedLaw::ShiftedExponential(29.0 * i, 29.0 * i));
  }
  const runtime::TaskDurations durations(laws, 1);
  RoundSimulator simulator(&durations);
  const Allocation allocation{.tasks = Sparse({5, 3, 2, 1}), .budget = 11};
  RoundFeedback feedback;
  for (int round = 1; round <= 20000; ++round) {
    simulator.Run(allocation, round, &feedback);
  }
  const double expected = ExpectedRoundTime(PaperLaws(4, 1), allocation.tasks);
  EXPECT_NEAR(simulator.clock_seconds() / 20000, expected, 0.015 * expected);
}

}  // namespace
}  // namespace muster::allocation
