#include "muster/allocation/race_time.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "gtest/gtest.h"
#include "muster/allocation/expected_round_time.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {
namespace {

std::vector<Racer> Racers(const std::vector<TaskMoments>& laws) {
  std::vector<Racer> racers;
  for (const TaskMoments& law : laws) racers.push_back({.law = law});
  return racers;
}

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
  EXPECT_NEAR(RaceSeconds(Racers(laws), 3), 4, 1e-5);
  EXPECT_NEAR(RaceSeconds(Racers(laws), 5), 6, 1e-5);
}

// The same from 1 s and 0 s on: completions at 3, 3, 5, 6.
TEST(RaceTimeTest, StartsDelayTheRacers) {
  const std::vector<Racer> racers = {{.law = {2, 2, 0}, .start_seconds = 1},
                                     {.law = {3, 3, 0}}};
  EXPECT_NEAR(RaceSeconds(racers, 3), 5, 1e-5);
  EXPECT_NEAR(RaceSeconds(racers, 4), 6, 1e-5);
}

TEST(RaceTimeTest, ExponentialWorkersFollowThePoissonProcess) {
  // E N(t) = t / mean, from short to long times; the cube root approximates.
  for (const double t : {1e-3, 0.5, 1.0, 3.0, 10.0, 100.0}) {
    EXPECT_NEAR(ExpectedCompletions({0, 1, 1}, t), t, 0.005 * t);
  }
}

// Simulated round times of the m fastest of the paper's workers, B = 23; with
// the shifts of the laws and without.
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
    std::vector<TaskMoments> laws(c.laws->begin(),
                                  c.laws->begin() + static_cast<long>(c.m));
    EXPECT_NEAR(RaceSeconds(Racers(laws), 23), c.seconds, 0.02 * c.seconds)
        << c.m;
    for (TaskMoments& law : laws) law.shift = 0;
    EXPECT_NEAR(RaceSeconds(Racers(laws), 23), c.seconds, 0.04 * c.seconds)
        << c.m;
  }
}

// Whatever the spread, nothing is finished at once: rates are at most 2 / mean.
TEST(RaceTimeTest, NothingIsFinishedBeforeItCanBe) {
  for (const double cv : {0.5, 1.0, 1.01, 3.0, 37.0, 1e6}) {
    const TaskMoments law = {0, 58, 58 * cv};
    EXPECT_LE(ExpectedCompletions(law, 1e-6), 1e-6 * 2 / 58) << cv;
    EXPECT_LE(ExpectedCompletions(law, 29), 1) << cv;
    const TaskMoments shifted = {29, 58, 29 * cv};
    EXPECT_EQ(ExpectedCompletions(shifted, 28.9), 0) << cv;
    EXPECT_LE(ExpectedCompletions(shifted, 29.1), 0.02) << cv;
  }
}

// At c = 1 all branches are the exponential law, M(t) = t / mean.
TEST(RaceTimeTest, TheFamiliesMeetAtTheExponential) {
  for (const double t : {0.1, 1.0, 5.0}) {
    EXPECT_NEAR(ExpectedCompletions({0, 1, 1.00001}, t), t, 1e-3 * t);
    EXPECT_NEAR(ExpectedCompletions({1, 2, 0.99999}, t),
                ExpectedCompletions({1, 2, 1.00001}, t), 5e-3);
  }
}

// A shift of nothing changes nothing: the grid against the closed form, also
// beyond the grid's end (t = 3000 means).
TEST(RaceTimeTest, TheGridFollowsTheClosedForm) {
  for (const double cv : {1.2, 3.0, 10.0}) {
    for (const double t : {0.3, 3.0, 30.0, 300.0, 3000.0}) {
      const double exact = ExpectedCompletions({0, 1, cv}, t);
      EXPECT_NEAR(ExpectedCompletions({1e-12, 1, cv}, t), exact, 2e-3 * exact)
          << cv << " " << t;
    }
  }
}

// The five laws of figure 3, each a constant m plus a random time of mean m,
// B = 23: 259.45 s at n = 15, the same for larger n.
TEST(RaceTimeTest, IsCloseToSimulatedRacesOfMixedLaws) {
  for (const int groups : {3, 9, 30}) {
    std::vector<TaskMoments> laws;
    for (int g = 0; g < groups; ++g) {
      const double m = 29.0 * (5 * g + 1);
      for (const double deviation :
           {m, m / std::sqrt(12.0), m * std::sqrt(M_PI / 2 - 1),
            m * std::sqrt(m - 1), 1.0}) {
        laws.push_back({.shift = m, .mean = 2 * m, .deviation = deviation});
      }
    }
    EXPECT_NEAR(RaceSeconds(Racers(laws), 23), 259.45, 0.03 * 259.45) << groups;
    for (TaskMoments& law : laws) law.shift = 0;
    EXPECT_NEAR(RaceSeconds(Racers(laws), 23), 259.45, 0.25 * 259.45) << groups;
  }
}

// Worker i's durations are i times an exponential of mean 1 or, one in ten, of
// mean 20: coefficient of variation 2.95. 1000 rounds, standard error 2 %.
TEST(RaceTimeTest, IsRoughlyRightOnAnExponentialMixture) {
  constexpr double kSlowShare = 0.1;
  constexpr double kSlowMean = 20;
  constexpr int kRounds = 1000;
  constexpr int kBudget = 23;
  const double mean = 1 - kSlowShare + kSlowShare * kSlowMean;
  const double square =
      2 * (1 - kSlowShare + kSlowShare * kSlowMean * kSlowMean);
  const double deviation = std::sqrt(square - mean * mean);
  for (const int n : {3, 5, 8}) {
    std::vector<TaskMoments> laws;
    for (int i = 1; i <= n; ++i) laws.push_back({0, i * mean, i * deviation});
    double total = 0;
    std::vector<double> ends;
    runtime::Rng rng = runtime::Rng(1).Fork("mixture", n);
    for (int round = 0; round < kRounds; ++round) {
      ends.clear();
      for (int i = 1; i <= n; ++i) {
        double end = 0;
        for (int j = 0; j < kBudget; ++j) {
          const bool slow = runtime::Uniform01(rng) < kSlowShare;
          end += i * (slow ? kSlowMean : 1) * runtime::Exponential(rng);
          ends.push_back(end);
        }
      }
      std::nth_element(ends.begin(), ends.begin() + kBudget - 1, ends.end());
      total += ends[kBudget - 1];
    }
    const double simulated = total / kRounds;
    EXPECT_NEAR(RaceSeconds(Racers(laws), kBudget), simulated, 0.35 * simulated)
        << n;
  }
}

TEST(RaceTimeTest, BestSizeMinimisesTheWeightedSum) {
  const std::vector<Racer> racers = Racers(PaperLaws(30, 0.5));
  for (const double weight : {0.0, 0.5, 0.9, 0.97}) {
    double best = 1e300;
    int32_t expected = 0;
    for (int32_t m = 1; m <= 30; ++m) {
      const double seconds = RaceSeconds(
          std::span<const Racer>(racers).first(static_cast<size_t>(m)), 23);
      const double value = (weight + (1 - weight) * m) * seconds;
      if (value < best * (1 - 1e-5)) {
        best = value;
        expected = m;
      }
    }
    EXPECT_EQ(BestRaceSize(racers, 23, weight), expected) << weight;
  }
  EXPECT_EQ(BestRaceSize(racers, 23, 1), 30);
}

}  // namespace
}  // namespace muster::allocation
