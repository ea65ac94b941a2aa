#include "muster/dispatch/balanced_clusterer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/centroids.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
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
using ::testing::HasSubstr;

PointSet Blobs(Rng rng, int64_t n, int64_t d) {
  PointSet points{.dimension = d};
  for (int64_t j = 0; j < n; ++j) {
    const double at = static_cast<double>(UniformInt(rng, 5));
    for (int64_t m = 0; m < d; ++m) {
      points.values.push_back(static_cast<float>(4 * at + Normal(rng)));
    }
  }
  return points;
}

TEST(BalancedClustererTest, DividesALineIntoEqualParts) {
  // Two heaps of six and two: equal sizes cut the larger one.
  const PointSet points{.values = {0, 1, 2, 3, 4, 5, 20, 21}, .dimension = 1};
  const auto result = BalancedClusterer({}).Cluster(
      {.points = points.View(), .num_clusters = 2, .sizes = {4, 4}}, Rng(1),
      {});
  ASSERT_THAT(result, IsOk());
  std::vector<int32_t> low(result->clusters.begin(),
                           result->clusters.begin() + 4);
  EXPECT_EQ(std::set<int32_t>(low.begin(), low.end()).size(), 1U);
  // Means 1.5 and 12.5: 5 + 2 (8.5^2 + 7.5^2).
  EXPECT_EQ(result->cost, 5 + 2 * (8.5 * 8.5 + 7.5 * 7.5));
  EXPECT_TRUE(result->converged);
}

TEST(BalancedClustererTest, EndsWhereNeitherStepHelps) {
  const Rng root = Rng(TestSeed()).Fork("fixed point");
  for (int t = 0; t < 20; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t n = 400, k = 2 + UniformInt(rng, 8), p = 1 + t % 2;
    const PointSet points = Blobs(rng.Fork("points"), n, 2);
    const ClusteringProblem problem{.points = points.View(),
                                    .num_clusters = k,
                                    .copies = p,
                                    .sizes = EqualSizes(n, k, p)};
    const auto result =
        BalancedClusterer({.tolerance = 0}).Cluster(problem, rng, {});
    ASSERT_THAT(result, IsOk());
    EXPECT_TRUE(result->converged);
    EXPECT_NEAR(result->lower_bound, result->cost, 1e-9 * result->cost);
    PointSet means = result->centers;
    UpdateCentroids(points.View(), result->clusters, p, &means);
    const double cost = EvaluateObjective(Objective::kKMeans, points.View(),
                                          means.View(), result->clusters, p);
    EXPECT_NEAR(cost, result->cost, 1e-6 * cost);
  }
}

TEST(BalancedClustererTest, LooserRulesEndEarlier) {
  const PointSet points = Blobs(Rng(4), 3000, 3);
  const ClusteringProblem problem{.points = points.View(),
                                  .num_clusters = 12,
                                  .sizes = EqualSizes(3000, 12, 1)};
  const auto exact =
      BalancedClusterer({.tolerance = 0}).Cluster(problem, Rng(1), {});
  const auto loose =
      BalancedClusterer({.tolerance = 1e-2}).Cluster(problem, Rng(1), {});
  const auto one =
      BalancedClusterer({.max_iterations = 1}).Cluster(problem, Rng(1), {});
  ASSERT_THAT(exact, IsOk());
  ASSERT_THAT(loose, IsOk());
  ASSERT_THAT(one, IsOk());
  EXPECT_LT(loose->iterations, exact->iterations);
  EXPECT_EQ(one->iterations, 1);
  EXPECT_FALSE(one->converged);
  EXPECT_LE(exact->cost, loose->cost);
  EXPECT_LE(loose->cost, one->cost);
  for (const auto* result : {&exact, &loose, &one}) {
    EXPECT_THAT(CheckClustering(problem, **result), IsOk());
  }
}

TEST(BalancedClustererTest, BalancesWeightsNotPoints) {
  // Half the points weigh three times as much as the others.
  const int64_t n = 1000, k = 4;
  const PointSet points = Blobs(Rng(6), n, 2);
  std::vector<double> weights;
  for (int64_t j = 0; j < n; ++j) weights.push_back(j % 2 == 0 ? 0.5 : 1.5);
  const ClusteringProblem problem{.points = points.View(),
                                  .num_clusters = k,
                                  .sizes = EqualSizes(n, k, 1),
                                  .weights = weights};
  const auto result = BalancedClusterer({}).Cluster(problem, Rng(1), {});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(CheckClustering(problem, *result), IsOk());
  // At most k - 1 points are rounded, by at most 1.5 each.
  EXPECT_GE(result->guaranteed_sizes.lower, n / k - 5);
  EXPECT_LE(result->guaranteed_sizes.upper, n / k + 5);
}

// Stops at the second round.
class StopLater : public runtime::Observer {
 public:
  bool OnProgress(const runtime::Progress& progress) override {
    return progress.phase != "balanced" || progress.done < 1;
  }
};

TEST(BalancedClustererTest, StoppedLaterItReturnsTheRoundBefore) {
  const PointSet points = Blobs(Rng(4), 3000, 3);
  const ClusteringProblem problem{.points = points.View(),
                                  .num_clusters = 12,
                                  .sizes = EqualSizes(3000, 12, 1)};
  StopLater observer;
  const auto result =
      BalancedClusterer({}).Cluster(problem, Rng(1), {.observer = &observer});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(CheckClustering(problem, *result), IsOk());
  EXPECT_EQ(result->iterations, 1);
  EXPECT_FALSE(result->converged);
}

TEST(BalancedClustererTest, NamesTheWrongOption) {
  EXPECT_THAT(Validate(BalancedOptions{}), IsOk());
  const absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Validate(BalancedOptions{.max_iterations = 0}),
              StatusIs(kInvalid, HasSubstr("max_iterations is 0")));
  EXPECT_THAT(Validate(BalancedOptions{.tolerance = -1}),
              StatusIs(kInvalid, HasSubstr("tolerance is -1")));
  EXPECT_THAT(Validate(BalancedOptions{.tolerance = std::nan("")}),
              StatusIs(kInvalid, HasSubstr("tolerance is nan")));
  EXPECT_THAT(Validate(BalancedOptions{.seed_trials = 0}),
              StatusIs(kInvalid, HasSubstr("seed_trials is 0")));
}

}  // namespace
}  // namespace muster::dispatch
