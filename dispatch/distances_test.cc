#include "muster/dispatch/distances.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/score_kernel.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;
using ::muster::runtime::UniformInt;
using ::testing::ElementsAre;

PointSet RandomPoints(Rng rng, int64_t n, int64_t d, double scale = 1,
                      double mean = 0) {
  PointSet points{.dimension = d};
  for (int64_t i = 0; i < n * d; ++i) {
    points.values.push_back(static_cast<float>(mean + scale * Normal(rng)));
  }
  return points;
}

// Few distinct values: many exact ties.
PointSet GridPoints(Rng rng, int64_t n, int64_t d) {
  PointSet points{.dimension = d};
  for (int64_t i = 0; i < n * d; ++i) {
    points.values.push_back(static_cast<float>(UniformInt(rng, 3)));
  }
  return points;
}

// The definition, by sorting.
std::vector<int32_t> ByDefinition(PointsView points, PointsView centers,
                                  std::span<const double> offsets,
                                  int64_t count) {
  std::vector<int32_t> nearest;
  for (int64_t j = 0; j < points.size; ++j) {
    std::vector<std::pair<double, int32_t>> costs;
    for (int32_t c = 0; c < centers.size; ++c) {
      const double square = SquaredDistance(points.Point(j), centers.Point(c));
      costs.emplace_back(offsets.empty() ? square : square - offsets[c], c);
    }
    std::sort(costs.begin(), costs.end());
    for (int64_t r = 0; r < count; ++r) nearest.push_back(costs[r].second);
  }
  return nearest;
}

std::vector<int32_t> ByKernel(PointsView points, PointsView centers,
                              std::span<const double> offsets, int64_t count,
                              int threads = 1) {
  std::vector<int32_t> nearest(static_cast<size_t>(points.size * count), -1);
  NearestByPrice(points, centers, offsets, count, nearest,
                 {.threads = threads});
  return nearest;
}

TEST(DistancesTest, FindsTheNearestOfThree) {
  // Centres 0, 1, 4 on a line; 0.5 is a tie, 2.5 too.
  const PointSet centers{.values = {0, 1, 4}, .dimension = 1};
  const PointSet points{.values = {-1, 0.5, 2.5, 3, 9}, .dimension = 1};
  std::vector<int32_t> nearest(5);
  NearestCenters(points.View(), centers.View(), 1, nearest);
  EXPECT_THAT(nearest, ElementsAre(0, 0, 1, 2, 2));
  std::vector<int32_t> two(10);
  NearestCenters(points.View(), centers.View(), 2, two);
  EXPECT_THAT(two, ElementsAre(0, 1, 0, 1, 1, 2, 2, 1, 2, 1));
  // A price of 8 on centre 2 wins the tie at 2.5 and 0.5: 12.25 - 8 > 0.25.
  NearestByPrice(points.View(), centers.View(), std::vector<double>{0, 0, 8}, 1,
                 nearest);
  EXPECT_THAT(nearest, ElementsAre(0, 0, 2, 2, 2));
  std::vector<float> squares(15);
  SquaredDistances(points.View(), centers.View(), squares);
  EXPECT_THAT(std::vector<float>(squares.begin(), squares.begin() + 6),
              ElementsAre(1, 4, 25, 0.25, 0.25, 12.25));
}

TEST(DistancesTest, NoPointsGiveNothing) {
  const PointSet centers{.values = {0, 1}, .dimension = 1};
  std::vector<int32_t> nearest;
  NearestCenters({nullptr, 0, 1}, centers.View(), 1, nearest);
  EXPECT_TRUE(nearest.empty());
}

TEST(DistancesTest, AgreesWithTheDefinitionOnManyShapes) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 150; ++trial) {
    Rng rng = root.Fork("shape", trial);
    const int64_t n = 1 + UniformInt(rng, 40);
    const int64_t k = 1 + UniformInt(rng, trial % 10 == 0 ? 700 : 70);
    const int64_t d = 1 + UniformInt(rng, trial % 10 == 1 ? 1300 : 90);
    const int64_t count = 1 + UniformInt(rng, std::min<int64_t>(k, 20));
    const bool grid = trial % 3 == 0;
    const PointSet points = grid ? GridPoints(rng.Fork("points"), n, d)
                                 : RandomPoints(rng.Fork("points"), n, d);
    const PointSet centers = grid ? GridPoints(rng.Fork("centers"), k, d)
                                  : RandomPoints(rng.Fork("centers"), k, d);
    std::vector<double> offsets;
    if (trial % 2 == 0) {
      for (int64_t c = 0; c < k; ++c) offsets.push_back(Normal(rng));
    }
    EXPECT_EQ(ByKernel(points.View(), centers.View(), offsets, count),
              ByDefinition(points.View(), centers.View(), offsets, count))
        << "n " << n << " k " << k << " d " << d << " count " << count;
  }
}

