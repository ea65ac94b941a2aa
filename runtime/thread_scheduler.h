#ifndef MUSTER_RUNTIME_THREAD_SCHEDULER_H_
#define MUSTER_RUNTIME_THREAD_SCHEDULER_H_

// The queues, threads and clock of a ThreadCluster. It knows nothing of
// programs and requests: it runs bodies through ThreadTask::RunBody.

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/timeline.h"

namespace muster::runtime {

// A task, its request and its response.
struct ThreadTask {
  enum class End : uint8_t { kComputed, kLost, kExpired };

  virtual ~ThreadTask() = default;
  // On the worker's thread, at most once. An exception ends the process.
  virtual void RunBody() = 0;

  WorkerId worker;
  int32_t label = 0;  // Timeline::labels()
  int64_t number = 0;
  double work_units = 1;
  double abandon_after_seconds = std::numeric_limits<double>::infinity();
  double submitted_seconds = 0;
  double started_seconds = 0;
  double finished_seconds = 0;
  bool started = false;
  bool cancelled = false;
  End end = End::kComputed;
};

// The status of a lost or expired task: names worker, task and time.
absl::Status EndStatus(const ThreadTask& task);

// How long a task is made to take, at least: by a speed model, or by a factor
// on the time that its body took.
struct Pace {
  std::optional<SpeedModel> model = std::nullopt;
  std::vector<double> slowdowns =
      {};  // by worker, each >= 1; used without a model
  double seconds_per_virtual_second = 1;
};

// Members are for the coordinating thread.
class ThreadScheduler {
 public:
  ThreadScheduler(int32_t num_workers, Pace pace,
                  const TimelineOptions& timeline_options,
                  const Runtime& runtime);
  // Waits for the bodies that are running.
  ~ThreadScheduler();

  int32_t num_workers() const { return static_cast<int32_t>(workers_.size()); }
  double NowSeconds() const;
  bool IsUp(WorkerId worker) const;
  double NextUpSeconds(WorkerId worker) const;
  int64_t num_in_flight() const { return num_in_flight_; }
  int64_t num_overruns() const;
  Timeline& timeline() { return timeline_; }
  const Timeline& timeline() const { return timeline_; }

  // Queues the task and returns its number. *refused: the worker is down, and
  // the task ended at once.
  int64_t Submit(std::unique_ptr<ThreadTask> task, WorkerId worker,
                 const TaskOptions& options, bool* refused);
  absl::StatusOr<std::unique_ptr<ThreadTask>> Next();
  absl::StatusOr<bool> AdvanceTo(double seconds);
  void Cancel(WorkerId worker);

 private:
  using Clock = std::chrono::steady_clock;

  struct Worker {
    std::deque<std::unique_ptr<ThreadTask>> queue;
    ThreadTask* running = nullptr;  // owned by the worker's thread
    int64_t next_number = 0;
    std::condition_variable wake;
    std::thread thread;
  };
  // When a started task ends if its body is fast enough, and how.
  struct Plan {
    double seconds;
    ThreadTask::End end;
  };

  void RunWorker(Worker* worker);
  // Runs the task and waits out its pace. False: the scheduler is stopping.
  bool RunTask(std::unique_lock<std::mutex>& lock, Worker* worker,
               ThreadTask* task);
  // The plan by the model; without one, the limit of an abandonment.
  Plan PlanOf(const ThreadTask& task);
  // Enters the end of the task; a crash ends those behind it, too.
  void End(Worker* worker, std::unique_ptr<ThreadTask> task);
  void Append(std::unique_ptr<ThreadTask> task);
  Clock::time_point TimePoint(double seconds) const;
  // Waits until a task has ended or it is `seconds` or a stop is asked for.
  absl::Status WaitForEnd(std::unique_lock<std::mutex>& lock, double seconds);

  const Runtime runtime_;
  const Clock::time_point begin_;
  mutable std::mutex mutex_;
  // All below guarded by mutex_; the timeline is the coordinator's alone.
  mutable Pace pace_;  // the model's queries fill caches
  Timeline timeline_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::deque<std::unique_ptr<ThreadTask>> ended_;  // in the order of the clock
  std::condition_variable has_ended_;
  int64_t num_in_flight_ = 0;  // written by the coordinator only
  int64_t num_overruns_ = 0;
  bool stopping_ = false;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_THREAD_SCHEDULER_H_
