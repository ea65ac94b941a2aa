#include "muster/runtime/cluster_contract.h"

#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"
#include "muster/runtime/timeline.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

WorkerSpec Constant(double seconds, std::vector<SpeedModifier> modifiers = {}) {
  return {.law = SpeedLaw::Constant(seconds),
          .modifiers = std::move(modifiers)};
}

ClusterSpec Spec(std::vector<WorkerSpec> workers) {
  return {.workers = std::move(workers), .text = ""};
}

// Times of the spec, which a wall clock may only exceed.
void ExpectSeconds(const ClusterKind& kind, double actual, double expected) {
  if (kind.exact_times) {
    EXPECT_DOUBLE_EQ(actual, expected);
  } else {
    EXPECT_GE(actual, expected * (1 - 1e-9));
  }
}

void AnswersRequests(const ClusterKind& kind) {
  auto cluster = kind.make_sum(Spec({Constant(0.5), Constant(0.25)}));
  EXPECT_EQ(cluster->num_workers(), 2);
  EXPECT_EQ(cluster->num_in_flight(), 0);
  EXPECT_EQ(cluster->Submit({0}, {.values = {1, 2, 3}}), 0);
  EXPECT_EQ(cluster->num_in_flight(), 1);
  auto done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  ASSERT_THAT(done->response, IsOk());
  EXPECT_EQ(done->response->sum, 6);
  EXPECT_EQ(done->worker, WorkerId{0});
  EXPECT_EQ(done->task, 0);
  ExpectSeconds(kind, done->finished_seconds - done->started_seconds, 0.5);
  EXPECT_EQ(cluster->num_in_flight(), 0);
  EXPECT_EQ(cluster->Submit({0}, {.values = {}}, {.work_units = 0.5}), 1);
  done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  ExpectSeconds(kind, done->finished_seconds - done->started_seconds, 0.25);
}

void NothingInFlightIsAnErrorNotAHang(const ClusterKind& kind) {
  auto cluster = kind.make_sum(Spec({Constant(1)}));
  EXPECT_THAT(cluster->Next(), StatusIs(absl::StatusCode::kFailedPrecondition));
  cluster->Submit({0}, {.values = {}});
  ASSERT_THAT(cluster->Next(), IsOk());
  EXPECT_THAT(cluster->Next(), StatusIs(absl::StatusCode::kFailedPrecondition));
}

void CompletionsAreInClockOrderAndFifoPerWorker(const ClusterKind& kind) {
  auto cluster =
      kind.make_sum(Spec({Constant(0.3), Constant(0.5), Constant(0.7)}));
  constexpr int kTasks = 6;
  for (int task = 0; task < kTasks; ++task) {
    for (int32_t worker = 0; worker < 3; ++worker) {
      EXPECT_EQ(cluster->Submit({worker}, {.values = {1.0 * task}}), task);
    }
  }
  std::vector<int64_t> next_task(3, 0);
  std::vector<double> free_seconds(3, 0);
  double last_seconds = 0;
  for (int i = 0; i < 3 * kTasks; ++i) {
    const auto done = cluster->Next();
    ASSERT_THAT(done, IsOk());
    const int32_t worker = done->worker.index;
    EXPECT_EQ(done->task, next_task[worker]++);
    ASSERT_THAT(done->response, IsOk());
    EXPECT_EQ(done->response->sum, done->task);
    EXPECT_LE(done->submitted_seconds, done->started_seconds);
    EXPECT_GE(done->started_seconds, free_seconds[worker]);
    EXPECT_GE(done->finished_seconds, last_seconds);
    EXPECT_GE(cluster->NowSeconds(), done->finished_seconds);
    if (kind.exact_times) {
      EXPECT_EQ(done->started_seconds, free_seconds[worker]);
      EXPECT_EQ(cluster->NowSeconds(), done->finished_seconds);
    }
    free_seconds[worker] = last_seconds = done->finished_seconds;
  }
  EXPECT_EQ(cluster->num_in_flight(), 0);
}

void AProgramWithStateRunsItsTasksOneByOne(const ClusterKind& kind) {
  auto cluster = kind.make_counting(Spec({Constant(0.02), Constant(0.03)}));
  constexpr int kTasks = 40;
  for (int task = 0; task < kTasks; ++task) {
    cluster->Submit({0}, {});
    cluster->Submit({1}, {});
  }
  for (int i = 0; i < 2 * kTasks; ++i) {
    const auto done = cluster->Next();
    ASSERT_THAT(done, IsOk());
    ASSERT_THAT(done->response, IsOk());
    EXPECT_EQ(done->response->runs_before, done->task);
    EXPECT_FALSE(done->response->overlapped);
  }
}