// Where floats are far from exact: tiny and huge values, a distant mean, a
// distant centre, offsets that swamp distances, near copies.
TEST(DistancesTest, IsExactWhereFloatsAreNot) {
  const Rng root(TestSeed());
  for (const double scale : {1e-38, 1e-22, 1e-12, 1e12, 1e19, 1e30}) {
    const PointSet points = RandomPoints(root.Fork("p"), 30, 7, scale);
    const PointSet centers = RandomPoints(root.Fork("c"), 40, 7, scale);
    for (const int64_t count : {1, 3}) {
      EXPECT_EQ(ByKernel(points.View(), centers.View(), {}, count),
                ByDefinition(points.View(), centers.View(), {}, count))
          << scale;
    }
  }
  for (const double mean : {1e3, 1e6, 1e9}) {
    const PointSet points = RandomPoints(root.Fork("p"), 30, 7, 1, mean);
    PointSet centers = RandomPoints(root.Fork("c"), 40, 7, 1, mean);
    centers.values[0] = 1e15F;
    EXPECT_EQ(ByKernel(points.View(), centers.View(), {}, 2),
              ByDefinition(points.View(), centers.View(), {}, 2));
    std::vector<double> offsets;
    Rng rng = root.Fork("offsets");
    for (int c = 0; c < 40; ++c) offsets.push_back(mean * mean + Normal(rng));
    EXPECT_EQ(ByKernel(points.View(), centers.View(), offsets, 2),
              ByDefinition(points.View(), centers.View(), offsets, 2));
  }
  // Copies of one centre that differ in the last bit.
  const PointSet points = RandomPoints(root.Fork("p"), 50, 20);
  PointSet centers{.dimension = 20};
  Rng rng = root.Fork("bits");
  for (int c = 0; c < 30; ++c) {
    for (int m = 0; m < 20; ++m) {
      const float value = points.values[m];
      centers.values.push_back(
          UniformInt(rng, 2) == 0 ? value : std::nextafter(value, 10.0F));
    }
  }
  EXPECT_EQ(ByKernel(points.View(), centers.View(), {}, 4),
            ByDefinition(points.View(), centers.View(), {}, 4));
}

TEST(DistancesTest, SquaredDistancesAreTheSameBitsAsOneByOne) {
  const Rng root(TestSeed());
  for (const int64_t k : {1, 5, 16, 37}) {
    const PointSet points = RandomPoints(root.Fork("p"), 23, 67);
    const PointSet centers = RandomPoints(root.Fork("c"), k, 67);
    std::vector<float> squares(static_cast<size_t>(23 * k));
    SquaredDistances(points.View(), centers.View(), squares);
    for (int64_t j = 0; j < 23; ++j) {
      for (int64_t c = 0; c < k; ++c) {
        volatile float sum = 0;  // each operation rounded
        for (int64_t m = 0; m < 67; ++m) {
          const volatile float difference =
              points.Point(j)[m] - centers.Point(c)[m];
          const volatile float square = difference * difference;
          sum = sum + square;
        }
        EXPECT_EQ(squares[j * k + c], sum);
      }
    }
  }
}

