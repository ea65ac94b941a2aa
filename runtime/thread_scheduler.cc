#include "muster/runtime/thread_scheduler.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <condition_variable>
#include <cstdint>
#include <limits>
#include <memory>
#include <mutex>
#include <thread>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// How often a coordinator that waits looks at the runtime's stop flag, which
// nobody can notify us of: it is set by signal handlers.
constexpr std::chrono::milliseconds kStopPoll(20);

// Longer waits would overflow the clock's nanoseconds.
constexpr double kLongestWaitSeconds = 1e8;

Activity ActivityOf(ThreadTask::End end) {
  switch (end) {
    case ThreadTask::End::kComputed:
      return Activity::kCompute;
    case ThreadTask::End::kLost:
      return Activity::kLost;
    case ThreadTask::End::kExpired:
      return Activity::kExpired;
  }
  MUSTER_CHECK(false) << "end " << static_cast<int>(end);
  return Activity::kLost;
}

}  // namespace

absl::Status EndStatus(const ThreadTask& task) {
  switch (task.end) {
    case ThreadTask::End::kComputed:
      return absl::OkStatus();
    case ThreadTask::End::kLost:
      return absl::UnavailableError(absl::StrCat(
          "worker ", task.worker.index,
          task.started ? " crashed at " : " is down at ", task.finished_seconds,
          " s and lost its task ", task.number));
    case ThreadTask::End::kExpired:
      return absl::DeadlineExceededError(absl::StrCat(
          "task ", task.number, " of worker ", task.worker.index,
          " was abandoned at ", task.finished_seconds, " s, ",
          task.finished_seconds - task.started_seconds, " s after its start"));
  }
  MUSTER_CHECK(false) << "end " << static_cast<int>(task.end);
  return absl::OkStatus();
}

ThreadScheduler::ThreadScheduler(int32_t num_workers, Pace pace,
                                 const TimelineOptions& timeline_options,
                                 const Runtime& runtime)
    : runtime_(runtime),
      begin_(Clock::now()),
      pace_(std::move(pace)),
      timeline_(num_workers, timeline_options) {
  for (int32_t i = 0; i < num_workers; ++i) {
    workers_.push_back(std::make_unique<Worker>());
  }
  for (const auto& worker : workers_) {
    worker->thread = std::thread([this, w = worker.get()] { RunWorker(w); });
  }
}

ThreadScheduler::~ThreadScheduler() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    stopping_ = true;
    for (const auto& worker : workers_) worker->wake.notify_one();
  }
  for (const auto& worker : workers_) worker->thread.join();
}

double ThreadScheduler::NowSeconds() const {
  return std::chrono::duration<double>(Clock::now() - begin_).count() /
         pace_.seconds_per_virtual_second;
}

ThreadScheduler::Clock::time_point ThreadScheduler::TimePoint(
    double seconds) const {
  const double wall_seconds =
      std::min(seconds * pace_.seconds_per_virtual_second, kLongestWaitSeconds);
  // Rounded up: a wait that ends too early would spin.
  return begin_ + std::chrono::ceil<Clock::duration>(
                      std::chrono::duration<double>(wall_seconds));
}

bool ThreadScheduler::IsUp(WorkerId worker) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return !pace_.model.has_value() || pace_.model->IsUp(worker, NowSeconds());
}

double ThreadScheduler::NextUpSeconds(WorkerId worker) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  const double now = NowSeconds();
  return pace_.model.has_value() ? pace_.model->NextUp(worker, now) : now;
}

int64_t ThreadScheduler::num_overruns() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return num_overruns_;
}

int64_t ThreadScheduler::Submit(std::unique_ptr<ThreadTask> task,
                                WorkerId worker_id, const TaskOptions& options,
                                bool* refused) {
  MUSTER_CHECK(worker_id.index >= 0 && worker_id.index < num_workers())
      << worker_id << " of " << num_workers();
  MUSTER_CHECK(std::isfinite(options.work_units) && options.work_units > 0)
      << "work_units is " << options.work_units;
  MUSTER_CHECK(options.abandon_after_seconds > 0)
      << "abandon_after_seconds is " << options.abandon_after_seconds;
  const std::lock_guard<std::mutex> lock(mutex_);
  Worker& worker = *workers_[worker_id.index];
  const double now = NowSeconds();
  const int64_t number = worker.next_number++;
  task->worker = worker_id;
  task->label = timeline_.LabelIndex(options.label);
  task->number = number;
  task->work_units = options.work_units;
  task->abandon_after_seconds = options.abandon_after_seconds;
  task->submitted_seconds = now;
  ++num_in_flight_;
  // Behind other tasks it waits for them, though they may be as good as lost.
  *refused = worker.queue.empty() && worker.running == nullptr &&
             pace_.model.has_value() && !pace_.model->IsUp(worker_id, now);
  if (*refused) {
    task->started_seconds = now;
    task->end = ThreadTask::End::kLost;
    Append(std::move(task));
  } else {
    worker.queue.push_back(std::move(task));
    worker.wake.notify_one();
  }
  return number;
}

void ThreadScheduler::RunWorker(Worker* worker) {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    worker->wake.wait(lock,
                      [&] { return stopping_ || !worker->queue.empty(); });
    if (stopping_) return;
    std::unique_ptr<ThreadTask> task = std::move(worker->queue.front());
    worker->queue.pop_front();
    worker->running = task.get();
    if (!RunTask(lock, worker, task.get())) return;
    worker->running = nullptr;
    if (!task->cancelled) End(worker, std::move(task));
  }
}