void CancelDropsRunningAndQueuedTasks(const ClusterKind& kind) {
  auto cluster = kind.make_sum(Spec({Constant(1e6), Constant(0.5)}));
  for (int i = 0; i < 3; ++i) cluster->Submit({0}, {.values = {}});
  cluster->Submit({1}, {.values = {4}});
  auto done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->worker, WorkerId{1});
  EXPECT_EQ(cluster->num_in_flight(), 3);

  const double before_seconds = cluster->NowSeconds();
  cluster->Cancel({0});
  cluster->Cancel({0});  // nothing left to do
  EXPECT_EQ(cluster->num_in_flight(), 0);
  EXPECT_THAT(cluster->Next(), StatusIs(absl::StatusCode::kFailedPrecondition));
  const TimelineTotals& totals = cluster->timeline().worker_totals({0});
  EXPECT_EQ(totals.Tasks(Activity::kCancelled), 3);
  EXPECT_EQ(totals.Tasks(Activity::kCompute), 0);
  if (kind.exact_times) {
    EXPECT_EQ(totals.Seconds(Activity::kCancelled), 0.5);
  }
  EXPECT_LE(totals.WorkerSeconds(), cluster->NowSeconds());

  // The worker is free at once, and its tasks' numbers go on.
  EXPECT_EQ(cluster->Submit({0}, {.values = {5}}, {.work_units = 1e-7}), 3);
  done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->task, 3);
  EXPECT_GE(done->started_seconds, before_seconds);
  ASSERT_THAT(done->response, IsOk());
  EXPECT_EQ(done->response->sum, 5);
}

void ACrashLosesTasksAndSaysSo(const ClusterKind& kind) {
  // Worker 0 is down in [2, 4), worker 1 from 1 on for good.
  auto cluster =
      kind.make_sum(Spec({Constant(100, {SpeedModifier::Outage(2, 4)}),
                          Constant(100, {SpeedModifier::Outage(1)})}));
  for (int i = 0; i < 2; ++i) cluster->Submit({0}, {.values = {}});
  cluster->Submit({1}, {.values = {}});
  for (int i = 0; i < 3; ++i) {
    const auto done = cluster->Next();
    ASSERT_THAT(done, IsOk());
    EXPECT_THAT(done->response,
                StatusIs(absl::StatusCode::kUnavailable,
                         ::testing::HasSubstr(absl::StrCat(
                             "worker ", done->worker.index, " "))));
    const double down_seconds = done->worker.index == 0 ? 2 : 1;
    ExpectSeconds(kind, done->finished_seconds, down_seconds);
  }
  EXPECT_FALSE(cluster->IsUp({1}));
  EXPECT_EQ(cluster->NextUpSeconds({1}),
            std::numeric_limits<double>::infinity());
  // A task for a worker that is down ends at once.
  cluster->Submit({1}, {.values = {}});
  const auto refused = cluster->Next();
  ASSERT_THAT(refused, IsOk());
  EXPECT_THAT(refused->response, StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_EQ(refused->started_seconds, refused->finished_seconds);
  EXPECT_EQ(cluster->timeline().totals().Tasks(Activity::kLost), 4);
  EXPECT_EQ(cluster->timeline().totals().Tasks(Activity::kCompute), 0);

  // Nobody is up: the coordinator waits for the first to return.
  EXPECT_THAT(cluster->AdvanceTo(cluster->NextUpSeconds({0})),
              IsOkAndHolds(true));
  EXPECT_TRUE(cluster->IsUp({0}));
  cluster->Submit({0}, {.values = {7}}, {.work_units = 1e-3});
  const auto done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  ASSERT_THAT(done->response, IsOk());
  EXPECT_EQ(done->response->sum, 7);
  ExpectSeconds(kind, done->finished_seconds, 4.1);
}

void AnAbandonedTaskExpires(const ClusterKind& kind) {
  auto cluster = kind.make_sum(Spec({Constant(1000)}));
  cluster->Submit({0}, {.values = {}}, {.abandon_after_seconds = 0.5});
  cluster->Submit({0}, {.values = {9}}, {.work_units = 1e-4});
  auto done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->task, 0);
  EXPECT_THAT(done->response, StatusIs(absl::StatusCode::kDeadlineExceeded));
  ExpectSeconds(kind, done->finished_seconds - done->started_seconds, 0.5);
  ExpectSeconds(kind, cluster->timeline().totals().Seconds(Activity::kExpired),
                0.5);
  done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->task, 1);
  ASSERT_THAT(done->response, IsOk());
  EXPECT_EQ(done->response->sum, 9);
}

