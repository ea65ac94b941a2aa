#include "muster/dispatch/fit.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clusterers.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/projected_router.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

PointSet NormalPoints(runtime::Rng rng, int64_t count, int64_t dimension) {
  PointSet points{.dimension = dimension};
  for (int64_t i = 0; i < count * dimension; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  return points;
}

// Point j to clusters j, j + 1, ... modulo k, around the first k points; prices
// on request.
class RoundRobinClusterer final : public Clusterer {
 public:
  explicit RoundRobinClusterer(bool prices) : prices_(prices) {}
  absl::string_view name() const override { return "round_robin"; }
  ClustererTraits traits() const override {
    return {.means = true, .max_copies = 3, .prices = prices_};
  }
  absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng,
      const runtime::Runtime& runtime) const override {
    if (auto status = Validate(problem); !status.ok()) return status;
    const int64_t k = problem.num_clusters;
    Clustering clustering{.copies = problem.copies,
                          .guaranteed_sizes = problem.sizes};
    std::vector<int64_t> first;
    for (int64_t c = 0; c < k; ++c) first.push_back(c);
    clustering.centers = SelectPoints(problem.points, first);
    for (int64_t j = 0; j < problem.points.size; ++j) {
      for (int64_t r = 0; r < problem.copies; ++r) {
        clustering.clusters.push_back(static_cast<int32_t>((j + r) % k));
      }
    }
    if (prices_) clustering.prices.assign(static_cast<size_t>(k), 0.0);
    Finish(problem, &clustering, runtime);
    return clustering;
  }

 private:
  bool prices_;
};

std::vector<int32_t> Routes(const Router& router, PointsView points) {
  std::vector<int32_t> groups(
      static_cast<size_t>(points.size * router.copies()));
  EXPECT_THAT(router.Route(points, groups), IsOk());
  return groups;
}

TEST(FitTest, NearestRepeatsTheClusteringOfTheSample) {
  const PointSet points = NormalPoints(runtime::Rng(1), 60, 3);
  const auto fit =
      FitRouterBy(RoundRobinClusterer(false), points.View(),
                  {.router = "auto", .num_groups = 6, .copies = 2});
  ASSERT_THAT(fit, IsOk());
  EXPECT_EQ(fit->router->kind(), "kd_tree");
  EXPECT_EQ(Routes(*fit->router, points.View()), fit->clustering->clusters);
  EXPECT_EQ(fit->sample_rows.size(), 60);
  EXPECT_GE(fit->cluster_seconds, 0);
}

TEST(FitTest, AutoTakesPricesWhenThereAreSome) {
  const PointSet points = NormalPoints(runtime::Rng(1), 60, 3);
  const auto kind = [&](const std::string& router) {
    const auto fit = FitRouterBy(RoundRobinClusterer(true), points.View(),
                                 {.router = router, .num_groups = 6});
    EXPECT_THAT(fit, IsOk());
    return std::string(fit->router->kind().data(), fit->router->kind().size());
  };
  EXPECT_EQ(kind("auto"), "price");
  EXPECT_EQ(kind("price"), "price");
  EXPECT_EQ(kind("center"), "center");
  EXPECT_EQ(kind("nearest"), "nearest");
  EXPECT_EQ(kind("forest"), "forest");
  EXPECT_EQ(kind("kd_tree"), "kd_tree");
}

TEST(FitTest, AutoScansInManyDimensions) {
  const PointSet points = NormalPoints(runtime::Rng(1), 30, 6);
  const auto fit = FitRouterBy(RoundRobinClusterer(false), points.View(), {});
  ASSERT_THAT(fit, IsOk());
  EXPECT_EQ(fit->router->kind(), "nearest");
}

class ClustererFitTest : public testing::TestWithParam<ClustererEntry> {};

