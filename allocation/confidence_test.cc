#include "muster/allocation/confidence.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;
using ::muster::runtime::Uniform01;
using ::muster::runtime::UniformInt;

TEST(ConfidenceTest, LogTermIsLnOfTwoKSquared) {
  EXPECT_NEAR(LogTerm(1), std::log(2.0), 1e-15);
  EXPECT_NEAR(LogTerm(10), std::log(200.0), 1e-14);
  EXPECT_NEAR(LogTerm(3'000'000), std::log(1.8e13), 1e-13);
}

TEST(ConfidenceTest, ScoresFollowTheFormulas) {
  ArmStatistics arms(3);
  arms.Set(0, 4, 40);  // mean 10
  arms.Set(1, 100, 500);
  const double log_term = std::log(2.0 * 7 * 7);
  std::vector<double> scores(3);
  ComputeScores(WidthKind::kAbsolute, arms, LogTerm(7), 2 * 1.5, scores);
  EXPECT_NEAR(scores[0],
              10 - 2 * 1.5 * (std::sqrt(log_term / 4) + log_term / 4), 1e-12);
  EXPECT_NEAR(scores[1],
              5 - 2 * 1.5 * (std::sqrt(log_term / 100) + log_term / 100),
              1e-12);
  EXPECT_EQ(scores[2], -std::numeric_limits<double>::infinity());
  ComputeScores(WidthKind::kRelative, arms, LogTerm(7), 2 * 0.1, scores);
  EXPECT_NEAR(scores[0],
              10 * (1 - 0.2 * (std::sqrt(log_term / 4) + log_term / 4)), 1e-12);
  EXPECT_EQ(scores[2], -std::numeric_limits<double>::infinity());
  EXPECT_EQ(kPaperText.width_constant, 2);
  EXPECT_EQ(kPaperFigures.width_constant, 4 * std::exp(1.0));
}

TEST(ConfidenceTest, ZeroWidthGivesTheMeans) {
  ArmStatistics arms(2);
  arms.Set(0, 3, 12);
  for (const WidthKind kind : {WidthKind::kAbsolute, WidthKind::kRelative}) {
    std::vector<double> scores(2);
    ComputeScores(kind, arms, LogTerm(5), 0, scores);
    EXPECT_EQ(scores[0], 4);
    EXPECT_EQ(scores[1], -std::numeric_limits<double>::infinity());
  }
}

TEST(ConfidenceTest, OneScoreEqualsManyToTheBit) {
  Rng rng = Rng(TestSeed()).Fork("scores");
  ArmStatistics arms(103);
  for (int i = 0; i < 103; ++i) {
    const double count = static_cast<double>(UniformInt(rng, 1000));
    arms.Set(i, count, count * 10 * Uniform01(rng));
  }
  for (const WidthKind kind : {WidthKind::kAbsolute, WidthKind::kRelative}) {
    std::vector<double> scores(103);
    ComputeScores(kind, arms, LogTerm(12), 3.3, scores);
    for (int i = 0; i < 103; ++i) {
      EXPECT_EQ(scores[i],
                ComputeScore(kind, arms.means()[i], arms.inverse_roots()[i],
                             LogTerm(12), 3.3));
    }
  }
}

TEST(ConfidenceTest, ScoresNeverRiseWithTheRound) {
  Rng rng = Rng(TestSeed()).Fork("monotone");
  for (int instance = 0; instance < 2000; ++instance) {
    const double mean = std::exp(10 * Uniform01(rng) - 5);
    const double inverse_root =
        1 / std::sqrt(static_cast<double>(1 + UniformInt(rng, 100000)));
    const int64_t round = 1 + UniformInt(rng, 1'000'000);
    for (const WidthKind kind : {WidthKind::kAbsolute, WidthKind::kRelative}) {
      EXPECT_LE(ComputeScore(kind, mean, inverse_root, LogTerm(round + 1), 2.5),
                ComputeScore(kind, mean, inverse_root, LogTerm(round), 2.5));
    }
  }
}

