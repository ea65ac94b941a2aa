#ifndef MUSTER_RUNTIME_VIRTUAL_CLUSTER_H_
#define MUSTER_RUNTIME_VIRTUAL_CLUSTER_H_

// A cluster on virtual time: workers whose speeds are drawn from a model,
// bodies that really run. 10 to 10^6 mimicked heterogeneous workers on a
// laptop.
//
// A task's end is fixed at its submission (virtual_scheduler.h); what Run
// computes shows when the completion is popped. Hence the bodies of tasks in
// flight are independent, run in parallel on TBB, and the run has the same bits
// for any number of threads.
//
// Bodies start in the order of completion, only window_per_thread of them for
// each thread ahead of the clock, from the first Next() after their submission:
// work that a greedy policy cancels is rarely computed. The coordinating thread
// does not idle in Next(): it runs the body that it needs if nobody has started
// it, else the next ones. A task that ends without a result (lost, expired) is
// not computed at all.
//
// If Run is not const, a worker's bodies run one at a time in FIFO order.
//
// Cost per task beside its body: a push to and a pop from the event queue, a
// draw of its duration, and no allocation once the pool of tasks has grown to
// the number in flight. With more than one thread two short critical sections
// more, so that threads pay off for bodies above about a microsecond.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/body_window.h"
#include "muster/runtime/check.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/timeline.h"
#include "muster/runtime/virtual_scheduler.h"
#include "muster/runtime/virtual_task.h"

namespace muster::runtime {

struct VirtualClusterOptions {
  // Bodies that may be computed ahead of the clock, for each thread; in [1,
  // 1024]. More keep the threads busy while the coordinator is, fewer waste
  // less on tasks that are cancelled. No effect on results, nor with one thread
  // (nothing runs ahead). Default: measured in virtual_cluster_benchmark.cc.
  int window_per_thread = 4;
  TimelineOptions timeline = {};
};

inline absl::Status Validate(const VirtualClusterOptions& options) {
  if (options.window_per_thread < 1 || options.window_per_thread > 1024) {
    return absl::InvalidArgumentError(
        absl::StrCat("VirtualClusterOptions.window_per_thread is ",
                     options.window_per_thread, ": must be in [1, 1024]"));
  }
  if (options.timeline.max_segments < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("VirtualClusterOptions.timeline.max_segments is ",
                     options.timeline.max_segments, ": must be at least 0"));
  }
  return absl::OkStatus();
}

template <WorkerProgram P>
class VirtualCluster final : public Cluster<P>, private BodyRunner {
 public:
  using typename Cluster<P>::Request;
  using typename Cluster<P>::Response;

  // programs[w] is worker w's; as many as the model has workers, none null, and
  // valid options (CHECKed).
  VirtualCluster(std::vector<std::unique_ptr<P>> programs, SpeedModel model,
                 const VirtualClusterOptions& options = {},
                 const Runtime& runtime = {})
      : programs_(std::move(programs)) {
    MUSTER_CHECK_OK(Validate(options));
    MUSTER_CHECK_EQ(static_cast<int64_t>(programs_.size()),
                    model.num_workers());
    for (const auto& program : programs_) MUSTER_CHECK(program != nullptr);
    const int num_threads = NumThreads(runtime);
    if (num_threads > 1) {
      BodyRunner* const runner = this;
      bodies_ = std::make_unique<BodyWindow>(num_threads, model.num_workers(),
                                             !PureWorkerProgram<P>, runner);
    }
    scheduler_ = std::make_unique<VirtualScheduler>(
        std::move(model), options.timeline,
        num_threads > 1 ? num_threads * options.window_per_thread
                        : kPrefetchedTasks,
        bodies_.get());
  }

  // The helpers use the programs and the slots.
  ~VirtualCluster() override { bodies_.reset(); }

  int32_t num_workers() const override { return scheduler_->num_workers(); }
  double NowSeconds() const override { return scheduler_->now_seconds(); }
  bool IsUp(WorkerId worker) const override { return scheduler_->IsUp(worker); }
  double NextUpSeconds(WorkerId worker) const override {
    return scheduler_->NextUpSeconds(worker);
  }
  int64_t num_in_flight() const override { return scheduler_->num_in_flight(); }
  const Timeline& timeline() const override { return scheduler_->timeline(); }