// Both versions of the kernel stay within the error that candidates are chosen
// with: this is what the guarantee of PackedCenters rests on.
TEST(DistancesTest, ScoresAreWithinTheirRoundings) {
  const Rng root(TestSeed());
  for (const int64_t d : {1, 63, 64, 65, 600, 1100}) {
    const PointSet x = RandomPoints(root.Fork("x"), 12, d);
    const PointSet c = RandomPoints(root.Fork("c"), 48, d);
    std::vector<float> tile(static_cast<size_t>(12 * (d + 63) / 64 * 64 + 768));
    std::vector<PanelRow> panels(static_cast<size_t>(3 * d)), bias(3);
    for (int64_t i = 0; i < 12; ++i) {
      for (int64_t m = 0; m < d; ++m) {
        tile[m / 64 * 64 * 12 + i * 64 + m % 64] = x.Point(i)[m];
      }
    }
    for (int64_t i = 0; i < 48; ++i) {
      for (int64_t m = 0; m < d; ++m) {
        panels[i / 16 * d + m].lanes[i % 16] = c.Point(i)[m];
      }
    }
    std::vector<float> fast(12 * 48), baseline(12 * 48);
    ComputeScores(tile.data(), 12, d, panels.data(), bias.data(), 3,
                  fast.data(), 48);
    ComputeScoresBaseline(tile.data(), 12, d, panels.data(), bias.data(), 3,
                          baseline.data(), 48);
    for (int64_t i = 0; i < 12; ++i) {
      for (int64_t l = 0; l < 48; ++l) {
        double exact = 0, absolute = 0;
        for (int64_t m = 0; m < d; ++m) {
          const double product =
              static_cast<double>(x.Point(i)[m]) * c.Point(l)[m];
          exact -= product;
          absolute += std::abs(product);
        }
        const double bound =
            static_cast<double>(ScoreRoundings(d)) * 0x1p-24 * 1.01 * absolute;
        EXPECT_NEAR(fast[i * 48 + l], exact, bound);
        EXPECT_NEAR(baseline[i * 48 + l], exact, bound);
      }
    }
  }
}

TEST(PackedCentersTest, BoundsHoldAndTheNearestIsExact) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 60; ++trial) {
    Rng rng = root.Fork("two", trial);
    const int64_t n = 1 + UniformInt(rng, 300);
    const int64_t k = 1 + UniformInt(rng, trial % 10 == 0 ? 700 : 40);
    const int64_t d = 1 + UniformInt(rng, 70);
    const double scale = trial % 7 == 0 ? 1e-25 : trial % 7 == 1 ? 1e30 : 1.0;
    const double mean = trial % 5 == 0 ? 300 : 0;
    const PointSet points =
        trial % 3 == 0 ? GridPoints(rng.Fork("p"), n, d)
                       : RandomPoints(rng.Fork("p"), n, d, scale, mean);
    const PointSet centers =
        trial % 3 == 0 ? GridPoints(rng.Fork("c"), k, d)
                       : RandomPoints(rng.Fork("c"), k, d, scale, mean);
    std::vector<int32_t> rows;
    for (int64_t j = n - 1; j >= 0; j -= 2) {
      rows.push_back(static_cast<int32_t>(j));
    }
    std::vector<NearestTwo> result(rows.size());
    PackedCenters(centers.View()).NearestTwoOf(points.View(), rows, result);
    const std::vector<int32_t> expected = ByDefinition(
        points.View(), centers.View(), {}, std::min<int64_t>(k, 2));
    for (size_t i = 0; i < rows.size(); ++i) {
      const int64_t j = rows[i];
      const int32_t nearest = expected[j * std::min<int64_t>(k, 2)];
      ASSERT_EQ(result[i].nearest, nearest);
      const double first =
          std::sqrt(SquaredDistance(points.Point(j), centers.Point(nearest)));
      EXPECT_LE(first, result[i].upper);
      if (k == 1) continue;
      const double second = std::sqrt(
          SquaredDistance(points.Point(j), centers.Point(expected[2 * j + 1])));
      EXPECT_GE(second, result[i].lower);
      if (scale == 1 && d > 10 && trial % 3 != 0) {
        EXPECT_LE(result[i].upper, first * (1 + 1e-2) + 1e-2);
        EXPECT_GE(result[i].lower, second * (1 - 1e-2) - 1e-2);
      }
    }
  }
}

TEST(DistancesTest, DoesNotDependOnThreads) {
  const Rng root(TestSeed());
  const PointSet points = GridPoints(root.Fork("p"), 1500, 4);
  const PointSet centers = RandomPoints(root.Fork("c"), 33, 4);
  const std::vector<int32_t> one =
      ByKernel(points.View(), centers.View(), {}, 3);
  for (const int threads : {2, 3, 8}) {
    EXPECT_EQ(ByKernel(points.View(), centers.View(), {}, 3, threads), one);
  }
}

}  // namespace
}  // namespace muster::dispatch
