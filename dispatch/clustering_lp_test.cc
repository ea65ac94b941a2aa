#include "muster/dispatch/clustering_lp.h"

#include <atomic>
#include <cmath>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/reference_instances.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

constexpr Objective kSums[] = {Objective::kKMedian, Objective::kKMeans};
constexpr CenterCount kCounts[] = {CenterCount::kAtMost, CenterCount::kExactly};

// Two points and one centre: it serves the other at their distance.
TEST(ClusteringLpTest, TwoPoints) {
  const DistanceMatrix metric = FarGroups(2, 1);
  const auto lp = SolveClusteringLp(metric, 1, 1, {0, 2});
  ASSERT_THAT(lp, IsOk());
  EXPECT_NEAR(lp->cost, 1, 1e-12);
  EXPECT_NEAR(lp->lower_bound, 1, 1e-12);
}

// Six equal points, each a centre of its own: the nearest centres of all are
// the same few, and the others must be filled too.
TEST(ClusteringLpTest, EqualPointsFillEveryCenter) {
  for (const int64_t copies : {1, 2}) {
    const auto lp =
        SolveClusteringLp(FarGroups(1, 6), 6, copies, {copies, copies},
                          {.count = CenterCount::kExactly});
    ASSERT_THAT(lp, IsOk());
    EXPECT_NEAR(lp->cost, 0, 1e-12);
  }
}

TEST(ClusteringLpTest, ValuesOfTheReferenceInstances) {
  for (const ReferenceRow& row : ReferenceRows()) {
    const MetricInstance instance = ReferenceInstance(row);
    SCOPED_TRACE(instance.name);
    for (const Objective objective : kSums) {
      const double expected =
          objective == Objective::kKMedian ? row.lp_median : row.lp_means;
      for (const CenterCount count : kCounts) {
        const auto lp =
            SolveClusteringLp(ConnectionCosts(objective, instance.metric),
                              row.k, row.p, instance.sizes, {.count = count});
        ASSERT_THAT(lp, IsOk());
        EXPECT_NEAR(lp->cost, expected, 1e-6);
        EXPECT_NEAR(lp->lower_bound, lp->cost, 1e-6);
      }
    }
  }
}

TEST(ClusteringLpTest, ValuesOfTheNamedInstances) {
  const auto value = [](const DistanceMatrix& metric, int64_t k, int64_t p,
                        SizeBounds sizes) {
    return SolveClusteringLp(metric, k, p, sizes)->cost;
  };
  // Integrality gap without replication: 0 against 1.
  EXPECT_NEAR(value(FarGroups(2, 3), 3, 1, {0, 2}), 0, 1e-9);
  EXPECT_NEAR(value(OddStar(), 12, 3, {0, 20}), 25.128, 1e-6);
  EXPECT_NEAR(value(BalancedStablePair(), 2, 1, {10, 20}), 3, 1e-9);
}

// With a lower bound on sizes more centres can cost more: 5 at two, 0 at three,
// 1 at four.
TEST(ClusteringLpTest, AtMostAndExactlyDiffer) {
  const DistanceMatrix star = Star(10);
  const auto at_most = SolveClusteringLp(star, 3, 1, {3, 11});
  EXPECT_NEAR(at_most->cost, 10, 1e-9);
  const auto exactly =
      SolveClusteringLp(star, 3, 1, {3, 11}, {.count = CenterCount::kExactly});
  EXPECT_NEAR(exactly->cost, 12, 1e-6);
}