  absl::StatusOr<bool> AdvanceTo(double seconds) override {
    return scheduler_->AdvanceTo(seconds);
  }

  absl::StatusOr<Completion<Response>> Next() override {
    Slot* const slot = static_cast<Slot*>(scheduler_->Top());
    if (slot == nullptr) {
      return absl::FailedPreconditionError(
          "no task is in flight: submit one before Next()");
    }
    if (slot->end == VirtualTask::End::kComputed) {
      if (bodies_ == nullptr) {
        RunBody(slot);
      } else {
        bodies_->Finish(slot);
      }
    }
    scheduler_->Pop();
    Completion<Response> completion{
        .worker = slot->worker,
        .task = slot->number,
        .submitted_seconds = slot->submitted_seconds,
        .started_seconds = slot->started_seconds,
        .finished_seconds = slot->finished_seconds,
        .response = TakeResponse(slot)};
    Recycle(slot);
    return completion;
  }

 private:
  // A task with its request and, once its body has run, its response.
  struct Slot : VirtualTask {
    std::optional<Request> request;
    std::optional<Response> response;
    Slot* next_free = nullptr;
  };
  static constexpr size_t kSlotsPerChunk = 64;
  // The front with one thread: what ends next is fetched into the cache while
  // the tasks before it are dealt with. A fifth faster at n = 10^5.
  static constexpr int kPrefetchedTasks = 8;

  int64_t SubmitTask(WorkerId worker, Request request,
                     const TaskOptions& options) override {
    MUSTER_CHECK(PureWorkerProgram<P> ||
                 options.abandon_after_seconds ==
                     std::numeric_limits<double>::infinity())
        << "only a program whose Run is const can be abandoned";
    const int64_t bytes = EncodedBytes(request);
    Slot* const slot = NewSlot();
    slot->request.emplace(std::move(request));
    scheduler_->Submit(slot, worker, options);
    if (slot->end != VirtualTask::End::kRefused) {
      scheduler_->timeline().RecordRequestBytes(worker, bytes);
    }
    return slot->number;
  }

  void CancelTasks(WorkerId worker) override {
    dropped_.clear();
    scheduler_->Cancel(worker, &dropped_);
    for (VirtualTask* task : dropped_) Recycle(static_cast<Slot*>(task));
  }

  void RunBody(VirtualTask* task) noexcept override {
    Slot* const slot = static_cast<Slot*>(task);
    P& program = *programs_[task->worker.index];
    if constexpr (PureWorkerProgram<P>) {
      slot->response.emplace(std::as_const(program).Run(*slot->request));
    } else {
      slot->response.emplace(program.Run(*slot->request));
    }
  }

  Slot* NewSlot() {
    if (bodies_ != nullptr && bodies_->num_orphans() > 0) {
      dropped_.clear();
      bodies_->TakeOrphans(&dropped_);
      for (VirtualTask* task : dropped_) Recycle(static_cast<Slot*>(task));
    }
    if (free_ == nullptr) {
      chunks_.push_back(std::make_unique<Slot[]>(kSlotsPerChunk));
      for (size_t i = kSlotsPerChunk; i-- > 0;) {
        Slot* const slot = &chunks_.back()[i];
        slot->next_free = std::exchange(free_, slot);
      }
    }
    return std::exchange(free_, free_->next_free);
  }

  absl::StatusOr<Response> TakeResponse(Slot* slot) {
    if (slot->end != VirtualTask::End::kComputed) return EndStatus(*slot);
    scheduler_->timeline().RecordResponseBytes(slot->worker,
                                               EncodedBytes(*slot->response));
    return std::move(*slot->response);
  }

  // Frees what the slot holds: a snapshot lives no longer than its tasks.
  void Recycle(Slot* slot) {
    slot->request.reset();
    slot->response.reset();
    slot->orphan = false;
    slot->body_state.store(VirtualTask::kUnclaimed, std::memory_order_relaxed);
    slot->next_free = std::exchange(free_, slot);
  }

  const std::vector<std::unique_ptr<P>> programs_;  // by worker
  std::vector<std::unique_ptr<Slot[]>> chunks_;
  Slot* free_ = nullptr;
  std::vector<VirtualTask*> dropped_;   // scratch
  std::unique_ptr<BodyWindow> bodies_;  // null with one thread
  std::unique_ptr<VirtualScheduler> scheduler_;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_VIRTUAL_CLUSTER_H_
