// Who computes how much in the next round: the interface of every task
// allocation policy.
//
// A training run proceeds in rounds k = 1, 2, ... In each, n workers finish B
// unit tasks in total (a task is one stochastic gradient); a worker runs its
// own tasks one after another, the workers run in parallel. Before a round the
// policy is asked for an allocation, after it the policy is told what each task
// took. The life of an allocator:
//
//   Reset* ( Allocate+ Observe )*
//
// Allocate may be called again within a round, for tasks that a crashed worker
// left behind; every call of a round precedes that round's Observe.
//
// Two kinds of round exist:
//   kBarrier  worker i runs exactly a_i tasks and the round lasts
//             C(a) = max_{i: a_i > 0} sum_{u <= a_i} X_i^(u);
//   kGreedy   every participant starts a task at once and starts another as
//             soon as one is finished; the round ends at the B-th completion
//             and what is still running is dealt with as `leftover` says.
//
// Source of the problem and of the notation: Maranjyan, Saad, Richtarik,
// Orabona, "ATA: Adaptive Task Allocation for Efficient Resource Management in
// Distributed Machine Learning", ICML 2025, section 3.

#ifndef MUSTER_ALLOCATION_ALLOCATOR_H_
#define MUSTER_ALLOCATION_ALLOCATOR_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::allocation {

// `tasks` tasks for worker `worker`.
struct WorkerTasks {
  int32_t worker = 0;
  int32_t tasks = 0;

  friend bool operator==(const WorkerTasks&, const WorkerTasks&) = default;
};

// One task of a worker and how long it ran, in seconds.
struct TaskRun {
  int32_t worker = 0;
  double seconds = 0;

  friend bool operator==(const TaskRun&, const TaskRun&) = default;
};

// What is asked of Allocate.
struct RoundRequest {
  // The round, from 1. Confidence widths grow with it.
  int64_t round = 1;
  // B, the number of tasks to hand out, >= 1.
  int64_t budget = 1;
  // up[i] != 0: worker i may be used. Empty: all may. At least one must be up.
  std::span<const uint8_t> up = {};
  // ready_seconds[i] >= 0: how long worker i stays busy with earlier work
  // before it can start; finite. Empty: nobody is busy. Worker i's a-th task is
  // then expected to end at ready_i + a * s_i.
  std::span<const double> ready_seconds = {};
};

// The answer. Callers reuse one object; Allocate replaces its whole content.
struct Allocation {
  enum class Mode {
    kBarrier,  // fixed counts, wait for the slowest
    kGreedy,   // race to the budget-th completion
  };
  enum class Leftover {
    kReset,          // running tasks are cancelled (and billed) at the end
    kKeep,           // they run on, and count in the round in which they end
    kKeepDropStale,  // they run on, but their results count nowhere
  };
  Mode mode = Mode::kBarrier;
  Leftover leftover = Leftover::kReset;  // greedy only
  // kBarrier: counts > 0, sum = budget, ascending worker.
  // kGreedy: the participants with tasks = 0, ascending worker.
  std::vector<WorkerTasks> tasks;
  int64_t budget = 0;  // the request's
  // Whether unexplored workers or workers of score zero decided it, rather than
  // the policy's objective.
  bool exploring = false;
};

// What Observe is told.
struct RoundFeedback {
  int64_t round = 1;
  double round_seconds = 0;
  // The finished tasks; those of one worker in the order they ran.
  std::span<const TaskRun> completed = {};
  // Started but never finished (cancelled, or lost in a crash): `seconds` is
  // the time the task had run, a lower bound of its duration.
  std::span<const TaskRun> cancelled = {};
};

// A task allocation policy for a fixed number of workers. A call costs what the
// member says, O(n) unless stated; none allocates memory in the steady state.
// Deterministic: the options and the sequence of calls fix every answer. Not
// thread-safe.
class Allocator {
 public:
  // For `num_workers` >= 1 workers.
  explicit Allocator(int32_t num_workers) : num_workers_(num_workers) {}
  virtual ~Allocator() = default;

  int32_t num_workers() const { return num_workers_; }

  // Writes the allocation of `request.budget` tasks to `allocation`. The spans
  // of `request` are read during the call only. CHECKs the request's ranges.
  virtual void Allocate(const RoundRequest& request,
                        Allocation* allocation) = 0;

  // Learns from a finished round. The spans are read during the call only.
  virtual void Observe(const RoundFeedback& feedback) = 0;

  // Forgets everything observed: the state after construction.
  virtual void Reset() = 0;

  // The learned state as bytes, and back. After restoring, an allocator of
  // equal options answers as the saved one would have. RestoreState returns
  // DataLoss for bytes that are damaged and InvalidArgument for those of
  // another policy or another number of workers; the allocator is then
  // unchanged.
  virtual std::string SaveState() const = 0;
  virtual absl::Status RestoreState(absl::string_view bytes) = 0;

  // The name in the table of allocators.h (or the subclass's own).
  virtual absl::string_view name() const = 0;

 private:
  const int32_t num_workers_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ALLOCATOR_H_
