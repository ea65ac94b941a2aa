#ifndef MUSTER_RUNTIME_VIRTUAL_SCHEDULER_H_
#define MUSTER_RUNTIME_VIRTUAL_SCHEDULER_H_

// The clock of a VirtualCluster: which task ends when, and how. It knows
// nothing of programs, requests or threads.
//
// A task's end is fixed when it is submitted. With f the end of the worker's
// last queued task (or the time of its Cancel),
//
//   start = max(now, f),   end = SpeedModel::Finish(worker, number, start,
//   work),
//
// so it depends on (seed, worker, task number, start) alone. The end is a loss
// if the worker crashes first; later tasks in that queue are lost at the same
// time. It is an expiry if start + abandon_after comes before both.
//
// Tasks leave in the order (end, worker, number). The front, the few tasks that
// end next, is kept apart from the event queue: their bodies may run ahead of
// the clock (BodyWindow).
//
// Cost: one push to and one pop from the event queue for each task, O(front) on
// top. Cancelled tasks' events stay in the queue until they surface or until
// they outnumber the workers and the live ones, when the queue is rebuilt:
// amortised O(1) pushes for each cancelled task, O(n + tasks in flight) memory.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/runtime/body_window.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/event_queue.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/timeline.h"
#include "muster/runtime/virtual_task.h"

namespace muster::runtime {

// Used by one thread. Tasks are the caller's, and must stay where they are
// until they are popped or dropped.
class VirtualScheduler {
 public:
  // The front holds max(1, front_size) tasks. `bodies`, which may be null, gets
  // the tasks of the front that have a body to run; it outlives this object. A
  // worker has at most max_tag tasks in flight (CHECKed); smaller in tests.
  VirtualScheduler(SpeedModel model, const TimelineOptions& timeline_options,
                   int32_t front_size, BodyWindow* bodies,
                   int32_t max_tag = std::numeric_limits<int32_t>::max());

  int32_t num_workers() const { return static_cast<int32_t>(workers_.size()); }
  double now_seconds() const { return now_seconds_; }
  int64_t num_in_flight() const { return num_in_flight_; }
  // Events held, those of cancelled tasks included.
  int64_t num_queued_events() const { return queue_.size(); }
  bool IsUp(WorkerId worker) const;
  double NextUpSeconds(WorkerId worker) const;
  Timeline& timeline() { return timeline_; }
  const Timeline& timeline() const { return timeline_; }

  // Queues the task: sets everything in it but the state of its body.
  void Submit(VirtualTask* task, WorkerId worker, const TaskOptions& options);

  // The task that ends next; null if none is in flight. Brings the front up to
  // date: bodies begin to run ahead only here.
  VirtualTask* Top();

  // Removes Top(), which must be there, sets the clock to its end and enters it
  // in the timeline.
  void Pop();

  // See Cluster::AdvanceTo.
  absl::StatusOr<bool> AdvanceTo(double seconds);

  // Removes the worker's tasks, enters them in the timeline as cancelled and
  // appends those whose body is not running now to *dropped. The others come
  // back through BodyWindow::TakeOrphans.
  void Cancel(WorkerId worker, std::vector<VirtualTask*>* dropped);

 private:
  struct Worker {
    VirtualTask* head = nullptr;  // FIFO through VirtualTask::next
    VirtualTask* tail = nullptr;
    VirtualTask* first_queued = nullptr;  // the first that is not in the front
    double free_seconds = 0;              // end of the last task
    int64_t next_number = 0;
    int64_t tag_base = 0;  // an event's tag is its task's number minus this
  };

  void SetEnd(const Worker& worker, const TaskOptions& options,
              VirtualTask* task);
  void Push(VirtualTask* task);
  void InsertIntoFront(VirtualTask* task);
  void FillFront();
  // Pushes the events of all live tasks outside the front anew.
  void RebuildQueue();

  mutable SpeedModel model_;  // mutable: its queries fill caches
  Timeline timeline_;
  BodyWindow* const bodies_;
  const size_t front_size_;
  const int32_t max_tag_;  // the queue is rebuilt before a tag exceeds it
  double now_seconds_ = 0;
  int64_t num_in_flight_ = 0;
  int64_t num_stale_ = 0;  // events of cancelled tasks in queue_
  std::vector<Worker> workers_;
  EventQueue queue_;                 // all tasks but those of the front
  std::vector<VirtualTask*> front_;  // descending: the next to end is last
};

// The status of a lost or expired task: names worker, task and time.
absl::Status EndStatus(const VirtualTask& task);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_VIRTUAL_SCHEDULER_H_
