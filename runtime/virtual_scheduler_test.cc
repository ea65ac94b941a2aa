#include "muster/runtime/virtual_scheduler.h"

#include <algorithm>
#include <cstdint>
#include <deque>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/check.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"
#include "muster/runtime/timeline.h"
#include "muster/runtime/virtual_task.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using End = VirtualTask::End;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

SpeedModel Model(std::vector<WorkerSpec> workers) {
  absl::StatusOr<SpeedModel> model =
      SpeedModel::Create({.workers = std::move(workers), .text = ""}, 1);
  MUSTER_CHECK_OK(model);
  return *std::move(model);
}

WorkerSpec Constant(double seconds, std::vector<SpeedModifier> modifiers = {}) {
  return {.law = SpeedLaw::Constant(seconds), .modifiers = modifiers};
}

// A scheduler and the tasks that it was given.
struct Harness {
  explicit Harness(std::vector<WorkerSpec> workers, int32_t front_size = 1,
                   int32_t max_tag = std::numeric_limits<int32_t>::max())
      : scheduler(Model(std::move(workers)), {.keep_segments = true},
                  front_size, /*bodies=*/nullptr, max_tag) {}

  VirtualTask* Submit(int32_t worker, const TaskOptions& options = {}) {
    tasks.emplace_back();
    scheduler.Submit(&tasks.back(), {worker}, options);
    return &tasks.back();
  }
  // "worker.task@end" of all that is left, in order.
  std::string Drain() {
    std::string log;
    while (const VirtualTask* task = scheduler.Top()) {
      log += std::to_string(task->worker.index) + "." +
             std::to_string(task->number) + "@" +
             std::to_string(static_cast<int>(task->finished_seconds)) + " ";
      scheduler.Pop();
    }
    return log;
  }

  std::deque<VirtualTask> tasks;
  VirtualScheduler scheduler;
};

//            0    1    2    3    4    5    6    7
//  worker 0  [  0.0   ][  0.1   ][  0.2   ]        2 s a task
//  worker 1  [     1.0     ][     1.1     ]        3 s a task
TEST(VirtualSchedulerTest, TasksQueueBehindOneAnother) {
  for (const int32_t front_size : {1, 2, 16}) {
    Harness run({Constant(2), Constant(3)}, front_size);
    for (int i = 0; i < 3; ++i) run.Submit(0);
    for (int i = 0; i < 2; ++i) run.Submit(1);
    EXPECT_EQ(run.tasks[2].submitted_seconds, 0);
    EXPECT_EQ(run.tasks[2].started_seconds, 4);
    EXPECT_EQ(run.tasks[2].finished_seconds, 6);
    EXPECT_EQ(run.scheduler.num_in_flight(), 5);
    // At 6 s the tie goes to the lower worker.
    EXPECT_EQ(run.Drain(), "0.0@2 1.0@3 0.1@4 0.2@6 1.1@6 ");
    EXPECT_EQ(run.scheduler.now_seconds(), 6);
    EXPECT_EQ(run.scheduler.num_in_flight(), 0);
    EXPECT_EQ(run.scheduler.timeline().WorkerSeconds(), 12);
    EXPECT_EQ(run.scheduler.timeline().IdleSeconds(6), 0);
  }
}

TEST(VirtualSchedulerTest, AnIdleWorkerStartsAtOnce) {
  Harness run({Constant(2), Constant(3)});
  run.Submit(1);
  run.Drain();
  const VirtualTask* task = run.Submit(0, {.work_units = 2.5});
  EXPECT_EQ(task->started_seconds, 3);
  EXPECT_EQ(task->finished_seconds, 8);
}