TEST(ClusteringLpTest, BoundsTheOptimumOnGeneratedInstances) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 250; ++trial) {
    const MetricInstance instance =
        RandomInstance(root.Fork("clustering_lp", trial), /*min_copies=*/1);
    SCOPED_TRACE(instance.name);
    for (const Objective objective : kSums) {
      const DistanceMatrix costs = ConnectionCosts(objective, instance.metric);
      const double optimum = EnumeratedOptimum(instance, objective);
      for (const CenterCount count : kCounts) {
        const auto lp =
            SolveClusteringLp(costs, instance.num_clusters, instance.copies,
                              instance.sizes, {.count = count});
        ASSERT_THAT(lp, IsOk());
        EXPECT_TRUE(lp->solved);
        EXPECT_LE(lp->cost, optimum + 1e-7 * optimum);
        EXPECT_LE(lp->lower_bound, lp->cost);
        EXPECT_GE(lp->lower_bound, lp->cost - 1e-7 * costs.Largest());
        EXPECT_LE(
            LargestViolation(lp->fractional, instance.copies, instance.sizes),
            1e-7);
        double sum = 0;
        for (const double y : lp->fractional.openings) sum += y;
        const double k = static_cast<double>(instance.num_clusters);
        EXPECT_LE(sum, k + 1e-7);
        if (count == CenterCount::kExactly) {
          EXPECT_NEAR(sum, k, 1e-7);
        }
        // What a centre adds is at most what optimal ones cost.
        for (const double cost : lp->opening_costs) EXPECT_GE(cost, 0);
      }
    }
  }
}

// However many arcs it begins with; and costs scale.
TEST(ClusteringLpTest, GeneratedColumnsGiveTheWholeProgrammesValue) {
  runtime::Rng rng = runtime::Rng(runtime::TestSeed()).Fork("columns");
  PointSet points{.dimension = 3};
  for (int i = 0; i < 3 * 40; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  for (const Objective objective : kSums) {
    const DistanceMatrix costs =
        ConnectionCosts(objective, DistanceMatrix::Of(points.View()));
    const auto whole =
        SolveClusteringLp(costs, 5, 2, {8, 32}, {.initial_arcs = 1000});
    ASSERT_THAT(whole, IsOk());
    EXPECT_EQ(whole->arcs, 40 * 40);
    EXPECT_EQ(whole->rounds, 1);
    for (const double arcs : {0.0, 0.5, 1.5}) {
      const auto lp =
          SolveClusteringLp(costs, 5, 2, {8, 32}, {.initial_arcs = arcs});
      ASSERT_THAT(lp, IsOk());
      EXPECT_NEAR(lp->cost, whole->cost, 1e-7 * whole->cost);
      if (arcs == 0) {
        EXPECT_GT(lp->rounds, 1);
      }
    }
  }
}

// One point far away that both centres must reach: no copies can stay unserved
// however dear the arc.
TEST(ClusteringLpTest, ServesEveryCopyAtAnyCost) {
  const PointSet points = {{0, 0, 0, 0, 1000}, 1};
  const DistanceMatrix metric = DistanceMatrix::Of(points.View());
  const auto lp = SolveClusteringLp(metric, 2, 2, {5, 5});
  ASSERT_THAT(lp, IsOk());
  // Two of the four, and the far point twice: 2000.
  EXPECT_NEAR(lp->cost, 2000, 1e-6);
  EXPECT_LE(LargestViolation(lp->fractional, 2, {5, 5}), 1e-7);
}

// Twelve points of the unit square and two that coincide far away, which two of
// the centres serve at no cost: the value is the same at any distance, though
// the largest cost is up to 10^12 times the mean.
TEST(ClusteringLpTest, FarPointsDoNotHideTheOthers) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 5; ++trial) {
    runtime::Rng rng = root.Fork("far", trial);
    PointSet points{.dimension = 2};
    for (int i = 0; i < 2 * 12; ++i) {
      points.values.push_back(static_cast<float>(runtime::Uniform01(rng)));
    }
    points.values.resize(2 * 14, 0.0f);
    for (const Objective objective : kSums) {
      for (const CenterCount count : kCounts) {
        double near = 0;
        for (const float far : {1e1f, 1e3f, 1e4f, 1e5f, 1e6f}) {
          SCOPED_TRACE(far);
          points.values[24] = points.values[26] = far;
          const auto lp = SolveClusteringLp(
              ConnectionCosts(objective, DistanceMatrix::Of(points.View())), 5,
              2, {2, 10}, {.count = count});
          ASSERT_THAT(lp, IsOk());
          EXPECT_TRUE(lp->solved);
          if (near == 0) near = lp->cost;
          EXPECT_NEAR(lp->cost, near, 1e-6 * near);
          EXPECT_NEAR(lp->lower_bound, near, 1e-6 * near);
          EXPECT_LE(LargestViolation(lp->fractional, 2, {2, 10}), 1e-7);
        }
      }
    }
  }
}

