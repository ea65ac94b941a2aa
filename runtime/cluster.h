#ifndef MUSTER_RUNTIME_CLUSTER_H_
#define MUSTER_RUNTIME_CLUSTER_H_

// A cluster: n workers that answer typed requests, one clock, and completions
// in the order of that clock. Trainers and policies see only this interface,
// so the same trainer runs on virtual time, on threads and on several machines:
//
//   policies decide, the clock orders, the cluster executes.
//
// A worker program is an object that owns one worker's state (its shard of the
// data, its caches) and answers requests:
//
//   struct Mean {
//     struct Request {
//       std::shared_ptr<const std::vector<double>> point;   // a snapshot
//       static void Fields(auto& self, auto&& visit) { visit(self.point); }
//     };
//     struct Response {
//       double value;
//       static void Fields(auto& self, auto&& visit) { visit(self.value); }
//     };
//     Response Run(const Request& request) const;
//   };
//
// Requests and responses are values. What a request refers to is immutable
// and shared (shared_ptr<const T>: a version of the model, not a copy for each
// request). Their field lists (fields.h) serve the accounting of bytes, the
// wire and checkpoints alike.
//
//   for (WorkerId worker : workers) cluster.Submit(worker, {.point = x});
//   while (cluster.num_in_flight() > 0) {
//     MUSTER_ASSIGN_OR_RETURN(auto done, cluster.Next());
//     if (done.response.ok()) Add(*done.response);   // else: crashed,
//     abandoned
//   }
//
// Life of a task. It waits until the earlier tasks of its worker have ended
// (FIFO), runs, and ends in exactly one of five ways:
//
//   computed   Run was called once; the completion holds its response;
//   lost       its worker crashed before the end: the completion holds
//              Unavailable, which names the worker and the time. A crash loses
//              the running task and all that wait behind it, at the time of
//              the crash. A task for a worker that is down is lost at once;
//   expired    it ran for longer than TaskOptions::abandon_after_seconds: the
//              completion holds DeadlineExceeded;
//   cancelled  by Cancel: there is no completion;
//   in flight  when the cluster is destroyed: dropped without a completion.
//
// Does not promise: a response for each request; that NowSeconds has anything
// to do with the time of day; Run's address space (it may be another machine's,
// so programs share nothing but what their requests carry).
//
// An exception that leaves Run ends the process (std::terminate): it is not
// caught, by any kind of cluster.

#include <concepts>
#include <cstdint>
#include <limits>
#include <utility>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/timeline.h"

namespace muster::runtime {

// One worker's state and code. Run may change that state: runs of one program
// never overlap and happen in FIFO order.
template <typename P>
concept WorkerProgram = std::movable<typename P::Request> &&
    std::movable<typename P::Response> &&
    requires(P& program, const typename P::Request& request) {
  { program.Run(request) } -> std::same_as<typename P::Response>;
};

// A program whose Run is const and safe to call from several threads at once.
// It leaves nothing behind, so a cluster may drop a run, or run ahead of time.
// Only such programs can be cancelled or abandoned.
template <typename P>
concept PureWorkerProgram = WorkerProgram<P> &&
    requires(const P& program, const typename P::Request& request) {
  { program.Run(request) } -> std::same_as<typename P::Response>;
};

struct TaskOptions {
  // How much work the task is: its duration is drawn for one unit and scaled.
  // Finite, > 0. For instance the number of samples in a mini-batch, if the
  // speed model gives the time of one.
  double work_units = 1;
  // The task is given up this many seconds after its start (not after its
  // submission). > 0; infinity: never. Needs a PureWorkerProgram. For policies
  // that prefer a fresh attempt to a straggler (MindFlayer).
  double abandon_after_seconds = std::numeric_limits<double>::infinity();
  // Shown in the timeline's segments, where it is kept by value.
  absl::string_view label = {};
};

// The end of one task. Times are the cluster's seconds; submitted <= started <=
// finished. A task that was lost before it ran has started = finished.
template <typename Response>
struct Completion {
  WorkerId worker;
  int64_t task = 0;  // as returned by Submit
  double submitted_seconds = 0;
  double started_seconds = 0;
  double finished_seconds = 0;
  absl::StatusOr<Response> response;  // Unavailable: lost. DeadlineExceeded:
                                      // expired.
};

// Used by one thread, the coordinating one. Durations follow the tasks' numbers
// and starts only, so that policies which give a worker the same tasks meet the
// same durations (common random numbers).
template <WorkerProgram P>
class Cluster {
 public:
  using Program = P;
  using Request = typename Program::Request;
  using Response = typename Program::Response;

  Cluster() = default;
  Cluster(const Cluster&) = delete;
  Cluster& operator=(const Cluster&) = delete;
  virtual ~Cluster() = default;

  // Workers are numbered from 0 to num_workers() - 1. Each WorkerId passed
  // below is one of them (CHECKed).
  virtual int32_t num_workers() const = 0;

  // The clock: it starts at 0 and never goes back.
  virtual double NowSeconds() const = 0;

  // Whether the worker takes tasks now, as far as the cluster knows.
  virtual bool IsUp(WorkerId worker) const = 0;
  // The first time, now or later, at which the worker is up: now if it is;
  // infinity if it never returns or nobody can know.
  virtual double NextUpSeconds(WorkerId worker) const = 0;

  // Puts a task at the end of the worker's queue and returns the worker's task
  // number: 0 for its first task, then 1, …; lost and cancelled tasks count.
  int64_t Submit(WorkerId worker, Request request,
                 const TaskOptions& options = {}) {
    return SubmitTask(worker, std::move(request), options);
  }

  // The next end of a task, in the order of the clock, ties by worker and then
  // by task; sets the clock to it. Errors: FailedPrecondition if nothing is in
  // flight; on a wall clock Cancelled, once the runtime's stop flag is set.
  virtual absl::StatusOr<Completion<Response>> Next() = 0;

  // Lets the clock pass. True: it is now `seconds`, or later if that is past.
  // False: a task ends at or before then; Next() has it, and the clock has not
  // gone past its end. For a coordinator that waits for a worker's return.
  // Errors: InvalidArgument if `seconds` is not finite; Cancelled as for Next.
  virtual absl::StatusOr<bool> AdvanceTo(double seconds) = 0;

  // Drops the worker's running and queued tasks, at once: the worker is free
  // now. The timeline bills the running task's time so far. Tasks that have
  // ended but were not yet returned by Next are dropped too, and billed whole.
  void Cancel(WorkerId worker) requires PureWorkerProgram<Program> {
    CancelTasks(worker);
  }

  // Tasks submitted and neither returned by Next nor cancelled.
  virtual int64_t num_in_flight() const = 0;

  // What the workers did up to now. A task is entered when Next returns it or
  // when it is cancelled: one in flight is not in it yet.
  virtual const Timeline& timeline() const = 0;

 protected:
  virtual int64_t SubmitTask(WorkerId worker, Request request,
                             const TaskOptions& options) = 0;
  // Called only for pure programs.
  virtual void CancelTasks(WorkerId worker) = 0;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_CLUSTER_H_