// Every clusterer of the table by its name, with each router that its traits
// allow: within the limits of its traits, whatever they are.
TEST_P(ClustererFitTest, FitsByName) {
  const std::string name(GetParam().name.data(), GetParam().name.size());
  const auto clusterer = CreateClusterer(name);
  ASSERT_THAT(clusterer, IsOk());
  const ClustererTraits traits = (*clusterer)->traits();
  const PointSet points = NormalPoints(runtime::Rng(1), 12, 2);
  FitOptions options{.clusterer = name,
                     .num_groups = 3,
                     .copies = traits.min_copies,
                     .lower_factor = 0,
                     .upper_factor = 3,
                     .objective = traits.means    ? Objective::kKMeans
                                  : traits.median ? Objective::kKMedian
                                                  : Objective::kKCenter};
  for (const std::string router :
       {"auto", "price", "nearest", "forest", "kd_tree", "center"}) {
    options.router = router;
    const auto fit = FitRouter(points.View(), options, {.threads = 1});
    if (router == "price" && !traits.prices && !traits.means &&
        !traits.median) {
      EXPECT_THAT(fit, StatusIs(absl::StatusCode::kInvalidArgument,
                                HasSubstr("no prices")));
      continue;
    }
    ASSERT_THAT(fit, IsOk()) << router;
    EXPECT_TRUE(router == "auto" || fit->router->kind() == router);
    EXPECT_EQ(fit->router->copies(), options.copies);
    EXPECT_EQ(Routes(*fit->router, points.View()).size(), 12 * options.copies);
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, ClustererFitTest,
    testing::ValuesIn(ClustererTable().begin(), ClustererTable().end()),
    [](const testing::TestParamInfo<ClustererEntry>& info) {
      return std::string(info.param.name.data(), info.param.name.size());
    });

// The prices of balanced k-means repeat its assignment of the sample up to the
// points that tie, of which a vertex solution has fewer than k.
TEST(FitTest, PriceRoutesRepeatTheBalancedClustering) {
  const PointSet points =
      NormalPoints(runtime::Rng(runtime::TestSeed()), 600, 3);
  const auto fit = FitRouter(points.View(), {.clusterer = "balanced",
                                             .router = "price",
                                             .num_groups = 10,
                                             .lower_factor = 1,
                                             .upper_factor = 1});
  ASSERT_THAT(fit, IsOk());
  const std::vector<int32_t> groups = Routes(*fit->router, points.View());
  int64_t differ = 0;
  for (size_t j = 0; j < groups.size(); ++j) {
    differ += groups[j] != fit->clustering->clusters[j];
  }
  EXPECT_LT(differ, 10);
}

// Round robin leaves clusters without shape; the best assignment to its centres
// makes the groups of the sample equal, which no price of its own did.
TEST(FitTest, PricesAreFoundForClusteringsWithoutThem) {
  const PointSet points =
      NormalPoints(runtime::Rng(runtime::TestSeed()), 600, 3);
  const auto fit = FitRouterBy(RoundRobinClusterer(false), points.View(),
                               {.router = "price",
                                .num_groups = 6,
                                .lower_factor = 1,
                                .upper_factor = 1});
  ASSERT_THAT(fit, IsOk());
  const LoadSpread spread =
      MeasureLoads(Routes(*fit->router, points.View()), 1, 6);
  // Up to the fewer than k points that tie.
  EXPECT_NEAR(spread.smallest, 1, 0.06);
  EXPECT_NEAR(spread.largest, 1, 0.06);
}

// Half of the points are (9, 9), and about half of the sample: of these one is
// kept, with the mass of all. Equal groups are then those copies and the rest.
TEST(FitTest, ASecondSampleWeighsTheFirst) {
  PointSet points = NormalPoints(runtime::Rng(2), 2000, 2);
  for (int64_t i = 2000; i < 4000; ++i) points.values[i] = 9;
  const FitOptions options{.num_groups = 2,
                           .lower_factor = 0.9,
                           .upper_factor = 1.1,
                           .sample_size = 60,
                           .weighing_points = 1500};
  const auto fit = FitRouter(points.View(), options);
  ASSERT_THAT(fit, IsOk());
  ASSERT_EQ(fit->sample_weights.size(), fit->sample_rows.size());
  EXPECT_LT(fit->sample_rows.size(), 45);
  const auto kept = static_cast<double>(fit->sample_rows.size());
  EXPECT_NEAR(
      *std::max_element(fit->sample_weights.begin(), fit->sample_weights.end()),
      kept / 2, 0.1 * kept);
  const LoadSpread spread =
      MeasureLoads(Routes(*fit->router, points.View()), 1, 2);
  EXPECT_GT(spread.smallest, 0.8);
  double sum = 0;
  for (const double weight : fit->sample_weights) {
    EXPECT_GT(weight, 0);
    sum += weight;
  }
  EXPECT_NEAR(sum, kept, 1e-9);
  for (const int threads : {1, 2, 3, 8}) {
    const auto again = FitRouter(points.View(), options, {.threads = threads});
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->sample_weights, fit->sample_weights);
    EXPECT_EQ(again->router->EncodeState(), fit->router->EncodeState());
  }
}

