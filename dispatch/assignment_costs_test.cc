#include "muster/dispatch/assignment_costs.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;
using ::muster::runtime::UniformInt;

PointSet Gaussian(Rng rng, int64_t n, int64_t d, double at, double scale) {
  PointSet points{.dimension = d};
  for (int64_t m = 0; m < n * d; ++m) {
    points.values.push_back(static_cast<float>(at + scale * Normal(rng)));
  }
  return points;
}

TEST(AssignmentCostsTest, FloatsAreWithinTheirBoundAtAnyScaleAndOffset) {
  const Rng root = Rng(TestSeed()).Fork("rows");
  for (int t = 0; t < 60; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t n = 1 + UniformInt(rng, 64), k = 1 + UniformInt(rng, 40);
    const int64_t d = 1 + UniformInt(rng, 200);
    const double scale = std::pow(10.0, UniformInt(rng, 60) - 30.0);
    const double at = UniformInt(rng, 2) == 0 ? 0 : 1e4 * scale;
    const PointSet points = Gaussian(rng.Fork("points"), n, d, at, scale);
    const PointSet centers = Gaussian(rng.Fork("centers"), k, d, at, scale);
    for (const Objective objective :
         {Objective::kKMeans, Objective::kKMedian}) {
      const AssignmentCosts costs(
          points.View(), centers.View(), objective,
          CoordinateScale(points.View(), centers.View()));
      AssignmentCosts::Scratch scratch;
      std::vector<float> rows(
          static_cast<size_t>(AssignmentCosts::kMaxRows * costs.row_stride()));
      costs.Rows(0, n, &scratch, rows);
      for (int64_t j = 0; j < n; ++j) {
        for (int64_t i = 0; i < k; ++i) {
          const double exact = costs.Exact(j, i);
          EXPECT_NEAR(rows[j * costs.row_stride() + i], exact,
                      costs.relative_error() * exact + costs.absolute_error());
        }
      }
    }
  }
}

TEST(AssignmentCostsTest, FloatsAreExactWhereTheScaleIsNoFloat) {
  // 2^-131 at most: the scale is 2^130, beyond a float.
  const float unit = std::ldexp(1.0F, -133);
  const PointSet points = {{0, unit, 2 * unit, 4 * unit}, 1};
  const AssignmentCosts costs(points.View(), points.View(), Objective::kKMeans,
                              CoordinateScale(points.View(), points.View()));
  AssignmentCosts::Scratch scratch;
  std::vector<float> rows(static_cast<size_t>(4 * costs.row_stride()));
  costs.Rows(0, 4, &scratch, rows);
  for (int64_t j = 0; j < 4; ++j) {
    for (int64_t i = 0; i < 4; ++i) {
      EXPECT_EQ(rows[j * costs.row_stride() + i], costs.Exact(j, i));
    }
  }
}

TEST(AssignmentCostsTest, ListsHoldTheCheapestAtTheirPrices) {
  const Rng root = Rng(TestSeed()).Fork("lists");
  for (int t = 0; t < 20; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t n = 100, k = 1 + UniformInt(rng, 60);
    const int64_t length = 1 + UniformInt(rng, k);
    const PointSet points = Gaussian(rng.Fork("points"), n, 3, 0, 1);
    const PointSet centers = Gaussian(rng.Fork("centers"), k, 3, 0, 1);
    const AssignmentCosts costs(points.View(), centers.View(),
                                Objective::kKMeans, 0.125);
    std::vector<double> prices;
    for (int64_t i = 0; i < k; ++i) prices.push_back(0.1 * Normal(rng));
    CandidateLists lists;
    BuildCandidateLists(costs, prices, length, {.threads = 1}, &lists);
    EXPECT_EQ(lists.complete(), length == k);
    for (int64_t j = 0; j < n; ++j) {
      std::vector<std::pair<double, int32_t>> all;
      for (int64_t i = 0; i < k; ++i) {
        all.emplace_back(costs.Exact(j, i) - prices[i],
                         static_cast<int32_t>(i));
      }
      std::sort(all.begin(), all.end());
      for (int64_t e = 0; e < length; ++e) {
        EXPECT_NEAR(lists.Reduced(j)[e], all[e].first, 1e-5);
        EXPECT_NEAR(
            costs.Exact(j, lists.Centers(j)[e]) - prices[lists.Centers(j)[e]],
            all[e].first, 1e-5);
      }
    }
  }
}

}  // namespace
}  // namespace muster::dispatch
