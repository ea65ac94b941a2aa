#include "muster/benchmarks/dispatch/shard_training.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/benchmarks/dispatch/shard_program.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/check.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/thread_cluster.h"
#include "muster/runtime/virtual_cluster.h"
#include "muster/runtime/worker_spec.h"

namespace muster::benchmarks {
namespace {

using runtime::ClusterSpec;
using runtime::IsOk;
using runtime::SpeedModifier;
using runtime::StatusIs;
using ::testing::ElementsAre;

// Four blobs at (+-3, +-3), labelled 0, 10, 20, 30: 3 standard deviations and
// more from the cells of other blobs.
LabeledData Blobs(int64_t rows, uint64_t seed) {
  LabeledData data;
  data.points.num_features = 2;
  runtime::Rng rng(seed);
  for (int64_t i = 0; i < rows; ++i) {
    const int64_t blob = runtime::UniformInt(rng, 4);
    const double x = (blob % 2 == 0 ? -3 : 3) + 0.5 * runtime::Normal(rng);
    const double y = (blob / 2 == 0 ? -3 : 3) + 0.5 * runtime::Normal(rng);
    data.points.values.push_back(static_cast<float>(x));
    data.points.values.push_back(static_cast<float>(y));
    data.points.labels.push_back(10.0 * static_cast<double>(blob));
  }
  return data;
}

LabeledData WithSparseFeatures(LabeledData data) {
  data.features = models::ToSparse(data.points);
  return data;
}

std::shared_ptr<const dispatch::Router> BlobRouter(int64_t copies) {
  dispatch::CenterRouterState state;
  state.centers = {.values = {-3, -3, 3, -3, -3, 3, 3, 3}, .dimension = 2};
  state.copies = copies;
  auto router = dispatch::CenterRouter::Create(std::move(state));
  MUSTER_CHECK_OK(router.status());
  return *std::move(router);
}

ClusterSpec Workers(int32_t count) {
  ClusterSpec spec;
  spec.workers.resize(static_cast<size_t>(count));
  for (auto& worker : spec.workers) {
    worker.law = runtime::SpeedLaw::Constant(1);
  }
  return spec;
}

// A cluster, its coordinator, and the router that they share.
struct Fixture {
  Fixture(const ClusterSpec& spec, int64_t copies, int threads = 1,
          ShardTrainingOptions options = {})
      : router(BlobRouter(copies)) {
    auto speeds = runtime::SpeedModel::Create(spec, 1);
    MUSTER_CHECK_OK(speeds.status());
    const std::vector<double> classes = {0, 10, 20, 30};
    cluster = std::make_unique<runtime::VirtualCluster<ShardProgram>>(
        ShardTraining::MakePrograms(static_cast<int32_t>(spec.workers.size()),
                                    router, classes, {}, 1),
        *std::move(speeds), runtime::VirtualClusterOptions{},
        runtime::Runtime{.threads = threads});
    options.batch_rows = 100;
    options.route_multiply_adds = 8;
    shards = std::make_unique<ShardTraining>(cluster.get(), router, classes,
                                             options, runtime::Runtime{});
  }

