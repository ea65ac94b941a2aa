#include "muster/allocation/min_max_allocation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <tuple>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
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

constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::vector<int> Dense(const std::vector<WorkerTasks>& tasks, size_t n) {
  std::vector<int> counts(n, 0);
  for (const WorkerTasks& t : tasks) counts[t.worker] = t.tasks;
  return counts;
}

std::vector<int> Solve(const std::vector<double>& scores, int64_t budget,
                       const std::vector<double>& ready = {}) {
  MinMaxWorkspace workspace;
  std::vector<WorkerTasks> tasks;
  const double loss = MinMaxAllocate(scores, ready, budget, &workspace, &tasks);
  EXPECT_EQ(loss, MinMaxLoss(scores, ready, tasks));
  EXPECT_TRUE(std::is_sorted(tasks.begin(), tasks.end(),
                             [](const WorkerTasks& x, const WorkerTasks& y) {
                               return x.worker < y.worker;
                             }));
  return Dense(tasks, scores.size());
}

// max_i r_i + a_i s_i over used workers, and how many attain it.
std::pair<double, int> LossAndCardinality(const std::vector<int>& counts,
                                          const std::vector<double>& scores,
                                          const std::vector<double>& ready) {
  double loss = 0;
  int cardinality = 0;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (counts[i] == 0) continue;
    const double key = (ready.empty() ? 0 : ready[i]) + counts[i] * scores[i];
    if (key > loss) {
      loss = key;
      cardinality = 0;
    }
    cardinality += key == loss ? 1 : 0;
  }
  return {loss, cardinality};
}

// The best (loss, cardinality) over all allocations, by enumeration.
void Enumerate(const std::vector<double>& scores,
               const std::vector<double>& ready, size_t next, int left,
               std::vector<int>* counts, std::pair<double, int>* best) {
  if (next + 1 == scores.size()) {
    (*counts)[next] = left;
    *best = std::min(*best, LossAndCardinality(*counts, scores, ready));
    return;
  }
  for (int a = 0; a <= left; ++a) {
    (*counts)[next] = a;
    Enumerate(scores, ready, next + 1, left - a, counts, best);
  }
}

std::pair<double, int> BruteForce(const std::vector<double>& scores, int budget,
                                  const std::vector<double>& ready = {}) {
  std::vector<int> counts(scores.size());
  std::pair<double, int> best = {kInfinity, 0};
  Enumerate(scores, ready, 0, budget, &counts, &best);
  return best;
}

// The paper's recursion, read literally (appendix C), on ascending scores: the
// solution for B - 1 plus one task for the j <= r (r: the first worker without
// a task) that makes the maximum smallest, among those the one of the smallest
// argmax cardinality, then the lowest.
std::vector<int> Recursion(const std::vector<double>& ascending, int budget) {
  const size_t n = ascending.size();
  std::vector<int> counts(n, 0);
  counts[0] = 1;
  for (int b = 2; b <= budget; ++b) {
    size_t r = 0;
    while (r + 1 < n && counts[r] > 0) ++r;
    std::pair<double, int> best = {kInfinity, 0};
    size_t chosen = 0;
    for (size_t j = 0; j <= r; ++j) {
      ++counts[j];
      const std::pair<double, int> value =
          LossAndCardinality(counts, ascending, {});
      --counts[j];
      if (value < best) {
        best = value;
        chosen = j;
      }
    }
    ++counts[chosen];
  }
  return counts;
}

std::vector<double> RandomScores(Rng& rng, size_t n, bool with_ties) {
  std::vector<double> scores(n);
  for (double& s : scores) {
    s = with_ties ? 0.5 * static_cast<double>(1 + UniformInt(rng, 6))
                  : std::exp(4 * Uniform01(rng) - 2);
  }
  return scores;
}

struct Golden {
  std::vector<double> scores;
  int budget;
  std::vector<int> counts;
  double loss;
  int cardinality;
};

