#include "muster/dispatch/size_repair.h"

#include <algorithm>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;
using ::muster::runtime::UniformInt;
using ::testing::ElementsAre;

TEST(SizeRepairTest, MovesTheCheapestCopies) {
  // Centres 0 and 10; all five points in the first; b = 3: 6 and 4 move.
  const PointSet points{.values = {0, 1, 4, 6, 2}, .dimension = 1};
  const PointSet centers{.values = {0, 10}, .dimension = 1};
  std::vector<int32_t> clusters(5, 0);
  EXPECT_EQ(RepairSizes(points.View(), centers.View(), Objective::kKMeans, 1,
                        {0, 3}, &clusters),
            2);
  EXPECT_THAT(clusters, ElementsAre(0, 0, 1, 1, 0));
  // Sizes 3 and 2 are within [2, 3] already.
  EXPECT_EQ(RepairSizes(points.View(), centers.View(), Objective::kKMedian, 1,
                        {2, 3}, &clusters),
            0);
}

TEST(SizeRepairTest, FillsMissingAndRepeatedCopies) {
  const PointSet points{.values = {0, 9, 5}, .dimension = 1};
  const PointSet centers{.values = {0, 4, 10}, .dimension = 1};
  const std::vector<int32_t> broken = {0, 0, -1, 2, 1, 2};
  std::vector<int32_t> clusters = broken;
  RepairSizes(points.View(), centers.View(), Objective::kKMeans, 2, {0, 3},
              &clusters);
  EXPECT_THAT(clusters, ElementsAre(0, 1, 1, 2, 1, 2));
  // With room for two, 9 finds 4 full.
  clusters = broken;
  RepairSizes(points.View(), centers.View(), Objective::kKMeans, 2, {0, 2},
              &clusters);
  EXPECT_THAT(clusters, ElementsAre(0, 1, 0, 2, 1, 2));
}

TEST(SizeRepairTest, FindsPathsWhereThereIsNoDirectMove) {
  // Three points, p = 2, all in clusters 0 and 1; each cluster is to hold two.
  const PointSet points{.values = {0, 1, 2}, .dimension = 1};
  const PointSet centers{.values = {0, 1, 50}, .dimension = 1};
  std::vector<int32_t> clusters = {0, 1, 0, 1, 0, 1};
  RepairSizes(points.View(), centers.View(), Objective::kKMeans, 2, {2, 2},
              &clusters);
  std::vector<int64_t> loads(3, 0);
  for (const int32_t c : clusters) ++loads[c];
  EXPECT_THAT(loads, ElementsAre(2, 2, 2));
}

TEST(SizeRepairTest, AlwaysMeetsFeasibleBounds) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 3000; ++trial) {
    Rng rng = root.Fork("repair", trial);
    const int64_t n = 1 + UniformInt(rng, 14);
    const int64_t k = 1 + UniformInt(rng, std::min<int64_t>(n, 6));
    const int64_t p = 1 + UniformInt(rng, k);
    const SizeBounds sizes{UniformInt(rng, n * p / k + 1),
                           (n * p + k - 1) / k + UniformInt(rng, 2)};
    PointSet points{.dimension = 1}, centers{.dimension = 1};
    for (int64_t j = 0; j < n; ++j) {
      points.values.push_back(static_cast<float>(UniformInt(rng, 20)));
    }
    for (int64_t c = 0; c < k; ++c) {
      centers.values.push_back(static_cast<float>(UniformInt(rng, 20)));
    }
    // Often all in few clusters.
    const int64_t used = 1 + UniformInt(rng, k);
    std::vector<int32_t> clusters;
    for (int64_t i = 0; i < n * p; ++i) {
      clusters.push_back(static_cast<int32_t>(UniformInt(rng, used + 1)) - 1);
    }
    RepairSizes(points.View(), centers.View(), Objective::kKMedian, p, sizes,
                &clusters);
    std::vector<int64_t> loads(static_cast<size_t>(k), 0);
    for (int64_t j = 0; j < n; ++j) {
      const std::set<int32_t> mine(clusters.begin() + j * p,
                                   clusters.begin() + (j + 1) * p);
      ASSERT_EQ(mine.size(), static_cast<size_t>(p));
      for (const int32_t c : mine) ++loads[c];
    }
    for (const int64_t load : loads) {
      ASSERT_GE(load, sizes.lower);
      ASSERT_LE(load, sizes.upper);
    }
  }
}

}  // namespace
}  // namespace muster::dispatch
