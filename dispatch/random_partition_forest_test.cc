#include "muster/dispatch/random_partition_forest.h"

#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/distances.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

PointSet NormalPoints(Rng rng, int64_t count, int64_t dimension) {
  PointSet points{.dimension = dimension};
  for (int64_t i = 0; i < count * dimension; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  return points;
}

std::vector<int32_t> AllNearest(const RandomPartitionForest& forest,
                                PointsView queries) {
  std::vector<int32_t> nearest, candidates;
  for (int64_t j = 0; j < queries.size; ++j) {
    nearest.push_back(forest.Nearest(queries.Point(j), &candidates));
  }
  return nearest;
}

std::vector<int32_t> BruteForce(PointsView points, PointsView queries) {
  std::vector<int32_t> nearest(static_cast<size_t>(queries.size));
  NearestCenters(queries, points, 1, nearest);
  return nearest;
}

double Recall(const std::vector<int32_t>& found,
              const std::vector<int32_t>& expected) {
  int64_t hits = 0;
  for (size_t j = 0; j < found.size(); ++j) hits += found[j] == expected[j];
  return static_cast<double>(hits) / static_cast<double>(found.size());
}

// Points 0 .. 7 on a line, n0 = 2: any cut lies between two of them, so that a
// query at a point finds it, and each of four to seven leaves has at most two.
TEST(RandomPartitionForestTest, SmallLine) {
  const PointSet line{.values = {0, 1, 2, 3, 4, 5, 6, 7}, .dimension = 1};
  const RandomPartitionForest forest(line.View(),
                                     {.num_trees = 1, .leaf_size = 2});
  EXPECT_LE(forest.LargestLeaf(), 2);
  EXPECT_GE(forest.NumLeaves(), 4);
  for (int32_t j = 0; j < 8; ++j) {
    std::vector<int32_t> candidates;
    EXPECT_EQ(forest.Nearest(line.Point(j), &candidates), j);
  }
}

// Brief 7.4, 10.
TEST(RandomPartitionForestTest, LeavesAreSmallAndLargeOnesAreExact) {
  const Rng rng(runtime::TestSeed());
  for (const int64_t d : {1, 4, 33}) {
    const PointSet points = NormalPoints(rng.Fork("points"), 1000, d);
    const PointSet queries = NormalPoints(rng.Fork("queries"), 400, d);
    const auto expected = BruteForce(points.View(), queries.View());
    for (const int64_t leaf_size : {1, 7, 100, 999}) {
      const RandomPartitionForest forest(
          points.View(), {.num_trees = 3, .leaf_size = leaf_size});
      EXPECT_LE(forest.LargestLeaf(), leaf_size);
      EXPECT_EQ(AllNearest(forest, points.View()),
                BruteForce(points.View(), points.View()));
    }
    for (const int64_t trees : {1, 2}) {
      const RandomPartitionForest whole(
          points.View(), {.num_trees = trees, .leaf_size = 1000});
      EXPECT_EQ(AllNearest(whole, queries.View()), expected);
    }
  }
}

TEST(RandomPartitionForestTest, RecallRisesWithLeavesAndTrees) {
  const Rng rng(runtime::TestSeed());
  const PointSet points = NormalPoints(rng.Fork("points"), 3000, 8);
  const PointSet queries = NormalPoints(rng.Fork("queries"), 1000, 8);
  const auto expected = BruteForce(points.View(), queries.View());
  const auto recall = [&](int64_t trees, int64_t leaf_size) {
    return Recall(AllNearest(RandomPartitionForest(
                                 points.View(),
                                 {.num_trees = trees, .leaf_size = leaf_size}),
                             queries.View()),
                  expected);
  };
  double before = 0;
  for (const int64_t leaf_size : {10, 40, 160, 640}) {
    const double now = recall(1, leaf_size);
    EXPECT_GT(now, before);
    before = now;
  }
  EXPECT_GT(before, 0.6);
  EXPECT_GT(recall(2, 100), recall(1, 100));
  EXPECT_GT(recall(8, 100), recall(2, 100));
  EXPECT_GT(recall(8, 100), 0.8);
}

TEST(RandomPartitionForestTest, RepeatedPointsCountOnce) {
  PointSet points{.values = std::vector<float>(60, 2.0f), .dimension = 2};
  points.values[58] = 3;
  points.values[0] = -0.0f;
  points.values[2] = 0.0f;
  points.values[1] = points.values[3] = 1;
  const RandomPartitionForest forest(points.View(),
                                     {.num_trees = 2, .leaf_size = 1});
  EXPECT_EQ(forest.LargestLeaf(), 1);
  EXPECT_EQ(forest.NumLeaves(), 6);  // three places, two trees
  std::vector<int32_t> candidates;
  EXPECT_EQ(forest.Nearest(points.Point(1), &candidates), 0);
  EXPECT_EQ(forest.Nearest(points.Point(28), &candidates), 2);
  EXPECT_EQ(forest.Nearest(points.Point(29), &candidates), 29);
}

TEST(RandomPartitionForestTest, HugeAndTinyValues) {
  const float big = std::numeric_limits<float>::max();
  const float tiny = std::numeric_limits<float>::denorm_min();
  const PointSet points{.values = {big, -big, big / 2, tiny, 0, -tiny, 1e20f},
                        .dimension = 1};
  const RandomPartitionForest forest(points.View(),
                                     {.num_trees = 2, .leaf_size = 100});
  EXPECT_EQ(AllNearest(forest, points.View()),
            BruteForce(points.View(), points.View()));
}

TEST(RandomPartitionForestTest, SameSearchForAnyNumberOfThreads) {
  const Rng rng(runtime::TestSeed());
  const PointSet points = NormalPoints(rng.Fork("points"), 800, 5);
  const PointSet queries = NormalPoints(rng.Fork("queries"), 300, 5);
  const ForestOptions options{.num_trees = 5, .leaf_size = 4};
  const auto expected =
      AllNearest(RandomPartitionForest(points.View(), options, {.threads = 1}),
                 queries.View());
  for (const int threads : {2, 3, 8}) {
    EXPECT_EQ(AllNearest(RandomPartitionForest(points.View(), options,
                                               {.threads = threads}),
                         queries.View()),
              expected);
  }
}

TEST(RandomPartitionForestTest, NamesWhatIsWrong) {
  EXPECT_THAT(Validate(ForestOptions{.num_trees = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_trees is 0")));
  EXPECT_THAT(Validate(ForestOptions{.num_trees = 1001}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_trees is 1001")));
  EXPECT_THAT(Validate(ForestOptions{.leaf_size = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("leaf_size is 0")));
}

}  // namespace
}  // namespace muster::dispatch
