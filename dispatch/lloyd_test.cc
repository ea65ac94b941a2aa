#include "muster/dispatch/lloyd.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TestSeed;
using ::muster::runtime::UniformInt;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// Lloyd's iteration as its header defines it, word by word.
LloydResult PlainLloyd(PointsView points, PointSet centers,
                       int64_t max_iterations) {
  const int64_t k = centers.size(), d = points.dimension;
  LloydResult result;
  std::vector<int32_t> assignment(static_cast<size_t>(points.size), -1);
  const auto assign = [&] {
    bool changed = false;
    for (int64_t j = 0; j < points.size; ++j) {
      double least = std::numeric_limits<double>::infinity();
      int32_t best = 0;
      for (int32_t c = 0; c < k; ++c) {
        const double square =
            SquaredDistance(points.Point(j), centers.Point(c));
        if (square < least) {
          least = square;
          best = c;
        }
      }
      changed = changed || assignment[j] != best;
      assignment[j] = best;
    }
    return changed;
  };
  for (;;) {
    const bool changed = assign();
    result.converged = !changed && result.iterations > 0;
    if (result.converged || result.iterations == max_iterations) break;
    std::vector<int64_t> counts(static_cast<size_t>(k), 0);
    for (const int32_t c : assignment) ++counts[c];
    for (int32_t c = 0; c < k; ++c) {
      if (counts[c] > 0) continue;
      double most = 0;
      int64_t far = -1;
      for (int64_t j = 0; j < points.size; ++j) {
        if (counts[assignment[j]] < 2) continue;
        const double square =
            SquaredDistance(points.Point(j), centers.Point(assignment[j]));
        if (square > most) {
          most = square;
          far = j;
        }
      }
      if (far < 0) break;
      --counts[assignment[far]];
      assignment[far] = c;
      ++counts[c];
    }
    std::vector<long double> sums(static_cast<size_t>(k * d), 0.0L);
    for (int64_t j = 0; j < points.size; ++j) {
      for (int64_t m = 0; m < d; ++m) {
        sums[assignment[j] * d + m] += points.Point(j)[m];
      }
    }
    for (int64_t c = 0; c < k; ++c) {
      for (int64_t m = 0; m < d && counts[c] > 0; ++m) {
        centers.values[c * d + m] =
            static_cast<float>(static_cast<double>(sums[c * d + m]) /
                               static_cast<double>(counts[c]));
      }
    }
    ++result.iterations;
  }
  result.centers = centers;
  result.assignment = assignment;
  return result;
}

// Normal points around random means; with few or no means apart, or on a grid.
PointSet Generate(Rng rng, int64_t n, int64_t d, int64_t kind) {
  PointSet points{.dimension = d};
  for (int64_t j = 0; j < n; ++j) {
    Rng mean = rng.Fork("mean", static_cast<uint64_t>(UniformInt(rng, 12)));
    for (int64_t m = 0; m < d; ++m) {
      const double noise = Normal(rng);
      const double center = 4 * Normal(mean);
      points.values.push_back(static_cast<float>(
          kind == 0   ? noise
          : kind == 1 ? center + noise
          : kind == 2 ? static_cast<double>(UniformInt(rng, 3))
                      : 1e4 + center + noise));
    }
  }
  return points;
}

PointSet FirstPoints(const PointSet& points, int64_t k) {
  PointSet centers{.dimension = points.dimension};
  centers.values.assign(points.values.begin(),
                        points.values.begin() + k * points.dimension);
  return centers;
}

