#include "muster/runtime/gamma_function.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace muster::runtime {
namespace {

TEST(GammaFunctionTest, IsTheExponentialLawAtShapeOne) {
  for (const double x : {1e-8, 0.1, 1.0, 1.9, 2.1, 5.0, 30.0}) {
    EXPECT_NEAR(RegularizedLowerGamma(1, x), -std::expm1(-x), 1e-15) << x;
  }
}

TEST(GammaFunctionTest, IsErfOfTheRootAtShapeOneHalf) {
  for (const double x : {1e-6, 0.2, 1.0, 1.6, 3.0, 12.0}) {
    EXPECT_NEAR(RegularizedLowerGamma(0.5, x), std::erf(std::sqrt(x)), 1e-14)
        << x;
  }
}

TEST(GammaFunctionTest, IsThePoissonTailAtWholeShapes) {
  // P(a, x) = P(Poisson(x) >= a), summed here from the small terms up.
  for (const int a : {2, 5, 19, 20, 21, 60, 150}) {
    for (const double ratio : {0.3, 0.8, 0.99, 1.0, 1.01, 1.3, 2.0}) {
      const double x = a * ratio;
      double below = 0;
      for (int k = 0; k < a; ++k) {
        below += std::exp(k * std::log(x) - x - std::lgamma(k + 1.0));
      }
      EXPECT_NEAR(RegularizedLowerGamma(a, x), 1 - below, 1e-12)
          << "a = " << a << ", x = " << x;
    }
  }
}

TEST(GammaFunctionTest, ApproachesTheNormalLawAtLargeShapes) {
  // Edgeworth: P(a, a + z sqrt(a)) = Phi(z) - (z^2 - 1) phi(z) / (3 sqrt(a)) +
  // O(1 / a).
  const double a = 1.8e7;
  for (const double z : {-3.0, -1.0, 0.0, 0.5, 2.0, 4.0}) {
    const double phi = std::exp(-z * z / 2) / std::sqrt(2 * M_PI);
    const double expected = 0.5 * std::erfc(-z * M_SQRT1_2) -
                            (z * z - 1) * phi / (3 * std::sqrt(a));
    EXPECT_NEAR(RegularizedLowerGamma(a, a + z * std::sqrt(a)), expected, 2 / a)
        << z;
  }
}

TEST(GammaFunctionTest, EndsAreZeroAndOne) {
  EXPECT_EQ(RegularizedLowerGamma(3, 0), 0);
  EXPECT_EQ(RegularizedLowerGamma(3, -1), 0);
  EXPECT_EQ(RegularizedLowerGamma(3, std::numeric_limits<double>::infinity()),
            1);
  EXPECT_EQ(RegularizedLowerGamma(1e7, 1), 0);
  EXPECT_EQ(RegularizedLowerGamma(1e7, 1e9), 1);
  EXPECT_DEATH(RegularizedLowerGamma(0, 1), "a > 0");
}

// From mpmath in 60 digits, on both sides of the change of formula at 1/16.
TEST(LogGammaGapTest, KeepsItsDigitsForSmallArguments) {
  const struct {
    double inverse;  // 1 / x
    double gap;
  } cases[] = {{0.5, 1.7917594692280550},       {3, 0.12406845052004443},
               {15.9, 0.0059622509545413949},   {16, 0.0058910164611160552},
               {16.1, 0.0058210520004351711},   {100, 1.6212656236920453e-4},
               {1e4, 1.6446936933426872e-8},    {1e8, 1.6449340428070888e-16},
               {2.9e8, 1.9559263478694164e-17}, {1e10, 1.6449340666078151e-20}};
  for (const auto& c : cases) {
    EXPECT_NEAR(LogGammaGap(1 / c.inverse) / c.gap, 1, 1e-12) << c.inverse;
  }
}

}  // namespace
}  // namespace muster::runtime
