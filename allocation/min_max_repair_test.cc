#include "muster/allocation/min_max_repair.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;
using ::muster::runtime::Uniform01;
using ::muster::runtime::UniformInt;
using ::testing::ElementsAre;

std::vector<WorkerTasks> Repaired(MinMaxRepair& repair,
                                  const std::vector<double>& scores,
                                  int64_t budget) {
  return repair.Solve(scores, budget, repair.Look(scores));
}

TEST(MinMaxRepairTest, LooksAtScoresAndTheLastAllocation) {
  MinMaxRepair repair;
  const std::vector<double> scores = {1, 2, 3, 5, 4};
  MinMaxRepair::Bracket bracket = repair.Look(scores);
  EXPECT_EQ(bracket.min_score, 1);
  EXPECT_EQ(bracket.max_inside, 0);
  EXPECT_EQ(bracket.min_outside, 1);
  Repaired(repair, scores, 6);  // 4, 1, 1
  bracket = repair.Look(scores);
  EXPECT_EQ(bracket.max_inside, 4);
  EXPECT_EQ(bracket.min_outside, 4);
}

TEST(MinMaxRepairTest, MovesOneTask) {
  MinMaxRepair repair;
  EXPECT_THAT(
      Repaired(repair, {1, 2, 3}, 6),
      ElementsAre(WorkerTasks{0, 4}, WorkerTasks{1, 1}, WorkerTasks{2, 1}));
  EXPECT_THAT(
      Repaired(repair, {1.5, 2, 3}, 6),
      ElementsAre(WorkerTasks{0, 3}, WorkerTasks{1, 2}, WorkerTasks{2, 1}));
}

// Slow drift, jumps, ties, changing budgets and sizes: always the solution.
TEST(MinMaxRepairTest, EqualsTheFullAlgorithm) {
  Rng rng = Rng(TestSeed()).Fork("min_max_repair");
  for (int instance = 0; instance < 200; ++instance) {
    MinMaxRepair repair;
    MinMaxWorkspace workspace;
    std::vector<WorkerTasks> expected;
    const size_t n = static_cast<size_t>(1 + UniformInt(rng, 70));
    int64_t budget = 1 + UniformInt(rng, 60);
    const bool ties = instance % 2 == 0;
    std::vector<double> scores(n);
    for (double& s : scores) s = static_cast<double>(1 + UniformInt(rng, 9));
    for (int round = 0; round < 100; ++round) {
      const int64_t changes = 1 + UniformInt(rng, round % 10 == 0 ? 60 : 4);
      for (int64_t c = 0; c < changes; ++c) {
        double& s = scores[UniformInt(rng, static_cast<int64_t>(n))];
        s = ties ? static_cast<double>(1 + UniformInt(rng, 9))
                 : s * (0.8 + 0.4 * Uniform01(rng));
      }
      if (round % 20 == 19) budget = 1 + UniformInt(rng, 60);
      MinMaxAllocate(scores, {}, budget, &workspace, &expected);
      ASSERT_EQ(Repaired(repair, scores, budget), expected)
          << "instance " << instance << " round " << round;
    }
  }
}

}  // namespace
}  // namespace muster::allocation
