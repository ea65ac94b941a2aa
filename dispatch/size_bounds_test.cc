#include "muster/dispatch/size_bounds.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::IsOkAndHolds;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

TEST(SizeBoundsTest, AcceptsWhatCanBeMet) {
  EXPECT_THAT(ValidateFeasible(8, 3, 1, {2, 3}), IsOk());
  EXPECT_THAT(ValidateFeasible(8, 3, 2, {5, 6}), IsOk());
  EXPECT_THAT(ValidateFeasible(1, 1, 1, {}), IsOk());
  // The whole set in every cluster.
  EXPECT_THAT(ValidateFeasible(5, 3, 3, {5, 5}), IsOk());
}

TEST(SizeBoundsTest, NamesTheInequalityThatFails) {
  EXPECT_THAT(ValidateFeasible(0, 1, 1, {}),
              StatusIs(kInvalid, HasSubstr("n >= 1")));
  EXPECT_THAT(ValidateFeasible(5, 0, 1, {}),
              StatusIs(kInvalid, HasSubstr("k >= 1")));
  EXPECT_THAT(ValidateFeasible(5, 6, 1, {}),
              StatusIs(kInvalid, HasSubstr("k <= n = 5")));
  EXPECT_THAT(ValidateFeasible(5, 2, 0, {}),
              StatusIs(kInvalid, HasSubstr("p >= 1")));
  EXPECT_THAT(ValidateFeasible(5, 2, 3, {}),
              StatusIs(kInvalid, HasSubstr("p <= k = 2")));
  EXPECT_THAT(ValidateFeasible(5, 2, 1, {3, 2}),
              StatusIs(kInvalid, HasSubstr("a <= b")));
  EXPECT_THAT(ValidateFeasible(5, 2, 1, {-1, 2}),
              StatusIs(kInvalid, HasSubstr("0 <= a")));
  EXPECT_THAT(ValidateFeasible(8, 3, 1, {3, 8}),
              StatusIs(kInvalid, HasSubstr("3 x 3 > 8 x 1; take a <= 2")));
  EXPECT_THAT(ValidateFeasible(8, 3, 1, {0, 2}),
              StatusIs(kInvalid, HasSubstr("8 x 1 > 3 x 2; take b >= 3")));
  // b above n does not help: copies are distinct.
  EXPECT_THAT(ValidateFeasible(4, 3, 3, {0, 100}), IsOk());
}

TEST(SizeBoundsTest, EqualSizesDifferByAtMostOne) {
  EXPECT_EQ(EqualSizes(8, 3, 1), (SizeBounds{2, 3}));
  EXPECT_EQ(EqualSizes(9, 3, 2), (SizeBounds{6, 6}));
}

TEST(SizeBoundsTest, RelativeSizesOfThePaper) {
  EXPECT_THAT(RelativeSizes(10000, 64, 1, 0.5, 2.0),
              IsOkAndHolds(SizeBounds{79, 312}));
  EXPECT_THAT(RelativeSizes(10, 2, 1, 1.5, 2).status(),
              StatusIs(kInvalid, HasSubstr("lower size factor is 1.5")));
  EXPECT_THAT(RelativeSizes(10, 2, 1, 0.5, 0.9).status(),
              StatusIs(kInvalid, HasSubstr("upper size factor is 0.9")));
  EXPECT_THAT(RelativeSizes(10, 2, 1, std::nan(""), 2).status(),
              StatusIs(kInvalid));
  EXPECT_THAT(
      RelativeSizes(10, 2, 1, 0.5, std::numeric_limits<double>::infinity())
          .status(),
      StatusIs(kInvalid));
  EXPECT_THAT(RelativeSizes(10, 0, 1, 0.5, 2).status(), StatusIs(kInvalid));
}

// 10 points in 4 groups: the mean is 2.5, so equal sizes are 2 and 3.
TEST(SizeBoundsTest, RelativeSizesLeaveRoomForEqualSizes) {
  EXPECT_THAT(RelativeSizes(10, 4, 1, 1, 1), IsOkAndHolds(SizeBounds{2, 3}));
  EXPECT_THAT(RelativeSizes(10, 4, 2, 1, 1), IsOkAndHolds(SizeBounds{5, 5}));
  EXPECT_THAT(RelativeSizes(10, 4, 1, 0.9, 1.1),
              IsOkAndHolds(SizeBounds{2, 3}));
  for (int64_t n = 1; n <= 40; ++n) {
    for (int64_t k = 1; k <= n; ++k) {
      for (int64_t p = 1; p <= k; ++p) {
        const auto equal = RelativeSizes(n, k, p, 1, 1);
        ASSERT_THAT(equal, IsOkAndHolds(EqualSizes(n, k, p)));
        EXPECT_THAT(ValidateFeasible(n, k, p, *equal), IsOk());
        // The paper's factors, in whole numbers.
        const auto half = RelativeSizes(n, k, p, 0.5, 2);
        ASSERT_THAT(half, IsOk());
        EXPECT_EQ(half->lower, (n * p + 2 * k - 1) / (2 * k));
        EXPECT_EQ(half->upper, std::min(2 * n * p / k, n));
        EXPECT_THAT(ValidateFeasible(n, k, p, *half), IsOk());
      }
    }
  }
}

// Hundredths of a mean of 100, and of 7: what a decimal says, not the double
// next to it.
TEST(SizeBoundsTest, DecimalFactorsAreMeantExactly) {
  EXPECT_LT(1.15 * 100, 115);
  EXPECT_GT(0.07 * 100, 7);
  for (const int64_t mean : {int64_t{7}, int64_t{100}, int64_t{12'345'678}}) {
    for (int64_t percent = 0; percent <= 100; ++percent) {
      const auto sizes = RelativeSizes(
          1000 * mean, 1000, 1, static_cast<double>(percent) / 100,
          static_cast<double>(100 + percent) / 100);
      ASSERT_THAT(sizes, IsOk());
      EXPECT_EQ(sizes->lower, (percent * mean + 99) / 100) << percent;
      EXPECT_EQ(sizes->upper, (100 + percent) * mean / 100) << percent;
    }
  }
  EXPECT_EQ(ShareRoundedUp(1.1, 100, 1, 10), 11);
  EXPECT_EQ(ShareRoundedDown(0.29, 1000, 1, 10), 29);
  EXPECT_EQ(ShareRoundedDown(0.5, 7, 1, 2), 1);
  EXPECT_EQ(ShareRoundedUp(0.5, 7, 1, 2), 2);
  EXPECT_EQ(ShareRoundedUp(0, 7, 1, 2), 0);
}

TEST(SizeBoundsTest, AnUpperFactorMayBeAnyNumber) {
  for (const double upper : {4.0, 1e6, 1e18, 1e300}) {
    EXPECT_THAT(RelativeSizes(100, 4, 1, 0, upper),
                IsOkAndHolds(SizeBounds{0, 100}));
  }
}

}  // namespace
}  // namespace muster::dispatch
