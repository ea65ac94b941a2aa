#include "muster/dispatch/balanced_fast_clusterer.h"

#include <cstdint>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/balanced_assignment.h"
#include "muster/dispatch/balanced_clusterer.h"
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

// Sorted by blob: every chunk must still be a fair part.
PointSet SortedBlobs(Rng rng, int64_t n, int64_t d) {
  PointSet points{.dimension = d};
  for (int64_t j = 0; j < n; ++j) {
    const int64_t blob = j * 5 / n;
    for (int64_t m = 0; m < d; ++m) {
      points.values.push_back(
          static_cast<float>(3.0 * static_cast<double>(blob) + Normal(rng)));
    }
  }
  return points;
}

BalancedFastOptions InChunks() {
  return {.sample_per_center = 20, .chunk_points = 1000};
}

TEST(BalancedFastClustererTest, KeepsTheBoundsOverChunks) {
  const Rng root = Rng(TestSeed()).Fork("chunks");
  for (int t = 0; t < 12; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t n = 3000 + UniformInt(rng, 4000), k = 3 + UniformInt(rng, 9);
    const int64_t p = 1 + t % 3;
    const PointSet points = SortedBlobs(rng.Fork("points"), n, 2);
    ClusteringProblem problem{.points = points.View(),
                              .num_clusters = k,
                              .copies = p,
                              .sizes = EqualSizes(n, k, p)};
    if (t % 2 == 1) {
      problem.sizes.lower -= n * p / k / 4;
      problem.sizes.upper += n * p / k / 4;
    }
    const auto result =
        BalancedFastClusterer(InChunks()).Cluster(problem, rng, {});
    ASSERT_THAT(result, IsOk());
    SCOPED_TRACE(t);
    EXPECT_THAT(CheckClustering(problem, *result), IsOk());
    EXPECT_EQ(result->guaranteed_sizes, problem.sizes);
    // Against the exact assignment to the same centres. The bound is that of
    // mean prices: blobs apart leave them a range, in which few are best.
    const auto exact = AssignBalanced({.points = points.View(),
                                       .centers = result->centers.View(),
                                       .copies = p,
                                       .sizes = problem.sizes});
    ASSERT_THAT(exact, IsOk());
    EXPECT_LE(result->cost, 1.001 * exact->cost);
    EXPECT_GT(result->lower_bound, 0.995 * result->cost);
    EXPECT_EQ(result->scope, CertificateScope::kFixedCenters);
  }
}

TEST(BalancedFastClustererTest, OneChunkIsExact) {
  const PointSet points = SortedBlobs(Rng(3), 2000, 3);
  const ClusteringProblem problem{.points = points.View(),
                                  .num_clusters = 8,
                                  .sizes = EqualSizes(2000, 8, 1)};
  const auto fast = BalancedFastClusterer({}).Cluster(problem, Rng(1), {});
  ASSERT_THAT(fast, IsOk());
  EXPECT_NEAR(fast->lower_bound, fast->cost, 1e-9 * fast->cost);
}

TEST(BalancedFastClustererTest, CostsLittleMoreThanBalanced) {
  const PointSet points = SortedBlobs(Rng(5), 6000, 2);
  const ClusteringProblem problem{.points = points.View(),
                                  .num_clusters = 10,
                                  .sizes = EqualSizes(6000, 10, 1)};
  const auto exact = BalancedClusterer({}).Cluster(problem, Rng(1), {});
  const auto fast =
      BalancedFastClusterer(InChunks()).Cluster(problem, Rng(1), {});
  ASSERT_THAT(exact, IsOk());
  ASSERT_THAT(fast, IsOk());
  // Two local optima: other seeds, and a sample of 20 points per centre.
  EXPECT_LT(fast->cost, 1.25 * exact->cost);
}

TEST(BalancedFastClustererTest, BitsDoNotDependOnThreadsInChunks) {
  const PointSet points = SortedBlobs(Rng(7), 5000, 2);
  const ClusteringProblem problem{.points = points.View(),
                                  .num_clusters = 6,
                                  .copies = 2,
                                  .sizes = EqualSizes(5000, 6, 2)};
  const BalancedFastClusterer clusterer(InChunks());
  const auto one = clusterer.Cluster(problem, Rng(1), {.threads = 1});
  ASSERT_THAT(one, IsOk());
  for (const int threads : {2, 3, 8}) {
    const auto other = clusterer.Cluster(problem, Rng(1), {.threads = threads});
    ASSERT_THAT(other, IsOk());
    EXPECT_EQ(one->clusters, other->clusters);
    EXPECT_EQ(one->prices, other->prices);
    EXPECT_EQ(one->cost, other->cost);
    EXPECT_EQ(one->lower_bound, other->lower_bound);
  }
}

// Stops in the second round.
class StopInRounds : public runtime::Observer {
 public:
  bool OnProgress(const runtime::Progress& progress) override {
    if (progress.phase == "balanced_fast") ++chunks_;
    return chunks_ < 7;
  }

 private:
  int chunks_ = 0;
};

TEST(BalancedFastClustererTest, StopsWhenAsked) {
  const PointSet points = SortedBlobs(Rng(7), 5000, 2);
  const ClusteringProblem problem{.points = points.View(), .num_clusters = 6};
  StopInRounds observer;
  EXPECT_THAT(BalancedFastClusterer(InChunks())
                  .Cluster(problem, Rng(1), {.observer = &observer})
                  .status(),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST(BalancedFastClustererTest, NamesTheWrongOption) {
  const absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Validate(BalancedFastOptions{}), IsOk());
  EXPECT_THAT(Validate(BalancedFastOptions{.on_sample = {.tolerance = -1}}),
              StatusIs(kInvalid, HasSubstr("tolerance is -1")));
  EXPECT_THAT(Validate(BalancedFastOptions{.sample_per_center = 0}),
              StatusIs(kInvalid, HasSubstr("sample_per_center is 0")));
  EXPECT_THAT(Validate(BalancedFastOptions{.rounds = 0}),
              StatusIs(kInvalid, HasSubstr("rounds is 0")));
  EXPECT_THAT(Validate(BalancedFastOptions{.chunk_points = 999}),
              StatusIs(kInvalid, HasSubstr("chunk_points is 999")));
}

}  // namespace
}  // namespace muster::dispatch