void AdvanceToStopsAtCompletions(const ClusterKind& kind) {
  auto cluster = kind.make_sum(Spec({Constant(0.5)}));
  EXPECT_THAT(cluster->AdvanceTo(0.25), IsOkAndHolds(true));
  EXPECT_GE(cluster->NowSeconds(), 0.25);
  EXPECT_THAT(cluster->AdvanceTo(0.1), IsOkAndHolds(true));  // is past
  EXPECT_GE(cluster->NowSeconds(), 0.25);
  EXPECT_THAT(cluster->AdvanceTo(std::numeric_limits<double>::infinity()),
              StatusIs(absl::StatusCode::kInvalidArgument));
  cluster->Submit({0}, {.values = {1}});
  EXPECT_THAT(cluster->AdvanceTo(1e6), IsOkAndHolds(false));
  EXPECT_LT(cluster->NowSeconds(), 1e6);
  const auto done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  ASSERT_THAT(done->response, IsOk());
}

void TheTimelineAddsUp(const ClusterKind& kind) {
  constexpr int32_t kWorkers = 4;
  std::vector<WorkerSpec> workers;
  workers.reserve(kWorkers);
  for (int32_t i = 0; i < kWorkers; ++i) {
    workers.push_back(Constant(0.02 * (i + 1)));
  }
  workers[3].modifiers = {SpeedModifier::Crash(0.5, 0.1)};
  auto cluster = kind.make_sum(Spec(std::move(workers)));
  Rng rng(TestSeed());
  int64_t num_submitted = 0;
  int64_t num_computed = 0;
  for (int step = 0; step < 200; ++step) {
    const WorkerId worker{static_cast<int32_t>(UniformInt(rng, kWorkers))};
    const int64_t action = UniformInt(rng, 8);
    if (action < 4) {
      cluster->Submit(worker, {.values = {1, 2}},
                      {.abandon_after_seconds = action == 0 ? 0.05 : 1e9});
      ++num_submitted;
    } else if (action < 7) {
      if (cluster->num_in_flight() == 0) continue;
      const auto done = cluster->Next();
      ASSERT_THAT(done, IsOk());
      num_computed += done->response.ok();
    } else {
      cluster->Cancel(worker);
    }
  }
  for (int32_t i = 0; i < kWorkers; ++i) cluster->Cancel({i});
  EXPECT_EQ(cluster->num_in_flight(), 0);

  const Timeline& timeline = cluster->timeline();
  const double horizon = cluster->NowSeconds();
  const TimelineTotals& all = timeline.totals();
  EXPECT_EQ(all.Tasks(Activity::kCompute), num_computed);
  EXPECT_EQ(all.Tasks(Activity::kCompute) + all.Tasks(Activity::kCancelled) +
                all.Tasks(Activity::kLost) + all.Tasks(Activity::kExpired),
            num_submitted);
  EXPECT_EQ(all.bytes_returned, 8 * num_computed);
  EXPECT_LE(all.bytes_requested, 24 * num_submitted);
  EXPECT_GE(all.bytes_requested, 24 * num_computed);
  double busy_seconds = 0;
  for (int32_t i = 0; i < kWorkers; ++i) {
    // One thing at a time: no worker is busy for longer than the run.
    const double seconds = timeline.worker_totals({i}).WorkerSeconds();
    EXPECT_LE(seconds, horizon * (1 + 1e-9)) << "worker " << i;
    busy_seconds += seconds;
  }
  EXPECT_NEAR(busy_seconds + timeline.IdleSeconds(horizon), kWorkers * horizon,
              1e-9 * kWorkers * horizon);
  EXPECT_LE(timeline.end_seconds(), horizon);
}

}  // namespace

std::vector<ClusterProperty> ClusterContract() {
  return {
      {"AnswersRequests", AnswersRequests},
      {"NothingInFlightIsAnErrorNotAHang", NothingInFlightIsAnErrorNotAHang},
      {"CompletionsAreInClockOrderAndFifoPerWorker",
       CompletionsAreInClockOrderAndFifoPerWorker},
      {"AProgramWithStateRunsItsTasksOneByOne",
       AProgramWithStateRunsItsTasksOneByOne},
      {"CancelDropsRunningAndQueuedTasks", CancelDropsRunningAndQueuedTasks},
      {"ACrashLosesTasksAndSaysSo", ACrashLosesTasksAndSaysSo},
      {"AnAbandonedTaskExpires", AnAbandonedTaskExpires},
      {"AdvanceToStopsAtCompletions", AdvanceToStopsAtCompletions},
      {"TheTimelineAddsUp", TheTimelineAddsUp},
  };
}

}  // namespace muster::runtime
