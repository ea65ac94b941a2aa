#include "muster/dispatch/lp_rounding.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clustering_lp.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/reference_instances.h"
#include "muster/dispatch/threshold_lp.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::testing::ElementsAre;

// Points 0, 1, 10 on a line. C = (0.1, 0.3, 2), factor 4: 1 joins 0 (1 <= 1.2),
// 10 does not (9 > 8).
TEST(LpRoundingTest, FoundsEmpires) {
  const PointSet points = {{0, 1, 10}, 1};
  const DistanceMatrix metric = DistanceMatrix::Of(points.View());
  const Empires empires = FoundEmpires(metric, {0.1, 0.3, 2}, 4);
  EXPECT_THAT(empires.monarchs, ElementsAre(0, 2));
  EXPECT_THAT(empires.empire_of, ElementsAre(0, 0, 1));
  // With 2.5 the third joins as well, and with 0.2 the second does not.
  EXPECT_THAT(FoundEmpires(metric, {0.1, 0.3, 2.5}, 4).monarchs,
              ElementsAre(0));
  EXPECT_THAT(FoundEmpires(metric, {0.1, 0.2, 2.5}, 4).monarchs,
              ElementsAre(0, 1));
}

// Four points of one empire with 0.5 each: the monarch and its neighbour get 1.
TEST(LpRoundingTest, AggregatesTowardsTheMonarch) {
  const PointSet points = {{0, 3, 1, 2}, 1};
  const DistanceMatrix metric = DistanceMatrix::Of(points.View());
  FractionalClustering fractional(4);
  fractional.openings = {0.5, 0.5, 0.5, 0.5};
  std::fill(fractional.shares.begin(), fractional.shares.end(), 0.5);
  const AggregatedCenters result = AggregateEmpires(
      metric, {.monarchs = {0}, .empire_of = {0, 0, 0, 0}}, &fractional);
  EXPECT_THAT(result.centers, ElementsAre(0, 2));
  EXPECT_THAT(result.sums, ElementsAre(2));
  EXPECT_EQ(result.largest_opening, 1);
  EXPECT_THAT(fractional.openings, ElementsAre(1, 0, 1, 0));
  EXPECT_NEAR(LargestViolation(fractional, 2, {4, 4}), 0, 1e-12);
}

TEST(LpRoundingTest, RelaxedBoundsRoundUpOnce) {
  EXPECT_EQ(RelaxedUpper(5, 1, 100), 5);
  EXPECT_EQ(RelaxedUpper(5, 1 + 1e-10, 100), 5);
  EXPECT_EQ(RelaxedUpper(5, 1.5, 100), 8);
  EXPECT_EQ(RelaxedUpper(5, 2, 9), 9);
  EXPECT_EQ(RelaxedUpper(std::numeric_limits<int64_t>::max(), 2, 9), 9);
}

// (p + 2) / p = 5/3 is too small for p = 3: empires hold 3 and five times 1.8.
TEST(LpRoundingTest, OddStarNeedsTheCorrectedFactor) {
  const DistanceMatrix metric = OddStar();
  const auto lp = SolveClusteringLp(metric, 12, 3, {0, 20});
  ASSERT_THAT(lp, IsOk());
  EXPECT_NEAR(lp->cost, 25.128, 1e-6);
  FractionalClustering fractional = lp->fractional;
  const Empires empires =
      FoundEmpires(metric, AverageCosts(metric, fractional, 3),
                   JoiningFactor(Objective::kKMedian));
  AggregatedCenters aggregated = AggregateEmpires(metric, empires, &fractional);
  std::sort(aggregated.sums.begin(), aggregated.sums.end());
  ASSERT_EQ(aggregated.sums.size(), 6u);
  for (size_t e = 0; e < 5; ++e) EXPECT_NEAR(aggregated.sums[e], 1.8, 1e-6);
  EXPECT_NEAR(aggregated.sums[5], 3, 1e-6);
  EXPECT_NEAR(aggregated.largest_opening, 1.8, 1e-6);
  EXPECT_GT(aggregated.largest_opening, 5.0 / 3);
}

// What the random instances show, by objective and p.
struct Study {
  double paper_ratio = 0;  // cost / optimum
  double distinct_ratio = 0;
  double within_ratio = 0;
  int64_t within_bounds = 0;  // default's sizes that kept the bounds asked for
  int64_t instances = 0;
};

void ExpectMonarchInvariants(const DistanceMatrix& costs,
                             const Empires& empires,
                             const std::vector<double>& averages,
                             double factor) {
  for (size_t j = 0; j < averages.size(); ++j) {
    const int64_t u = empires.monarchs[empires.empire_of[j]];
    const double slack = 1e-9 * costs.Largest();
    EXPECT_LE(costs(u, static_cast<int64_t>(j)), factor * averages[j] + slack);
  }
  for (const int64_t u : empires.monarchs) {
    EXPECT_EQ(empires.monarchs[empires.empire_of[u]], u);
    for (const int64_t v : empires.monarchs) {
      if (u == v) continue;
      EXPECT_GT(costs(u, v), factor * std::max(averages[u], averages[v]));
    }
  }
}