TEST(VirtualSchedulerTest, CancelFreesTheWorkerNow) {
  Harness run({Constant(2), Constant(5)});
  VirtualTask* const first = run.Submit(1);
  VirtualTask* const second = run.Submit(1);
  run.Submit(0);
  run.scheduler.Top();
  run.scheduler.Pop();  // it is 2 s
  std::vector<VirtualTask*> dropped;
  run.scheduler.Cancel({1}, &dropped);
  EXPECT_THAT(dropped, ::testing::ElementsAre(first, second));
  EXPECT_EQ(run.scheduler.num_in_flight(), 0);
  EXPECT_EQ(run.scheduler.Top(), nullptr);
  const Timeline& timeline = run.scheduler.timeline();
  EXPECT_EQ(timeline.totals().Seconds(Activity::kCancelled), 2);
  EXPECT_EQ(timeline.totals().Tasks(Activity::kCancelled), 2);
  const VirtualTask* third = run.Submit(1);
  EXPECT_EQ(third->number, 2);
  EXPECT_EQ(third->started_seconds, 2);
  EXPECT_EQ(run.Drain(), "1.2@7 ");
  // Nothing to cancel: nothing happens.
  dropped.clear();
  run.scheduler.Cancel({1}, &dropped);
  EXPECT_THAT(dropped, IsEmpty());
}

//            0    1    2    3    4    5    6
//  worker 0  [  0.0   ][lost]  down   [  0.5
TEST(VirtualSchedulerTest, ACrashLosesTheQueue) {
  Harness run({Constant(2, {SpeedModifier::Outage(3, 5)}), Constant(4)});
  for (int i = 0; i < 4; ++i) run.Submit(0);
  run.Submit(1);
  EXPECT_EQ(run.tasks[1].end, End::kLost);
  EXPECT_EQ(run.tasks[1].started_seconds, 2);
  EXPECT_EQ(run.tasks[1].finished_seconds, 3);
  EXPECT_EQ(run.tasks[3].end, End::kLost);
  EXPECT_EQ(run.tasks[3].started_seconds, 3);
  EXPECT_EQ(run.tasks[3].finished_seconds, 3);
  EXPECT_EQ(run.Drain(), "0.0@2 0.1@3 0.2@3 0.3@3 1.0@4 ");
  EXPECT_FALSE(run.scheduler.IsUp({0}));
  EXPECT_TRUE(run.scheduler.IsUp({1}));
  EXPECT_EQ(run.scheduler.NextUpSeconds({0}), 5);
  EXPECT_EQ(run.scheduler.NextUpSeconds({1}), 4);

  const VirtualTask* refused = run.Submit(0);
  EXPECT_EQ(refused->end, End::kRefused);
  EXPECT_EQ(refused->finished_seconds, 4);
  EXPECT_EQ(run.Drain(), "0.4@4 ");
  ASSERT_THAT(run.scheduler.AdvanceTo(5), IsOkAndHolds(true));
  const VirtualTask* back = run.Submit(0);
  EXPECT_EQ(back->end, End::kComputed);
  EXPECT_EQ(back->finished_seconds, 7);

  const TimelineTotals& totals = run.scheduler.timeline().worker_totals({0});
  EXPECT_EQ(totals.Seconds(Activity::kCompute), 2);
  EXPECT_EQ(totals.Seconds(Activity::kLost), 1);
  EXPECT_EQ(totals.Tasks(Activity::kLost), 4);
}

TEST(VirtualSchedulerTest, AnAbandonedTaskFreesItsWorkerAtTheLimit) {
  Harness run({Constant(10)});
  const VirtualTask* first = run.Submit(0, {.abandon_after_seconds = 3});
  const VirtualTask* second = run.Submit(0, {.abandon_after_seconds = 10});
  EXPECT_EQ(first->end, End::kExpired);
  EXPECT_EQ(first->finished_seconds, 3);
  EXPECT_EQ(second->end, End::kComputed);  // done at the limit counts
  EXPECT_EQ(second->finished_seconds, 13);
  run.Drain();
  EXPECT_EQ(run.scheduler.timeline().totals().Seconds(Activity::kExpired), 3);
}

