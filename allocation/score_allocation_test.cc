#include "muster/allocation/score_allocation.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"

namespace muster::allocation {
namespace {

using ::testing::ElementsAre;

constexpr double kUntried = -std::numeric_limits<double>::infinity();

class Split {
 public:
  explicit Split(size_t n, ZeroRule rule = ZeroRule::kRandomRemainder,
                 std::vector<double> communication = {})
      : n_(n),
        split_({.num_workers = static_cast<int32_t>(n),
                .zero_rule = rule,
                .seed = 1,
                .communication_seconds = communication}) {}

  // Dense counts for every worker.
  std::vector<int> operator()(const std::vector<double>& scores, int64_t budget,
                              int64_t round = 1,
                              const std::vector<double>& counts = {},
                              const std::vector<uint8_t>& up = {},
                              const std::vector<double>& ready = {}) {
    split_.Allocate(
        scores, counts,
        {.round = round, .budget = budget, .up = up, .ready_seconds = ready},
        &allocation_);
    EXPECT_EQ(allocation_.budget, budget);
    std::vector<int> dense(n_, 0);
    int64_t sum = 0;
    int32_t before = -1;
    for (const WorkerTasks& t : allocation_.tasks) {
      EXPECT_GT(t.worker, before);
      EXPECT_GT(t.tasks, 0);
      before = t.worker;
      sum += dense[t.worker] = t.tasks;
    }
    EXPECT_EQ(sum, budget);
    return dense;
  }

  bool exploring() const { return allocation_.exploring; }
  ScoreAllocation& split() { return split_; }

