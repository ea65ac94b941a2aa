#include "muster/dispatch/size_bounds.h"

#include <cmath>
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
}

}  // namespace
}  // namespace muster::dispatch