// The identity projection of all rows is the dense fit.
TEST(FitTest, ProjectedRowsFitLikeTheirPoints) {
  const PointSet points = NormalPoints(runtime::Rng(1), 300, 6);
  SparseRows rows{.num_columns = 6, .values = points.values};
  for (int64_t j = 0; j < 300; ++j) {
    for (int32_t m = 0; m < 6; ++m) rows.columns.push_back(m);
    rows.row_begin.push_back(static_cast<int64_t>(rows.columns.size()));
  }
  const FitOptions options{.clusterer = "pca_tree", .sample_size = 100};
  const auto dense = FitRouter(points.View(), options);
  const auto sparse = FitProjectedRouter(
      rows.View(), {.num_features = 6, .dimension = 0}, options);
  ASSERT_THAT(dense, IsOk());
  ASSERT_THAT(sparse, IsOk());
  EXPECT_EQ(sparse->sample_rows, dense->sample_rows);
  const ProjectedRouter* router = ProjectedRouter::From(*sparse->router);
  ASSERT_NE(router, nullptr);
  std::vector<int32_t> groups(300);
  ASSERT_THAT(router->RouteSparse(rows.View(), groups), IsOk());
  EXPECT_EQ(groups, Routes(*dense->router, points.View()));
  EXPECT_THAT(
      FitProjectedRouter(rows.View(), {.num_features = 7}, options),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("6 columns")));
  EXPECT_THAT(
      FitProjectedRouter({.num_columns = 6}, {.num_features = 6}, options),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("rows: no points")));
}

TEST(FitTest, DrawsASampleOfTheSizeAsked) {
  const PointSet points = NormalPoints(runtime::Rng(1), 500, 2);
  const auto fit = FitRouterBy(RoundRobinClusterer(false), points.View(),
                               {.num_groups = 5, .sample_size = 80, .seed = 3});
  ASSERT_THAT(fit, IsOk());
  EXPECT_EQ(fit->sample_rows.size(), 80);
  EXPECT_TRUE(std::is_sorted(fit->sample_rows.begin(), fit->sample_rows.end()));
  EXPECT_EQ(std::set<int64_t>(fit->sample_rows.begin(), fit->sample_rows.end())
                .size(),
            80);
  EXPECT_EQ(fit->clustering->clusters.size(), 80);
  // The drawn points themselves go to their clusters.
  const PointSet drawn = SelectPoints(points.View(), fit->sample_rows);
  EXPECT_EQ(Routes(*fit->router, drawn.View()), fit->clustering->clusters);
  const auto other =
      FitRouterBy(RoundRobinClusterer(false), points.View(),
                  {.num_groups = 5, .sample_size = 80, .seed = 4});
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(other->sample_rows, fit->sample_rows);
}

class PartitionTest : public testing::TestWithParam<PartitionEntry> {};