TEST(MinMaxAllocateTest, SolvesTheGoldenCases) {
  const Golden cases[] = {
      {{1, 2, 3}, 6, {4, 1, 1}, 4, 1},
      {{1, 2, 3}, 7, {4, 2, 1}, 4, 2},
      {{1, 1, 1, 1}, 4, {1, 1, 1, 1}, 1, 4},
      {{1, 1, 1, 1}, 5, {2, 1, 1, 1}, 2, 1},
      {{1, 2, 4, 8}, 10, {6, 3, 1, 0}, 6, 2},
      {{2, 3, 5}, 11, {6, 3, 2}, 12, 1},
      {{3, 3, 7}, 9, {4, 4, 1}, 12, 2},
      {{1, 10, 100}, 9, {9, 0, 0}, 9, 1},
      {{1, 10, 100}, 12, {11, 1, 0}, 11, 1},
      {{5}, 7, {7}, 35, 1},
      {{4, 6, 9, 10}, 8, {4, 2, 1, 1}, 16, 1},
      {{1, 1, 2, 2, 3, 3}, 9, {3, 3, 1, 1, 1, 0}, 3, 3},
      {{0.5, 0.75, 1.25, 2}, 13, {6, 4, 2, 1}, 3, 2},
  };
  for (const Golden& c : cases) {
    const std::vector<int> counts = Solve(c.scores, c.budget);
    EXPECT_EQ(counts, c.counts);
    EXPECT_EQ(LossAndCardinality(counts, c.scores, {}),
              std::make_pair(c.loss, c.cardinality));
  }
}

TEST(MinMaxAllocateTest, SolvesThePapersInstances) {
  std::vector<double> sqrt_law, linear_law, regret_law;
  for (int i = 1; i <= 51; ++i) {
    sqrt_law.push_back(58 * std::sqrt(i));
    linear_law.push_back(58.0 * i);
  }
  for (int i = 1; i <= 20; ++i) regret_law.push_back(2.0 * i);
  std::vector<int> expected(51, 0);
  const int head[] = {4, 2, 2, 2};
  for (int i = 0; i < 17; ++i) expected[i] = i < 4 ? head[i] : 1;
  EXPECT_EQ(Solve(sqrt_law, 23), expected);
  EXPECT_NEAR(LossAndCardinality(expected, sqrt_law, {}).first,
              58 * std::sqrt(17), 1e-9);
  expected = {9, 4, 3, 2, 1, 1, 1, 1, 1};
  expected.resize(51);
  EXPECT_EQ(Solve(linear_law, 23), expected);
  EXPECT_EQ(LossAndCardinality(expected, linear_law, {}).first, 522);
  expected = {3, 1, 1};
  expected.resize(20);
  EXPECT_EQ(Solve(regret_law, 5), expected);
  EXPECT_EQ(LossAndCardinality(expected, regret_law, {}).first, 6);
}

TEST(MinMaxAllocateTest, TiesGoToTheLowestIndex) {
  EXPECT_THAT(Solve({2, 1, 2, 1}, 3), ElementsAre(1, 1, 0, 1));
  EXPECT_THAT(Solve({2, 2, 2}, 1), ElementsAre(1, 0, 0));
  EXPECT_THAT(Solve({2, 2, 2}, 5), ElementsAre(2, 2, 1));
  // Keys 2 of worker 0 (its first) and of worker 1 (its second) tie.
  EXPECT_THAT(Solve({2, 1}, 2), ElementsAre(1, 1));
}

TEST(MinMaxAllocateTest, ReadyTimesShiftTheKeys) {
  // Keys: worker 0: 10, 11, 12, ...; worker 1: 4, 8, 12, ...
  EXPECT_THAT(Solve({1, 4}, 4, {9, 0}), ElementsAre(2, 2));
  EXPECT_THAT(Solve({1, 4}, 5, {9, 0}), ElementsAre(3, 2));
  // A worker that is busy for long gets nothing; all equal offsets change
  // nothing.
  EXPECT_THAT(Solve({1, 4}, 3, {100, 0}), ElementsAre(0, 3));
  EXPECT_EQ(Solve({1, 2, 3}, 7, {8, 8, 8}), Solve({1, 2, 3}, 7));
}