TEST(VirtualSchedulerTest, ACrashBeforeTheLimitIsACrash) {
  Harness run({Constant(10, {SpeedModifier::Outage(2)})});
  const VirtualTask* task = run.Submit(0, {.abandon_after_seconds = 3});
  EXPECT_EQ(task->end, End::kLost);
  EXPECT_EQ(task->finished_seconds, 2);
}

TEST(VirtualSchedulerTest, StatusesNameWorkerTaskAndTime) {
  Harness run({Constant(10, {SpeedModifier::Outage(2.5)})});
  run.Submit(0, {.abandon_after_seconds = 1.5});
  run.Submit(0);
  run.Drain();
  run.Submit(0);
  EXPECT_THAT(EndStatus(run.tasks[0]),
              StatusIs(absl::StatusCode::kDeadlineExceeded,
                       HasSubstr("task 0 of worker 0 was abandoned at 1.5 s")));
  EXPECT_THAT(
      EndStatus(run.tasks[1]),
      StatusIs(absl::StatusCode::kUnavailable,
               HasSubstr("worker 0 crashed at 2.5 s and lost its task 1")));
  EXPECT_THAT(EndStatus(run.tasks[2]),
              StatusIs(absl::StatusCode::kUnavailable,
                       HasSubstr("worker 0 is down at 2.5 s")));
}

TEST(VirtualSchedulerTest, AdvanceToStopsBeforeCompletions) {
  Harness run({Constant(2)});
  run.Submit(0);
  EXPECT_THAT(run.scheduler.AdvanceTo(1.5), IsOkAndHolds(true));
  EXPECT_EQ(run.scheduler.now_seconds(), 1.5);
  EXPECT_THAT(run.scheduler.AdvanceTo(2), IsOkAndHolds(false));
  EXPECT_EQ(run.scheduler.now_seconds(), 1.5);
  EXPECT_THAT(run.scheduler.AdvanceTo(1), IsOkAndHolds(true));  // is past
  EXPECT_EQ(run.scheduler.now_seconds(), 1.5);
  EXPECT_THAT(
      run.scheduler.AdvanceTo(kInfinity),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("finite")));
}

// An earlier task that is submitted after Top takes the front from a later one.
TEST(VirtualSchedulerTest, TheFrontGivesWayToEarlierTasks) {
  for (const int32_t front_size : {1, 2, 3}) {
    Harness run({Constant(9), Constant(8), Constant(7), Constant(1)},
                front_size);
    for (int32_t worker = 0; worker < 3; ++worker) run.Submit(worker);
    EXPECT_EQ(run.scheduler.Top()->worker.index, 2);
    for (int i = 0; i < 3; ++i) run.Submit(3);
    EXPECT_EQ(run.Drain(), "3.0@1 3.1@2 3.2@3 2.0@7 1.0@8 0.0@9 ");
  }
}

