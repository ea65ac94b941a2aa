#include "muster/runtime/body_window.h"

#include <atomic>
#include <cstdint>
#include <deque>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/virtual_task.h"

namespace muster::runtime {
namespace {

// Notes which tasks ran, and whether two of a worker overlapped or ran out of
// order.
class Recorder : public BodyRunner {
 public:
  explicit Recorder(int32_t num_workers) : runs_(num_workers) {}

  void RunBody(VirtualTask* task) noexcept override {
    Runs& runs = runs_[task->worker.index];
    if (runs.inside.exchange(true)) ++num_overlaps_;
    if (runs.next_number.exchange(task->number + 1) > task->number) {
      ++num_out_of_order_;
    }
    double x = 1;
    for (int i = 0; i < 100; ++i) x = x * 0.5 + 1;
    sink_ = x;
    runs.inside = false;
    ++num_runs_;
  }

  int num_runs() const { return num_runs_; }
  int num_overlaps() const { return num_overlaps_; }
  int num_out_of_order() const { return num_out_of_order_; }

 private:
  struct Runs {
    std::atomic<bool> inside = false;
    std::atomic<int64_t> next_number = 0;
  };
  std::deque<Runs> runs_;  // by worker
  std::atomic<int> num_runs_ = 0;
  std::atomic<int> num_overlaps_ = 0;
  std::atomic<int> num_out_of_order_ = 0;
  std::atomic<double> sink_ = 0;
};

// Tasks number 0, 1, … of each worker, in turns, ending one second apart.
std::deque<VirtualTask> Tasks(int32_t num_workers, int64_t tasks_per_worker) {
  std::deque<VirtualTask> tasks;
  for (int64_t number = 0; number < tasks_per_worker; ++number) {
    for (int32_t worker = 0; worker < num_workers; ++worker) {
      VirtualTask& task = tasks.emplace_back();
      task.worker = {worker};
      task.number = number;
      task.finished_seconds = static_cast<double>(tasks.size());
    }
  }
  return tasks;
}

TEST(BodyWindowTest, RunsWhatIsOfferedOnce) {
  for (const int threads : {2, 3, 8}) {
    for (const bool exclusive : {false, true}) {
      Recorder recorder(3);
      std::deque<VirtualTask> tasks = Tasks(3, 300);
      {
        BodyWindow window(threads, 3, exclusive, &recorder);
        constexpr size_t kAhead = 6;
        for (size_t i = 0; i < kAhead; ++i) window.Offer(&tasks[i]);
        for (size_t i = 0; i < tasks.size(); ++i) {
          window.Finish(&tasks[i]);
          EXPECT_EQ(tasks[i].body_state, VirtualTask::kDone);
          window.Offer(&tasks[i]);  // too late: no effect
          if (i + kAhead < tasks.size()) window.Offer(&tasks[i + kAhead]);
        }
      }
      EXPECT_EQ(recorder.num_runs(), 900);
      if (exclusive) {
        EXPECT_EQ(recorder.num_overlaps(), 0);
        EXPECT_EQ(recorder.num_out_of_order(), 0);
      }
    }
  }
}

TEST(BodyWindowTest, WhatIsTakenBackInTimeDoesNotRun) {
  Recorder recorder(2);
  std::deque<VirtualTask> tasks = Tasks(2, 50);
  std::vector<VirtualTask*> orphans;
  int num_kept = 0;
  {
    BodyWindow window(2, 2, /*exclusive=*/false, &recorder);
    for (VirtualTask& task : tasks) window.Offer(&task);
    for (size_t i = 1; i < tasks.size(); ++i) {
      if (i % 2 == 0) {
        window.Withdraw(&tasks[i]);
      } else if (window.Drop(&tasks[i])) {
        num_kept += tasks[i].body_state == VirtualTask::kUnclaimed;
      }
    }
    window.Finish(&tasks[0]);
    while (window.num_orphans() > 0) window.TakeOrphans(&orphans);
  }
  int num_unclaimed = 0;
  for (const VirtualTask& task : tasks) {
    num_unclaimed += task.body_state == VirtualTask::kUnclaimed;
  }
  EXPECT_EQ(recorder.num_runs() + num_unclaimed, 100);
  EXPECT_LE(num_kept, num_unclaimed);
  for (const VirtualTask* orphan : orphans) {
    EXPECT_EQ(orphan->body_state, VirtualTask::kDone);
  }
}

TEST(BodyWindowTest, AWindowMayEndUnused) {
  Recorder recorder(1);
  { BodyWindow window(4, 1, /*exclusive=*/true, &recorder); }
  EXPECT_EQ(recorder.num_runs(), 0);
}

}  // namespace
}  // namespace muster::runtime