TEST_P(PartitionTest, FitsAndSpreads) {
  const PointSet points =
      NormalPoints(runtime::Rng(runtime::TestSeed()), 4000, 5);
  const FitOptions options{
      .clusterer = std::string(GetParam().name.data(), GetParam().name.size()),
      .num_groups = 16,
      .sample_size = 1000};
  const auto fit = FitRouter(points.View(), options, {.threads = 1});
  ASSERT_THAT(fit, IsOk());
  EXPECT_FALSE(fit->clustering.has_value());
  EXPECT_EQ(fit->router->num_groups(), 16);
  const std::vector<int32_t> groups = Routes(*fit->router, points.View());
  const LoadSpread spread = MeasureLoads(groups, 1, 16);
  if (options.clusterer != "lsh") {
    // Shares of the sample plus noise: sd of a load 250 from a fixed cut is
    // 15, from a cut at a sample's quantile about 34 more.
    EXPECT_GT(spread.smallest, 0.3);
    EXPECT_LT(spread.largest, 1.7);
  }
  for (const int threads : {2, 3, 8}) {
    const auto again = FitRouter(points.View(), options, {.threads = threads});
    ASSERT_THAT(again, IsOk());
    EXPECT_EQ(again->router->EncodeState(), fit->router->EncodeState());
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, PartitionTest,
    testing::ValuesIn(PartitionTable().begin(), PartitionTable().end()),
    [](const testing::TestParamInfo<PartitionEntry>& info) {
      return std::string(info.param.name.data(), info.param.name.size());
    });

TEST(FitTest, NamesWhatIsWrong) {
  const PointSet points = NormalPoints(runtime::Rng(1), 20, 2);
  const auto error = [&](const FitOptions& options) {
    return FitRouter(points.View(), options).status();
  };
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(error({.clusterer = "teleport"}),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("teleport"), HasSubstr("balanced"),
                             HasSubstr("pca_tree"))));
  EXPECT_THAT(error({.clusterer = "lsh", .router = "teleport"}),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("nearest")));
  EXPECT_THAT(error({.clusterer = "lsh", .router = "price"}),
              invalid("a router of its own"));
  EXPECT_THAT(error({.clusterer = "random", .num_groups = 0}),
              invalid("num_groups is 0"));
  EXPECT_THAT(error({.clusterer = "random", .num_groups = 2, .copies = 3}),
              invalid("copies is 3"));
  EXPECT_THAT(error({.clusterer = "pca_tree", .num_groups = 4, .copies = 2}),
              invalid("one group"));
  EXPECT_THAT(error({.clusterer = "random", .sample_size = 0}),
              invalid("sample_size is 0"));
  EXPECT_THAT(error({.clusterer = "random", .weighing_points = -1}),
              invalid("weighing_points is -1"));
  EXPECT_THAT(
      error({.clusterer = "random", .sample_size = 9, .weighing_points = 1}),
      invalid("takes no weights"));
  EXPECT_THAT(error({.weighing_points = 1}),
              invalid("all 20 points are in the first sample"));
  EXPECT_THAT(error({.clusterer = "lsh", .hash_directions = 0}),
              invalid("hash directions: 0"));
  EXPECT_THAT(error({.clusterer = "random", .forest = {.num_trees = 0}}),
              invalid("num_trees is 0"));
  EXPECT_THAT(FitRouter({}, {.clusterer = "random"}), invalid("points"));
}

// Without any point.
TEST(FitTest, ValidateFindsWhatDoesNotDependOnThePoints) {
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(Validate(FitOptions{}), IsOk());
  EXPECT_THAT(Validate({.clusterer = "random", .copies = 3}), IsOk());
  EXPECT_THAT(Validate({.clusterer = "lp_rounding", .copies = 2}), IsOk());
  EXPECT_THAT(Validate({.clusterer = "teleport"}),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("balanced"), HasSubstr("pca_tree"))));
  EXPECT_THAT(Validate({.clusterer = "lp_rounding"}),
              invalid("copies is 1, but the clusterer lp_rounding takes 2 or "
                      "more, not 1; merge_split, "));
  EXPECT_THAT(Validate({.clusterer = "lsh", .copies = 2}),
              invalid("the partition lsh puts each point into one group"));
  EXPECT_THAT(Validate({.clusterer = "lsh", .weighing_points = 2}),
              invalid("takes no weights"));
  EXPECT_THAT(Validate({.clusterer = "lsh", .router = "price"}),
              invalid("a router of its own"));
  EXPECT_THAT(Validate({.clusterer = "k_center"}),
              invalid("objective is k-means, which the clusterer k_center does "
                      "not take; merge_split, "));
  EXPECT_THAT(Validate({.clusterer = "k_center",
                        .objective = Objective::kKCenter,
                        .weighing_points = 5}),
              invalid("takes no weights"));
  EXPECT_THAT(
      Validate({.clusterer_options = {.balanced = {.max_iterations = -1}}}),
      invalid("max_iterations is -1"));
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_THAT(Validate({.upper_factor = infinite}),
              invalid("upper size factor is inf"));
  EXPECT_THAT(Validate({.lower_factor = std::nan("")}),
              invalid("lower size factor is nan"));
}

TEST(FitTest, NamesWhatTheClustererDoesNotTake) {
  const PointSet points = NormalPoints(runtime::Rng(1), 20, 2);
  const auto error = [&](const FitOptions& options) {
    return FitRouterBy(RoundRobinClusterer(false), points.View(), options)
        .status();
  };
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(error({.objective = Objective::kKCenter}),
              invalid("objective is k-center, which the clusterer round_robin "
                      "does not take; "));
  EXPECT_THAT(error({.copies = 4}),
              invalid("the clusterer round_robin takes 1 to 3, not 4; "));
  EXPECT_THAT(error({.sample_size = 15, .weighing_points = 5}),
              invalid("takes no weights"));
  EXPECT_THAT(error({.num_groups = 21}), invalid("21"));
  EXPECT_THAT(error({.lower_factor = 2}), invalid("lower size factor"));
}

}  // namespace
}  // namespace muster::dispatch
