#include "muster/dispatch/stability_clusterer.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/greedy_deletion.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/dispatch/threshold_graph.h"
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
using ::testing::ElementsAre;
using ::testing::HasSubstr;

TEST(GreedyDeletionTest, DropsTheCentreThatCostsLeast) {
  // Heaps at 0, 10 and 30 with centres 0, 1, 10, 30: dropping 1 costs least
  // (the point at 1 goes to 0), and 0 moves to the mean of 0, 0, 1.
  const PointSet points{.values = {0, 0, 1, 10, 10, 30, 30}, .dimension = 1};
  const auto left = DeleteGreedily(
      points.View(), {.values = {0, 1, 10, 30}, .dimension = 1}, 3);
  ASSERT_THAT(left, IsOk());
  EXPECT_THAT(left->values, ElementsAre(1 / 3.0F, 10, 30));
}

// Answers false from the second report on.
class StopSecond : public runtime::Observer {
 public:
  bool OnProgress(const runtime::Progress& progress) override {
    EXPECT_EQ(progress.phase, "greedy deletion");
    EXPECT_EQ(progress.done, calls_);
    EXPECT_EQ(progress.total, 3);
    return ++calls_ < 2;
  }
  int calls() const { return calls_; }

 private:
  int calls_ = 0;
};

