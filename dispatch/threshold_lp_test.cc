#include "muster/dispatch/threshold_lp.h"

#include <atomic>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/reference_instances.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

DistanceMatrix Line(std::vector<float> places) {
  const PointSet points = {std::move(places), 1};
  return DistanceMatrix::Of(points.View());
}

TEST(ThresholdLpTest, ComponentsArePathsOfNearPairs) {
  const DistanceMatrix metric = Line({0, 10, 1, 2, 11});
  EXPECT_THAT(ThresholdComponents(metric, 1),
              ElementsAre(ElementsAre(0, 2, 3), ElementsAre(1, 4)));
  EXPECT_EQ(ThresholdComponents(metric, 0).size(), 5u);
  EXPECT_EQ(ThresholdComponents(metric, 8).size(), 1u);
}

// Three points in a row with pairs at distance 1, one copy: at least one centre
// (the middle), at most three; with sizes >= 2 one alone.
TEST(ThresholdLpTest, CountsOfAPath) {
  const DistanceMatrix metric = Line({0, 1, 2});
  const std::vector<int64_t> members = {0, 1, 2};
  ThresholdLp problem = {
      .metric = &metric, .members = members, .radius = 1, .sizes = {0, 3}};
  auto range = FeasibleCounts(problem);
  ASSERT_THAT(range, IsOk());
  ASSERT_TRUE(range->has_value());
  EXPECT_EQ((*range)->fewest, 1);
  EXPECT_EQ((*range)->most, 3);
  problem.sizes = {2, 3};
  range = FeasibleCounts(problem);
  ASSERT_TRUE(range.ok() && range->has_value());
  EXPECT_EQ((*range)->fewest, 1);
  EXPECT_EQ((*range)->most, 1);
  problem.sizes = {0, 2};  // two halves of the middle and its neighbours
  range = FeasibleCounts(problem);
  ASSERT_TRUE(range.ok() && range->has_value());
  EXPECT_EQ((*range)->fewest, 2);
  problem.copies = 3;  // the ends have two points within the radius
  EXPECT_EQ(*FeasibleCounts(problem), std::nullopt);
}

TEST(ThresholdLpTest, SolutionsKeepTheConditions) {
  const DistanceMatrix metric = Line({0, 1, 2, 3, 4, 5});
  const std::vector<int64_t> members = {0, 1, 2, 3, 4, 5};
  const ThresholdLp problem = {.metric = &metric,
                               .members = members,
                               .radius = 2,
                               .copies = 2,
                               .sizes = {2, 4}};
  FractionalClustering fractional(6);
  ASSERT_THAT(SolveThresholdLp(problem, 4, &fractional), IsOk());
  EXPECT_LE(LargestViolation(fractional, 2, {2, 4}), 1e-7);
  double sum = 0;
  for (int64_t i = 0; i < 6; ++i) {
    sum += fractional.openings[i];
    for (int64_t j = 0; j < 6; ++j) {
      if (metric(i, j) > 2) {
        EXPECT_EQ(fractional.share(i, j), 0);
      }
    }
  }
  EXPECT_NEAR(sum, 4, 1e-7);
}

// The least radius: no smaller distance has a solution, and counts fit k.
TEST(ThresholdLpTest, FindsTheLeastRadius) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 60; ++trial) {
    const MetricInstance instance =
        RandomInstance(root.Fork("threshold_lp", trial), /*min_copies=*/1);
    SCOPED_TRACE(instance.name);
    const auto found = SolveSmallestThreshold(
        instance.metric, instance.num_clusters, instance.copies, instance.sizes,
        CenterCount::kExactly);
    ASSERT_THAT(found, IsOk());
    double least = -1;
    for (const double radius : instance.metric.DistinctValues()) {
      int64_t fewest = 0, most = 0;
      bool feasible = true;
      for (const std::vector<int64_t>& component :
           ThresholdComponents(instance.metric, radius)) {
        const auto range = FeasibleCounts({.metric = &instance.metric,
                                           .members = component,
                                           .radius = radius,
                                           .copies = instance.copies,
                                           .sizes = instance.sizes});
        ASSERT_THAT(range, IsOk());
        feasible = feasible && range->has_value();
        if (!feasible) break;
        fewest += (*range)->fewest;
        most += (*range)->most;
      }
      if (feasible && fewest <= instance.num_clusters &&
          instance.num_clusters <= most) {
        least = radius;
        break;
      }
    }
    EXPECT_EQ(found->radius, least);
    int64_t sum = 0;
    for (const int64_t count : found->counts) sum += count;
    EXPECT_EQ(sum, instance.num_clusters);
  }
}

TEST(ThresholdLpTest, Errors) {
  EXPECT_THAT(
      SolveSmallestThreshold(Line({0, 1}), 3, 1, {}, CenterCount::kAtMost),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("k <= n = 2")));
  const std::atomic<bool> stop = true;
  EXPECT_THAT(SolveSmallestThreshold(Line({0, 1}), 1, 1, {},
                                     CenterCount::kAtMost, {.stop = &stop}),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace muster::dispatch