TEST(LloydTest, MovesCentresToTheMeans) {
  // 0 1 | 10 12: from centres 0 and 1, {0} {1, 10, 12} -> 0, 7.67 -> {0, 1},
  // {10, 12} -> 0.5, 11.
  const PointSet points{.values = {0, 1, 10, 12}, .dimension = 1};
  const auto result = Lloyd(points.View(), {.values = {0, 1}, .dimension = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->centers.values, ElementsAre(0.5F, 11.0F));
  EXPECT_THAT(result->assignment, ElementsAre(0, 0, 1, 1));
  EXPECT_DOUBLE_EQ(result->cost, 0.5 + 2);
  EXPECT_TRUE(result->converged);
  EXPECT_EQ(result->iterations, 2);
}

TEST(LloydTest, AnEmptyClusterTakesTheFarthestPoint) {
  // Both centres at 0: all points go to the first; 9 is farthest.
  const PointSet points{.values = {0, 1, 9}, .dimension = 1};
  const auto result = Lloyd(points.View(), {.values = {0, 0}, .dimension = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->assignment, ElementsAre(0, 0, 1));
  EXPECT_THAT(result->centers.values, ElementsAre(0.5F, 9.0F));
}

TEST(LloydTest, WhatHugePointsHidSurvivesThem) {
  // All at the first centre; 1e30 and 1e14 fill the empty ones. 1e30 + 1e14 +
  // 1e-3 has lost 1e-3, even as two doubles.
  const PointSet points{.values = {1e30F, 1e14F, 1e-3F}, .dimension = 1};
  const auto result =
      Lloyd(points.View(), {.values = {0, 0, 0}, .dimension = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->centers.values, ElementsAre(1e-3F, 1e30F, 1e14F));
  EXPECT_THAT(result->assignment, ElementsAre(1, 2, 0));
  EXPECT_EQ(result->cost, 0);
  EXPECT_TRUE(result->converged);
}

// Values over most of float's range, positive, so that the oracle's sums are
// right too. Points leave clusters one by one as well as for empty ones.
TEST(LloydTest, ValuesFarApartAreExactToo) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 60; ++trial) {
    Rng rng = root.Fork("apart", trial);
    const int64_t n = 20 + UniformInt(rng, 400);
    const int64_t k = 2 + UniformInt(rng, 18);
    const int64_t d = 1 + UniformInt(rng, 3);
    PointSet points{.dimension = d};
    for (int64_t i = 0; i < n * d; ++i) {
      points.values.push_back(static_cast<float>(
          std::pow(10.0, -15 + 33 * runtime::Uniform01(rng))));
    }
    const PointSet centers =
        trial % 2 == 0
            ? FirstPoints(points, k)
            : PointSet{.values = std::vector<float>(static_cast<size_t>(k * d)),
                       .dimension = d};
    const LloydResult plain = PlainLloyd(points.View(), centers, 40);
    const auto result =
        Lloyd(points.View(), centers, {.max_iterations = 40}, {.threads = 3});
    ASSERT_THAT(result, IsOk());
    EXPECT_EQ(result->assignment, plain.assignment);
    EXPECT_EQ(result->centers, plain.centers);
    EXPECT_EQ(result->iterations, plain.iterations);
  }
}

TEST(LloydTest, WithFewerDistinctPointsThanCentresSomeStayEmpty) {
  const PointSet points{.values = {2, 2, 2}, .dimension = 1};
  const auto result =
      Lloyd(points.View(), {.values = {2, 5, 2}, .dimension = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(result->assignment, ElementsAre(0, 0, 0));
  EXPECT_THAT(result->centers.values, ElementsAre(2, 5, 2));
  EXPECT_EQ(result->cost, 0);
  EXPECT_TRUE(result->converged);
}

TEST(LloydTest, PruningChangesNothing) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 120; ++trial) {
    Rng rng = root.Fork("prune", trial);
    const int64_t n = 2 + UniformInt(rng, 400);
    const int64_t k = 1 + UniformInt(rng, std::min<int64_t>(n, 60));
    const int64_t d = 1 + UniformInt(rng, trial % 8 == 0 ? 150 : 20);
    const PointSet points = Generate(rng.Fork("points"), n, d, trial % 4);
    const int64_t limit = trial % 5 == 0 ? 3 : 40;
    const LloydResult plain =
        PlainLloyd(points.View(), FirstPoints(points, k), limit);
    for (const int64_t group_size : {-1, 0, 16, 32, 64}) {
      const auto result =
          Lloyd(points.View(), FirstPoints(points, k),
                {.max_iterations = limit, .group_size = group_size});
      ASSERT_THAT(result, IsOk());
      ASSERT_EQ(result->assignment, plain.assignment)
          << "n " << n << " k " << k << " d " << d << " group " << group_size;
      ASSERT_EQ(result->centers, plain.centers);
      EXPECT_EQ(result->iterations, plain.iterations);
      EXPECT_EQ(result->converged, plain.converged);
    }
  }
}

TEST(LloydTest, ExtremeValuesAreExactToo) {
  const Rng root(TestSeed());
  for (const float scale : {1e-38F, 1e-20F, 1e20F, 1e30F}) {
    PointSet points = Generate(root.Fork("points"), 200, 3, 1);
    for (float& value : points.values) value *= scale;
    const LloydResult plain =
        PlainLloyd(points.View(), FirstPoints(points, 20), 15);
    for (const int64_t group_size : {16, 32}) {
      const auto result =
          Lloyd(points.View(), FirstPoints(points, 20),
                {.max_iterations = 15, .group_size = group_size});
      ASSERT_THAT(result, IsOk());
      EXPECT_EQ(result->assignment, plain.assignment) << scale;
      EXPECT_EQ(result->centers, plain.centers);
    }
  }
}

TEST(LloydTest, PruningSavesMostOfTheWorkOnSeparatedPoints) {
  const PointSet points = Generate(Rng(3), 4000, 8, 1);
  const auto result = Lloyd(points.View(), FirstPoints(points, 48),
                            {.max_iterations = 30, .group_size = 16});
  ASSERT_THAT(result, IsOk());
  EXPECT_LT(result->pairs, 4000 * 48 * (result->iterations + 1) / 2);
}

TEST(LloydTest, TheCostNeverRises) {
  const PointSet points = Generate(Rng(4), 3000, 6, 0);
  double before = std::numeric_limits<double>::infinity();
  for (int64_t limit = 1; limit <= 12; ++limit) {
    const auto result = Lloyd(points.View(), FirstPoints(points, 20),
                              {.max_iterations = limit});
    ASSERT_THAT(result, IsOk());
    EXPECT_LE(result->cost, before * (1 + 1e-6));
    before = result->cost;
  }
}

TEST(LloydTest, DoesNotDependOnThreads) {
  const PointSet points = Generate(Rng(5), 10000, 9, 1);
  const auto one = Lloyd(points.View(), FirstPoints(points, 40),
                         {.max_iterations = 12}, {.threads = 1});
  ASSERT_THAT(one, IsOk());
  for (const int threads : {2, 3, 8}) {
    const auto other = Lloyd(points.View(), FirstPoints(points, 40),
                             {.max_iterations = 12}, {.threads = threads});
    ASSERT_THAT(other, IsOk());
    EXPECT_EQ(other->centers, one->centers);
    EXPECT_EQ(other->assignment, one->assignment);
    EXPECT_EQ(other->cost, one->cost);
    EXPECT_EQ(other->pairs, one->pairs);
    EXPECT_EQ(other->iterations, one->iterations);
  }
}

TEST(LloydTest, AStopLeavesAnAssignmentThatFits) {
  const PointSet points = Generate(Rng(6), 100, 2, 1);
  const std::atomic<bool> stop = true;
  const auto result =
      Lloyd(points.View(), FirstPoints(points, 5), {}, {.stop = &stop});
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->converged);
  EXPECT_EQ(result->iterations, 0);
  EXPECT_EQ(result->centers, FirstPoints(points, 5));
  for (int64_t j = 0; j < 5; ++j) EXPECT_EQ(result->assignment[j], j);
}

