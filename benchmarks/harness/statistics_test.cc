#include "muster/benchmarks/harness/statistics.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace muster::benchmarks {
namespace {

using ::testing::ElementsAre;

// One degree of freedom is Cauchy's law, two have a closed form.
TEST(StudentTTest, MatchesTheClosedForms) {
  for (const double p : {0.001, 0.1, 0.4, 0.5, 0.75, 0.975, 0.9999}) {
    const double cauchy = std::tan(M_PI * (p - 0.5));
    EXPECT_NEAR(StudentTQuantile(p, 1), cauchy,
                1e-10 * (1 + std::fabs(cauchy)));
    const double two = (2 * p - 1) / std::sqrt(2 * p * (1 - p));
    EXPECT_NEAR(StudentTQuantile(p, 2), two, 1e-11 * (1 + std::fabs(two)));
  }
}

// Tables of Student's t, two-sided 95 % and 99 %, as printed with 3 decimals.
TEST(StudentTTest, MatchesPublishedTables) {
  EXPECT_NEAR(StudentTQuantile(0.975, 3), 3.182, 5e-4);
  EXPECT_NEAR(StudentTQuantile(0.975, 4), 2.776, 5e-4);
  EXPECT_NEAR(StudentTQuantile(0.975, 9), 2.262, 5e-4);
  EXPECT_NEAR(StudentTQuantile(0.975, 30), 2.042, 5e-4);
  EXPECT_NEAR(StudentTQuantile(0.995, 4), 4.604, 5e-4);
  EXPECT_NEAR(StudentTQuantile(0.995, 20), 2.845, 5e-4);
  // The normal law in the limit.
  EXPECT_NEAR(StudentTQuantile(0.975, 1e7), 1.959964, 1e-6);
}

TEST(StudentTTest, CdfInvertsTheQuantile) {
  for (const double degrees : {1.0, 2.0, 4.5, 19.0, 400.0}) {
    for (const double p : {1e-6, 0.02, 0.3, 0.5, 0.9, 0.995}) {
      EXPECT_NEAR(StudentTCdf(StudentTQuantile(p, degrees), degrees), p, 1e-12);
      // 1 - p is rounded, which a far tail amplifies.
      const double quantile = StudentTQuantile(p, degrees);
      EXPECT_NEAR(quantile, -StudentTQuantile(1 - p, degrees),
                  1e-9 * std::fabs(quantile));
    }
  }
}

// 1, 2, 3, 4: mean 2.5, sd sqrt(5/3), t(0.975, 3) = 3.18245.
TEST(MeanIntervalTest, WorkedExample) {
  const std::vector<double> values = {1, 2, 3, 4};
  const Interval interval = MeanInterval(values);
  EXPECT_EQ(interval.count, 4);
  EXPECT_DOUBLE_EQ(interval.mean, 2.5);
  EXPECT_DOUBLE_EQ(interval.standard_deviation, std::sqrt(5.0 / 3));
  EXPECT_NEAR(interval.high - 2.5, 3.182446 * std::sqrt(5.0 / 3) / 2, 1e-6);
  EXPECT_NEAR(interval.low + interval.high, 5, 1e-12);
}

TEST(MeanIntervalTest, OneValueIsAPoint) {
  const std::vector<double> values = {7};
  const Interval interval = MeanInterval(values);
  EXPECT_EQ(interval.low, 7);
  EXPECT_EQ(interval.high, 7);
  EXPECT_TRUE(std::isnan(interval.standard_deviation));
}

TEST(MeanIntervalTest, EqualValuesHaveNoWidth) {
  const std::vector<double> values = {3, 3, 3};
  EXPECT_EQ(MeanInterval(values).low, 3);
  EXPECT_EQ(MeanInterval(values).high, 3);
}

TEST(MeanIntervalTest, NanSpreads) {
  const std::vector<double> values = {1,
                                      std::numeric_limits<double>::quiet_NaN()};
  EXPECT_TRUE(std::isnan(MeanInterval(values).mean));
  EXPECT_TRUE(std::isnan(MeanInterval(values).low));
}

// A wider confidence gives a wider interval.
TEST(MeanIntervalTest, WidensWithConfidence) {
  const std::vector<double> values = {1, 5, 2, 9, 4};
  double width = 0;
  for (const double confidence : {0.5, 0.9, 0.95, 0.999}) {
    const Interval interval = MeanInterval(values, confidence);
    EXPECT_GT(interval.high - interval.low, width);
    width = interval.high - interval.low;
  }
}

TEST(PairsTest, DifferencesAndRatiosAreBySeed) {
  const std::vector<double> a = {1, 2, 4};
  const std::vector<double> b = {3, 5, 4};
  EXPECT_THAT(PairedDifferences(a, b), ElementsAre(2, 3, 0));
  EXPECT_THAT(PairedRatios(b, a), ElementsAre(3, 2.5, 1));
  EXPECT_DEATH(PairedRatios(a, std::vector<double>{1}), "by seed");
}

}  // namespace
}  // namespace muster::benchmarks