// The relaxation of an instance, its C_j and, for k-center, the radius.
struct Relaxed {
  FractionalClustering fractional = FractionalClustering();
  std::vector<double> averages = {};
  double cost = 0;
  double radius = 0;
};

Relaxed Relax(const MetricInstance& instance, Objective objective,
              const DistanceMatrix& costs) {
  Relaxed result;
  if (objective == Objective::kKCenter) {
    auto lp =
        SolveSmallestThreshold(costs, instance.num_clusters, instance.copies,
                               instance.sizes, CenterCount::kAtMost);
    EXPECT_THAT(lp, IsOk());
    result.radius = lp->radius;
    result.averages.assign(static_cast<size_t>(costs.size()), lp->radius);
    result.fractional = std::move(lp->fractional);
  } else {
    auto lp = SolveClusteringLp(costs, instance.num_clusters, instance.copies,
                                instance.sizes);
    EXPECT_THAT(lp, IsOk());
    result.cost = lp->cost;
    result.fractional = std::move(lp->fractional);
    result.averages = AverageCosts(costs, result.fractional, instance.copies);
    EXPECT_NEAR(
        std::accumulate(result.averages.begin(), result.averages.end(), 0.0) *
            static_cast<double>(instance.copies),
        result.cost, 1e-6 * (1 + result.cost));
  }
  EXPECT_LE(
      LargestViolation(result.fractional, instance.copies, instance.sizes),
      1e-6);
  return result;
}

// Steps 1 and 2, their invariants checked; `relaxed` becomes the moved one.
AggregatedCenters AggregateAndCheck(const MetricInstance& instance,
                                    Objective objective,
                                    const DistanceMatrix& costs,
                                    Relaxed* relaxed) {
  const int64_t p = instance.copies;
  const bool center = objective == Objective::kKCenter;
  const double factor = JoiningFactor(objective);
  const Empires empires = FoundEmpires(costs, relaxed->averages, factor);
  ExpectMonarchInvariants(costs, empires, relaxed->averages, factor);
  AggregatedCenters aggregated =
      AggregateEmpires(costs, empires, &relaxed->fractional);
  // Y_u >= p / 2, and p for k-center; z < 1 + 1 / floor(p / 2).
  const double least = static_cast<double>(p) / (center ? 1.0 : 2.0);
  for (const double sum : aggregated.sums) EXPECT_GE(sum, least - 1e-6);
  const double z = aggregated.largest_opening;
  EXPECT_LE(z, 1 + 1.0 / static_cast<double>(p / 2) + 1e-6);
  EXPECT_LE(static_cast<int64_t>(aggregated.centers.size()),
            instance.num_clusters);
  // Move keeps all conditions but y <= 1.
  EXPECT_LE(LargestViolation(relaxed->fractional, p, instance.sizes, z), 1e-6);
  const double guarantee = objective == Objective::kKMedian ? 11 : 95;
  if (!center) {
    EXPECT_LE(FractionalCost(costs, relaxed->fractional),
              guarantee * relaxed->cost + 1e-6);
  }
  return aggregated;
}

void ExpectWhole(const MetricInstance& instance,
                 const RoundedClustering& rounded, int64_t copies_per_center) {
  const int64_t p = instance.copies;
  std::vector<int64_t> sizes(rounded.centers.size(), 0);
  for (const int32_t c : rounded.clusters) ++sizes[c];
  for (const int64_t size : sizes) {
    EXPECT_GE(size, instance.sizes.lower);
    EXPECT_LE(size, rounded.guaranteed_sizes.upper);
  }
  EXPECT_LE(static_cast<int64_t>(sizes.size()), instance.num_clusters);
  for (int64_t j = 0; j < instance.metric.size(); ++j) {
    for (int64_t r = 0; r + copies_per_center < p; ++r) {
      const int32_t* at = &rounded.clusters[j * p + r];
      EXPECT_LT(at[0], at[copies_per_center]);
    }
  }
}

