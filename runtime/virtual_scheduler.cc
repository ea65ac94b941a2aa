#include "muster/runtime/virtual_scheduler.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"

namespace muster::runtime {
namespace {

Activity ActivityOf(VirtualTask::End end) {
  switch (end) {
    case VirtualTask::End::kComputed:
      return Activity::kCompute;
    case VirtualTask::End::kLost:
    case VirtualTask::End::kRefused:
      return Activity::kLost;
    case VirtualTask::End::kExpired:
      return Activity::kExpired;
  }
  MUSTER_CHECK(false) << "end " << static_cast<int>(end);
  return Activity::kLost;
}

}  // namespace

VirtualScheduler::VirtualScheduler(SpeedModel model,
                                   const TimelineOptions& timeline_options,
                                   int32_t front_size, BodyWindow* bodies,
                                   int32_t max_tag)
    : model_(std::move(model)),
      timeline_(model_.num_workers(), timeline_options),
      bodies_(bodies),
      front_size_(std::max(1, front_size)),
      max_tag_(max_tag),
      workers_(model_.num_workers()) {
  front_.reserve(front_size_ + 1);
}

bool VirtualScheduler::IsUp(WorkerId worker) const {
  return model_.IsUp(worker, now_seconds_);
}

double VirtualScheduler::NextUpSeconds(WorkerId worker) const {
  return model_.NextUp(worker, now_seconds_);
}

void VirtualScheduler::Submit(VirtualTask* task, WorkerId worker_id,
                              const TaskOptions& options) {
  MUSTER_CHECK(worker_id.index >= 0 && worker_id.index < num_workers())
      << worker_id << " of " << num_workers();
  MUSTER_CHECK(std::isfinite(options.work_units) && options.work_units > 0)
      << "work_units is " << options.work_units;
  MUSTER_CHECK(options.abandon_after_seconds > 0)
      << "abandon_after_seconds is " << options.abandon_after_seconds;
  Worker& worker = workers_[worker_id.index];
  task->worker = worker_id;
  task->label = timeline_.LabelIndex(options.label);
  task->number = worker.next_number++;
  task->submitted_seconds = now_seconds_;
  task->next = nullptr;
  SetEnd(worker, options, task);
  worker.free_seconds = task->finished_seconds;

  if (worker.tail == nullptr) {
    worker.head = task;
  } else {
    worker.tail->next = task;
  }
  worker.tail = task;
  ++num_in_flight_;
  if (!front_.empty() && EndsBefore(*task, *front_.front())) {
    InsertIntoFront(task);
  } else {
    if (worker.first_queued == nullptr) worker.first_queued = task;
    Push(task);
  }
}

void VirtualScheduler::SetEnd(const Worker& worker, const TaskOptions& options,
                              VirtualTask* task) {
  task->end = VirtualTask::End::kComputed;
  if (worker.free_seconds > now_seconds_) {  // so its queue is not empty
    task->started_seconds = worker.free_seconds;
    if (worker.tail->end == VirtualTask::End::kLost) {
      task->end = VirtualTask::End::kLost;
      task->finished_seconds = worker.free_seconds;
      return;
    }
  } else {
    task->started_seconds = now_seconds_;
    if (model_.has_modifiers() && !model_.IsUp(task->worker, now_seconds_)) {
      task->end = VirtualTask::End::kRefused;
      task->finished_seconds = now_seconds_;
      return;
    }
  }
  const TaskEnd end = model_.Finish(task->worker, task->number,
                                    task->started_seconds, options.work_units);
  task->finished_seconds = end.seconds;
  if (!end.completed) task->end = VirtualTask::End::kLost;
  const double deadline = task->started_seconds + options.abandon_after_seconds;
  if (deadline < end.seconds) {
    task->finished_seconds = deadline;
    task->end = VirtualTask::End::kExpired;
  }
  MUSTER_CHECK(std::isfinite(task->finished_seconds))
      << task->worker << ", task " << task->number << ", started at "
      << task->started_seconds << " s, never ends";
}

VirtualTask* VirtualScheduler::Top() {
  FillFront();
  return front_.empty() ? nullptr : front_.back();
}

void VirtualScheduler::Pop() {
  VirtualTask* task = front_.back();
  front_.pop_back();
  now_seconds_ = task->finished_seconds;
  timeline_.Record(task->worker, ActivityOf(task->end), task->started_seconds,
                   task->finished_seconds, task->number, task->label);
  Worker& worker = workers_[task->worker.index];
  MUSTER_DCHECK(worker.head == task);
  worker.head = task->next;
  if (worker.head == nullptr) worker.tail = nullptr;
  --num_in_flight_;
}

absl::StatusOr<bool> VirtualScheduler::AdvanceTo(double seconds) {
  if (!std::isfinite(seconds)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cannot advance the clock to ", seconds,
                     " s: the time must be finite"));
  }
  seconds = std::max(seconds, now_seconds_);
  const VirtualTask* next = Top();
  if (next != nullptr && next->finished_seconds <= seconds) return false;
  now_seconds_ = seconds;
  return true;
}