 private:
  const size_t n_;
  ScoreAllocation split_;
  Allocation allocation_;
};

TEST(ScoreAllocationTest, PositiveScoresGoToTheMinMaxRule) {
  Split split(3);
  EXPECT_THAT(split({1, 2, 3}, 7), ElementsAre(4, 2, 1));
  EXPECT_FALSE(split.exploring());
}

TEST(ScoreAllocationTest, ZeroScoresPreEmptEverything) {
  Split split(4);
  EXPECT_THAT(split({1, 0, 2, -3}, 6), ElementsAre(0, 3, 0, 3));
  EXPECT_TRUE(split.exploring());
  EXPECT_THAT(split({1, 0, 2, 3}, 6), ElementsAre(0, 6, 0, 0));
}

TEST(ScoreAllocationTest, UnexploredWorkersComeFirst) {
  Split split(4);
  // One task for worker 2, the rest to the zero scores, then to min-max.
  EXPECT_THAT(split({1, 0, kUntried, 5}, 4), ElementsAre(0, 3, 1, 0));
  EXPECT_THAT(split({1, 2, kUntried, 5}, 4), ElementsAre(2, 1, 1, 0));
  EXPECT_TRUE(split.exploring());
  // All unexplored: evenly.
  EXPECT_THAT(split({kUntried, kUntried, kUntried, kUntried}, 8),
              ElementsAre(2, 2, 2, 2));
}

// B mod |Z| = 2 of 5: each worker is chosen with probability 2/5. 20,000
// rounds: standard deviation 69, limits of 6 of them fail with probability
// below 1e-8.
TEST(ScoreAllocationTest, TheRemainderIsUniformlyRandom) {
  Split split(5);
  std::vector<int> extra(5, 0);
  std::vector<int> pairs(25, 0);
  for (int round = 1; round <= 20000; ++round) {
    const std::vector<int> counts = split({0, 0, 0, 0, 0}, 7, round);
    int code = 0;
    for (int i = 0; i < 5; ++i) {
      ASSERT_TRUE(counts[i] == 1 || counts[i] == 2);
      extra[i] += counts[i] - 1;
      if (counts[i] == 2) code = 5 * code + i;
    }
    ++pairs[code];
  }
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(extra[i], 8000, 416);
    for (int j = i + 1; j < 5; ++j) EXPECT_NEAR(pairs[5 * i + j], 2000, 255);
  }
}

TEST(ScoreAllocationTest, AFewTasksGoToARandomSubset) {
  Split split(6);
  std::vector<int> hits(6, 0);
  for (int round = 1; round <= 20000; ++round) {
    const std::vector<int> counts =
        split(std::vector<double>(6, kUntried), 2, round);
    for (int i = 0; i < 6; ++i) hits[i] += counts[i];
  }
  for (const int h : hits) EXPECT_NEAR(h, 20000.0 / 3, 400);
}

TEST(ScoreAllocationTest, OtherZeroRulesAreDeterministic) {
  const std::vector<double> zeros = {0, 0, 0, 0};
  const std::vector<double> counts = {9, 3, 7, 3};
  Split lowest_count(4, ZeroRule::kLowestCountFirst);
  EXPECT_THAT(lowest_count(zeros, 7, 1, counts), ElementsAre(1, 2, 2, 2));
  EXPECT_THAT(lowest_count(zeros, 1, 1, counts), ElementsAre(0, 1, 0, 0));
  Split lowest_index(4, ZeroRule::kLowestIndex);
  EXPECT_THAT(lowest_index(zeros, 6), ElementsAre(2, 2, 1, 1));
  Split round_robin(4, ZeroRule::kRoundRobin);
  EXPECT_THAT(round_robin(zeros, 3), ElementsAre(1, 1, 1, 0));
  EXPECT_THAT(round_robin(zeros, 3), ElementsAre(1, 1, 0, 1));
  EXPECT_THAT(round_robin(zeros, 5), ElementsAre(1, 1, 2, 1));
  EXPECT_EQ(round_robin.split().cursor(), 3);
}

TEST(ScoreAllocationTest, ProbesCostOneTaskEach) {
  Split probe(4, ZeroRule::kProbe);
  EXPECT_THAT(probe({1, 0, 2, 0}, 8), ElementsAre(4, 1, 2, 1));
  EXPECT_THAT(probe({0, 0, 0, 0}, 8), ElementsAre(2, 2, 2, 2));
  const std::vector<int> subset = probe({1, 0, 0, 0}, 2);
  EXPECT_EQ(subset[0], 0);
}

TEST(ScoreAllocationTest, WorkersThatAreDownGetNothing) {
  Split split(4);
  EXPECT_THAT(split({1, 2, 3, 4}, 7, 1, {}, {0, 1, 1, 0}),
              ElementsAre(0, 4, 3, 0));
  EXPECT_THAT(split({1, 0, 0, 4}, 7, 1, {}, {1, 0, 1, 0}),
              ElementsAre(0, 0, 7, 0));
  EXPECT_THAT(split({kUntried, 0, 0, 2}, 3, 1, {}, {0, 0, 0, 1}),
              ElementsAre(0, 0, 0, 3));
}

TEST(ScoreAllocationTest, ReadyAndCommunicationTimesShiftTheKeys) {
  Split plain(2);
  EXPECT_THAT(plain({1, 4}, 5, 1, {}, {}, {9, 0}), ElementsAre(3, 2));
  Split far(2, ZeroRule::kRandomRemainder, {9, 0});
  EXPECT_THAT(far({1, 4}, 5), ElementsAre(3, 2));
  Split both(2, ZeroRule::kRandomRemainder, {4, 0});
  EXPECT_THAT(both({1, 4}, 5, 1, {}, {}, {5, 0}), ElementsAre(3, 2));
}

TEST(ScoreAllocationDeathTest, ChecksRequests) {
  Split split(2);
  EXPECT_DEATH(split({1, 2}, 0), "budget");
  EXPECT_DEATH(split({1, 2}, 1, 0), "round");
  EXPECT_DEATH(split({1, 2}, 1, 1, {}, {0, 0}), "no worker is up");
  EXPECT_DEATH(split({1, 2}, 1, 1, {}, {1}), "up");
}

}  // namespace
}  // namespace muster::allocation
