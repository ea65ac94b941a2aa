// Three kinds of test: outputs pinned from fixed bits; moments; and goodness of
// fit (Kolmogorov-Smirnov, chi-squared). Statistical bounds are set so that a
// correct generator fails one with probability below 1e-7 for a random seed.

#include "muster/runtime/distributions.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <numeric>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr int kDraws = 200'000;

using Draw = std::function<double(Rng&)>;

std::vector<double> Draws(const Draw& draw, Rng rng) {
  std::vector<double> values(kDraws);
  for (double& value : values) value = draw(rng);
  return values;
}

// Mean and variance within 5.5 standard errors (two-sided 4e-8 each). `fourth`
// is the fourth central moment: the variance of a sample variance is
// (fourth - variance^2) / draws, up to O(1 / draws^2).
void ExpectMoments(const Draw& draw, double mean, double variance,
                   double fourth) {
  const std::vector<double> values =
      Draws(draw, Rng(TestSeed()).Fork("moments"));
  double sum = 0;
  for (const double value : values) sum += value;
  const double sample_mean = sum / kDraws;
  double squares = 0;
  for (const double value : values) {
    squares += (value - sample_mean) * (value - sample_mean);
  }
  EXPECT_NEAR(sample_mean, mean, 5.5 * std::sqrt(variance / kDraws));
  EXPECT_NEAR(squares / kDraws, variance,
              5.5 * std::sqrt((fourth - variance * variance) / kDraws));
}

// sqrt(n) times the greatest distance to the distribution function is below
// 2.9: P(above) = 2 exp(-2 2.9^2) = 1e-7.
void ExpectDistribution(const Draw& draw,
                        const std::function<double(double)>& cdf) {
  std::vector<double> values = Draws(draw, Rng(TestSeed()).Fork("ks"));
  std::sort(values.begin(), values.end());
  double distance = 0;
  for (int i = 0; i < kDraws; ++i) {
    const double p = cdf(values[static_cast<size_t>(i)]);
    distance = std::max({distance, p - static_cast<double>(i) / kDraws,
                         static_cast<double>(i + 1) / kDraws - p});
  }
  EXPECT_LT(distance * std::sqrt(kDraws), 2.9);
}

// Pearson's statistic is below its quantile of 1 - 1e-7 (Wilson and Hilferty's
// cube-root approximation).
void ExpectCounts(std::span<const int64_t> counts,
                  std::span<const double> weights) {
  const double total_weight =
      std::accumulate(weights.begin(), weights.end(), 0.);
  const double total = static_cast<double>(
      std::accumulate(counts.begin(), counts.end(), int64_t{0}));
  double statistic = 0;
  double freedom = -1;
  for (size_t i = 0; i < counts.size(); ++i) {
    if (weights[i] == 0) {
      EXPECT_EQ(counts[i], 0) << i;
      continue;
    }
    const double expected = total * weights[i] / total_weight;
    const double difference = static_cast<double>(counts[i]) - expected;
    statistic += difference * difference / expected;
    ++freedom;
  }
  const double v = 2 / (9 * freedom);
  const double bound = freedom * std::pow(1 - v + 5.2 * std::sqrt(v), 3);
  EXPECT_LT(statistic, bound);
}

TEST(DistributionsTest, UnitIntervalIsOpenExactAndSymmetric) {
  EXPECT_EQ(ToUnitOpen(0), 0x1p-53);
  EXPECT_EQ(ToUnitOpen(~uint64_t{0}), 1 - 0x1p-53);
  EXPECT_EQ(ToUnitOpen(uint64_t{1} << 63), 0.5 + 0x1p-53);
  EXPECT_EQ(ToUnitOpen(0xfff), ToUnitOpen(0));  // the lower 12 bits are unused
  Rng rng(TestSeed());
  for (int i = 0; i < 10'000; ++i) {
    const uint64_t bits = rng.NextUint64();
    const double u = ToUnitOpen(bits);
    ASSERT_EQ(u, (static_cast<double>(bits >> 12) + 0.5) * 0x1p-52);
    ASSERT_EQ(ToUnitOpen(~bits), 1 - u);
  }
}

