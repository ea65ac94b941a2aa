#include "muster/dispatch/partition_tree.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr CutDirection kAll[] = {CutDirection::kAxis, CutDirection::kPrincipal,
                                 CutDirection::kRandom};

PointSet NormalPoints(Rng rng, int64_t count, int64_t dimension) {
  PointSet points{.dimension = dimension};
  for (int64_t i = 0; i < count * dimension; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  return points;
}

PartitionTree Build(PointsView sample, int64_t leaves, CutDirection direction,
                    int threads = 1, uint64_t seed = 1) {
  auto tree = BuildPartitionTree(sample, leaves, direction, Rng(seed),
                                 {.threads = threads});
  EXPECT_THAT(tree, IsOk());
  EXPECT_THAT(Validate(*tree), IsOk());
  return *std::move(tree);
}

std::vector<int64_t> LeafSizes(const PartitionTree& tree, PointsView points) {
  std::vector<int64_t> sizes(static_cast<size_t>(tree.num_leaves), 0);
  for (int64_t j = 0; j < points.size; ++j) {
    ++sizes[tree.LeafOf(points.Point(j))];
  }
  return sizes;
}

// On a line: 0 1 2 | 10 11 12 with k = 2 is cut at (2 + 10) / 2 = 6.
TEST(PartitionTreeTest, CutsALineBetweenItsHalves) {
  const PointSet line{.values = {12, 0, 10, 2, 1, 11}, .dimension = 1};
  const PartitionTree tree = Build(line.View(), 2, CutDirection::kAxis);
  EXPECT_THAT(tree.axes, ElementsAre(0));
  EXPECT_THAT(tree.thresholds, ElementsAre(6));
  EXPECT_THAT(tree.children, ElementsAre(-1, -2));
  EXPECT_EQ(tree.LeafOf(std::vector<float>{6}), 0);
  EXPECT_EQ(tree.LeafOf(std::vector<float>{6.5f}), 1);
}

// k = 3 gives one leaf and a third of the points to the left, k = 1 no node.
TEST(PartitionTreeTest, AnyNumberOfLeavesSharesProportionally) {
  const PointSet line{.values = {8, 7, 6, 5, 4, 3, 2, 1, 0}, .dimension = 1};
  EXPECT_THAT(
      LeafSizes(Build(line.View(), 3, CutDirection::kAxis), line.View()),
      ElementsAre(3, 3, 3));
  const PartitionTree one = Build(line.View(), 1, CutDirection::kAxis);
  EXPECT_TRUE(one.children.empty());
  EXPECT_EQ(one.LeafOf(line.Point(0)), 0);
}

TEST(PartitionTreeTest, LeavesAreBalancedWithoutTies) {
  const Rng rng(runtime::TestSeed());
  for (const CutDirection direction : kAll) {
    const PointSet points = NormalPoints(rng, 1024, 6);
    EXPECT_THAT(LeafSizes(Build(points.View(), 32, direction), points.View()),
                Each(32));
    // 1000 / 7 = 142.9; three levels round by half a point each, halved after.
    const PointsView some = points.View().Slice(0, 1000);
    for (const int64_t size : LeafSizes(Build(some, 7, direction), some)) {
      EXPECT_NEAR(static_cast<double>(size), 1000.0 / 7, 1);
    }
  }
}

// Brief 7.4, 11: with many equal values, leaves differ by at most the ties.
TEST(PartitionTreeTest, TiesStayTogetherAtTheNearerEnd) {
  // 0 0 0 0 0 0 | 1 2: the wanted 4 is inside the run of zeros, which has no
  // other end to cut at than 6.
  const PointSet ties{.values = {0, 0, 0, 0, 0, 0, 1, 2}, .dimension = 1};
  EXPECT_THAT(
      LeafSizes(Build(ties.View(), 2, CutDirection::kAxis), ties.View()),
      ElementsAre(6, 2));
  // 0 | 1 1 1 1 1 | 2 3 4: 4.5 rounds to 5; the run of ones ends at 6.
  const PointSet late{.values = {0, 1, 1, 1, 1, 1, 2, 3, 4}, .dimension = 1};
  EXPECT_THAT(
      LeafSizes(Build(late.View(), 2, CutDirection::kAxis), late.View()),
      ElementsAre(6, 3));
  // 0 1 2 | 3 3 3 3 3: the run begins at 3, nearer to 4 than its end at 8.
  const PointSet early{.values = {0, 1, 2, 3, 3, 3, 3, 3}, .dimension = 1};
  EXPECT_THAT(
      LeafSizes(Build(early.View(), 2, CutDirection::kAxis), early.View()),
      ElementsAre(3, 5));
}

TEST(PartitionTreeTest, ConstantFeaturesAreNotCut) {
  Rng rng(runtime::TestSeed());
  PointSet points{.dimension = 20};
  for (int64_t j = 0; j < 256; ++j) {
    for (int64_t m = 0; m < 20; ++m) {
      points.values.push_back(m == 13 ? static_cast<float>(runtime::Normal(rng))
                                      : 5.0f);
    }
  }
  for (const CutDirection direction : kAll) {
    EXPECT_THAT(LeafSizes(Build(points.View(), 8, direction), points.View()),
                Each(32));
  }
}

TEST(PartitionTreeTest, EqualPointsShareALeaf) {
  const PointSet equal{.values = std::vector<float>(40, 2.5f), .dimension = 4};
  for (const CutDirection direction : kAll) {
    const std::vector<int64_t> sizes =
        LeafSizes(Build(equal.View(), 8, direction), equal.View());
    EXPECT_EQ(*std::max_element(sizes.begin(), sizes.end()), 10);
  }
  // More leaves than points.
  const PartitionTree tree =
      Build(equal.View().Slice(0, 1), 50, CutDirection::kRandom);
  EXPECT_GE(tree.LeafOf(equal.Point(0)), 0);
}

TEST(PartitionTreeTest, HugeValuesKeepAnOrder) {
  const float big = std::numeric_limits<float>::max();
  const PointSet points{
      .values = {big, big, -big, -big, big, -big, 0, 1, 1, 0, -1, 3},
      .dimension = 2};
  for (const CutDirection direction : kAll) {
    const std::vector<int64_t> sizes =
        LeafSizes(Build(points.View(), 4, direction), points.View());
    int64_t total = 0;
    for (const int64_t size : sizes) total += size;
    EXPECT_EQ(total, 6);
  }
}

// Points on the ray (3, 4) s with noise 0.01: the principal direction is
// (0.6, 0.8) up to its sign.
TEST(PartitionTreeTest, PrincipalCutFollowsTheVariance) {
  Rng rng(runtime::TestSeed());
  PointSet points{.dimension = 2};
  for (int64_t j = 0; j < 500; ++j) {
    const double along = runtime::Normal(rng);
    for (const double factor : {0.6, 0.8}) {
      points.values.push_back(static_cast<float>(
          along * factor + 0.01 * runtime::Normal(rng) + 100));
    }
  }
  const PartitionTree tree = Build(points.View(), 2, CutDirection::kPrincipal);
  EXPECT_NEAR(std::abs(tree.directions[0]), 0.6, 0.01);
  EXPECT_NEAR(std::abs(tree.directions[1]), 0.8, 0.01);
}

// Each coordinate is drawn with probability 1/4: 4 sigma over 400 seeds.
TEST(PartitionTreeTest, AxesAreDrawnUniformly) {
  const PointSet points = NormalPoints(Rng(3), 16, 4);
  std::vector<int> counts(4, 0);
  for (uint64_t seed = 0; seed < 400; ++seed) {
    ++counts[Build(points.View(), 2, CutDirection::kAxis, 1, seed).axes[0]];
  }
  for (const int count : counts) EXPECT_NEAR(count, 100, 4 * std::sqrt(75));
}

TEST(PartitionTreeTest, SameBitsForAnyNumberOfThreads) {
  const PointSet points = NormalPoints(Rng(runtime::TestSeed()), 3000, 9);
  for (const CutDirection direction : kAll) {
    std::string expected;
    runtime::Encode(Build(points.View(), 24, direction), &expected);
    for (const int threads : {2, 3, 8}) {
      std::string bytes;
      runtime::Encode(Build(points.View(), 24, direction, threads), &bytes);
      EXPECT_EQ(bytes, expected);
    }
  }
}

TEST(PartitionTreeTest, NamesWhatIsWrong) {
  const PointSet points{.values = {0, 1}, .dimension = 1};
  EXPECT_THAT(BuildPartitionTree(points.View(), 0, CutDirection::kAxis, Rng(1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_groups is 0")));
  EXPECT_THAT(
      BuildPartitionTree({}, 2, CutDirection::kAxis, Rng(1)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sample")));
  PartitionTree tree = Build(points.View(), 2, CutDirection::kAxis);
  tree.axes[0] = 1;
  EXPECT_THAT(Validate(tree), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("axes: 1")));
  tree.axes[0] = 0;
  tree.children[0] = 0;  // a cycle
  EXPECT_THAT(Validate(tree), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("children: entry 0")));
  tree.children[0] = -2;  // both to one leaf
  EXPECT_THAT(Validate(tree), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("children: entry 1")));
  tree.thresholds.push_back(0);
  EXPECT_THAT(Validate(tree), StatusIs(absl::StatusCode::kInvalidArgument,
                                       HasSubstr("2 thresholds")));
}

}  // namespace
}  // namespace muster::dispatch