  std::shared_ptr<const dispatch::Router> router;
  std::unique_ptr<runtime::VirtualCluster<ShardProgram>> cluster;
  std::unique_ptr<ShardTraining> shards;
};

TEST(ShardTrainingTest, EachGroupLearnsItsOwnRows) {
  Fixture f(Workers(2), 1);  // groups 0 and 2 on worker 0, 1 and 3 on worker 1
  const LabeledData train = Blobs(1000, 1);
  ASSERT_THAT(f.shards->Store(train), IsOk());
  ASSERT_THAT(f.shards->Train(), IsOk());
  for (int64_t i = 0; i < train.num_rows(); ++i) {
    EXPECT_EQ(10.0 * f.shards->stored_groups()[static_cast<size_t>(i)],
              train.labels()[static_cast<size_t>(i)]);
  }
  int64_t rows = 0;
  for (const GroupTraining& training : f.shards->trainings()) {
    EXPECT_EQ(training.classes, 1);
    rows += training.rows;
  }
  EXPECT_EQ(rows, 1000);
  EXPECT_EQ(f.shards->lost_rows(), 0);
  const auto answers = f.shards->Answer(Blobs(300, 2));
  ASSERT_THAT(answers, IsOk());
  EXPECT_EQ(answers->accuracy, 1);
  EXPECT_EQ(answers->answered_share, 1);
}

TEST(ShardTrainingTest, SparseFeaturesGiveTheSameModels) {
  std::vector<double> accuracies;
  for (const bool sparse : {false, true}) {
    Fixture f(Workers(3), 2);
    LabeledData train = Blobs(800, 3);
    LabeledData test = Blobs(400, 4);
    if (sparse) {
      train = WithSparseFeatures(std::move(train));
      test = WithSparseFeatures(std::move(test));
    }
    ASSERT_THAT(f.shards->Store(train), IsOk());
    ASSERT_THAT(f.shards->Train(), IsOk());
    const auto answers = f.shards->Answer(test);
    ASSERT_THAT(answers, IsOk());
    accuracies.push_back(answers->accuracy);
  }
  EXPECT_GT(accuracies[0], 0.99);
  EXPECT_NEAR(accuracies[0], accuracies[1], 0.005);
}

// Whoever loses p - 1 workers still answers everything; the mean of the
// answers of all groups agrees on these easy blobs.
TEST(ShardTrainingTest, LostWorkersAreReplacedByOtherCopies) {
  for (const Combine combine : {Combine::kBest, Combine::kAverage}) {
    Fixture f(Workers(4), 2, 1, {.combine = combine});
    ASSERT_THAT(f.shards->Store(Blobs(1000, 5)), IsOk());
    ASSERT_THAT(f.shards->Train(), IsOk());
    const LabeledData test = Blobs(300, 6);
    for (int lost = 0; lost < 4; ++lost) {
      std::vector<char> gone(4, 0);
      gone[static_cast<size_t>(lost)] = 1;
      const auto answers = f.shards->Answer(test, gone);
      ASSERT_THAT(answers, IsOk());
      EXPECT_EQ(answers->answered_share, 1);
      EXPECT_GT(answers->accuracy, 0.98);
    }
    const auto none = f.shards->Answer(test, std::vector<char>{1, 1, 1, 0});
    ASSERT_THAT(none, IsOk());
    EXPECT_LT(none->answered_share, 1);
    EXPECT_GT(none->answered_share, 0);
    EXPECT_LE(none->accuracy, none->answered_share);
  }
}

TEST(ShardTrainingTest, NobodyUpIsAnError) {
  Fixture f(Workers(2), 1);
  ASSERT_THAT(f.shards->Store(Blobs(300, 7)), IsOk());
  ASSERT_THAT(f.shards->Train(), IsOk());
  EXPECT_THAT(f.shards->Answer(Blobs(100, 8), std::vector<char>{1, 1}),
              StatusIs(absl::StatusCode::kUnavailable));
}

// Groups given by hand take the router's place: all rows in group 3.
TEST(ShardTrainingTest, GroupsCanBeGiven) {
  Fixture f(Workers(2), 1);
  const LabeledData train = Blobs(250, 18);
  const std::vector<int32_t> given(250, 3);
  const auto stored = f.shards->Store(train, given);
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->multiply_adds, 0);
  ASSERT_THAT(f.shards->Train(), IsOk());
  EXPECT_EQ(f.shards->trainings()[3].rows, 250);
  EXPECT_EQ(f.shards->trainings()[3].classes, 4);
  EXPECT_EQ(f.shards->trainings()[0].rows, 0);
  // By the router a quarter of the queries reaches the only group that knows.
  const LabeledData test = Blobs(400, 19);
  const auto routed = f.shards->Answer(test);
  ASSERT_THAT(routed, IsOk());
  EXPECT_NEAR(routed->answered_share, 0.25, 0.08);
  const auto asked = f.shards->Answer(test, {}, std::vector<int32_t>(400, 3));
  ASSERT_THAT(asked, IsOk());
  EXPECT_EQ(asked->answered_share, 1);
}

// Worker 1 goes down for good while the groups train.
TEST(ShardTrainingTest, ACrashInTrainingLosesTheGroupsAlone) {
  const LabeledData train = Blobs(1000, 9);
  const LabeledData test = Blobs(300, 10);
  double stored_seconds = 0;
  {
    Fixture f(Workers(4), 2);
    ASSERT_THAT(f.shards->Store(train), IsOk());
    stored_seconds = f.cluster->NowSeconds();
  }
  ClusterSpec spec = Workers(4);
  spec.workers[1].modifiers.push_back(
      SpeedModifier::Outage(stored_seconds + 1e-5));
  Fixture f(spec, 2);
  ASSERT_THAT(f.shards->Store(train), IsOk());
  EXPECT_EQ(f.shards->lost_rows(), 0);
  ASSERT_THAT(f.shards->Train(), IsOk());
  const auto answers = f.shards->Answer(test);
  ASSERT_THAT(answers, IsOk());
  EXPECT_EQ(answers->answered_share, 1);
  EXPECT_GT(answers->accuracy, 0.98);
}

// Batches that a crashed worker was reading are read again by another one.
TEST(ShardTrainingTest, ACrashInTheStreamLosesWhatTheWorkerOwned) {
  ClusterSpec spec = Workers(4);
  spec.workers[1].modifiers.push_back(SpeedModifier::Outage(1.5e-4));
  Fixture f(spec, 1);
  ASSERT_THAT(f.shards->Store(Blobs(1000, 11)), IsOk());
  EXPECT_GT(f.shards->lost_rows(), 0);
  ASSERT_THAT(f.shards->Train(), IsOk());
  const auto answers = f.shards->Answer(Blobs(300, 12));
  ASSERT_THAT(answers, IsOk());
  EXPECT_GT(answers->answered_share, 0.6);
  EXPECT_LT(answers->answered_share, 0.9);
}

// Virtual seconds are counts times costs: the fit is worker 0's multiply-adds,
// then two hops of a binary tree over four workers; training lasts as long as
// the busiest worker.
TEST(ShardTrainingTest, VirtualTimeIsCounted) {
  const CostModel costs;
  Fixture f(Workers(4), 1);
  const auto fit = f.shards->BillFit(1e6);
  ASSERT_THAT(fit, IsOk());
  const auto rule = static_cast<double>(f.router->EncodeState().size());
  EXPECT_NEAR(fit->virtual_seconds,
              1e6 * costs.fit_seconds +
                  2 * (rule * costs.byte_seconds + costs.message_seconds),
              1e-12);
  EXPECT_EQ(fit->bytes, 3 * f.router->EncodeState().size());
  const auto stored = f.shards->Store(Blobs(1000, 13));
  ASSERT_THAT(stored, IsOk());
  EXPECT_EQ(stored->multiply_adds, 8 * 1000);
  // Three quarters of the rows move: 2 floats, a label and a group each.
  EXPECT_NEAR(static_cast<double>(stored->bytes), 0.75 * 1000 * 20, 5000);
  const auto train = f.shards->Train();
  ASSERT_THAT(train, IsOk());
  double slowest = 0;
  double sum = 0;
  for (const GroupTraining& training : f.shards->trainings()) {
    slowest =
        std::max(slowest, costs.message_seconds +
                              training.multiply_adds * costs.train_seconds);
    sum += training.multiply_adds;
  }
  EXPECT_NEAR(train->virtual_seconds, slowest, 1e-8);
  EXPECT_EQ(train->multiply_adds, sum);
}

TEST(ShardTrainingTest, BitsDoNotDependOnThreads) {
  std::optional<std::vector<double>> labels;
  std::optional<double> seconds;
  for (const int threads : {1, 2, 3, 8}) {
    Fixture f(Workers(3), 2, threads);
    ASSERT_THAT(f.shards->Store(Blobs(2000, 14)), IsOk());
    ASSERT_THAT(f.shards->Train(), IsOk());
    const auto answers = f.shards->Answer(Blobs(500, 15));
    ASSERT_THAT(answers, IsOk());
    if (!labels.has_value()) {
      labels = answers->labels;
      seconds = f.cluster->NowSeconds();
    }
    EXPECT_EQ(answers->labels, *labels) << threads << " threads";
    EXPECT_EQ(f.cluster->NowSeconds(), *seconds) << threads << " threads";
  }
}

// Keeps what was reported last; stops when told to.
class LastReport : public runtime::Observer {
 public:
  bool OnProgress(const runtime::Progress& progress) override {
    EXPECT_TRUE(progress.phase != phase || progress.done >= done);
    phase = std::string(progress.phase);
    done = progress.done;
    total = progress.total;
    return go_on;
  }

