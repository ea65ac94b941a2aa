#include "muster/dispatch/sample_extension.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::testing::DoubleEq;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// The numbers of brief 2e: 34.7 million and 39,239.
TEST(SampleExtensionTest, SampleSizes) {
  EXPECT_EQ(PointsToWeigh(10000, 0.01, 0.05), 34672338);
  EXPECT_EQ(PointsToVerify(64, 0.01, 0.05), 39239);
  // ln(2 / 0.5) / (2 / 4) = 2.77.
  EXPECT_EQ(PointsToVerify(1, 0.5, 0.5), 3);
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(PointsToVerify(64, 1e-10, 0.05), kMost);
  EXPECT_EQ(PointsToWeigh(10000, 1e-200, 0.05), kMost);
  EXPECT_NEAR(LoadRadius(39239, 64, 0.05), 0.01, 1e-7);
  EXPECT_LE(LoadRadius(39239, 64, 0.05), 0.01);
  EXPECT_GT(LoadRadius(39238, 64, 0.05), 0.01);
}

// On a line: samples 0, 4, 10; the cells end at 2 and 7. A tie at 2 goes to the
// earlier sample point.
TEST(SampleExtensionTest, WeightsAreSharesOfTheSecondSample) {
  const PointSet sample{.values = {0, 4, 10}, .dimension = 1};
  const PointSet second{.values = {-5, 2, 1, 9, 20, 8}, .dimension = 1};
  const auto weights = WeighSample(sample.View(), second.View());
  ASSERT_THAT(weights, IsOk());
  EXPECT_THAT(weights->counts, ElementsAre(3, 0, 3));
  EXPECT_THAT(weights->rows, ElementsAre(0, 2));
  EXPECT_THAT(weights->weights, ElementsAre(1, 1));
  const PointSet other{.values = {0, 5, 6, 5}, .dimension = 1};
  const auto uneven = WeighSample(sample.View(), other.View());
  ASSERT_THAT(uneven, IsOk());
  EXPECT_THAT(uneven->rows, ElementsAre(0, 1));
  EXPECT_THAT(uneven->weights, ElementsAre(0.5, 1.5));
}

PointSet UniformPoints(Rng rng, int64_t count) {
  PointSet points{.dimension = 1};
  for (int64_t j = 0; j < count; ++j) {
    points.values.push_back(static_cast<float>(runtime::Uniform01(rng)));
  }
  return points;
}

// Cells of uniform points have mass (right - left) / 2 neighbours' distance;
// here against 20,000 fresh points, with Hoeffding's radius for 2^n sets.
TEST(SampleExtensionTest, WeightsApproachTheMassOfTheCells) {
  const Rng rng(runtime::TestSeed());
  PointSet sample{.values = {0.1f, 0.15f, 0.5f, 0.9f}, .dimension = 1};
  const PointSet second = UniformPoints(rng, 20000);
  const auto weights = WeighSample(sample.View(), second.View());
  ASSERT_THAT(weights, IsOk());
  const std::vector<double> masses = {0.125, 0.2, 0.375, 0.3};
  for (size_t i = 0; i < 4; ++i) {
    // sqrt((4 ln 2 + ln(1e6)) / (2 * 20000)) = 0.021
    EXPECT_NEAR(static_cast<double>(weights->counts[i]) / 20000, masses[i],
                0.021);
  }
  EXPECT_NEAR(
      std::accumulate(weights->weights.begin(), weights->weights.end(), 0.0), 4,
      1e-12);
  for (const int threads : {1, 2, 3, 8}) {
    const auto again =
        WeighSample(sample.View(), second.View(), {.threads = threads});
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->counts, weights->counts);
  }
}

std::unique_ptr<Router> LineRouter(std::vector<float> centers) {
  auto router = CenterRouter::Create(
      {.centers = {.values = std::move(centers), .dimension = 1}});
  EXPECT_THAT(router, IsOk());
  return *std::move(router);
}

// Groups [0, 1/2), [1/2, 3/4), [3/4, 1] of the uniform law.
TEST(SampleExtensionTest, LoadsAreEstimatedWithinTheRadius) {
  const std::unique_ptr<Router> router = LineRouter({0.375f, 0.625f, 0.875f});
  int covered = 0;
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const auto estimates =
        EstimateLoads(*router, UniformPoints(Rng(seed), 2000).View(), 0.05);
    ASSERT_THAT(estimates, IsOk());
    EXPECT_EQ(estimates->points, 2000);
    EXPECT_THAT(estimates->radius, DoubleEq(LoadRadius(2000, 3, 0.05)));
    const std::vector<double> truth = {0.5, 0.25, 0.25};
    bool inside = true;
    for (size_t i = 0; i < 3; ++i) {
      inside = inside &&
               std::abs(estimates->shares[i] - truth[i]) <= estimates->radius;
    }
    covered += inside;
  }
  // At least 95 % each: 41 of 50 or fewer has probability below 1e-3.
  EXPECT_GT(covered, 41);
}

TEST(SampleExtensionTest, VerdictsFollowTheIntervals) {
  const LoadEstimates estimates{
      .shares = {0.5, 0.3, 0.2}, .radius = 0.05, .points = 100};
  EXPECT_EQ(JudgeBounds(estimates, 0.1, 0.6), BoundsVerdict::kHold);
  EXPECT_EQ(JudgeBounds(estimates, 0.1, 0.52), BoundsVerdict::kUndecided);
  EXPECT_EQ(JudgeBounds(estimates, 0.18, 0.6), BoundsVerdict::kUndecided);
  EXPECT_EQ(JudgeBounds(estimates, 0.1, 0.4), BoundsVerdict::kBroken);
  EXPECT_EQ(JudgeBounds(estimates, 0.3, 0.6), BoundsVerdict::kBroken);
}

TEST(SampleExtensionTest, NamesWhatIsWrong) {
  const PointSet line{.values = {0, 1}, .dimension = 1};
  const PointSet plane{.values = {0, 1}, .dimension = 2};
  const auto invalid = [](const char* text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(WeighSample({}, line.View()), invalid("sample"));
  EXPECT_THAT(WeighSample(line.View(), {}), invalid("second sample"));
  EXPECT_THAT(WeighSample(line.View(), plane.View()),
              invalid("have 2 features, expected 1"));
  const std::unique_ptr<Router> router = LineRouter({0, 1});
  EXPECT_THAT(EstimateLoads(*router, line.View(), 0), invalid("delta is 0"));
  EXPECT_THAT(EstimateLoads(*router, line.View(), 1), invalid("delta is 1"));
  EXPECT_THAT(EstimateLoads(*router, {}, 0.1), invalid("points"));
  EXPECT_THAT(EstimateLoads(*router, plane.View(), 0.1), invalid("expected 1"));
}

}  // namespace
}  // namespace muster::dispatch
