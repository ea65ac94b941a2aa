#include "muster/dispatch/balanced_fast_clusterer.h"

#include <atomic>
#include <cstdint>
#include <limits>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
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
#include "muster/runtime/runtime.h"
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

// Keeps the reports of each phase; answers false once, at the report `at` (from
// 0) of `phase`, or sets the flag before it when there is one.
class StopOnce : public runtime::Observer {
 public:
  StopOnce(std::string phase, int64_t at, std::atomic<bool>* flag = nullptr)
      : phase_(std::move(phase)), at_(at), flag_(flag) {}

  bool OnProgress(const runtime::Progress& progress) override {
    EXPECT_FALSE(asked_) << "asked again";
    const std::string phase(progress.phase);
    std::vector<int64_t>& done = done_[phase];
    done.push_back(progress.done);
    total_[phase] = progress.total;
    asked_ = phase == phase_ && static_cast<int64_t>(done.size()) == at_ + 1;
    if (asked_ && flag_ != nullptr) flag_->store(true);
    return !asked_;
  }

  std::vector<int64_t> done(const std::string& phase) { return done_[phase]; }
  int64_t total(const std::string& phase) { return total_[phase]; }

 private:
  const std::string phase_;
  const int64_t at_;
  std::atomic<bool>* const flag_;
  bool asked_ = false;
  std::map<std::string, std::vector<int64_t>> done_;
  std::map<std::string, int64_t> total_;
};

// 5 chunks a round.
class BalancedFastStopTest : public testing::Test {
 protected:
  absl::StatusOr<Clustering> Run(int64_t rounds, runtime::Runtime runtime) {
    BalancedFastOptions options = InChunks();
    options.rounds = rounds;
    return BalancedFastClusterer(options).Cluster(problem_, Rng(1), runtime);
  }

  const PointSet points_ = SortedBlobs(Rng(7), 5000, 2);
  const ClusteringProblem problem_{.points = points_.View(),
                                   .num_clusters = 6,
                                   .sizes = EqualSizes(5000, 6, 1)};
};

TEST_F(BalancedFastStopTest, ProgressRunsOverAllRounds) {
  StopOnce observer("never", 0);
  ASSERT_THAT(Run(2, {.observer = &observer}), IsOk());
  EXPECT_THAT(observer.done("k-means++"), ElementsAre(0, 1, 2, 3, 4, 5));
  EXPECT_THAT(observer.done("balanced_fast"),
              ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9));
  EXPECT_EQ(observer.total("balanced_fast"), 10);
  EXPECT_THAT(observer.done("balanced_fast: bounds"), ElementsAre(0, 1, 2));
  EXPECT_EQ(observer.total("balanced_fast: bounds"), 3);
}

TEST_F(BalancedFastStopTest, KeepsTheLastWholeRound) {
  const auto one = Run(1, {});
  ASSERT_THAT(one, IsOk());
  EXPECT_TRUE(one->converged);
  // At the first chunk of the second round, in its middle, at its last.
  for (const int64_t at : {5, 7, 9}) {
    for (const bool by_flag : {false, true}) {
      std::atomic<bool> flag = false;
      StopOnce observer("balanced_fast", at, by_flag ? &flag : nullptr);
      const auto result = Run(2, {.observer = &observer, .stop = &flag});
      ASSERT_THAT(result, IsOk()) << at;
      EXPECT_THAT(CheckClustering(problem_, *result), IsOk());
      EXPECT_FALSE(result->converged);
      EXPECT_EQ(result->iterations, one->iterations);
      EXPECT_EQ(result->centers, one->centers);
      EXPECT_EQ(result->prices, one->prices);
      EXPECT_EQ(result->guaranteed_sizes, problem_.sizes);
      // Without the assignment by prices, and without a bound.
      EXPECT_GE(result->cost, one->cost);
      EXPECT_LE(result->cost, 1.05 * one->cost);
      EXPECT_EQ(result->scope, CertificateScope::kNone);
    }
  }
}

TEST_F(BalancedFastStopTest, KeepsWhatTheLastPassesHaveDone) {
  const auto whole = Run(2, {});
  ASSERT_THAT(whole, IsOk());
  for (const int64_t pass : {0, 1, 2}) {
    StopOnce observer("balanced_fast: bounds", pass);
    const auto result = Run(2, {.observer = &observer});
    ASSERT_THAT(result, IsOk()) << pass;
    EXPECT_THAT(CheckClustering(problem_, *result), IsOk());
    EXPECT_FALSE(result->converged);
    EXPECT_EQ(result->centers, whole->centers);
    EXPECT_EQ(result->scope, CertificateScope::kNone);
    if (pass == 2) {
      EXPECT_EQ(result->clusters, whole->clusters);
    }
  }
}

TEST_F(BalancedFastStopTest, BeforeTheFirstRoundThereIsNothingToKeep) {
  for (const auto& [phase, at] : std::vector<std::pair<std::string, int64_t>>{
           {"k-means++", 0},
           {"k-means++", 3},
           {"balanced", 0},
           {"balanced", 2},  // the fit itself would answer with its round 1
           {"balanced_fast", 0},
           {"balanced_fast", 4}}) {
    StopOnce observer(phase, at);
    EXPECT_THAT(Run(2, {.observer = &observer}),
                StatusIs(absl::StatusCode::kCancelled))
        << phase << " " << at;
    EXPECT_EQ(static_cast<int64_t>(observer.done(phase).size()), at + 1);
  }
}

TEST(BalancedFastClustererTest, HugeCountsMeanAllPointsAndUnknownTotals) {
  const PointSet points = SortedBlobs(Rng(3), 2100, 2);
  const ClusteringProblem problem{.points = points.View(), .num_clusters = 3};
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const auto usual = BalancedFastClusterer({.sample_per_center = 700})
                         .Cluster(problem, Rng(1), {});
  const auto huge = BalancedFastClusterer({.sample_per_center = kMost})
                        .Cluster(problem, Rng(1), {});
  ASSERT_THAT(usual, IsOk());
  ASSERT_THAT(huge, IsOk());
  EXPECT_EQ(usual->clusters, huge->clusters);
  EXPECT_EQ(usual->cost, huge->cost);
  StopOnce observer("balanced_fast", 7);
  EXPECT_THAT(BalancedFastClusterer({.rounds = kMost, .chunk_points = 1000})
                  .Cluster(problem, Rng(1), {.observer = &observer}),
              IsOk());
  EXPECT_EQ(observer.total("balanced_fast"), -1);
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
