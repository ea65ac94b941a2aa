#include "muster/models/data/dendrogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;

// On a line: 0 and 1 merge at distance 1 (node 4), 5 and 7 at 2 (node 5), the
// two pairs at 7 (node 6).
TEST(DendrogramTest, WorkedExample) {
  const std::vector<double> points = {0, 5, 1, 7};
  const std::vector<DendrogramMerge> merges = CompleteLinkage(points, 1);
  const std::vector<DendrogramMerge> expected = {
      {.left = 0, .right = 2, .distance = 1, .size = 2},
      {.left = 1, .right = 3, .distance = 2, .size = 2},
      {.left = 4, .right = 5, .distance = 7, .size = 4}};
  EXPECT_EQ(merges, expected);
  // Three classes: the left pair gets round(1.5) = 2 of them, one each.
  EXPECT_EQ(DendrogramLabels(merges, 3, Rng(1)),
            (std::vector<int64_t>{0, 2, 1, 2}));
  EXPECT_EQ(DendrogramLabels(merges, 2, Rng(1)),
            (std::vector<int64_t>{0, 1, 0, 1}));
  EXPECT_EQ(DendrogramLabels(merges, 1, Rng(1)),
            (std::vector<int64_t>{0, 0, 0, 0}));
}

TEST(DendrogramTest, OnePointPicksOneOfItsClasses) {
  const std::vector<double> point = {3, 4};
  const std::vector<DendrogramMerge> merges = CompleteLinkage(point, 2);
  EXPECT_TRUE(merges.empty());
  std::vector<int64_t> counts(3);
  for (uint64_t seed = 0; seed < 300; ++seed) {
    ++counts[DendrogramLabels(merges, 3, Rng(seed))[0]];
  }
  for (int64_t count : counts) EXPECT_NEAR(count, 100, 35);
}

// By the definition: at each step the diameter of every possible merge.
std::vector<DendrogramMerge> Oracle(const std::vector<double>& points,
                                    int64_t dimension) {
  const int64_t n = static_cast<int64_t>(points.size()) / dimension;
  struct Cluster {
    std::vector<int64_t> members;
    int64_t node;
  };
  std::vector<Cluster> clusters;
  for (int64_t i = 0; i < n; ++i) clusters.push_back({{i}, i});
  std::vector<DendrogramMerge> merges;
  while (clusters.size() > 1) {
    double best = INFINITY;
    size_t first = 0;
    size_t second = 0;
    for (size_t a = 0; a < clusters.size(); ++a) {
      for (size_t b = a + 1; b < clusters.size(); ++b) {
        double farthest = 0;
        for (int64_t i : clusters[a].members) {
          for (int64_t j : clusters[b].members) {
            double sum = 0;
            for (int64_t t = 0; t < dimension; ++t) {
              const double d =
                  points[i * dimension + t] - points[j * dimension + t];
              sum += d * d;
            }
            farthest = std::max(farthest, sum);
          }
        }
        if (farthest < best) {
          best = farthest;
          first = a;
          second = b;
        }
      }
    }
    Cluster& left = clusters[first];
    Cluster& right = clusters[second];
    left.members.insert(left.members.end(), right.members.begin(),
                        right.members.end());
    merges.push_back({.left = left.node,
                      .right = right.node,
                      .distance = std::sqrt(best),
                      .size = static_cast<int64_t>(left.members.size())});
    left.node = n + static_cast<int64_t>(merges.size()) - 1;
    clusters.erase(clusters.begin() + static_cast<int64_t>(second));
  }
  return merges;
}

TEST(DendrogramTest, AgreesWithTheDefinition) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 60; ++instance) {
    Rng rng = root.Fork("points", instance);
    const int64_t n = 1 + runtime::UniformInt(rng, 14);
    const int64_t dimension = 1 + runtime::UniformInt(rng, 3);
    // On a small grid there are ties and repeated points.
    std::vector<double> points(n * dimension);
    for (double& x : points) {
      x = static_cast<double>(runtime::UniformInt(rng, 8));
    }
    EXPECT_EQ(CompleteLinkage(points, dimension), Oracle(points, dimension));
  }
}

// With as many points as classes or more, and shares that never round to more
// classes than points, every class is used and a node's classes are a range.
TEST(DendrogramTest, LabelsAreContiguousInEveryNode) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 20; ++instance) {
    Rng rng = root.Fork("labels", instance);
    const int64_t n = 100;
    std::vector<double> points(n * 2);
    for (double& x : points) x = runtime::Uniform01(rng);
    const std::vector<DendrogramMerge> merges = CompleteLinkage(points, 2);
    const std::vector<int64_t> labels = DendrogramLabels(merges, 10, rng);
    std::vector<std::vector<int64_t>> below(2 * n - 1);
    for (int64_t i = 0; i < n; ++i) below[i] = {labels[i]};
    for (int64_t m = 0; m + 1 < n; ++m) {
      std::vector<int64_t>& node = below[n + m];
      node = below[merges[m].left];
      // All classes of the left child come before those of the right one.
      const auto& right = below[merges[m].right];
      EXPECT_LE(*std::ranges::max_element(node),
                *std::ranges::min_element(right));
      node.insert(node.end(), right.begin(), right.end());
    }
    EXPECT_EQ(*std::ranges::min_element(labels), 0);
    EXPECT_EQ(*std::ranges::max_element(labels), 9);
  }
}

}  // namespace
}  // namespace muster::models
