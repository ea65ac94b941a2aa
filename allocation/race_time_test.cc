#include "muster/allocation/race_time.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "muster/allocation/expected_round_time.h"

namespace muster::allocation {
namespace {

std::vector<TaskMoments> PaperLaws(int n, double power) {
  std::vector<TaskMoments> laws;
  for (int i = 1; i <= n; ++i) {
    const double beta = 29 * std::pow(i, power);
    laws.push_back({.shift = beta, .mean = 2 * beta, .deviation = beta});
  }
  return laws;
}

TEST(RaceTimeTest, DeterministicWorkersCompleteByDivision) {
  EXPECT_EQ(ExpectedCompletions({.shift = 2, .mean = 2, .deviation = 0}, 7), 3);
  // 2 s and 3 s: completions at 2, 3, 4, 6, 6.
  const std::vector<TaskMoments> laws = {{2, 2, 0}, {3, 3, 0}};
  EXPECT_NEAR(RaceSeconds(laws, 3), 4, 1e-5);
  EXPECT_NEAR(RaceSeconds(laws, 5), 6, 1e-5);
}

TEST(RaceTimeTest, ExponentialWorkersFollowThePoissonProcess) {
  // E N(t) = t / mean, from short to long times; the cube root approximates.
  for (const double t : {0.5, 1.0, 3.0, 10.0, 100.0}) {
    EXPECT_NEAR(ExpectedCompletions({0, 1, 1}, t), t, 0.02 * t + 0.01);
  }
}

// Simulated round times of the m fastest of the paper's workers, B = 23.
TEST(RaceTimeTest, IsCloseToSimulatedRaces) {
  const std::vector<TaskMoments> sqrt_law = PaperLaws(51, 0.5);
  const std::vector<TaskMoments> linear_law = PaperLaws(51, 1);
  const struct {
    size_t m;
    const std::vector<TaskMoments>* laws;
    double seconds;
  } cases[] = {{5, &sqrt_law, 439.8},  {7, &sqrt_law, 364.5},
               {9, &sqrt_law, 320.5},  {12, &sqrt_law, 280.4},
               {17, &sqrt_law, 243.7}, {51, &sqrt_law, 195.76},
               {5, &linear_law, 622},  {7, &linear_law, 565},
               {9, &linear_law, 533},  {51, &linear_law, 493.4}};
  for (const auto& c : cases) {
    EXPECT_NEAR(RaceSeconds(std::span(*c.laws).first(c.m), 23), c.seconds,
                0.04 * c.seconds)
        << c.m;
  }
}

TEST(RaceTimeTest, BestSizeMinimisesTheWeightedSum) {
  const std::vector<TaskMoments> laws = PaperLaws(30, 0.5);
  for (const double weight : {0.0, 0.5, 0.9, 0.97}) {
    double best = 1e300;
    int32_t expected = 0;
    for (int32_t m = 1; m <= 30; ++m) {
      const double seconds =
          RaceSeconds(std::span(laws).first(static_cast<size_t>(m)), 23);
      const double value = (weight + (1 - weight) * m) * seconds;
      if (value < best * (1 - 1e-5)) {
        best = value;
        expected = m;
      }
    }
    EXPECT_EQ(BestRaceSize(laws, 23, weight), expected) << weight;
  }
  EXPECT_EQ(BestRaceSize(laws, 23, 1), 30);
}

}  // namespace
}  // namespace muster::allocation
