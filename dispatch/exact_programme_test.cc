#include "muster/dispatch/exact_programme.h"

#include <atomic>
#include <string>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/assignment_flow.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/reference_instances.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

constexpr Objective kObjectives[] = {Objective::kKMedian, Objective::kKMeans,
                                     Objective::kKCenter};

absl::StatusOr<ExactResult> Solve(const MetricInstance& instance,
                                  Objective objective) {
  const auto solve =
      objective == Objective::kKCenter ? SolveKCenterExactly : SolveExactly;
  return solve(ConnectionCosts(objective, instance.metric),
               instance.num_clusters, instance.copies, instance.sizes, {}, {});
}

// The proven optimum of a named instance.
double Optimum(const DistanceMatrix& metric, int64_t k, SizeBounds sizes,
               Objective objective = Objective::kKMedian, int64_t p = 1) {
  const auto result = SolveExactly(ConnectionCosts(objective, metric), k, p,
                                   sizes, {.max_points = 300});
  EXPECT_THAT(result, IsOk());
  EXPECT_TRUE(result->proven);
  EXPECT_EQ(result->lower_bound, result->cost);
  return result->cost;
}

TEST(ExactProgrammeTest, OptimaOfTheReferenceInstances) {
  for (const ReferenceRow& row : ReferenceRows()) {
    const MetricInstance instance = ReferenceInstance(row);
    SCOPED_TRACE(instance.name);
    const double expected[] = {row.median, row.means, row.center};
    for (int o = 0; o < 3; ++o) {
      const auto result = Solve(instance, kObjectives[o]);
      ASSERT_THAT(result, IsOk());
      EXPECT_TRUE(result->proven);
      EXPECT_NEAR(result->cost, expected[o], 1e-6);
      EXPECT_NEAR(EnumeratedOptimum(instance, kObjectives[o]), expected[o],
                  1e-6);
    }
  }
}

// Star and groups: the optimum rises with k, falls and rises.
TEST(ExactProgrammeTest, LowerBoundsMakeMoreCentresCostMore) {
  const double star_median[] = {10, 11, 12}, star_means[] = {10, 13, 18};
  for (int k = 1; k <= 3; ++k) {
    EXPECT_NEAR(Optimum(Star(10), k, {3, 11}), star_median[k - 1], 1e-9);
    EXPECT_NEAR(Optimum(Star(10), k, {3, 11}, Objective::kKMeans),
                star_means[k - 1], 1e-9);
  }
  const double groups[] = {10, 5, 0, 1, 2};
  for (int k = 1; k <= 5; ++k) {
    EXPECT_NEAR(Optimum(FarGroups(3, 5), k, {3, 15}), groups[k - 1], 1e-9);
  }
}

// Fig. 2: a local minimum at k = 2 and another at 4; n = 86.
TEST(ExactProgrammeTest, SmallZooHasLocalMinima) {
  const double median[] = {84, 85, 82}, means[] = {84, 87, 82};
  for (int k = 2; k <= 4; ++k) {
    EXPECT_NEAR(Optimum(SmallZoo(), k, {21, 86}), median[k - 2], 1e-9);
    EXPECT_NEAR(Optimum(SmallZoo(), k, {21, 86}, Objective::kKMeans),
                means[k - 2], 1e-9);
  }
}

TEST(ExactProgrammeTest, NamedInstances) {
  // The relaxation says 0 for both.
  EXPECT_NEAR(Optimum(FarGroups(2, 3), 3, {0, 2}), 1, 1e-9);
  EXPECT_NEAR(Optimum(FarGroups(2, 3), 3, {0, 3}), 0, 1e-9);
  EXPECT_NEAR(Optimum(BalancedStablePair(), 2, {10, 20}), 3.0, 1e-9);
  EXPECT_NEAR(Optimum(BalancedStablePair(), 2, {0, 20}), 2.7, 1e-9);
}

TEST(ExactProgrammeTest, AgreesWithTryingAllCentres) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 150; ++trial) {
    const MetricInstance instance =
        RandomInstance(root.Fork("exact", trial), /*min_copies=*/1);
    SCOPED_TRACE(instance.name);
    const Objective objective = kObjectives[trial % 3];
    const auto result = Solve(instance, objective);
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(result->proven);
    const double optimum = EnumeratedOptimum(instance, objective);
    EXPECT_NEAR(result->cost, optimum, 1e-7 * optimum);
    EXPECT_EQ(static_cast<int64_t>(result->centers.size()),
              instance.num_clusters);
  }
}

DistanceMatrix Scaled(const DistanceMatrix& metric, double factor) {
  const int64_t n = metric.size();
  std::vector<double> values;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) values.push_back(factor * metric(i, j));
  }
  return *DistanceMatrix::Create(std::move(values), n);
}