// Rounds one instance by every mode, checking each stage; ratios into `study`.
void RoundAndCheck(const MetricInstance& instance, Objective objective,
                   Study* study) {
  const bool center = objective == Objective::kKCenter;
  const DistanceMatrix costs = ConnectionCosts(objective, instance.metric);
  Relaxed relaxed = Relax(instance, objective, costs);
  const AggregatedCenters aggregated =
      AggregateAndCheck(instance, objective, costs, &relaxed);
  const auto round = [&](RoundingMode mode) {
    auto result =
        AssignToCenters(costs, objective, aggregated, instance.num_clusters,
                        instance.copies, instance.sizes, mode, relaxed.radius);
    EXPECT_THAT(result, IsOk());
    ExpectWhole(instance, *result, mode == RoundingMode::kPaper ? 2 : 1);
    return *std::move(result);
  };
  const RoundedClustering paper = round(RoundingMode::kPaper);
  const RoundedClustering distinct = round(RoundingMode::kDistinct);
  const RoundedClustering within = round(RoundingMode::kWithinBounds);
  if (center) {
    EXPECT_LE(paper.cost, 5 * relaxed.radius * (1 + 1e-9));
  } else {
    // An integral flow is at least as cheap as the fractional one.
    const double moved = FractionalCost(costs, relaxed.fractional);
    EXPECT_LE(paper.cost, moved + 1e-6 * (1 + moved));
  }
  const int64_t n = costs.size();
  EXPECT_EQ(within.guaranteed_sizes.upper, std::min(instance.sizes.upper, n));
  EXPECT_LE(distinct.guaranteed_sizes.upper,
            RelaxedUpper(instance.sizes.upper, aggregated.largest_opening, n));
  const double optimum = EnumeratedOptimum(instance, objective);
  ++study->instances;
  std::vector<int64_t> sizes(distinct.centers.size(), 0);
  for (const int32_t c : distinct.clusters) ++sizes[c];
  study->within_bounds +=
      *std::max_element(sizes.begin(), sizes.end()) <= instance.sizes.upper;
  if (optimum == 0) return;
  study->paper_ratio = std::max(study->paper_ratio, paper.cost / optimum);
  study->distinct_ratio =
      std::max(study->distinct_ratio, distinct.cost / optimum);
  study->within_ratio = std::max(study->within_ratio, within.cost / optimum);
}

// Brief 7.4: observed at most 2.46 (k-median) and 4.64 (k-means) in paper mode;
// the limits are above that and below what is proven. With distinct copies
// seven seeds gave at most 1.83 (k-median), 3.00 (k-means), 2.00 (k-center).
TEST(LpRoundingTest, KeepsItsPromisesOnGeneratedInstances) {
  const runtime::Rng root(runtime::TestSeed());
  Study studies[3];
  for (uint64_t trial = 0; trial < 1000; ++trial) {
    const MetricInstance instance =
        RandomInstance(root.Fork("lp_rounding", trial), /*min_copies=*/2);
    SCOPED_TRACE(instance.name);
    const auto objective = static_cast<Objective>(trial % 3);
    SCOPED_TRACE(ObjectiveName(objective).data());
    RoundAndCheck(instance, objective, &studies[trial % 3]);
    if (HasFailure()) return;
  }
  const double paper_limits[3] = {3, 6, 5};
  const double distinct_limits[3] = {2.5, 4, 2.5};
  for (int o = 0; o < 3; ++o) {
    const Study& study = studies[o];
    std::printf(
        "%s: worst cost / optimum %.3f paper, %.3f distinct, %.3f "
        "within bounds; distinct kept [a, b] in %lld of %lld\n",
        ObjectiveName(static_cast<Objective>(o)).data(), study.paper_ratio,
        study.distinct_ratio, study.within_ratio,
        static_cast<long long>(study.within_bounds),
        static_cast<long long>(study.instances));
    EXPECT_LE(study.paper_ratio, paper_limits[o]);
    EXPECT_LE(study.distinct_ratio, distinct_limits[o]);
    EXPECT_LE(study.within_ratio, distinct_limits[o]);
    EXPECT_GT(study.paper_ratio, 1);
  }
}

// S7 with k = 3: the programme opens less than p in some empires, so centres
// must be added for three copies; with k = p all are.
TEST(LpRoundingTest, OpensFurtherCentresWhereCopiesNeedThem) {
  const DistanceMatrix metric = FarGroups(2, 4);
  const AggregatedCenters two = {
      .centers = {0, 4}, .sums = {1.5, 1.5}, .largest_opening = 1.5};
  const auto result = AssignToCenters(metric, Objective::kKMedian, two, 4, 3,
                                      {4, 8}, RoundingMode::kDistinct, 0);
  ASSERT_THAT(result, IsOk());
  EXPECT_EQ(result->centers.size(), 3u);
  // To meet b = 6 all four must open.
  const auto within = AssignToCenters(metric, Objective::kKMedian, two, 4, 3,
                                      {4, 6}, RoundingMode::kWithinBounds, 0);
  ASSERT_THAT(within, IsOk());
  EXPECT_EQ(within->centers.size(), 4u);
  EXPECT_EQ(within->guaranteed_sizes, (SizeBounds{4, 6}));
}

}  // namespace
}  // namespace muster::dispatch
