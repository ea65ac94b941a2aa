#include "muster/dispatch/assignment_chains.h"

#include <cstdint>
#include <iterator>
#include <set>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;

PointSet Gaussian(Rng rng, int64_t n, int64_t d) {
  PointSet points{.dimension = d};
  for (int64_t m = 0; m < n * d; ++m) {
    points.values.push_back(static_cast<float>(Normal(rng)));
  }
  return points;
}

TEST(AssignmentChainsTest, PassesACopyOnOverTheCheapestBorder) {
  const PointSet points = {{0, 1, 2, 10}, 1};
  const PointSet centers = {{0, 10}, 1};
  const AssignmentCosts costs(points.View(), centers.View(), Objective::kKMeans,
                              1.0 / 16);
  const std::vector<double> prices = {0, 0};
  EXPECT_EQ(AssignByPrices(costs, 1, {2, 2}, prices, {.threads = 1}),
            (std::vector<int32_t>{0, 0, 1, 1}));
}

TEST(AssignmentChainsTest, ManyPairsOfCentresAreNoTrouble) {
  // In 20 dimensions the 8 moves of a point are among 250,000 pairs of centres:
  // of the 320,000 more than 2^18 are among the 16 cheapest of their pairs. (A
  // second when they are culled now and then, minutes at every point.)
  const Rng rng = Rng(TestSeed()).Fork("many pairs");
  const int64_t n = 40000, k = 500;
  const PointSet points = Gaussian(rng.Fork("points"), n, 20);
  const PointSet centers = Gaussian(rng.Fork("centers"), k, 20);
  const AssignmentCosts costs(points.View(), centers.View(), Objective::kKMeans,
                              CoordinateScale(points.View(), centers.View()));
  const std::vector<double> prices(static_cast<size_t>(k), 0.0);
  const std::vector<int32_t> clusters =
      AssignByPrices(costs, 2, SizeBounds{}, prices, {.threads = 1});
  // Without bounds: the two nearest.
  for (int64_t j = 0; j < n; j += 997) {
    std::set<std::pair<double, int32_t>> near;
    for (int32_t i = 0; i < k; ++i) near.emplace(costs.Exact(j, i), i);
    const std::set<int32_t> least = {near.begin()->second,
                                     std::next(near.begin())->second};
    EXPECT_EQ(least, (std::set<int32_t>{clusters[2 * j], clusters[2 * j + 1]}));
  }
}

}  // namespace
}  // namespace muster::dispatch