TEST(LloydTest, WrongInputsAreNamed) {
  const PointSet points{.values = {0, 1}, .dimension = 1};
  EXPECT_THAT(Lloyd(points.View(), {.values = {0}, .dimension = 1},
                    {.max_iterations = 0}),
              StatusIs(kInvalid, HasSubstr("max_iterations is 0")));
  EXPECT_THAT(
      Lloyd(points.View(), {.values = {0}, .dimension = 1}, {.group_size = 8}),
      StatusIs(kInvalid, HasSubstr("group_size is 8")));
  EXPECT_THAT(Lloyd(points.View(), {.values = {0, 1}, .dimension = 2}),
              StatusIs(kInvalid, HasSubstr("have 2 features, expected 1")));
  EXPECT_THAT(Lloyd(points.View(), {.values = {NAN}, .dimension = 1}),
              StatusIs(kInvalid, HasSubstr("initial centers: row 0")));
  EXPECT_THAT(Lloyd({nullptr, 0, 1}, {.values = {0}, .dimension = 1}),
              StatusIs(kInvalid, HasSubstr("no points")));
  EXPECT_THAT(Lloyd({points.values.data(), int64_t{1} << 31, 1},
                    {.values = {0}, .dimension = 1}),
              StatusIs(kInvalid, HasSubstr("2147483648 points, need at most")));
}

}  // namespace
}  // namespace muster::dispatch
