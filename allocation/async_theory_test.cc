#include "muster/allocation/async_theory.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::allocation {
namespace {

// tau = (1, 2, 4), A = 10, S = 3:
//   m = 1: 1 * 10 * 4                     = 40
//   m = 2: 2 / (3/2) * 10 * (1 + 3/2)     = 100/3
//   m = 3: 3 / (7/4) * 10 * (1 + 1)       = 240/7 = 34.29
TEST(AsyncTheoryTest, WorkedExample) {
  const std::vector<double> seconds = {4, 1, 2};
  const TimeComplexity optimal = OptimalTime(seconds, 10, 3);
  EXPECT_NEAR(optimal.seconds, 100.0 / 3, 1e-12);
  EXPECT_EQ(optimal.workers, 2);
  EXPECT_NEAR(ClassicAsgdTime(seconds, 10, 3), 240.0 / 7, 1e-12);
  EXPECT_NEAR(MiniBatchTime(seconds, 10, 3), 4 * 10 * 2.0, 1e-12);
}

// Without noise the fastest worker alone is best; with much, all of them.
TEST(AsyncTheoryTest, NoiseCallsForWorkers) {
  const std::vector<double> seconds = {1, 2, 3, 4, 5, 6, 7, 8};
  EXPECT_EQ(OptimalTime(seconds, 1, 0).workers, 1);
  EXPECT_EQ(OptimalTime(seconds, 1, 1e9).workers, 8);
  EXPECT_LE(OptimalTime(seconds, 1, 5).seconds, ClassicAsgdTime(seconds, 1, 5));
}

// { j tau }: 1 2 2 3 4 4 4 5 6 6 ...
TEST(AsyncTheoryTest, GreedyBatchIsTheOrderStatistic) {
  const std::vector<double> seconds = {4, 1, 2};
  const double expected[] = {1, 2, 2, 3, 4, 4, 4, 5, 6, 6, 7, 8, 8, 8};
  for (int64_t batch = 1; batch <= 14; ++batch) {
    EXPECT_EQ(GreedyBatchSeconds(seconds, batch), expected[batch - 1]) << batch;
  }
}

}  // namespace
}  // namespace muster::allocation
