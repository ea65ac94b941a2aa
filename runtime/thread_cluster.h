#ifndef MUSTER_RUNTIME_THREAD_CLUSTER_H_
#define MUSTER_RUNTIME_THREAD_CLUSTER_H_

// A cluster on the wall clock of one machine: a thread for each worker, real
// contention for cores and memory, and workers made slower on purpose.
//
// A worker's slowdown is injected by pacing: after its body has run, a task is
// held back until it has taken as long as its SpeedModel says (Create) or a
// factor times as long as its body took (CreateWithSlowdowns). Waiting costs no
// core. Crashes, returns and pauses follow the model, too.
//
// The clock shows virtual seconds: wall-clock seconds since the cluster was
// made / seconds_per_virtual_second. So a policy tuned to a model in seconds
// runs unchanged, in milliseconds.
//
// Each worker has a thread of its own, not a slot of TBB: TBB runs no more
// tasks at a time than there are cores, and tasks that wait out their pace
// would hold its threads, so that it cannot promise that n paced workers go on
// side by side. Bodies may use TBB themselves.
//
// Does not promise: the same bits twice (the order of completions is the
// machine's); a task as short as its model says, if its body takes longer (see
// num_overruns); a core for each worker; that a body stops when it is
// cancelled: the worker's next task starts when that body has returned. A task
// that the model lets crash or expire is not computed. A crash during a body
// that takes longer than its model says goes unnoticed until the worker's next
// task.

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/runtime/check.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/thread_scheduler.h"
#include "muster/runtime/timeline.h"

namespace muster::runtime {

struct ThreadClusterOptions {
  // Wall-clock seconds for a second of the speed model; in [1e-9, 1e9]. Small
  // enough to be quick, large enough that bodies fit into their durations.
  double seconds_per_virtual_second = 1;
  TimelineOptions timeline = {};
};

// Threads are cheap to start but not free: a limit that every Linux machine
// takes.
inline constexpr int64_t kMaxThreadClusterWorkers = 1024;

// InvalidArgument naming the option or the number of workers.
absl::Status Validate(const ThreadClusterOptions& options, int64_t num_workers);
// InvalidArgument naming the worker whose slowdown is below 1 or not finite.
absl::Status ValidateSlowdowns(const std::vector<double>& slowdowns);

template <WorkerProgram P>
class ThreadCluster final : public Cluster<P> {
 public:
  using typename Cluster<P>::Request;
  using typename Cluster<P>::Response;

  // programs[w] is worker w's, none null; as many as the model has workers
  // (CHECKed). InvalidArgument if there are more than kMaxThreadClusterWorkers
  // or none, or an option is out of bounds.
  static absl::StatusOr<std::unique_ptr<ThreadCluster>> Create(
      std::vector<std::unique_ptr<P>> programs, SpeedModel model,
      const ThreadClusterOptions& options = {}, const Runtime& runtime = {}) {
    MUSTER_CHECK_EQ(static_cast<int64_t>(programs.size()), model.num_workers());
    return Create(std::move(programs), Pace{.model = std::move(model)}, options,
                  runtime);
  }

  // slowdowns[w] is how many times longer than its body a task of worker w
  // takes. Each is >= 1 and finite (else InvalidArgument).
  static absl::StatusOr<std::unique_ptr<ThreadCluster>> CreateWithSlowdowns(
      std::vector<std::unique_ptr<P>> programs, std::vector<double> slowdowns,
      const ThreadClusterOptions& options = {}, const Runtime& runtime = {}) {
    MUSTER_CHECK_EQ(programs.size(), slowdowns.size());
    MUSTER_RETURN_IF_ERROR(ValidateSlowdowns(slowdowns));
    return Create(std::move(programs), Pace{.slowdowns = std::move(slowdowns)},
                  options, runtime);
  }

