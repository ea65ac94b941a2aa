#include "muster/dispatch/assignment_smoothing.h"

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;
using ::muster::runtime::Uniform;
using ::muster::runtime::UniformInt;

TEST(SmoothSharesTest, TwoCentresWithinTheWidthShareByTheirGap) {
  // Gap 1 of width 4: shares (1 + 1/4) / 2 and (1 - 1/4) / 2, value r_1 - h
  // s_2^2.
  const std::vector<double> reduced = {10, 11, 20};
  std::vector<double> shares(3);
  const SmoothChoice choice = SmoothShares(reduced, 1, 4, shares);
  EXPECT_EQ(choice.begin, 0);
  EXPECT_EQ(choice.end, 2);
  EXPECT_DOUBLE_EQ(shares[0], 0.625);
  EXPECT_DOUBLE_EQ(shares[1], 0.375);
  EXPECT_DOUBLE_EQ(choice.value, 10 - 4 * 0.375 * 0.375);
}

TEST(SmoothSharesTest, NothingIsSharedOutsideTheWidth) {
  const std::vector<double> reduced = {1, 2, 9};
  std::vector<double> shares(3);
  const SmoothChoice choice = SmoothShares(reduced, 2, 7, shares);
  EXPECT_EQ(choice.end - choice.begin, 0);
  EXPECT_EQ(choice.value, 3);
}

TEST(SmoothSharesTest, SharesAreTheGradientAndSumToTheCopies) {
  const Rng root = Rng(TestSeed()).Fork("shares");
  for (int t = 0; t < 300; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t m = 2 + UniformInt(rng, 9), p = 1 + UniformInt(rng, m - 1);
    const double width = Uniform(rng, 0.1, 2);
    std::vector<double> reduced;
    for (int64_t e = 0; e < m; ++e) reduced.push_back(Uniform(rng, 0, 3));
    std::sort(reduced.begin(), reduced.end());
    std::vector<double> shares(reduced.size(), 0.0);
    const SmoothChoice choice = SmoothShares(reduced, p, width, shares);
    std::fill(shares.begin() + choice.end, shares.end(), 0.0);
    EXPECT_NEAR(std::accumulate(shares.begin(), shares.end(), 0.0),
                static_cast<double>(p), 1e-12);
    for (int64_t e = 0; e < m; ++e) {
      constexpr double kStep = 1e-6;
      std::vector<double> scratch(reduced.size());
      const auto value = [&](double step) {
        std::vector<double> moved = reduced;
        moved[e] += step;
        std::sort(moved.begin(), moved.end());
        return SmoothShares(moved, p, width, scratch).value;
      };
      EXPECT_NEAR((value(kStep) - value(-kStep)) / (2 * kStep), shares[e],
                  1e-5);
      EXPECT_EQ(shares[e] > 0 && shares[e] < 1,
                choice.begin <= e && e < choice.end);
    }
  }
}

TEST(SmoothSizeTest, LoadIsTheDerivativeBetweenTheBounds) {
  const LoadBounds bounds{3, 11};
  for (double price = -2.05; price < 2.1; price += 0.1) {
    constexpr double kStep = 1e-6;
    const SmoothLoad here = SmoothSize(price, 1.5, bounds);
    const SmoothLoad above = SmoothSize(price + kStep, 1.5, bounds);
    const SmoothLoad below = SmoothSize(price - kStep, 1.5, bounds);
    EXPECT_NEAR((above.value - below.value) / (2 * kStep), here.load, 1e-5);
    EXPECT_NEAR((below.load - above.load) / (2 * kStep), here.slope, 1e-5);
    EXPECT_GE(here.load, bounds.lower);
    EXPECT_LE(here.load, bounds.upper);
  }
  EXPECT_EQ(SmoothSize(-1.5, 1.5, bounds).load, 11);
  EXPECT_EQ(SmoothSize(1.5, 1.5, bounds).load, 3);
  EXPECT_EQ(SmoothSize(0, 1.5, bounds).load, 7);
}

}  // namespace
}  // namespace muster::dispatch
