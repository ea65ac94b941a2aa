#ifndef MUSTER_RUNTIME_BODY_WINDOW_H_
#define MUSTER_RUNTIME_BODY_WINDOW_H_

// Runs the bodies of a VirtualCluster's next tasks on TBB, ahead of its clock.
//
// The scheduler offers the few tasks that end next. Helpers, which are tasks in
// a TBB arena, claim offered tasks in the order of completion and run their
// bodies; the coordinating thread does the same while the body that it needs is
// still running elsewhere. Which thread runs a body, and when, shows nowhere: a
// body reads its request and its own worker's state only.
//
// With `exclusive` a worker's bodies run one at a time in the order of its
// tasks (programs whose Run changes their state).
//
// No thread is ever needed but the coordinator: if TBB gives no helper, it runs
// all bodies itself. Idle helpers look for work for a few microseconds, then
// leave the arena.

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <vector>

#include "muster/runtime/ids.h"
#include "muster/runtime/virtual_task.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/task_arena.h"
#include "oneapi/tbb/task_group.h"

namespace muster::runtime {

class BodyRunner {
 public:
  virtual ~BodyRunner() = default;
  // Runs the body of the task. noexcept: an exception ends the process, on
  // whichever thread it is thrown.
  virtual void RunBody(VirtualTask* task) noexcept = 0;
};

// All members are for the coordinating thread.
class BodyWindow {
 public:
  // Up to num_threads - 1 helpers; num_threads >= 2. `runner` outlives this.
  BodyWindow(int num_threads, int32_t num_workers, bool exclusive,
             BodyRunner* runner);
  // Waits for the bodies that are running; the others never run.
  ~BodyWindow();

  // Lets the body run from now on. No effect if it has been claimed before.
  void Offer(VirtualTask* task);
  // Takes the offer back; no effect once the body has been claimed.
  void Withdraw(VirtualTask* task);

  // Returns when the body of the task has run. The task is the one that ends
  // next, and was offered. Meanwhile runs other offered bodies if it must wait.
  void Finish(VirtualTask* task);

  // Withdraws a cancelled task. True: the caller has it back. False: its body
  // is running; TakeOrphans returns it later.
  bool Drop(VirtualTask* task);
  // Appends the dropped tasks whose bodies have ended since.
  void TakeOrphans(std::vector<VirtualTask*>* tasks);
  // Dropped tasks that TakeOrphans has not returned yet.
  int64_t num_orphans() const { return num_orphans_; }

 private:
  // Shared with the helpers.
  struct State {
    State(int32_t num_workers, bool exclusive, BodyRunner* runner)
        : runner(runner), busy(exclusive ? num_workers : 0) {}

    // Whether a new offer of this worker must wait for an earlier one.
    bool IsBlocked(WorkerId worker) const;
    // Claims the first body that may run; null if there is none.
    VirtualTask* Claim();
    // Marks the claimed task's body as done.
    void Release(VirtualTask* task);
    void RunHelper();
    VirtualTask* ClaimOrLeave();

    BodyRunner* const runner;
    std::mutex mutex;
    // All below guarded by mutex, except num_offers.
    std::vector<VirtualTask*> offered;  // descending: the next to end is last
    std::vector<bool> busy;  // by worker, for exclusive programs; else empty
    std::vector<VirtualTask*> orphans;
    int num_helpers = 0;
    int num_idle_helpers = 0;              // of num_helpers: looking for work
    std::atomic<uint32_t> num_offers = 0;  // written under mutex
  };

  const int max_helpers_;
  int64_t num_orphans_ = 0;
  State state_;
  std::optional<tbb::global_control> more_threads_;  // than cores
  tbb::task_arena arena_;
  tbb::task_group helpers_;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_BODY_WINDOW_H_
