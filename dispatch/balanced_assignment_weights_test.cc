// Weights that are far from each other, or whose sum is n but for rounding;
// more on weights in balanced_assignment_test.

#include <algorithm>
#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/balanced_assignment.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;
using ::muster::runtime::Uniform01;
using ::muster::runtime::UniformInt;
using ::testing::ElementsAre;

PointSet Gaussian(Rng rng, int64_t n, int64_t d) {
  PointSet points{.dimension = d};
  for (int64_t m = 0; m < n * d; ++m) {
    points.values.push_back(static_cast<float>(Normal(rng)));
  }
  return points;
}

TEST(BalancedAssignmentWeightsTest, TheMeanMayMissOneByWhatValidateAllows) {
  // Two points each, of weight 2 + 1e-9: more than both centres together take.
  const PointSet points = {{0, 1, 10, 11}, 1};
  const PointSet centers = {{0.5, 10.5}, 1};
  for (const double error : {5e-10, -5e-10, 9e-10, -9e-10}) {
    const std::vector<double> weights(4, 1 + error);
    const auto result = AssignBalanced({.points = points.View(),
                                        .centers = centers.View(),
                                        .sizes = {2, 2},
                                        .weights = weights});
    ASSERT_THAT(result, IsOk());
    EXPECT_THAT(result->clusters, ElementsAre(0, 0, 1, 1));
    EXPECT_TRUE(result->optimal);
    EXPECT_EQ(result->guaranteed_sizes, (SizeBounds{2, 2}));
    // Costs are those of the weights given.
    EXPECT_NEAR(result->cost, 1 + error, 1e-15);
    EXPECT_NEAR(result->flow_cost, 1 + error, 1e-15);
    EXPECT_LE(result->lower_bound, result->cost);
  }
}

TEST(BalancedAssignmentWeightsTest, BoundsWithoutPlayHoldForRoundedSums) {
  // k b = n p, k a = n p, or both, and a mean of 1 up to 9e-10.
  // Seed 9 has a point that fills a centre but for rounding, among the splits.
  for (int t = 0; t < 80; ++t) {
    const Rng root = Rng(t < 40 ? TestSeed() : 9).Fork("no play");
    Rng rng = root.Fork("instance", t % 40);
    const int64_t k = 2 + UniformInt(rng, 40), each = 1 + UniformInt(rng, 30);
    const int64_t p = 1 + UniformInt(rng, std::min<int64_t>(3, k - 1));
    const int64_t n = k * each;
    const PointSet points = Gaussian(rng.Fork("points"), n, 2);
    const PointSet centers = Gaussian(rng.Fork("centers"), k, 2);
    std::vector<double> weights;
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      weights.push_back(0.1 + Uniform01(rng));
      sum += weights.back();
    }
    const double mean = 1 + 1.8e-9 * (Uniform01(rng) - 0.5);
    for (double& weight : weights) {
      weight *= mean * static_cast<double>(n) / sum;
    }
    SizeBounds sizes = {each * p, each * p};
    if (t % 3 == 1) sizes.lower = 0;
    if (t % 3 == 2) sizes.upper = n;
    SCOPED_TRACE(t);
    const auto result = AssignBalanced({.points = points.View(),
                                        .centers = centers.View(),
                                        .copies = p,
                                        .sizes = sizes,
                                        .weights = weights});
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(result->optimal);
    EXPECT_LE(result->split_points, k - 1);
  }
}

TEST(BalancedAssignmentWeightsTest, APointMayWeighNextToNothing) {
  // 5 ties; its weight is half of what counts as nothing.
  const PointSet points = {{5, 0, 10, 10}, 1};
  const PointSet centers = {{0, 10}, 1};
  const std::vector<double> weights = {1e-12, 4.0 / 3, 4.0 / 3, 4.0 / 3};
  const auto result = AssignBalanced({.points = points.View(),
                                      .centers = centers.View(),
                                      .sizes = {0, 4},
                                      .weights = weights});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(std::vector<int32_t>(result->clusters.begin() + 1,
                                   result->clusters.end()),
              ElementsAre(0, 1, 1));
  EXPECT_TRUE(result->optimal);
}

TEST(BalancedAssignmentWeightsTest, WeightsMayDifferByAnyFactor) {
  // Whole coordinates, so that many points tie; p of one to three. No small
  // share makes the steps of all pushes small.
  const Rng root = Rng(TestSeed()).Fork("ratio");
  for (int t = 0; t < 60; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t n = 60, k = 2 + UniformInt(rng, 6);
    const int64_t p = 1 + UniformInt(rng, std::min<int64_t>(3, k));
    PointSet points{.dimension = 2}, centers{.dimension = 2};
    for (int64_t m = 0; m < 2 * (n + k); ++m) {
      (m < 2 * n ? points : centers)
          .values.push_back(static_cast<float>(UniformInt(rng, 4)));
    }
    std::vector<double> weights;
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      constexpr double kFactors[] = {1, 1, 1e-6, 1e-11, 3e-12, 1e-13, 1e-200};
      weights.push_back(kFactors[UniformInt(rng, 7)] * (0.5 + Uniform01(rng)));
      sum += weights.back();
    }
    for (double& weight : weights) weight *= static_cast<double>(n) / sum;
    SCOPED_TRACE(t);
    const auto result = AssignBalanced({.points = points.View(),
                                        .centers = centers.View(),
                                        .copies = p,
                                        .sizes = EqualSizes(n, k, p),
                                        .weights = weights});
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(result->optimal);
    EXPECT_LE(result->split_points, k - 1);
    EXPECT_LT(result->pushes, 10000);
  }
}

}  // namespace
}  // namespace muster::dispatch