bool ThreadScheduler::RunTask(std::unique_lock<std::mutex>& lock,
                              Worker* worker, ThreadTask* task) {
  task->started_seconds = NowSeconds();
  if (pace_.model.has_value() &&
      !pace_.model->IsUp(task->worker, task->started_seconds)) {
    task->end = ThreadTask::End::kLost;
    return true;
  }
  task->started = true;
  Plan plan = PlanOf(*task);
  // What will be lost or abandoned is not computed: nobody would see it, and a
  // body cannot be interrupted.
  if (plan.end == ThreadTask::End::kComputed) {
    lock.unlock();
    task->RunBody();
    lock.lock();
    const double now = NowSeconds();
    if (pace_.model.has_value()) {
      if (now > plan.seconds) ++num_overruns_;
    } else {
      plan.seconds =
          task->started_seconds +
          (now - task->started_seconds) * pace_.slowdowns[task->worker.index];
    }
    const double limit = task->started_seconds + task->abandon_after_seconds;
    if (std::max(now, plan.seconds) > limit) {
      plan = {limit, ThreadTask::End::kExpired};
    }
  }
  worker->wake.wait_until(lock, TimePoint(plan.seconds), [&] {
    return stopping_ || task->cancelled || NowSeconds() >= plan.seconds;
  });
  task->end = plan.end;
  return !stopping_;
}

ThreadScheduler::Plan ThreadScheduler::PlanOf(const ThreadTask& task) {
  if (!pace_.model.has_value()) {
    return {kInfinity, ThreadTask::End::kComputed};
  }
  const TaskEnd end = pace_.model->Finish(
      task.worker, task.number, task.started_seconds, task.work_units);
  const double limit = task.started_seconds + task.abandon_after_seconds;
  if (limit < end.seconds) return {limit, ThreadTask::End::kExpired};
  return {end.seconds,
          end.completed ? ThreadTask::End::kComputed : ThreadTask::End::kLost};
}

void ThreadScheduler::End(Worker* worker, std::unique_ptr<ThreadTask> task) {
  const bool crashed = task->end == ThreadTask::End::kLost;
  Append(std::move(task));
  if (!crashed) return;
  while (!worker->queue.empty()) {
    std::unique_ptr<ThreadTask> next = std::move(worker->queue.front());
    worker->queue.pop_front();
    next->started_seconds = NowSeconds();
    next->end = ThreadTask::End::kLost;
    Append(std::move(next));
  }
}

void ThreadScheduler::Append(std::unique_ptr<ThreadTask> task) {
  // The clock is read under the mutex: ended_ is in its order.
  task->finished_seconds = NowSeconds();
  if (!task->started) task->started_seconds = task->finished_seconds;
  ended_.push_back(std::move(task));
  has_ended_.notify_one();
}

absl::Status ThreadScheduler::WaitForEnd(std::unique_lock<std::mutex>& lock,
                                         double seconds) {
  while (ended_.empty() && NowSeconds() < seconds) {
    if (ShouldStop(runtime_)) {
      return absl::CancelledError("the run was asked to stop");
    }
    Clock::time_point until = TimePoint(seconds);
    if (runtime_.stop != nullptr) {
      until = std::min(until, Clock::now() + kStopPoll);
    }
    has_ended_.wait_until(lock, until);
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<ThreadTask>> ThreadScheduler::Next() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (num_in_flight_ == 0) {
    return absl::FailedPreconditionError(
        "no task is in flight: submit one before Next()");
  }
  MUSTER_RETURN_IF_ERROR(WaitForEnd(lock, kInfinity));
  std::unique_ptr<ThreadTask> task = std::move(ended_.front());
  ended_.pop_front();
  --num_in_flight_;
  timeline_.Record(task->worker, ActivityOf(task->end), task->started_seconds,
                   task->finished_seconds, task->number, task->label);
  return task;
}

absl::StatusOr<bool> ThreadScheduler::AdvanceTo(double seconds) {
  if (!std::isfinite(seconds)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot advance the clock to ", seconds,
                     " s: the time must be finite"));
  }
  std::unique_lock<std::mutex> lock(mutex_);
  MUSTER_RETURN_IF_ERROR(WaitForEnd(lock, seconds));
  return ended_.empty();
}

void ThreadScheduler::Cancel(WorkerId worker_id) {
  MUSTER_CHECK(worker_id.index >= 0 && worker_id.index < num_workers())
      << worker_id << " of " << num_workers();
  const std::lock_guard<std::mutex> lock(mutex_);
  Worker& worker = *workers_[worker_id.index];
  const double now = NowSeconds();
  const auto bill = [&](const ThreadTask& task, double begin, double end) {
    timeline_.Record(worker_id, Activity::kCancelled, begin, end, task.number,
                     task.label);
    --num_in_flight_;
  };
  std::erase_if(ended_, [&](const std::unique_ptr<ThreadTask>& task) {
    if (task->worker != worker_id) return false;
    bill(*task, task->started_seconds, task->finished_seconds);
    return true;
  });
  if (worker.running != nullptr && !worker.running->cancelled) {
    bill(*worker.running, worker.running->started_seconds, now);
    worker.running->cancelled = true;
    worker.wake.notify_one();
  }
  for (const auto& task : worker.queue) bill(*task, now, now);
  worker.queue.clear();
}

}  // namespace muster::runtime