TEST(DistributionsTest, BitsArePinned) {
  const Rng root = Rng(7).Fork("pins");
  const auto pin = [&root](const Draw& draw) {
    Rng rng = root;
    return draw(rng);
  };
  EXPECT_EQ(pin([](Rng& r) { return Uniform01(r); }), 0x1.521362221a8c5p-1);
  EXPECT_EQ(pin([](Rng& r) { return Uniform(r, -3, 9); }),
            0x1.3b1d133327d28p+2);
  EXPECT_EQ(pin([](Rng& r) { return Exponential(r); }), 0x1.a9041c42566fcp-2);
  EXPECT_EQ(pin([](Rng& r) { return Normal(r); }), 0x1.a7365c409cfe3p-2);
  EXPECT_EQ(pin([](Rng& r) { return Gamma(r, 2.5); }), 0x1.6ab7b584be2b3p+1);
  EXPECT_EQ(pin([](Rng& r) { return Gamma(r, 0.3); }), 0x1.0366d6c425e6ap-2);
  Rng rng = root;
  std::vector<int64_t> integers;
  for (const int64_t n : {2, 6, 1000, 1'000'000'007}) {
    integers.push_back(UniformInt(rng, n));
  }
  EXPECT_THAT(integers, ElementsAre(1, 3, 594, 178536294));
  std::vector<int> order = {0, 1, 2, 3, 4, 5, 6, 7};
  Shuffle(rng, std::span<int>(order));
  EXPECT_THAT(order, ElementsAre(3, 2, 5, 1, 7, 0, 6, 4));
  std::vector<int64_t> sample;
  SampleWithoutReplacement(rng, 51, 6, &sample);
  EXPECT_THAT(sample, ElementsAre(4, 25, 13, 29, 32, 36));
  const AliasTable table =
      AliasTable::Create(std::vector<double>{1, 2, 3, 4}).value();
  integers.clear();
  for (int i = 0; i < 8; ++i) integers.push_back(table.Sample(rng));
  EXPECT_THAT(integers, ElementsAre(2, 3, 3, 2, 3, 2, 2, 0));
}

// How many outputs a draw takes is part of its specification.
TEST(DistributionsTest, EachDrawTakesTheStatedNumberOfOutputs) {
  Rng rng(3);
  Uniform01(rng), Uniform(rng, 0, 1), Exponential(rng), Normal(rng);
  EXPECT_EQ(rng.position(), 2u);
  EXPECT_EQ(rng.NextUint64(), Rng(3).At(2).NextUint64());
}

TEST(DistributionsTest, UniformFits) {
  const Draw draw = [](Rng& rng) { return Uniform(rng, -3, 9); };
  ExpectMoments(draw, 3, 12, 12. * 12 * 9 / 5);
  ExpectDistribution(draw, [](double x) { return (x + 3) / 12; });
}

TEST(DistributionsTest, ExponentialFits) {
  ExpectMoments(Exponential, 1, 1, 9);
  ExpectDistribution(Exponential, [](double x) { return -std::expm1(-x); });
}

TEST(DistributionsTest, NormalFits) {
  ExpectMoments(Normal, 0, 1, 3);
  ExpectDistribution(
      Normal, [](double x) { return std::erfc(-x / std::sqrt(2.)) / 2; });
}

// The gamma distribution function for shapes that are multiples of 1/2, from
// P(a + 1, x) = P(a, x) - x^a exp(-x) / Gamma(a + 1).
double GammaCdf(double shape, double x) {
  const bool half = shape != std::floor(shape);
  double a = half ? 0.5 : 1;
  double p = half ? std::erf(std::sqrt(x)) : -std::expm1(-x);
  for (; a < shape; ++a)
    p -= std::exp(a * std::log(x) - x - std::lgamma(a + 1));
  return p;
}

class GammaTest : public testing::TestWithParam<double> {};

TEST_P(GammaTest, MomentsFit) {
  const double k = GetParam();
  ExpectMoments([k](Rng& rng) { return Gamma(rng, k); }, k, k,
                3 * k * k + 6 * k);
}

INSTANTIATE_TEST_SUITE_P(Shapes, GammaTest,
                         testing::Values(0.05, 0.5, 0.99, 1, 1.01, 2.5, 40, 841,
                                         1.5e6));

TEST(DistributionsTest, GammaFits) {
  for (const double shape : {0.5, 1., 1.5, 3., 20.5}) {
    ExpectDistribution([shape](Rng& rng) { return Gamma(rng, shape); },
                       [shape](double x) { return GammaCdf(shape, x); });
  }
}

// For shape < 1, x^shape / Gamma(shape + 1) is the distribution function near
// 0.
TEST(DistributionsTest, GammaOfTinyShapeFitsNearZero) {
  constexpr double kShape = 0.05;
  Rng rng(TestSeed());
  int below = 0;
  for (int i = 0; i < kDraws; ++i) below += Gamma(rng, kShape) < 1e-8;
  const double p = std::pow(1e-8, kShape) / std::tgamma(kShape + 1);
  EXPECT_NEAR(below, kDraws * p, 5.5 * std::sqrt(kDraws * p * (1 - p)));
}

TEST(DistributionsDeathTest, GammaRefusesBadShapes) {
  Rng rng(1);
  EXPECT_DEATH(Gamma(rng, 0), "shape is 0");
  EXPECT_DEATH(Gamma(rng, std::numeric_limits<double>::quiet_NaN()), "shape");
  EXPECT_DEATH(Gamma(rng, std::numeric_limits<double>::infinity()), "shape");
}

TEST(UniformIntTest, IsUniformOnSmallRanges) {
  Rng rng(TestSeed());
  for (const int64_t n : {2, 3, 7, 1000}) {
    std::vector<int64_t> counts(static_cast<size_t>(n));
    for (int i = 0; i < kDraws; ++i) {
      const int64_t value = UniformInt(rng, n);
      ASSERT_GE(value, 0);
      ASSERT_LT(value, n);
      ++counts[static_cast<size_t>(value)];
    }
    ExpectCounts(counts, std::vector<double>(counts.size(), 1));
  }
  EXPECT_EQ(UniformInt(rng, 1), 0);
}

// n = 3 2^61: without rejection, results = 2 modulo 3 would have two of eight
// equally likely 64-bit values, and the others three of eight.
TEST(UniformIntTest, HasNoBiasOnHugeRanges) {
  Rng rng(TestSeed());
  constexpr int64_t kThird = int64_t{1} << 61;
  std::array<int64_t, 3> thirds{}, residues{};
  for (int i = 0; i < kDraws; ++i) {
    const int64_t value = UniformInt(rng, 3 * kThird);
    ++thirds[static_cast<size_t>(value / kThird)];
    ++residues[static_cast<size_t>(value % 3)];
  }
  const std::vector<double> even(3, 1);
  ExpectCounts(thirds, even);
  ExpectCounts(residues, even);
}

TEST(UniformIntDeathTest, RefusesAnEmptyRange) {
  Rng rng(1);
  EXPECT_DEATH(UniformInt(rng, 0), "n >= 1");
}

TEST(ShuffleTest, AllOrdersAreEquallyLikely) {
  Rng rng(TestSeed());
  std::array<int64_t, 256> counts{};
  for (int i = 0; i < kDraws; ++i) {
    std::array<int, 4> order = {0, 1, 2, 3};
    Shuffle(rng, std::span<int>(order));
    ++counts[static_cast<size_t>(order[0] | order[1] << 2 | order[2] << 4 |
                                 order[3] << 6)];
  }
  std::vector<double> weights(256);
  std::array<int, 4> order = {0, 1, 2, 3};
  do {
    weights[static_cast<size_t>(order[0] | order[1] << 2 | order[2] << 4 |
                                order[3] << 6)] = 1;
  } while (std::next_permutation(order.begin(), order.end()));
  ExpectCounts(counts, weights);
}

TEST(ShuffleTest, HandlesEmptyAndSingle) {
  Rng rng(1);
  std::vector<int> values;
  Shuffle(rng, std::span<int>(values));
  values = {5};
  Shuffle(rng, std::span<int>(values));
  EXPECT_THAT(values, ElementsAre(5));
  EXPECT_EQ(rng.position(), 0u);
}

// Both ways of sampling (dense and sparse) are the front of one shuffle.
TEST(SampleWithoutReplacementTest, IsTheFrontOfAShuffleFromTheFront) {
  Rng rng(TestSeed());
  for (int trial = 0; trial < 300; ++trial) {
    const int64_t n = 1 + UniformInt(rng, 200);
    const int64_t count = UniformInt(rng, n + 1);
    Rng same = rng;
    std::vector<int64_t> sample = {-1};
    SampleWithoutReplacement(rng, n, count, &sample);
    std::vector<int64_t> expected(static_cast<size_t>(n));
    std::iota(expected.begin(), expected.end(), 0);
    for (int64_t i = 0; i < count; ++i) {
      std::swap(expected[static_cast<size_t>(i)],
                expected[static_cast<size_t>(i + UniformInt(same, n - i))]);
    }
    expected.resize(static_cast<size_t>(count));
    ASSERT_EQ(sample, expected);
  }
}

TEST(SampleWithoutReplacementTest, AllOrderedPairsAreEquallyLikely) {
  Rng rng(TestSeed());
  for (const int64_t n : {5, 20}) {  // dense and sparse
    std::vector<int64_t> counts(static_cast<size_t>(n * n));
    std::vector<double> weights(counts.size(), 1);
    for (int64_t i = 0; i < n; ++i) weights[static_cast<size_t>(i * n + i)] = 0;
    std::vector<int64_t> sample;
    for (int i = 0; i < kDraws; ++i) {
      SampleWithoutReplacement(rng, n, 2, &sample);
      ++counts[static_cast<size_t>(sample[0] * n + sample[1])];
    }
    ExpectCounts(counts, weights);
  }
}

TEST(SampleWithoutReplacementTest, SparseSamplesOfHugeRangesAreDistinct) {
  Rng rng(TestSeed());
  std::vector<int64_t> sample;
  SampleWithoutReplacement(rng, int64_t{1} << 60, 10'000, &sample);
  EXPECT_EQ(std::set<int64_t>(sample.begin(), sample.end()).size(), 10'000u);
}

TEST(AliasTableTest, DrawsInProportionToTheWeights) {
  const std::vector<std::vector<double>> cases = {{1},
                                                  {1, 1, 1},
                                                  {0, 1, 0, 3, 0},
                                                  {1, 2, 3, 4},
                                                  {0.1, 0.2, 0.3, 0.4, 1e-3},
                                                  {1e-300, 1e-300},
                                                  {1e300, 3e300},
                                                  {5, 0}};
  Rng rng(TestSeed());
  for (const std::vector<double>& weights : cases) {
    const absl::StatusOr<AliasTable> table = AliasTable::Create(weights);
    ASSERT_THAT(table, IsOk());
    EXPECT_EQ(table->size(), static_cast<int64_t>(weights.size()));
    std::vector<int64_t> counts(weights.size());
    for (int i = 0; i < kDraws; ++i) {
      ++counts[static_cast<size_t>(table->Sample(rng))];
    }
    // Chi-squared wants scaled weights and more than one cell.
    std::vector<double> scaled = weights;
    const double largest = *std::max_element(scaled.begin(), scaled.end());
    for (double& weight : scaled) weight /= largest;
    if (std::count(scaled.begin(), scaled.end(), 0) + 1 <
        static_cast<int64_t>(scaled.size())) {
      ExpectCounts(counts, scaled);
    } else {
      EXPECT_EQ(*std::max_element(counts.begin(), counts.end()), kDraws);
    }
  }
}

TEST(AliasTableTest, WeightZeroIsNeverDrawnHoweverSharesRound) {
  Rng rng(TestSeed());
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<double> weights(static_cast<size_t>(2 + UniformInt(rng, 40)));
    for (double& weight : weights) {
      weight = UniformInt(rng, 2) == 0 ? 0 : Exponential(rng) / 3;
    }
    weights[0] = 0.1;
    const AliasTable table = AliasTable::Create(weights).value();
    for (int i = 0; i < 500; ++i) {
      ASSERT_GT(weights[static_cast<size_t>(table.Sample(rng))], 0);
    }
  }
}

TEST(AliasTableTest, BadWeightsAreNamed) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  const double inf = std::numeric_limits<double>::infinity();
  const auto message = [](std::vector<double> weights, const char* text) {
    EXPECT_THAT(AliasTable::Create(weights),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  message({}, "weights are empty");
  message({1, -0.5}, "weights[1] is -0.5, but must be finite and at least 0");
  message({nan}, "weights[0] is nan");
  message({1, 2, inf}, "weights[2] is inf");
  message({0, 0}, "the sum of the weights is 0");
  message({1e308, 1e308}, "the sum of the weights is inf");
}

}  // namespace
}  // namespace muster::runtime
