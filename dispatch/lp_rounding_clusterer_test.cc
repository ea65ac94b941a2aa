#include "muster/dispatch/lp_rounding_clusterer.h"

#include <algorithm>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// Two pairs, k = 2 and p = 2: both points that open serve all four.
TEST(LpRoundingClustererTest, DistinctCopiesReachEveryCentre) {
  const PointSet points = {{0, 1, 10, 11}, 1};
  const ClusteringProblem problem = {.points = points.View(),
                                     .num_clusters = 2,
                                     .copies = 2,
                                     .sizes = {4, 4},
                                     .objective = Objective::kKMedian};
  const auto result = LpRoundingClusterer({}).Cluster(problem, Rng(1), {});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(CheckClustering(problem, *result), IsOk());
  EXPECT_THAT(result->sizes, ElementsAre(4, 4));
  // A centre at 1 or 10 costs 20, one at 0 or 11 costs 22.
  EXPECT_GE(result->cost, 40);
  EXPECT_LE(result->cost, 44);
  EXPECT_NEAR(result->lower_bound, 40, 1e-6);
  EXPECT_EQ(result->scope, CertificateScope::kAnyCenters);
}

// The published assignment puts both copies on the nearer centre.
TEST(LpRoundingClustererTest, PaperModeDoublesCopies) {
  const PointSet points = {{0, 1, 10, 11}, 1};
  const ClusteringProblem problem = {.points = points.View(),
                                     .num_clusters = 2,
                                     .copies = 2,
                                     .sizes = {0, 4},
                                     .objective = Objective::kKMedian};
  const LpRoundingClusterer paper({.mode = RoundingMode::kPaper});
  EXPECT_FALSE(paper.traits().keeps_bounds);
  const auto result = paper.Cluster(problem, Rng(1), {});
  ASSERT_THAT(result, IsOk());
  EXPECT_THAT(CheckClustering(problem, *result, /*distinct=*/false), IsOk());
  EXPECT_EQ(result->guaranteed_sizes, (SizeBounds{0, 8}));
  EXPECT_LT(result->cost, 40);
  // No bound is above what was found.
  EXPECT_LE(result->lower_bound, result->cost);
}

// Two pairs and one far away, whose squared distances are 10^10 times theirs:
// the bound is still the programme's value, two centres at each pair.
TEST(LpRoundingClustererTest, KeepsItsPromiseWithFarPoints) {
  for (const float far : {1e2f, 1e5f}) {
    SCOPED_TRACE(far);
    const PointSet points = {{0, 1, 10, 11, far, far}, 1};
    const ClusteringProblem problem = {.points = points.View(),
                                       .num_clusters = 6,
                                       .copies = 2,
                                       .sizes = {0, 2}};
    for (const RoundingMode mode :
         {RoundingMode::kPaper, RoundingMode::kDistinct}) {
      const auto result =
          LpRoundingClusterer({.mode = mode}).Cluster(problem, Rng(1), {});
      ASSERT_THAT(result, IsOk());
      EXPECT_TRUE(result->converged);
      EXPECT_NEAR(result->lower_bound, std::min(4.0, result->cost), 1e-6);
      EXPECT_LE(result->cost, 95 * 4.0);
    }
  }
}

TEST(LpRoundingClustererTest, WithinBoundsSaysSo) {
  const LpRoundingClusterer within({.mode = RoundingMode::kWithinBounds});
  EXPECT_TRUE(within.traits().keeps_bounds);
  EXPECT_FALSE(LpRoundingClusterer({}).traits().keeps_bounds);
}

TEST(LpRoundingClustererTest, OneCopyIsRefusedWithTheReason) {
  const PointSet points = {{0, 1, 10, 11}, 1};
  EXPECT_THAT(LpRoundingClusterer({}).Cluster(
                  {.points = points.View(), .num_clusters = 2}, Rng(1), {}),
              StatusIs(kInvalid, HasSubstr("integrality gap")));
}

TEST(LpRoundingClustererTest, OptionsAreChecked) {
  EXPECT_THAT(Validate(LpRoundingOptions{.max_points = 0}),
              StatusIs(kInvalid, HasSubstr("max_points is 0")));
  EXPECT_THAT(Validate(LpRoundingOptions{.lp = {.tolerance = -1}}),
              StatusIs(kInvalid, HasSubstr("lp_rounding: lp.tolerance is -1")));
}

}  // namespace
}  // namespace muster::dispatch
