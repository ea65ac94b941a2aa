#include "muster/dispatch/merge_split_clusterer.h"

#include <algorithm>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TestSeed;
using ::muster::runtime::UniformInt;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Brief 7.3: A = {0}, B five points around 2, C fourteen around 10; k = 3,
// sizes below 3.33 are small and above 13.33 large.
PointSet ThreeHeaps() {
  PointSet points{.values = {0}, .dimension = 1};
  for (int i = 0; i < 5; ++i) {
    points.values.push_back(2 + 0.1F * static_cast<float>(i - 2));
  }
  for (int i = 0; i < 14; ++i) {
    points.values.push_back(10 + 0.02F * static_cast<float>(i - 7));
  }
  return points;
}

std::vector<int64_t> Sizes(const Groups& groups) {
  std::vector<int64_t> sizes;
  sizes.reserve(groups.size());
  for (const auto& group : groups) {
    sizes.push_back(static_cast<int64_t>(group.size()));
  }
  return sizes;
}

TEST(MergeSplitTest, MergesTheSmallAndSplitsTheLarge) {
  const PointSet points = ThreeHeaps();
  Groups groups(3);
  for (int64_t j = 0; j < 20; ++j)
    groups[j == 0 ? 0 : j < 6 ? 1 : 2].push_back(j);
  groups = MergeSmall(points.View(), groups, 4);
  ASSERT_THAT(Sizes(groups), ElementsAre(6, 14));
  EXPECT_THAT(groups[0], ElementsAre(0, 1, 2, 3, 4, 5));
  groups = SplitLarge(groups, 13, Rng(1));
  EXPECT_THAT(Sizes(groups), ElementsAre(6, 7, 7));
}

TEST(MergeSplitTest, TheWholeClustererDoesTheSame) {
  const PointSet points = ThreeHeaps();
  const MergeSplitClusterer clusterer({.seed_trials = 8});
  const ClusteringProblem problem{
      .points = points.View(), .num_clusters = 3, .sizes = {4, 13}};
  // Lloyd finds the three heaps from most starts; from all that it does, the
  // sizes are 6, 7, 7.
  int found = 0;
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const auto clustering = clusterer.Cluster(problem, Rng(seed), {});
    ASSERT_THAT(clustering, IsOk());
    EXPECT_THAT(CheckClustering(problem, *clustering), IsOk());
    std::vector<int64_t> sizes = clustering->sizes;
    std::sort(sizes.begin(), sizes.end());
    found += static_cast<int>(sizes == std::vector<int64_t>{6, 7, 7});
  }
  EXPECT_GE(found, 12);
}

TEST(MergeSplitTest, MergingCountsASharedPointOnce) {
  const PointSet points{.values = {0, 1, 2, 30}, .dimension = 1};
  const Groups merged =
      MergeSmall(points.View(), {{0, 1}, {0, 1, 2}, {2, 3}}, 3);
  // {0, 1} joins {0, 1, 2}; {2, 3} is small too.
  EXPECT_THAT(Sizes(merged), ElementsAre(4));
}

TEST(MergeSplitTest, AllSmallEndInOne) {
  const PointSet points{.values = {0, 1, 2, 3}, .dimension = 1};
  EXPECT_THAT(Sizes(MergeSmall(points.View(), {{0}, {1}, {2}, {3}}, 4)),
              ElementsAre(4));
}

// p = 1, b >= 2 a - 1: within bounds before any repair.
TEST(MergeSplitTest, SizesAreWithinBoundsForOneCopy) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 2000; ++trial) {
    Rng rng = root.Fork("sizes", trial);
    const int64_t n = 1 + UniformInt(rng, 40);
    const int64_t k = 1 + UniformInt(rng, n);
    const int64_t a = UniformInt(rng, n / k + 1);
    const int64_t b =
        std::max({2 * a - 1, (n + k - 1) / k, int64_t{1}}) + UniformInt(rng, 3);
    PointSet points{.dimension = 1};
    Groups groups(static_cast<size_t>(k));
    for (int64_t j = 0; j < n; ++j) {
      points.values.push_back(static_cast<float>(UniformInt(rng, 9)));
      groups[UniformInt(rng, k)].push_back(j);
    }
    groups = MergeSmall(points.View(), groups, std::max<int64_t>(a, 1));
    groups = SplitLarge(groups, b, rng);
    int64_t total = 0;
    for (const auto& group : groups) {
      const auto size = static_cast<int64_t>(group.size());
      EXPECT_GE(size, a);
      EXPECT_LE(size, b);
      total += size;
    }
    EXPECT_EQ(total, n);
  }
}

TEST(MergeSplitTest, OptionsAreChecked) {
  EXPECT_THAT(Validate(MergeSplitOptions{.max_iterations = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max_iterations is 0")));
  EXPECT_THAT(Validate(MergeSplitOptions{.seed_trials = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("seed_trials is 0")));
}

TEST(MergeSplitTest, AStopBeforeTheFirstIterationCancels) {
  const PointSet points = ThreeHeaps();
  const std::atomic<bool> stop = true;
  EXPECT_THAT(MergeSplitClusterer({}).Cluster(
                  {.points = points.View(), .num_clusters = 2}, Rng(1),
                  {.stop = &stop}),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace muster::dispatch