// The oracle keeps all tasks in a plain list and takes the least each time.
TEST(VirtualSchedulerTest, AgreesWithAPlainListOnRandomRuns) {
  const uint64_t seed = TestSeed();
  for (int instance = 0; instance < 60; ++instance) {
    Rng rng = Rng(seed).Fork("instance", instance);
    const int32_t n = static_cast<int32_t>(1 + UniformInt(rng, 6));
    std::vector<WorkerSpec> workers(n);
    for (WorkerSpec& worker : workers) {
      // Whole seconds make ties; a tenth of the workers crash now and then.
      worker.law = SpeedLaw::Constant(1.0 + UniformInt(rng, 3));
      if (UniformInt(rng, 10) == 0) {
        worker.modifiers = {SpeedModifier::Crash(20, 5)};
      }
    }
    Harness run(workers, static_cast<int32_t>(1 + UniformInt(rng, 9)));
    std::vector<const VirtualTask*> live;
    std::vector<VirtualTask*> dropped;
    for (int step = 0; step < 400; ++step) {
      const WorkerId worker{static_cast<int32_t>(UniformInt(rng, n))};
      const int64_t action = UniformInt(rng, 10);
      if (action < 5) {
        live.push_back(run.Submit(worker.index));
      } else if (action < 9) {
        const VirtualTask* const top = run.scheduler.Top();
        ASSERT_EQ(top == nullptr, live.empty());
        if (top == nullptr) continue;
        const auto expected = std::min_element(
            live.begin(), live.end(),
            [](const auto* a, const auto* b) { return EndsBefore(*a, *b); });
        ASSERT_EQ(top, *expected) << "instance " << instance;
        live.erase(expected);
        run.scheduler.Pop();
        ASSERT_EQ(run.scheduler.now_seconds(), top->finished_seconds);
      } else {
        dropped.clear();
        run.scheduler.Cancel(worker, &dropped);
        const auto removed = std::erase_if(live, [&](const VirtualTask* task) {
          return task->worker == worker;
        });
        ASSERT_THAT(dropped, SizeIs(removed));
      }
      ASSERT_EQ(run.scheduler.num_in_flight(),
                static_cast<int64_t>(live.size()));
    }
    for (int32_t worker = 0; worker < n; ++worker) {
      run.scheduler.Cancel({worker}, &dropped);
    }
    const double horizon = run.scheduler.now_seconds();
    for (int32_t worker = 0; worker < n; ++worker) {
      EXPECT_LE(
          run.scheduler.timeline().worker_totals({worker}).WorkerSeconds(),
          horizon * (1 + 1e-12));
    }
  }
}

// A slow worker that is cancelled over and over must not fill the queue.
TEST(VirtualSchedulerTest, CancelledEventsAreSweptOut) {
  Harness run({Constant(1e9), Constant(1)});
  std::vector<VirtualTask*> dropped;
  for (int i = 0; i < 10'000; ++i) {
    run.Submit(0);
    run.Submit(1);
    ASSERT_EQ(run.scheduler.Top()->worker.index, 1);
    run.scheduler.Pop();
    run.scheduler.Cancel({0}, &dropped);
    dropped.clear();
    ASSERT_LE(run.scheduler.num_queued_events(), 8);
  }
  EXPECT_EQ(run.scheduler.timeline().totals().Seconds(Activity::kCancelled),
            1e4);
}

// As after 2^31 tasks of one worker.
TEST(VirtualSchedulerTest, TagsAreRenumberedBeforeTheyOverflow) {
  for (const int32_t front_size : {1, 3}) {
    Harness run({Constant(1), Constant(2), Constant(1000)}, front_size,
                /*max_tag=*/7);
    std::vector<VirtualTask*> dropped;
    for (int i = 0; i < 3; ++i) run.Submit(0);
    run.Submit(1);
    for (int i = 0; i < 300; ++i) {
      run.Submit(2);
      const VirtualTask* top = run.scheduler.Top();
      ASSERT_EQ(top->worker.index, i % 3 == 2 ? 1 : 0);
      ASSERT_EQ(top->number, i % 3 == 2 ? i / 3 : i - i / 3);
      run.scheduler.Pop();
      run.Submit(top->worker.index);
      run.scheduler.Cancel({2}, &dropped);
    }
    EXPECT_EQ(run.scheduler.now_seconds(), 200);
  }
}

TEST(VirtualSchedulerDeathTest, ChecksItsArguments) {
  Harness run({Constant(1)});
  EXPECT_DEATH(run.Submit(1), "worker 1 of 1");
  EXPECT_DEATH(run.Submit(-1), "of 1");
  EXPECT_DEATH(run.Submit(0, {.work_units = 0}), "work_units");
  EXPECT_DEATH(run.Submit(0, {.work_units = kInfinity}), "work_units");
  EXPECT_DEATH(run.Submit(0, {.abandon_after_seconds = 0}), "abandon_after");
}

}  // namespace
}  // namespace muster::runtime