  std::string phase;
  int64_t done = 0;
  int64_t total = 0;
  bool go_on = true;
};

TEST(ShardTrainingTest, EachPhaseReportsItsRows) {
  const Fixture f(Workers(2), 1);
  LastReport last;
  ShardTraining shards(f.cluster.get(), f.router, {0, 10, 20, 30},
                       {.batch_rows = 100}, {.observer = &last});
  ASSERT_THAT(shards.Store(Blobs(1000, 1)), IsOk());
  EXPECT_EQ(last.phase, "dispatch");
  EXPECT_EQ(last.done, 1000);
  EXPECT_EQ(last.total, 1000);
  ASSERT_THAT(shards.Train(), IsOk());
  EXPECT_EQ(last.phase, "train");
  EXPECT_EQ(last.done, 1000);
  EXPECT_EQ(last.total, 1000);
  ASSERT_THAT(shards.Answer(Blobs(250, 2)), IsOk());
  EXPECT_EQ(last.phase, "answer");
  EXPECT_EQ(last.done, 250);
  EXPECT_EQ(last.total, 250);
  last = LastReport();
  last.go_on = false;
  EXPECT_THAT(shards.Answer(Blobs(250, 2)),
              StatusIs(absl::StatusCode::kCancelled));
}

TEST(ShardTrainingTest, AStopIsCancelled) {
  const Fixture f(Workers(2), 1);
  std::atomic<bool> stop = false;
  ShardTraining shards(f.cluster.get(), f.router, {0, 10, 20, 30},
                       {.batch_rows = 100}, {.stop = &stop});
  ASSERT_THAT(shards.Store(Blobs(1000, 1)), IsOk());
  stop = true;
  EXPECT_THAT(shards.Train(), StatusIs(absl::StatusCode::kCancelled));
}

TEST(ShardTrainingTest, RunsOnRealThreads) {
  const auto router = BlobRouter(1);
  const std::vector<double> classes = {0, 10, 20, 30};
  auto speeds = runtime::SpeedModel::Create(Workers(2), 1);
  ASSERT_THAT(speeds, IsOk());
  auto cluster = runtime::ThreadCluster<ShardProgram>::Create(
      ShardTraining::MakePrograms(2, router, classes, {}, 1),
      *std::move(speeds), {});
  ASSERT_THAT(cluster, IsOk());
  ShardTraining shards(cluster->get(), router, classes, {.batch_rows = 100},
                       {});
  ASSERT_THAT(shards.Store(Blobs(500, 16)), IsOk());
  ASSERT_THAT(shards.Train(), IsOk());
  const auto answers = shards.Answer(Blobs(200, 17));
  ASSERT_THAT(answers, IsOk());
  EXPECT_EQ(answers->accuracy, 1);
}

}  // namespace
}  // namespace muster::benchmarks