TEST(MinMaxAllocateTest, InfiniteScoresExcludeWorkers) {
  EXPECT_THAT(Solve({kInfinity, 2, kInfinity, 3}, 5), ElementsAre(0, 3, 0, 2));
}

TEST(MinMaxAllocateTest, SurvivesExtremeSizesAndRatios) {
  constexpr int64_t kLargest = std::numeric_limits<int32_t>::max();
  EXPECT_THAT(Solve({3.7}, kLargest), ElementsAre(kLargest));
  const std::vector<int> even = Solve({1, 1}, kLargest);
  EXPECT_THAT(even, ElementsAre(1 << 30, (1 << 30) - 1));
  EXPECT_THAT(Solve({1e-300, 1e300}, 5), ElementsAre(5, 0));
  EXPECT_THAT(Solve({4.9e-324, 1}, 1000), ElementsAre(1000, 0));
  EXPECT_THAT(Solve({1e-3, 1e3}, 1'000'001), ElementsAre(1'000'000, 1));
}

// Several thousand instances against enumeration and the literal recursion.
TEST(MinMaxAllocateTest, EqualsBruteForceAndTheRecursion) {
  Rng rng = Rng(TestSeed()).Fork("min_max_oracles");
  for (int instance = 0; instance < 3000; ++instance) {
    const size_t n = static_cast<size_t>(1 + UniformInt(rng, 5));
    const int budget = static_cast<int>(1 + UniformInt(rng, 9));
    std::vector<double> scores = RandomScores(rng, n, instance % 2 == 0);
    const std::vector<int> counts = Solve(scores, budget);
    ASSERT_EQ(std::accumulate(counts.begin(), counts.end(), 0), budget);
    ASSERT_EQ(LossAndCardinality(counts, scores, {}),
              BruteForce(scores, budget))
        << "instance " << instance;
    std::sort(scores.begin(), scores.end());
    ASSERT_EQ(Solve(scores, budget), Recursion(scores, budget))
        << "instance " << instance;
  }
}

TEST(MinMaxAllocateTest, EqualsBruteForceWithReadyTimes) {
  Rng rng = Rng(TestSeed()).Fork("min_max_ready");
  for (int instance = 0; instance < 2000; ++instance) {
    const size_t n = static_cast<size_t>(1 + UniformInt(rng, 4));
    const int budget = static_cast<int>(1 + UniformInt(rng, 8));
    const std::vector<double> scores = RandomScores(rng, n, instance % 2 == 0);
    std::vector<double> ready(n);
    for (double& r : ready) {
      r = instance % 2 == 0 ? static_cast<double>(UniformInt(rng, 5))
                            : 4 * Uniform01(rng);
    }
    // Only the loss: with offsets, fewest argmax workers is not promised.
    const std::vector<int> counts = Solve(scores, budget, ready);
    ASSERT_EQ(LossAndCardinality(counts, scores, ready).first,
              BruteForce(scores, budget, ready).first)
        << "instance " << instance;
  }
}

// The B smallest keys in the order of (key, worker), one by one.
std::vector<int> OneByOne(const std::vector<double>& scores, int64_t budget,
                          const std::vector<double>& ready) {
  std::set<std::pair<double, size_t>> next;
  std::vector<int> counts(scores.size(), 0);
  const auto key = [&](size_t i) {
    return (ready.empty() ? 0 : ready[i]) +
           static_cast<double>(counts[i] + 1) * scores[i];
  };
  for (size_t i = 0; i < scores.size(); ++i) next.insert({key(i), i});
  for (int64_t b = 0; b < budget; ++b) {
    const size_t i = next.begin()->second;
    next.erase(next.begin());
    ++counts[i];
    next.insert({key(i), i});
  }
  return counts;
}