// A score is positive exactly when K > L / y^2.
TEST(ConfidenceTest, ExitRootPredictsTheSign) {
  Rng rng = Rng(TestSeed()).Fork("exit");
  for (int instance = 0; instance < 2000; ++instance) {
    const double mean = 1 + 9 * Uniform01(rng);
    const double width = 1 + 20 * Uniform01(rng);
    const double log_term = LogTerm(1 + UniformInt(rng, 1'000'000));
    for (const WidthKind kind : {WidthKind::kAbsolute, WidthKind::kRelative}) {
      const double y =
          ExitRoot(kind == WidthKind::kAbsolute ? mean / width : 1 / width);
      const double least = log_term / (y * y);
      const auto score = [&](double count) {
        return ComputeScore(kind, mean, 1 / std::sqrt(count), log_term, width);
      };
      EXPECT_GT(score(least * (1 + 1e-9)), 0);
      EXPECT_LE(score(least * (1 - 1e-9)), 0);
    }
  }
  const double text = ExitRoot(1 / 2.0);
  EXPECT_NEAR(1 / (text * text), 7.464, 0.001);
  const double figures = ExitRoot(1 / (8 * std::exp(1.0)));
  EXPECT_NEAR(1 / (figures * figures), 515.5, 0.1);
}

TEST(ConfidenceTest, KlScoresSolveTheirEquation) {
  Rng rng = Rng(TestSeed()).Fork("kl");
  for (int instance = 0; instance < 2000; ++instance) {
    const double count = static_cast<double>(1 + UniformInt(rng, 1000000));
    const double mean = std::exp(6 * Uniform01(rng) - 3);
    const double log_term = LogTerm(1 + UniformInt(rng, 10'000'000));
    const double x = KlScore(count, count * mean, log_term);
    ASSERT_GT(x, 0);
    ASSERT_LT(x, mean);
    EXPECT_NEAR(count * (mean / x - 1 - std::log(mean / x)), log_term,
                1e-6 * log_term);
  }
  EXPECT_EQ(KlScore(0, 12, 3), 4);
  EXPECT_EQ(KlScore(0, 0, 3), -std::numeric_limits<double>::infinity());
  ArmStatistics arms(3);
  arms.Set(0, 7, 20);
  arms.Set(1, 1, 3);
  std::vector<double> scores(3);
  ComputeKlScores(arms, LogTerm(9), scores);
  EXPECT_EQ(scores[0], KlScore(7, 20, LogTerm(9)));
  EXPECT_EQ(scores[1], KlScore(1, 3, LogTerm(9)));
  EXPECT_EQ(scores[2], -std::numeric_limits<double>::infinity());
}

// The table of the exploration length, both presets.
TEST(ConfidenceTest, PredictsTheLengthOfExploration) {
  const int sizes[] = {17, 51, 153, 459};
  const double ata_text[] = {688, 3211, 13667, 54828};
  const double ata_figures[] = {26436, 118105, 489207, 1924998};
  const double empirical_text[] = {46, 184, 682, 2425};
  const double empirical_figures[] = {7012, 23833, 79784, 263970};
  for (int s = 0; s < 4; ++s) {
    std::vector<double> means;
    for (int i = 1; i <= sizes[s]; ++i) means.push_back(58 * std::sqrt(i));
    const double alpha = 4 * 29 * std::sqrt(sizes[s]);
    const auto rounds = [&](WidthKind kind, const ConfidencePreset& preset) {
      return ExplorationRounds(
          kind, means,
          preset.width_constant *
              (kind == WidthKind::kAbsolute ? alpha : preset.eta),
          23);
    };
    EXPECT_NEAR(rounds(WidthKind::kAbsolute, kPaperText), ata_text[s],
                0.5 + 1e-4 * ata_text[s]);
    EXPECT_NEAR(rounds(WidthKind::kAbsolute, kPaperFigures), ata_figures[s],
                1e-4 * ata_figures[s]);
    EXPECT_NEAR(rounds(WidthKind::kRelative, kPaperText), empirical_text[s], 1);
    EXPECT_NEAR(rounds(WidthKind::kRelative, kPaperFigures),
                empirical_figures[s], 1e-3 * empirical_figures[s]);
  }
}

TEST(ConfidenceTest, PredictsTheRegretSlope) {
  std::vector<double> means;
  std::vector<uint8_t> used;
  for (int i = 1; i <= 20; ++i) {
    means.push_back(2.0 * i);
    used.push_back(i <= 3);
  }
  EXPECT_NEAR(RelativeRegretSlope(means, used, 6, 2 * 1), 7474, 1);
  EXPECT_NEAR(RelativeRegretSlope(means, used, 6, 2 * 2), 24400, 100);
}

}  // namespace
}  // namespace muster::allocation