// Points over twelve orders of magnitude, most of which some copy must cross.
TEST(ClusteringLpTest, SolvesCostsOfAllSizes) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 20; ++trial) {
    runtime::Rng rng = root.Fork("sizes", trial);
    PointSet points{.dimension = 2};
    for (int i = 0; i < 2 * 12; ++i) {
      points.values.push_back(static_cast<float>(
          std::pow(10, runtime::Uniform(rng, -6, 6)) * runtime::Normal(rng)));
    }
    for (const Objective objective : kSums) {
      const MetricInstance instance = {
          .metric = DistanceMatrix::Of(points.View()),
          .num_clusters = 4,
          .copies = 2,
          .sizes = {4, 8}};
      const auto lp =
          SolveClusteringLp(ConnectionCosts(objective, instance.metric), 4, 2,
                            instance.sizes, {.count = CenterCount::kExactly});
      ASSERT_THAT(lp, IsOk());
      EXPECT_TRUE(lp->solved);
      EXPECT_LE(lp->cost - lp->lower_bound, 1e-7 * lp->cost);
      EXPECT_LE(lp->lower_bound,
                (1 + 1e-9) * EnumeratedOptimum(instance, objective));
    }
  }
}

TEST(ClusteringLpTest, AnyNumberOfInitialArcs) {
  const DistanceMatrix star = Star(10);
  for (const double arcs : {1e3, 1e18, 1e30, 1e308}) {
    const auto lp =
        SolveClusteringLp(star, 3, 1, {3, 11}, {.initial_arcs = arcs});
    ASSERT_THAT(lp, IsOk());
    EXPECT_EQ(lp->arcs, 11 * 11);
    EXPECT_NEAR(lp->cost, 10, 1e-9);
  }
}

TEST(ClusteringLpTest, AllPointsEqualCostNothing) {
  const auto lp = SolveClusteringLp(FarGroups(1, 6), 3, 2, {2, 6});
  ASSERT_THAT(lp, IsOk());
  EXPECT_TRUE(lp->solved);
  EXPECT_EQ(lp->cost, 0);
  EXPECT_NEAR(lp->lower_bound, 0, 1e-9);
}

TEST(ClusteringLpTest, Errors) {
  const DistanceMatrix metric = FarGroups(2, 2);
  const absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(SolveClusteringLp(metric, 2, 1, {3, 4}),
              StatusIs(kInvalid, HasSubstr("k a <= n p")));
  EXPECT_THAT(Validate(ClusteringLpOptions{.tolerance = -1}),
              StatusIs(kInvalid, HasSubstr("tolerance is -1")));
  EXPECT_THAT(Validate(ClusteringLpOptions{.initial_arcs = std::nan("")}),
              StatusIs(kInvalid, HasSubstr("initial_arcs")));
  EXPECT_THAT(SolveClusteringLp(metric, 2, 1, {}, {.tolerance = -1}),
              StatusIs(kInvalid));
  const std::atomic<bool> stop = true;
  EXPECT_THAT(SolveClusteringLp(metric, 2, 1, {0, 4}, {}, {.stop = &stop}),
              StatusIs(absl::StatusCode::kCancelled));
}

}  // namespace
}  // namespace muster::dispatch