  int32_t num_workers() const override { return scheduler_->num_workers(); }
  double NowSeconds() const override { return scheduler_->NowSeconds(); }
  bool IsUp(WorkerId worker) const override { return scheduler_->IsUp(worker); }
  double NextUpSeconds(WorkerId worker) const override {
    return scheduler_->NextUpSeconds(worker);
  }
  int64_t num_in_flight() const override { return scheduler_->num_in_flight(); }
  const Timeline& timeline() const override { return scheduler_->timeline(); }
  absl::StatusOr<bool> AdvanceTo(double seconds) override {
    return scheduler_->AdvanceTo(seconds);
  }

  // Tasks so far whose body took longer than the model's duration. Many: the
  // run is not the one that the model describes; raise
  // seconds_per_virtual_second.
  int64_t num_overruns() const { return scheduler_->num_overruns(); }

  absl::StatusOr<Completion<Response>> Next() override {
    MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<ThreadTask> task,
                            scheduler_->Next());
    return Completion<Response>{.worker = task->worker,
                                .task = task->number,
                                .submitted_seconds = task->submitted_seconds,
                                .started_seconds = task->started_seconds,
                                .finished_seconds = task->finished_seconds,
                                .response = TakeResponse(*task)};
  }

 private:
  struct Task final : ThreadTask {
    void RunBody() override {
      if constexpr (PureWorkerProgram<P>) {
        response.emplace(std::as_const(*program).Run(request));
      } else {
        response.emplace(program->Run(request));
      }
    }
    Task(P* program, Request request)
        : program(program), request(std::move(request)) {}

    P* const program;
    Request request;
    std::optional<Response> response;
  };

  ThreadCluster(std::vector<std::unique_ptr<P>> programs, Pace pace,
                const TimelineOptions& timeline_options, const Runtime& runtime)
      : programs_(std::move(programs)),
        scheduler_(std::make_unique<ThreadScheduler>(
            static_cast<int32_t>(programs_.size()), std::move(pace),
            timeline_options, runtime)) {}

  static absl::StatusOr<std::unique_ptr<ThreadCluster>> Create(
      std::vector<std::unique_ptr<P>> programs, Pace pace,
      const ThreadClusterOptions& options, const Runtime& runtime) {
    MUSTER_RETURN_IF_ERROR(
        Validate(options, static_cast<int64_t>(programs.size())));
    for (const auto& program : programs) MUSTER_CHECK(program != nullptr);
    pace.seconds_per_virtual_second = options.seconds_per_virtual_second;
    return absl::WrapUnique(new ThreadCluster(
        std::move(programs), std::move(pace), options.timeline, runtime));
  }

  int64_t SubmitTask(WorkerId worker, Request request,
                     const TaskOptions& options) override {
    MUSTER_CHECK(worker.index >= 0 && worker.index < num_workers()) << worker;
    MUSTER_CHECK(PureWorkerProgram<P> ||
                 options.abandon_after_seconds ==
                     std::numeric_limits<double>::infinity())
        << "only a program whose Run is const can be abandoned";
    const int64_t bytes = EncodedBytes(request);
    bool refused = false;
    const int64_t number =
        scheduler_->Submit(std::make_unique<Task>(programs_[worker.index].get(),
                                                  std::move(request)),
                           worker, options, &refused);
    if (!refused) scheduler_->timeline().RecordRequestBytes(worker, bytes);
    return number;
  }

  void CancelTasks(WorkerId worker) override { scheduler_->Cancel(worker); }

  absl::StatusOr<Response> TakeResponse(ThreadTask& task) {
    if (task.end != ThreadTask::End::kComputed) return EndStatus(task);
    Response& response = *static_cast<Task&>(task).response;
    scheduler_->timeline().RecordResponseBytes(task.worker,
                                               EncodedBytes(response));
    return std::move(response);
  }

  const std::vector<std::unique_ptr<P>> programs_;  // by worker
  std::unique_ptr<ThreadScheduler> scheduler_;      // its threads use programs_
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_THREAD_CLUSTER_H_
