#include "muster/benchmarks/dispatch/dispatch_run.h"

#include <cmath>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/worker_spec.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::StatusIs;
using ::testing::HasSubstr;

SharedDataset SmallGrid() {
  auto data = GridData({.train_rows = 1500, .test_rows = 600}, 1, {});
  MUSTER_CHECK_OK(data.status());
  return *std::move(data);
}

DispatchRunOptions SmallRun(DispatchMethod method) {
  return {.method = std::move(method),
          .num_groups = 8,
          .sample_size = 500,
          .workers = 4};
}

// Loads 6, 1, 1, 0 of 8 points: mean 2, the upper half holds 7 of 8.
TEST(MeasureLoadTest, WorkedExample) {
  const std::vector<int32_t> groups = {0, 0, 0, 0, 0, 0, 1, 2};
  const LoadReport load = MeasureLoad(groups, 1, 4);
  EXPECT_EQ(load.smallest, 0);
  EXPECT_EQ(load.largest, 3);
  EXPECT_EQ(load.top_half_share, 7.0 / 8);
  EXPECT_EQ(load.empty_groups, 1);
  EXPECT_FALSE(load.excluded());
  const LoadReport one_sided = MeasureLoad(std::vector<int32_t>(8, 1), 1, 4);
  EXPECT_TRUE(one_sided.excluded());
}

TEST(DispatchRunTest, EveryMethodRuns) {
  const SharedDataset data = SmallGrid();
  for (const DispatchMethod& method :
       {PaperMethod(), PaperTreeMethod(), BalancedPriceMethod(),
        EqualSizesPriceMethod(), BalancedNearestMethod(), PlainCenterMethod(),
        KdTreeMethod(), HashMethod(), RandomMethod()}) {
    const auto outcome = RunDispatch(*data, SmallRun(method), {.threads = 1});
    ASSERT_THAT(outcome, IsOk()) << method.key;
    // Sixteen classes: guessing is right once in sixteen.
    EXPECT_GT(outcome->accuracy, 0.2) << method.key;
    EXPECT_LE(outcome->load.smallest, 1);
    EXPECT_GE(outcome->load.largest, 1);
    for (const PhaseReport* phase :
         {&outcome->fit, &outcome->dispatch, &outcome->train, &outcome->test}) {
      EXPECT_GT(phase->virtual_seconds, 0) << method.key;
      EXPECT_GT(phase->multiply_adds, 0) << method.key;
    }
    EXPECT_EQ(std::isnan(outcome->cost), method.key == "bpt" ||
                                             method.key == "lsh" ||
                                             method.key == "random");
  }
}

// More workers than one: the same classifiers, less virtual time.
TEST(DispatchRunTest, WorkersShortenTheRunAndChangeNoAnswer) {
  const SharedDataset data = SmallGrid();
  DispatchRunOptions options = SmallRun(KdTreeMethod());
  options.training.batch_rows = 100;
  options.workers = 1;
  const auto one = RunDispatch(*data, options, {.threads = 1});
  ASSERT_THAT(one, IsOk());
  options.workers = 8;
  const auto eight = RunDispatch(*data, options, {.threads = 1});
  ASSERT_THAT(eight, IsOk());
  EXPECT_EQ(one->load.largest, eight->load.largest);
  EXPECT_NEAR(one->accuracy, eight->accuracy, 0.01);
  EXPECT_LT(eight->train.virtual_seconds, 0.4 * one->train.virtual_seconds);
  // What one worker reads it keeps.
  EXPECT_EQ(one->dispatch.bytes, 0);
  EXPECT_GT(eight->dispatch.bytes, 0);
  EXPECT_EQ(one->test.bytes, 0);
  EXPECT_GT(eight->test.bytes, 0);
}

TEST(DispatchRunTest, BitsDoNotDependOnThreads) {
  const SharedDataset data = SmallGrid();
  std::optional<DispatchOutcome> first;
  for (const int threads : {1, 2, 3, 8}) {
    const auto outcome = RunDispatch(*data, SmallRun(BalancedPriceMethod()),
                                     {.threads = threads});
    ASSERT_THAT(outcome, IsOk());
    if (!first.has_value()) first = *outcome;
    EXPECT_EQ(outcome->accuracy, first->accuracy);
    EXPECT_EQ(outcome->cost, first->cost);
    EXPECT_EQ(outcome->train.virtual_seconds, first->train.virtual_seconds);
    EXPECT_EQ(outcome->dispatch.bytes, first->dispatch.bytes);
  }
}

// All methods of a seed cluster the same sample, another seed another one.
TEST(DispatchRunTest, SeedsPairTheMethods) {
  const SharedDataset data = SmallGrid();
  DispatchRunOptions options = SmallRun(PaperMethod());
  const auto paper = FitMethod(data->train, options, {.threads = 1});
  ASSERT_THAT(paper, IsOk());
  options.method = PlainCenterMethod();
  const auto center = FitMethod(data->train, options, {.threads = 1});
  ASSERT_THAT(center, IsOk());
  EXPECT_EQ(paper->cost, center->cost);
  options.seed = 2;
  const auto other = FitMethod(data->train, options, {.threads = 1});
  ASSERT_THAT(other, IsOk());
  EXPECT_NE(paper->cost, other->cost);
}

TEST(DispatchRunTest, SubsamplesDifferBySeed) {
  const SharedDataset data = SmallGrid();
  const DatasetSize size = {.train_rows = 100, .test_rows = 10'000};
  const SharedDataset a = Subsample(*data, size, 1);
  const SharedDataset b = Subsample(*data, size, 2);
  EXPECT_EQ(a->train.num_rows(), 100);
  EXPECT_EQ(a->test.num_rows(), 600);
  EXPECT_NE(a->train.points, b->train.points);
  EXPECT_EQ(a->train.points, Subsample(*data, size, 1)->train.points);
}

TEST(DispatchRunTest, BadOptionsAreNamed) {
  const SharedDataset data = SmallGrid();
  DispatchRunOptions options = SmallRun(RandomMethod());
  options.workers = 0;
  EXPECT_THAT(
      RunDispatch(*data, options, {}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("workers is 0")));
  options = SmallRun(RandomMethod());
  options.cluster = runtime::ClusterSpec{};
  EXPECT_THAT(RunDispatch(*data, options, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("cluster has 0 workers")));
  options = SmallRun(RandomMethod());
  options.training.batch_rows = 0;
  EXPECT_THAT(RunDispatch(*data, options, {}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("batch_rows is 0")));
  options = SmallRun(RandomMethod());
  options.learner.validation.num_folds = 1;
  EXPECT_THAT(RunDispatch(*data, options, {}),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

}  // namespace
}  // namespace muster::benchmarks