TEST(GreedyDeletionTest, StopsBeforeAnyDeletion) {
  const PointSet points{.values = {0, 0, 1, 10, 10, 30, 30}, .dimension = 1};
  const PointSet centers{.values = {0, 1, 10, 30}, .dimension = 1};
  StopSecond observer;
  EXPECT_THAT(
      DeleteGreedily(points.View(), centers, 1, {.observer = &observer}),
      StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(observer.calls(), 2);
}

TEST(GreedyDeletionTest, ABallLeavesFarPointsOut) {
  // Centres 0 and 9: balls of radius 3. The point at 4 has no say.
  const PointSet points{.values = {0, 1, 2, 4, 9, 10}, .dimension = 1};
  const PointSet moved =
      BallStep(points.View(), {.values = {0, 9}, .dimension = 1});
  EXPECT_THAT(moved.values, ElementsAre(1, 9.5F));
}

TEST(ThresholdGraphTest, TakesHighDegreesFirst) {
  // 0 1 2 3 | 10 11 12: at tau = 2, vertices 1 and 2 have degree 4 (with
  // themselves): 1 takes all of 0 .. 3; then 11 the rest. At tau = 1, 1 takes
  // 0, 1, 2 and 11 takes 10, 11, 12; 3 is left.
  const PointSet points{.values = {0, 1, 2, 3, 10, 11, 12}, .dimension = 1};
  const std::vector<double> squares = {1, 4};
  const ThresholdGraphs graphs(points.View(), squares);
  EXPECT_THAT(graphs.GreedyClusters(1, 2), ElementsAre(0, 0, 0, 0, 1, 1, 1));
  EXPECT_THAT(graphs.GreedyClusters(0, 2), ElementsAre(0, 0, 0, -1, 1, 1, 1));
  EXPECT_THAT(graphs.GreedyClusters(0, 3), ElementsAre(0, 0, 0, 2, 1, 1, 1));
}

TEST(ThresholdGraphTest, SingleLinkageCutsTheLongestEdges) {
  const PointSet points{.values = {5, 0, 1, 9, 6, 2}, .dimension = 1};
  EXPECT_THAT(SingleLinkage(points.View(), 1), ElementsAre(0, 0, 0, 0, 0, 0));
  // Gaps: 2 - 5 and 6 - 9 are 3 long, all others 1.
  EXPECT_THAT(SingleLinkage(points.View(), 3), ElementsAre(0, 1, 1, 2, 0, 1));
}

// Clusters of normal points around the corners of a simplex, `apart` standard
// deviations (per coordinate) from each other; sizes[c] points each, in turn.
struct Planted {
  PointSet points = {};
  std::vector<int32_t> labels = {};
};
Planted Plant(Rng rng, const std::vector<int64_t>& sizes, double apart) {
  const auto k = static_cast<int64_t>(sizes.size());
  Planted planted{.points = {.dimension = k}};
  std::vector<int64_t> left = sizes;
  for (bool any = true; any;) {
    any = false;
    for (int32_t c = 0; c < k; ++c) {
      if (left[c]-- <= 0) continue;
      any = true;
      planted.labels.push_back(c);
      for (int32_t m = 0; m < k; ++m) {
        planted.points.values.push_back(static_cast<float>(
            (m == c ? apart / std::sqrt(2.0) : 0) + Normal(rng)));
      }
    }
  }
  return planted;
}

// The share of points in another cluster than the planted one, for the naming
// of clusters by their majorities (as good as the best when below a half).
double Distance(const Planted& planted, const Clustering& clustering) {
  std::map<std::pair<int32_t, int32_t>, int64_t> counts;
  for (size_t j = 0; j < planted.labels.size(); ++j) {
    ++counts[{clustering.clusters[j], planted.labels[j]}];
  }
  std::map<int32_t, int64_t> best;
  for (const auto& [pair, count] : counts) {
    best[pair.first] = std::max(best[pair.first], count);
  }
  int64_t agree = 0;
  for (const auto& [cluster, count] : best) agree += count;
  return 1 - static_cast<double>(agree) /
                 static_cast<double>(planted.labels.size());
}

Clustering Solve(const ClusteringProblem& problem, Rng rng,
                 StabilityOptions options = {}) {
  const auto clustering =
      StabilityClusterer(options).Cluster(problem, rng, {.threads = 1});
  EXPECT_THAT(clustering, IsOk());
  EXPECT_THAT(CheckClustering(problem, *clustering), IsOk());
  return *clustering;
}

// Separated clusters whose sizes are within the bounds: the best clustering is
// the planted one, and every algorithm must find it, whatever the draws. 14
// standard deviations apart in 6 dimensions; k-means++ with N = 17 or 24 draws
// misses a cluster with probability below 1e-6 (each draw hits an uncovered one
// of 24 points with probability > 0.9 while there is one).
TEST(StabilityTest, FindsSeparatedClusters) {
  const Rng root(TestSeed());
  const std::vector<int64_t> sizes = {24, 30, 36, 40, 48, 60};
  for (int64_t trial = 0; trial < 8; ++trial) {
    const Planted planted = Plant(root.Fork("plant", trial), sizes, 14);
    ClusteringProblem problem{
        .points = planted.points.View(), .num_clusters = 6, .sizes = {20, 64}};
    const Rng rng = root.Fork("solve", trial);
    for (const auto oversampling :
         {StabilityOptions::Oversampling::kLogarithmic,
          StabilityOptions::Oversampling::kLinear}) {
      EXPECT_EQ(Distance(planted,
                         Solve(problem, rng, {.oversampling = oversampling})),
                0);
    }
    EXPECT_EQ(
        Distance(planted, Solve(problem, rng, {.means_by_threshold = true})),
        0);
    problem.objective = Objective::kKMedian;
    EXPECT_EQ(Distance(planted, Solve(problem, rng)), 0);
    problem.objective = Objective::kKCenter;
    EXPECT_EQ(Distance(planted, Solve(problem, rng)), 0);
  }
}

// Less separation, and a share of points strewn between the clusters: close to
// the planted clustering, not equal.
TEST(StabilityTest, IsCloseWithABadShareOfPoints) {
  const Rng root(TestSeed());
  const std::vector<int64_t> sizes = {60, 60, 70, 80, 90};
  for (int64_t trial = 0; trial < 5; ++trial) {
    Planted planted = Plant(root.Fork("plant", trial), sizes, 9);
    Rng rng = root.Fork("bad", trial);
    const int64_t n = planted.points.size(), d = planted.points.dimension;
    int64_t bad = 0;
    for (int64_t j = 0; j < n; ++j) {
      if (UniformInt(rng, 20) != 0) continue;
      ++bad;
      for (int64_t m = 0; m < d; ++m) {
        planted.points.values[j * d + m] = static_cast<float>(2 * Normal(rng));
      }
    }
    const double share = static_cast<double>(bad) / static_cast<double>(n);
    ClusteringProblem problem{
        .points = planted.points.View(), .num_clusters = 5, .sizes = {40, 110}};
    EXPECT_LE(Distance(planted, Solve(problem, rng)), share + 0.02);
    problem.objective = Objective::kKMedian;
    EXPECT_LE(Distance(planted, Solve(problem, rng)), share + 0.02);
  }
}

// A cluster that is too large must give points away, no more than it has to:
// the distance is the surplus.
TEST(StabilityTest, RepairsSizesByTheSurplusOnly) {
  const Rng root(TestSeed());
  const Planted planted = Plant(root.Fork("plant"), {90, 30, 30}, 16);
  for (const Objective objective :
       {Objective::kKMeans, Objective::kKMedian, Objective::kKCenter}) {
    const ClusteringProblem problem{.points = planted.points.View(),
                                    .num_clusters = 3,
                                    .sizes = {35, 80},
                                    .objective = objective};
    EXPECT_NEAR(Distance(planted, Solve(problem, root)), 10 / 150.0, 1e-12)
        << ObjectiveName(objective);
  }
}

TEST(StabilityTest, TwoCopiesGoToTwoClusters) {
  const Rng root(TestSeed());
  const Planted planted = Plant(root.Fork("plant"), {20, 20, 20, 20}, 10);
  const ClusteringProblem problem{.points = planted.points.View(),
                                  .num_clusters = 4,
                                  .copies = 2,
                                  .sizes = EqualSizes(80, 4, 2)};
  const Clustering clustering = Solve(problem, root);
  EXPECT_THAT(clustering.sizes, ElementsAre(40, 40, 40, 40));
}

// 2 k / (1 - 5 rho) is 1e19 or infinite: every point is drawn.
TEST(StabilityTest, RhoMayComeNearItsLimit) {
  Rng rng = Rng(TestSeed()).Fork("rho");
  PointSet points{.dimension = 1};
  for (int64_t j = 0; j < 610; ++j) {
    points.values.push_back(static_cast<float>(Normal(rng)));
  }
  const ClusteringProblem problem{.points = points.View(), .num_clusters = 600};
  const Clustering clustering =
      Solve(problem, rng,
            {.oversampling = StabilityOptions::Oversampling::kLinear,
             .rho = std::nextafter(0.2, 0.0)});
  EXPECT_EQ(clustering.num_clusters(), 600);
}

TEST(StabilityTest, OptionsAreChecked) {
  const absl::StatusCode invalid = absl::StatusCode::kInvalidArgument;
  for (const double rho : {0.0, 0.2, -1.0, std::nan("")}) {
    EXPECT_THAT(Validate(StabilityOptions{.rho = rho}),
                StatusIs(invalid, HasSubstr("rho is")));
  }
  for (const int64_t count : {0, 256}) {
    EXPECT_THAT(Validate(StabilityOptions{.num_thresholds = count}),
                StatusIs(invalid, HasSubstr("num_thresholds is")));
  }
}

}  // namespace
}  // namespace muster::dispatch
