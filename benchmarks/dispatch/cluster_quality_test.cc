#include "muster/benchmarks/dispatch/cluster_quality.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"

namespace muster::benchmarks {
namespace {

// Points 0, 1, 4 on a line, centres 0 and 3, two copies each; the last point
// has both on the second centre.
//
//   f(0) = {0, 3}: (0 + 9) / 2    f(1) = {0, 3}: (1 + 4) / 2    f(4) = {3}: 1
struct Example {
  dispatch::PointSet points{.values = {0, 1, 4}, .dimension = 1};
  dispatch::Clustering clustering;

  Example() {
    clustering.centers = {.values = {0, 3}, .dimension = 1};
    clustering.clusters = {0, 1, 0, 1, 1, 1};
    clustering.copies = 2;
  }
};

TEST(ClusterQualityTest, CopiesOnOneCentreCountOnce) {
  const Example example;
  EXPECT_DOUBLE_EQ(
      CopyAveragedObjective(example.points.View(), example.clustering),
      4.5 + 2.5 + 1);
  EXPECT_DOUBLE_EQ(SingleCenterShare(example.clustering), 1.0 / 3);
}

// Cluster 0 has labels a, b: 1 bit. Cluster 1 has a, b, b: H(1/3).
TEST(ClusterQualityTest, EntropyIsTheMeanOverClusters) {
  const Example example;
  const std::vector<double> labels = {1, 2, 2};
  const double third = -std::log2(1.0 / 3) / 3 - 2 * std::log2(2.0 / 3) / 3;
  EXPECT_NEAR(MeanLabelEntropyBits(example.clustering, labels), (1 + third) / 2,
              1e-12);
  EXPECT_EQ(MeanLabelEntropyBits(example.clustering, {{7, 7, 7}}), 0);
}

}  // namespace
}  // namespace muster::benchmarks
