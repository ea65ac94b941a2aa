#include "muster/allocation/top_m_allocator.h"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <vector>

#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/learners_test_world.h"
#include "muster/allocation/race_time.h"

namespace muster::allocation {
namespace {

constexpr int32_t kWorkers = 30;
constexpr int64_t kBudget = 23;

AllocatorOptions Oracle(double power) {
  AllocatorOptions options{.num_workers = kWorkers, .budget = kBudget};
  options.true_means = PaperMeans(kWorkers, power);
  for (const double mean : options.true_means) {
    options.true_deviations.push_back(mean / 2);
  }
  return options;
}

// The m of the least weighted time, by trying all.
int32_t BestM(const AllocatorOptions& options, const std::vector<uint8_t>& up) {
  std::vector<Racer> racers;
  double best = 1e300;
  int32_t best_m = 0;
  for (int32_t i = 0; i < options.num_workers; ++i) {
    if (!up.empty() && up[i] == 0) continue;
    racers.push_back({.law = {.mean = options.true_means[i],
                              .deviation = options.true_deviations[i]}});
    const double m = static_cast<double>(racers.size());
    const double value =
        (options.runtime_weight + (1 - options.runtime_weight) * m) *
        RaceSeconds(racers, options.budget);
    if (value < best * (1 - 1e-5)) {
      best = value;
      best_m = static_cast<int32_t>(racers.size());
    }
  }
  return best_m;
}

TEST(TopMAllocatorTest, TheOracleMinimisesTheWeightedTime) {
  for (const double power : {0.25, 0.5, 1.0}) {
    const AllocatorOptions options = Oracle(power);
    TopMAllocator oracle("top_m_greedy", options);
    Allocation allocation;
    oracle.Allocate({.round = 1, .budget = kBudget}, &allocation);
    EXPECT_EQ(oracle.m(), BestM(options, {})) << power;
    ASSERT_EQ(allocation.tasks.size(), static_cast<size_t>(oracle.m()));
    for (int32_t i = 0; i < oracle.m(); ++i) {
      EXPECT_EQ(allocation.tasks[i].worker, i);
    }
  }
}

// Knowing nothing, it comes within one of the oracle's m, and its racers are
// mostly the fastest.
TEST(TopMAllocatorTest, LearnsTheOraclesM) {
  for (const double power : {0.5, 1.0}) {
    const int32_t expected = BestM(Oracle(power), {});
    LearnersTestWorld world(PaperMeans(kWorkers, power), 0.5, 1);
    TopMAllocator learner("top_m_greedy",
                          {.num_workers = kWorkers, .budget = kBudget});
    EXPECT_EQ(learner.m(), kBudget);
    for (int64_t round = 1; round <= 3000; ++round) {
      world.Play(learner, round, kBudget);
    }
    EXPECT_LE(std::abs(learner.m() - expected), 1)
        << learner.m() << " for " << expected;
    // Now and then another one is tried.
    int among_the_fastest = 0;
    int all = 0;
    Allocation allocation;
    for (int64_t round = 3001; round <= 3200; ++round) {
      world.Play(learner, round, kBudget);
      learner.Allocate({.round = round, .budget = kBudget}, &allocation);
      for (const WorkerTasks& entry : allocation.tasks) {
        among_the_fastest += entry.worker <= expected ? 1 : 0;
        ++all;
      }
    }
    EXPECT_GE(among_the_fastest, 0.8 * all);
  }
}

// The ten fastest are down: m is that of the others.
TEST(TopMAllocatorTest, CountsOnlyThoseThatAreUp) {
  const AllocatorOptions options = Oracle(1);
  std::vector<uint8_t> up(kWorkers, 1);
  for (int32_t i = 0; i < 10; ++i) up[i] = 0;
  ASSERT_NE(BestM(options, up), BestM(options, {}));
  TopMAllocator oracle("top_m_greedy", options);
  Allocation allocation;
  oracle.Allocate({.round = 1, .budget = kBudget, .up = up}, &allocation);
  EXPECT_EQ(oracle.m(), BestM(options, up));
  EXPECT_EQ(allocation.tasks.front().worker, 10);
}

// Four equal workers that take 1 s, B = 4. To reach workers 0 and 1 takes 100
// s: the others race, and alone, for they make 4 in 2 s.
TEST(TopMAllocatorTest, WorkersThatAreFarAwayAreLeftOut) {
  AllocatorOptions options{.num_workers = 4, .budget = 4};
  options.true_means = {1, 1, 1, 1};
  options.true_deviations = {0, 0, 0, 0};
  options.communication_seconds = {100, 100, 0, 0};
  options.runtime_weight = 0.9;
  TopMAllocator oracle("top_m_greedy", options);
  Allocation allocation;
  oracle.Allocate({.round = 1, .budget = 4}, &allocation);
  EXPECT_EQ(allocation.tasks, (std::vector<WorkerTasks>{{2, 0}, {3, 0}}));
}

}  // namespace
}  // namespace muster::allocation
