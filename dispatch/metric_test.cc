#include "muster/dispatch/metric.h"

#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// A right triangle with sides 3, 4, 5.
TEST(MetricTest, MeasuresPoints) {
  const PointSet points = {{0, 0, 3, 0, 0, 4}, 2};
  const DistanceMatrix metric = DistanceMatrix::Of(points.View());
  EXPECT_EQ(metric.size(), 3);
  EXPECT_EQ(metric(0, 1), 3);
  EXPECT_EQ(metric(2, 0), 4);
  EXPECT_EQ(metric(1, 2), 5);
  EXPECT_EQ(metric.Largest(), 5);
  EXPECT_THAT(metric.DistinctValues(), testing::ElementsAre(0, 3, 4, 5));
}

TEST(MetricTest, CostsAreSquaredForMeansAlone) {
  const PointSet points = {{0, 3}, 1};
  const DistanceMatrix metric = DistanceMatrix::Of(points.View());
  EXPECT_EQ(ConnectionCosts(Objective::kKMedian, metric)(0, 1), 3);
  EXPECT_EQ(ConnectionCosts(Objective::kKMeans, metric)(0, 1), 9);
  EXPECT_EQ(ConnectionCosts(Objective::kKCenter, metric)(0, 1), 3);
}

TEST(MetricTest, SameBitsForAnyThreads) {
  runtime::Rng rng(1);
  PointSet points{.dimension = 3};
  for (int i = 0; i < 600; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  const auto one = DistanceMatrix::Of(points.View(), {.threads = 1});
  for (const int threads : {2, 3, 8}) {
    const auto more = DistanceMatrix::Of(points.View(), {.threads = threads});
    for (int64_t i = 0; i < one.size(); ++i) {
      for (int64_t j = 0; j < one.size(); ++j) {
        ASSERT_EQ(one(i, j), more(i, j));
      }
    }
  }
}

TEST(MetricTest, RefusesWhatIsNoDistance) {
  const auto create = [](std::vector<double> values, int64_t n) {
    return DistanceMatrix::Create(std::move(values), n).status();
  };
  EXPECT_TRUE(create({0, 2, 2, 0}, 2).ok());
  EXPECT_THAT(create({}, 0), StatusIs(kInvalid, HasSubstr("n >= 1")));
  EXPECT_THAT(create({0, 1, 1}, 2), StatusIs(kInvalid, HasSubstr("3 values")));
  EXPECT_THAT(create({0, 2, 1, 0}, 2),
              StatusIs(kInvalid, HasSubstr("(1, 0) is 1 and (0, 1) is 2")));
  EXPECT_THAT(create({0, -1, -1, 0}, 2), StatusIs(kInvalid, HasSubstr("-1")));
  EXPECT_THAT(create({0, 1, 1, 3}, 2),
              StatusIs(kInvalid, HasSubstr("(1, 1) is 3")));
  const double nan = std::nan("");
  EXPECT_THAT(create({0, nan, nan, 0}, 2), StatusIs(kInvalid));
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_THAT(create({0, infinity, infinity, 0}, 2), StatusIs(kInvalid));
}

}  // namespace
}  // namespace muster::dispatch
