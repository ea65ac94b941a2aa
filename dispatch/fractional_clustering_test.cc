#include "muster/dispatch/fractional_clustering.h"

#include "gtest/gtest.h"
#include "muster/dispatch/points.h"

namespace muster::dispatch {
namespace {

// Points 0, 1, 3 on a line, p = 1; 0 and 2 half open, each serving all by half.
FractionalClustering Halves() {
  FractionalClustering fractional(3);
  fractional.openings = {0.5, 0, 0.5};
  for (int64_t j = 0; j < 3; ++j) {
    fractional.share(0, j) = fractional.share(2, j) = 0.5;
  }
  return fractional;
}

TEST(FractionalClusteringTest, CostsAndConditions) {
  const PointSet points = {{0, 1, 3}, 1};
  const DistanceMatrix metric = DistanceMatrix::Of(points.View());
  const FractionalClustering fractional = Halves();
  // Half of (0 + 1 + 3) and of (3 + 2 + 0).
  EXPECT_EQ(FractionalCost(metric, fractional), 4.5);
  EXPECT_EQ(LargestViolation(fractional, 1, {3, 3}), 0);
  // Loads of 1.5 on half a centre: 3 to a whole one.
  EXPECT_DOUBLE_EQ(LargestViolation(fractional, 1, {0, 2}), 0.25);
  EXPECT_DOUBLE_EQ(LargestViolation(fractional, 2, {0, 3}), 1);
  FractionalClustering closed = fractional;
  closed.openings[0] = 0.2;
  EXPECT_DOUBLE_EQ(LargestViolation(closed, 1, {0, 100}), 0.3);
}

TEST(FractionalClusteringTest, MoveTakesItsPartOfTheShares) {
  FractionalClustering fractional = Halves();
  Move(0.2, 0, 1, &fractional);
  EXPECT_DOUBLE_EQ(fractional.openings[0], 0.3);
  EXPECT_DOUBLE_EQ(fractional.openings[1], 0.2);
  EXPECT_DOUBLE_EQ(fractional.share(0, 2), 0.3);
  EXPECT_DOUBLE_EQ(fractional.share(1, 2), 0.2);
  EXPECT_NEAR(LargestViolation(fractional, 1, {3, 3}), 0, 1e-15);
}

TEST(FractionalClusteringTest, MoveOfAllLeavesExactZeros) {
  FractionalClustering fractional = Halves();
  Move(0.5 - 1e-12, 0, 2, &fractional);
  EXPECT_EQ(fractional.openings[0], 0);
  EXPECT_EQ(fractional.openings[2], 1);
  for (int64_t j = 0; j < 3; ++j) {
    EXPECT_EQ(fractional.share(0, j), 0);
    EXPECT_EQ(fractional.share(2, j), 1);
  }
}

}  // namespace
}  // namespace muster::dispatch
