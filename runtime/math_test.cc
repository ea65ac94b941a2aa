#include "muster/runtime/math.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <ios>
#include <limits>
#include <string>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"
#include "muster/runtime/vectorize.h"

namespace muster::runtime {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kMax = std::numeric_limits<double>::max();
constexpr double kMin = std::numeric_limits<double>::min();
constexpr double kTiny = std::numeric_limits<double>::denorm_min();

// The oracle needs more digits than double has (x87: 64 bits of mantissa).
static_assert(std::numeric_limits<long double>::digits >= 64);

// |actual - exact| in units of the last place of the double nearest to exact.
double UlpError(double actual, long double exact) {
  int exponent = 0;
  std::frexp(static_cast<double>(exact), &exponent);
  const long double ulp = std::ldexp(1.0L, std::max(exponent - 53, -1074));
  return static_cast<double>(std::fabs((actual - exact) / ulp));
}

// Uniform on [low, high).
double Between(Rng& rng, double low, double high) {
  const double u = static_cast<double>(rng.NextUint64() >> 11) * 0x1p-53;
  return low + (high - low) * u;
}

// ln 2^-1074 ... ln 2^1023.99: every binade, subnormal ones included.
std::vector<double> PositiveNumbers(Rng& rng) {
  std::vector<double> numbers = {
      kTiny, 3 * kTiny, kMin - kTiny, kMin, kMin + kTiny,   kMax,
      1,     2,         0.5,          10,   std::sqrt(0.5), std::sqrt(2.0)};
  for (int e = -1074; e < 1024; ++e) {
    numbers.push_back(std::ldexp(1.0, e));
    for (int i = 0; i < 50; ++i) {
      numbers.push_back(std::ldexp(Between(rng, 1, 2), e));
    }
  }
  for (int e = 1; e <= 52; ++e) {  // 1 -+ eps
    for (int i = 0; i < 50; ++i) {
      numbers.push_back(1 + std::ldexp(Between(rng, -1, 1), -e));
    }
    numbers.push_back(1 + std::ldexp(1.0, -e));
    numbers.push_back(1 - std::ldexp(1.0, -e - 1));
  }
  for (int i = 0; i < 200'000; ++i) numbers.push_back(Between(rng, 0.4, 2.5));
  return numbers;
}

TEST(LogTest, IsWithinOneUlp) {
  Rng rng(TestSeed());
  double worst = 0;
  for (const double x : PositiveNumbers(rng)) {
    const double error =
        UlpError(Log(x), std::log(static_cast<long double>(x)));
    ASSERT_LE(error, 1) << std::hexfloat << x;
    worst = std::max(worst, error);
  }
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(LogTest, IsExactWhereItCanBe) {
  EXPECT_EQ(std::bit_cast<uint64_t>(Log(1)), 0u);
  EXPECT_EQ(Log(0), -kInf);
  EXPECT_EQ(Log(-0.0), -kInf);
  EXPECT_EQ(Log(kInf), kInf);
  EXPECT_TRUE(std::isnan(Log(-kTiny)));
  EXPECT_TRUE(std::isnan(Log(-1)));
  EXPECT_TRUE(std::isnan(Log(-kInf)));
  EXPECT_TRUE(std::isnan(Log(kNan)));
}

TEST(LogTest, OfNormalGivesTheSameBits) {
  Rng rng(TestSeed());
  for (const double x : PositiveNumbers(rng)) {
    if (x < kMin) continue;
    ASSERT_EQ(LogOfNormal(x), Log(x)) << std::hexfloat << x;
  }
}

TEST(ExpTest, IsWithinOneUlp) {
  Rng rng(TestSeed());
  double worst = 0;
  const auto check = [&worst](double x) {
    const double error =
        UlpError(Exp(x), std::exp(static_cast<long double>(x)));
    ASSERT_LE(error, 1) << std::hexfloat << x;
    worst = std::max(worst, error);
  };
  for (int i = 0; i < 200'000; ++i) {
    check(Between(rng, -1, 1));
    check(Between(rng, -708.39, 709.78));
  }
  for (int e = 1; e < 1074; ++e) {
    check(std::ldexp(Between(rng, 1, 2), -e));
    check(-std::ldexp(Between(rng, 1, 2), -e));
  }
  RecordProperty("worst_ulp", std::to_string(worst));
}

// Below 2^-1022 a unit is 2^-1074, and the second rounding may add half of one.
TEST(ExpTest, UnderflowsGradually) {
  Rng rng(TestSeed());
  for (int i = 0; i < 100'000; ++i) {
    const double x = Between(rng, -745.2, -708.3);
    ASSERT_LE(UlpError(Exp(x), std::exp(static_cast<long double>(x))), 1.5)
        << std::hexfloat << x;
  }
  EXPECT_EQ(Exp(-745.13), kTiny);
  EXPECT_EQ(Exp(-745.14), 0);
  EXPECT_EQ(Exp(-1e4), 0);
  EXPECT_EQ(Exp(-kMax), 0);
  EXPECT_EQ(Exp(-kInf), 0);
}

TEST(ExpTest, OverflowsWhereTheResultDoes) {
  EXPECT_LE(UlpError(Exp(709.782712893384),
                     std::exp(static_cast<long double>(709.782712893384))),
            1);
  EXPECT_EQ(Exp(709.782712893385), kInf);
  EXPECT_EQ(Exp(1e4), kInf);
  EXPECT_EQ(Exp(kMax), kInf);
  EXPECT_EQ(Exp(kInf), kInf);
  EXPECT_TRUE(std::isnan(Exp(kNan)));
  EXPECT_EQ(Exp(0), 1);
  EXPECT_EQ(Exp(-0.0), 1);
  EXPECT_EQ(Exp(kTiny), 1);
}

TEST(PowTest, HasTheStatedRelativeError) {
  Rng rng(TestSeed());
  for (int i = 0; i < 100'000; ++i) {
    const double x = Exp(Between(rng, -20, 20));
    const double y = Between(rng, -30, 30);
    const double exact =
        static_cast<double>(std::pow(static_cast<long double>(x), y));
    const double bound = (2 + 2 * std::fabs(y * std::log(x))) * 0x1p-53;
    ASSERT_NEAR(Pow(x, y) / exact, 1, bound) << x << " " << y;
  }
}

// The quantile of p in long double, by Newton's method from the double.
long double ExactQuantile(double p, double start) {
  long double x = start;
  const long double root2 = std::sqrt(2.0L);
  const long double root2pi = std::sqrt(2 * std::acos(-1.0L));
  for (int step = 0; step < 3; ++step) {
    long double excess;  // Phi(x) - p, from the side without cancellation
    if (std::fabs(p - 0.5) < 0.25) {
      excess = std::erf(x / root2) / 2 - (static_cast<long double>(p) - 0.5L);
    } else if (p < 0.5) {
      excess = std::erfc(-x / root2) / 2 - p;
    } else {
      excess = (1.0L - p) - std::erfc(x / root2) / 2;
    }
    x -= excess * root2pi * std::exp(x * x / 2);
  }
  return x;
}

TEST(InverseNormalCdfTest, IsWithinEightUlp) {
  Rng rng(TestSeed());
  double worst = 0;
  const auto check = [&worst](double p) {
    const double x = InverseNormalCdf(p);
    const double error = UlpError(x, ExactQuantile(p, x));
    ASSERT_LE(error, 8) << std::hexfloat << p;
    worst = std::max(worst, error);
  };
  for (int i = 0; i < 100'000; ++i) check(Between(rng, 0x1p-53, 1));
  for (int e = 1; e < 1022; ++e) check(std::ldexp(Between(rng, 1, 2), -e));
  for (int e = 2; e < 52; ++e) check(1 - std::ldexp(1.0, -e));
  // Where the three pieces meet: |p - 1/2| = 0.425, sqrt(-log p) = 5.
  for (const double p : {0.075, 0.925, std::exp(-25.0)}) {
    for (double near = p * (1 - 1e-15); near < p * (1 + 1e-15);
         near = std::nextafter(near, 1)) {
      check(near);
    }
  }
  RecordProperty("worst_ulp", std::to_string(worst));
}

TEST(InverseNormalCdfTest, IsOddAboutOneHalf) {
  EXPECT_EQ(InverseNormalCdf(0.5), 0);
  Rng rng(TestSeed());
  for (int i = 0; i < 10'000; ++i) {
    // p and 1 - p are both exact.
    const double p = static_cast<double>(rng.NextUint64() >> 12) * 0x1p-53;
    ASSERT_EQ(InverseNormalCdf(1 - p), -InverseNormalCdf(p)) << p;
  }
}

TEST(InverseNormalCdfTest, EdgesAreInfiniteOrNan) {
  EXPECT_EQ(InverseNormalCdf(0), -kInf);
  EXPECT_EQ(InverseNormalCdf(1), kInf);
  EXPECT_TRUE(std::isnan(InverseNormalCdf(-kTiny)));
  EXPECT_TRUE(std::isnan(InverseNormalCdf(1 + 0x1p-52)));
  EXPECT_TRUE(std::isnan(InverseNormalCdf(kNan)));
  EXPECT_TRUE(std::isfinite(InverseNormalCdf(kTiny)));
}

// Every simulated duration rests on these bits.
TEST(MathTest, BitsArePinned) {
  EXPECT_EQ(Log(0.1), -0x1.26bb1bbb55515p+1);
  EXPECT_EQ(Log(0.7), -0x1.6d3c324e13f5p-2);
  EXPECT_EQ(Log(1.25), 0x1.c8ff7c79a9a22p-3);
  EXPECT_EQ(Log(1e300), 0x1.5963447f87fb5p+9);
  EXPECT_EQ(Log(1e-310), -0x1.64e69394d9508p+9);
  EXPECT_EQ(Exp(-1.0), 0x1.78b56362cef38p-2);
  EXPECT_EQ(Exp(0.3), 0x1.599058c8c1a96p+0);
  EXPECT_EQ(Exp(700.1), 0x1.058614179b2a5p+1010);
  EXPECT_EQ(Exp(-740.25), 0x0.0000000000042p-1022);
  EXPECT_EQ(Pow(29.0, 1.75), 0x1.6a682cb4d41bap+8);
  EXPECT_EQ(InverseNormalCdf(0.3), -0x1.0c7e39582c5fap-1);
  EXPECT_EQ(InverseNormalCdf(0.01), -0x1.29c5c4630ff0ep+1);
  EXPECT_EQ(InverseNormalCdf(1e-20), -0x1.2865170b43a4bp+3);
}

MUSTER_VECTORIZE_CLONES void LogExpArray(const double* x, double* log,
                                         double* log_of_normal, double* exp,
                                         size_t size) {
  for (size_t i = 0; i < size; ++i) {
    log[i] = Log(x[i]);
    log_of_normal[i] = LogOfNormal(x[i]);
    exp[i] = Exp(x[i]);
  }
}

TEST(MathTest, VectorisedLoopsGiveTheSameBits) {
  Rng rng(TestSeed());
  std::vector<double> x = {0, -0.0, kInf, -kInf, kNan, -1, 709.9, -745.5};
  for (const double number : PositiveNumbers(rng)) {
    x.push_back(number);
    x.push_back(Between(rng, -750, 750));
  }
  std::vector<double> log(x.size()), log_of_normal(x.size()), exp(x.size());
  LogExpArray(x.data(), log.data(), log_of_normal.data(), exp.data(), x.size());
  const auto same = [](double a, double b) {
    return (std::isnan(a) && std::isnan(b)) ||
           std::bit_cast<uint64_t>(a) == std::bit_cast<uint64_t>(b);
  };
  for (size_t i = 0; i < x.size(); ++i) {
    ASSERT_TRUE(same(log[i], Log(x[i]))) << x[i];
    ASSERT_TRUE(same(exp[i], Exp(x[i]))) << x[i];
    if (x[i] >= kMin && x[i] <= kMax) {
      ASSERT_EQ(log_of_normal[i], Log(x[i]));
    }
  }
}

}  // namespace
}  // namespace muster::runtime