// The unit of length means nothing, however small or large.
TEST(ExactProgrammeTest, AgreesWithTryingAllCentresInAnyUnit) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 60; ++trial) {
    MetricInstance instance =
        RandomInstance(root.Fork("exact_unit", trial), /*min_copies=*/1);
    SCOPED_TRACE(instance.name);
    const DistanceMatrix metric = instance.metric;
    const Objective objective = kObjectives[trial % 3];
    for (const double unit : {1e-8, 1e-4, 1e8}) {
      SCOPED_TRACE(unit);
      instance.metric = Scaled(metric, unit);
      const auto result = Solve(instance, objective);
      ASSERT_THAT(result, IsOk());
      EXPECT_TRUE(result->proven);
      const double optimum = EnumeratedOptimum(instance, objective);
      EXPECT_NEAR(result->cost, optimum, 1e-7 * optimum);
    }
  }
}

// Points of the unit square whose optimum takes some branching: costs far below
// the solver's tolerances must not have it pruned.
TEST(ExactProgrammeTest, ProvesTheSameOptimumInAnyUnit) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 20; ++trial) {
    runtime::Rng rng = root.Fork("square", trial);
    PointSet points{.dimension = 2};
    for (int i = 0; i < 2 * 14; ++i) {
      points.values.push_back(static_cast<float>(runtime::Uniform01(rng)));
    }
    const DistanceMatrix metric = DistanceMatrix::Of(points.View());
    MetricInstance instance = {
        .metric = metric, .num_clusters = 4, .sizes = {2, 5}};
    const double optimum = EnumeratedOptimum(instance, Objective::kKMeans);
    for (const double unit : {1e-8, 1e-4, 1e-2, 1.0, 1e4, 1e8}) {
      SCOPED_TRACE(unit);
      instance.metric = Scaled(metric, unit);
      const auto result = Solve(instance, Objective::kKMeans);
      ASSERT_THAT(result, IsOk());
      EXPECT_TRUE(result->proven);
      EXPECT_NEAR(result->cost / (unit * unit), optimum, 1e-7 * optimum);
    }
  }
}

// A pair so far away that its own costs, were it not served by itself, dwarf
// those of the others.
TEST(ExactProgrammeTest, FarPointsDoNotHideTheOthers) {
  runtime::Rng rng = runtime::Rng(runtime::TestSeed()).Fork("far");
  PointSet points{.dimension = 2};
  for (int i = 0; i < 2 * 10; ++i) {
    points.values.push_back(static_cast<float>(runtime::Uniform01(rng)));
  }
  for (const float x : {1.0f, 0.0f, 1.0f, 0.0f}) points.values.push_back(x);
  double first = 0;
  for (const float far : {1e3f, 1e4f, 1e5f, 1e6f}) {
    SCOPED_TRACE(far);
    points.values[20] = points.values[22] = far;
    MetricInstance instance = {.metric = DistanceMatrix::Of(points.View()),
                               .num_clusters = 4,
                               .sizes = {2, 5}};
    const auto result = Solve(instance, Objective::kKMeans);
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(result->proven);
    // Its flows are exact to a part of the largest cost.
    if (first == 0) first = EnumeratedOptimum(instance, Objective::kKMeans);
    EXPECT_NEAR(result->cost, first, 1e-7 * first);
  }
}

// Groups of five with one centre too many: the relaxation's gap keeps the
// search from ending at its first node.
TEST(ExactProgrammeTest, AnEarlyEndKeepsTheBestAndABound) {
  const auto result =
      SolveExactly(FarGroups(3, 5), 5, 1, {3, 15}, {.max_nodes = 1});
  ASSERT_THAT(result, IsOk());
  EXPECT_FALSE(result->proven);
  EXPECT_EQ(result->cost, 2);
  EXPECT_LT(result->lower_bound, 2);
  EXPECT_GE(result->lower_bound, 0);
}

TEST(ExactProgrammeTest, Errors) {
  const absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(SolveExactly(FarGroups(2, 2), 2, 1, {3, 4}),
              StatusIs(kInvalid, HasSubstr("k a <= n p")));
  EXPECT_THAT(SolveExactly(FarGroups(1, 61), 2, 1, {}),
              StatusIs(absl::StatusCode::kResourceExhausted,
                       HasSubstr("61 points, takes at most max_points = 60")));
  EXPECT_THAT(Validate(ExactOptions{.max_points = 0}),
              StatusIs(kInvalid, HasSubstr("max_points is 0")));
  EXPECT_THAT(Validate(ExactOptions{.max_nodes = 0}),
              StatusIs(kInvalid, HasSubstr("max_nodes is 0")));
  const std::atomic<bool> stop = true;
  for (const auto solve : {SolveExactly, SolveKCenterExactly}) {
    EXPECT_THAT(solve(FarGroups(2, 2), 2, 1, {}, {}, {.stop = &stop}),
                StatusIs(absl::StatusCode::kCancelled));
  }
}

}  // namespace
}  // namespace muster::dispatch