TEST(MinMaxAllocateTest, TakesTheSmallestKeysOfLargeInstances) {
  Rng rng = Rng(TestSeed()).Fork("min_max_large");
  for (int instance = 0; instance < 150; ++instance) {
    const size_t n = static_cast<size_t>(1 + UniformInt(rng, 3000));
    const int64_t budget = 1 + UniformInt(rng, instance % 3 == 0 ? 20000 : 200);
    std::vector<double> scores = RandomScores(rng, n, instance % 2 == 0);
    if (instance % 5 == 0) std::sort(scores.rbegin(), scores.rend());
    std::vector<double> ready;
    if (instance % 4 == 0) {
      for (size_t i = 0; i < n; ++i) ready.push_back(3 * Uniform01(rng));
    }
    ASSERT_EQ(Solve(scores, budget, ready), OneByOne(scores, budget, ready))
        << "instance " << instance << " n " << n << " B " << budget;
  }
}

TEST(MinMaxAllocateTest, ObeysLemmaD1AndMonotonyInTheBudget) {
  Rng rng = Rng(TestSeed()).Fork("min_max_lemmas");
  for (int instance = 0; instance < 300; ++instance) {
    const size_t n = static_cast<size_t>(1 + UniformInt(rng, 30));
    const int64_t budget = 1 + UniformInt(rng, 60);
    const std::vector<double> scores = RandomScores(rng, n, instance % 2 == 0);
    const std::vector<int> counts = Solve(scores, budget);
    const std::vector<int> more = Solve(scores, budget + 1);
    for (size_t i = 0; i < n; ++i) {
      ASSERT_GE(more[i], counts[i]);
      for (size_t j = 0; j < n; ++j) {
        ASSERT_LE(counts[j] * scores[j], (counts[i] + 1) * scores[i]);
      }
    }
  }
}

TEST(MinMaxAllocateTest, IgnoresPowerOfTwoScalesAndFollowsPermutations) {
  Rng rng = Rng(TestSeed()).Fork("min_max_symmetry");
  for (int instance = 0; instance < 300; ++instance) {
    const size_t n = static_cast<size_t>(2 + UniformInt(rng, 30));
    const int64_t budget = 1 + UniformInt(rng, 60);
    const std::vector<double> scores = RandomScores(rng, n, false);
    const std::vector<int> counts = Solve(scores, budget);
    for (const double factor : {0x1p-40, 0.5, 1024.0}) {
      std::vector<double> scaled = scores;
      for (double& s : scaled) s *= factor;
      ASSERT_EQ(Solve(scaled, budget), counts);
    }
    std::vector<size_t> order(n);
    std::iota(order.begin(), order.end(), 0);
    runtime::Shuffle(rng, std::span<size_t>(order));
    std::vector<double> permuted(n);
    std::vector<int> expected(n);
    for (size_t i = 0; i < n; ++i) {
      permuted[i] = scores[order[i]];
      expected[i] = counts[order[i]];
    }
    ASSERT_EQ(Solve(permuted, budget), expected);
  }
}

TEST(MinMaxAllocateDeathTest, ChecksItsArguments) {
  MinMaxWorkspace workspace;
  std::vector<WorkerTasks> tasks;
  const std::vector<double> scores = {1, 2};
  const std::vector<double> zero = {1, 0};
  EXPECT_DEATH(MinMaxAllocate({}, {}, 1, &workspace, &tasks), "empty");
  EXPECT_DEATH(MinMaxAllocate(scores, {}, 0, &workspace, &tasks), "budget 0");
  EXPECT_DEATH(MinMaxAllocate(zero, {}, 1, &workspace, &tasks), "worker 1");
}

}  // namespace
}  // namespace muster::allocation