void VirtualScheduler::Cancel(WorkerId worker_id,
                              std::vector<VirtualTask*>* dropped) {
  MUSTER_CHECK(worker_id.index >= 0 && worker_id.index < num_workers())
      << worker_id << " of " << num_workers();
  Worker& worker = workers_[worker_id.index];
  if (worker.head == nullptr) return;
  for (VirtualTask* task = worker.first_queued; task != nullptr;
       task = task->next) {
    ++num_stale_;
  }
  if (worker.first_queued != worker.head) {
    std::erase_if(front_, [worker_id](const VirtualTask* task) {
      return task->worker == worker_id;
    });
  }
  for (VirtualTask* task = worker.head; task != nullptr;) {
    VirtualTask* const next = task->next;
    const double end = std::min(task->finished_seconds, now_seconds_);
    const double begin = std::min(task->started_seconds, end);
    timeline_.Record(worker_id, Activity::kCancelled, begin, end, task->number,
                     task->label);
    --num_in_flight_;
    if (bodies_ == nullptr || bodies_->Drop(task)) dropped->push_back(task);
    task = next;
  }
  worker.head = worker.tail = worker.first_queued = nullptr;
  worker.free_seconds = now_seconds_;
  if (num_stale_ > 0 && num_in_flight_ == static_cast<int64_t>(front_.size())) {
    queue_.Clear();
    num_stale_ = 0;
  } else if (num_stale_ > num_in_flight_ + num_workers()) {
    RebuildQueue();
  }
}

void VirtualScheduler::Push(VirtualTask* task) {
  Worker& worker = workers_[task->worker.index];
  if (task->number - worker.tag_base > max_tag_) {
    RebuildQueue();  // which pushes this task too
    return;
  }
  queue_.Push({.seconds = task->finished_seconds,
               .worker = task->worker.index,
               .tag = static_cast<int32_t>(task->number - worker.tag_base)});
}

void VirtualScheduler::RebuildQueue() {
  queue_.Clear();
  num_stale_ = 0;
  for (Worker& worker : workers_) {
    worker.tag_base = worker.first_queued == nullptr
                          ? worker.next_number
                          : worker.first_queued->number;
    for (VirtualTask* task = worker.first_queued; task != nullptr;
         task = task->next) {
      MUSTER_CHECK_LE(task->number - worker.tag_base, max_tag_)
          << "too many tasks are queued at " << task->worker;
      Push(task);
    }
  }
}

void VirtualScheduler::InsertIntoFront(VirtualTask* task) {
  const auto position =
      std::upper_bound(front_.begin(), front_.end(), task,
                       [](const VirtualTask* a, const VirtualTask* b) {
                         return EndsBefore(*b, *a);
                       });
  front_.insert(position, task);
  if (bodies_ != nullptr && task->end == VirtualTask::End::kComputed) {
    bodies_->Offer(task);
  }
  if (front_.size() <= front_size_) return;
  VirtualTask* const last = front_.front();
  front_.erase(front_.begin());
  workers_[last->worker.index].first_queued = last;
  if (bodies_ != nullptr) bodies_->Withdraw(last);
  Push(last);
}

void VirtualScheduler::FillFront() {
  while (front_.size() < front_size_ && !queue_.empty()) {
    const Event event = queue_.Pop();
    Worker& worker = workers_[event.worker];
    VirtualTask* const task = worker.first_queued;
    // A worker's live events surface in the order of its queue: any other is
    // one of a cancelled task.
    if (task == nullptr || task->number - worker.tag_base != event.tag) {
      --num_stale_;
      continue;
    }
    worker.first_queued = task->next;
    // By the time the task ends, what its end touches is at hand.
    timeline_.Prefetch(task->worker);
    __builtin_prefetch(task + 1);
    front_.insert(front_.begin(), task);
    if (bodies_ != nullptr && task->end == VirtualTask::End::kComputed) {
      bodies_->Offer(task);
    }
  }
}

absl::Status EndStatus(const VirtualTask& task) {
  switch (task.end) {
    case VirtualTask::End::kComputed:
      return absl::OkStatus();
    case VirtualTask::End::kLost:
      return absl::UnavailableError(absl::StrCat(
          "worker ", task.worker.index, " crashed at ", task.finished_seconds,
          " s and lost its task ", task.number));
    case VirtualTask::End::kRefused:
      return absl::UnavailableError(absl::StrCat(
          "worker ", task.worker.index, " is down at ", task.finished_seconds,
          " s and did not take its task ", task.number));
    case VirtualTask::End::kExpired:
      return absl::DeadlineExceededError(absl::StrCat(
          "task ", task.number, " of worker ", task.worker.index,
          " was abandoned at ", task.finished_seconds, " s, ",
          task.finished_seconds - task.started_seconds, " s after its start"));
  }
  MUSTER_CHECK(false) << "end " << static_cast<int>(task.end);
  return absl::OkStatus();
}

}  // namespace muster::runtime
