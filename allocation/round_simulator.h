// Rounds of task allocation in virtual time, without any computation: who
// finishes what when, and what it costs. For studies of the policies alone, at
// a fraction of a microsecond per round.
//
// The result of a round is what a trainer on a VirtualCluster with the same
// durations and allocations would see (up to the rounding of absolute times).
// Task numbers count per worker from 0 over the whole run, in the order of
// submission; tasks that are cancelled or lost in a crash use up their numbers:
//
//   kBarrier  worker i submits its a_i tasks when the round begins; they run
//   one
//             after another. The round lasts max_i (communication_i + sum of
//             i's durations); the bill is the sum of all durations (waiting at
//             the barrier is free, and so is communication).
//   kGreedy   every participant submits one task when the round begins and
//             another at each of its completions but the last of the round; the
//             round ends at the budget-th completion in the order of (time,
//             worker). The bill is the time that workers were busy, again
//             without communication: participants times the round's duration if
//             there is none of that and nobody crashes. With
//             kKeep and kKeepDropStale running tasks pass into the next round;
//             a stale task's end does not count and its worker starts afresh.
//
// With a SpeedModel that has modifiers, start times matter: each round begins
// at the cumulative clock. A worker that crashes loses its running and waiting
// tasks and takes no part until the next wave. Play() gives lost tasks to the
// allocator again as a further wave of the same round, which begins when the
// wave before it has ended, with the workers up at that time; when nobody is
// up, the clock advances to the first return.
//
// Source: Maranjyan et al. (ICML 2025), section 3 and algorithm 3 (billing as
// their figures have it); waves, communication and the stale rule are ours.

#ifndef MUSTER_ALLOCATION_ROUND_SIMULATOR_H_
#define MUSTER_ALLOCATION_ROUND_SIMULATOR_H_

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/task_durations.h"

namespace muster::allocation {

struct RoundOutcome {
  double round_seconds = 0;
  double worker_seconds = 0;  // the bill
  int64_t missing_tasks = 0;  // of the budget, lost in crashes
  int64_t waves = 1;
};

// Not thread-safe; results are a function of the durations (or the model), the
// options and the sequence of allocations.
class RoundSimulator {
 public:
  struct Options {
    // Seconds to reach worker i once per round; n entries >= 0 or empty (none).
    // CHECKed.
    std::vector<double> communication_seconds;
  };

  // The durations, or the model, must outlive the simulator. A model caches, so
  // each simulator needs its own.
  explicit RoundSimulator(const runtime::TaskDurations* durations,
                          Options options = {});
  explicit RoundSimulator(runtime::SpeedModel* model, Options options = {});

  int32_t num_workers() const;
  // Whether start times matter and means change.
  bool has_modifiers() const { return model_ != nullptr; }
  // Sum of all rounds' durations so far, and of waits for a worker's return.
  double clock_seconds() const { return clock_; }
  // The true mean seconds of worker i's tasks at the present clock.
  double MeanSeconds(int32_t worker) const;

  // One wave of one round under a fixed allocation; the clock moves on by
  // round_seconds. `feedback` (round as given) points into the simulator and is
  // valid until the next call. Barrier: O(n_used + B); greedy: O(n + B log B).
  RoundOutcome Run(const Allocation& allocation, int64_t round,
                   RoundFeedback* feedback);

  // A whole round: asks `allocator`, runs the waves, lets it observe. On return
  // `allocation` holds the first wave's allocation. FailedPrecondition when no
  // worker will ever be up again. Cancelled when runtime.stop asked for an end,
  // which is looked at before each further wave; simulator and allocator are
  // then in the middle of the round, and only RestoreState makes them fit for
  // another.
  absl::StatusOr<RoundOutcome> Play(Allocator& allocator, int64_t round,
                                    int64_t budget, Allocation* allocation,
                                    const runtime::Runtime& runtime = {});

  // Clock, task numbers and running tasks as bytes, and back. RestoreState:
  // DataLoss for damaged bytes, InvalidArgument for another number of workers;
  // nothing changes then.
  std::string SaveState() const;
  absl::Status RestoreState(absl::string_view bytes);

 private:
  // A task that runs on into the next greedy round; times relative to its
  // beginning.
  struct Leftover {
    int32_t worker;
    double start;
    double duration;
    double finish;
    bool completes;  // false: the worker crashes at `finish`
    static void Fields(auto& self, auto&& visit) {
      visit(self.worker, self.start, self.duration, self.finish,
            self.completes);
    }
  };
  struct State;  // what SaveState encodes
  // The running task of one racer of a greedy round, in the heap.
  struct Arrival {
    double finish;
    int32_t worker;
    int32_t slot;
  };
  enum RacerState : uint8_t {
    kRunning = 1,
    kCompletes = 2,    // else the worker crashes at finish
    kStale = 4,        // the end does not count
    kParticipant = 8,  // takes another task afterwards
  };

  void RunBarrier(const Allocation& allocation, RoundOutcome* outcome);
  void RunBarrierWithModel(const Allocation& allocation, RoundOutcome* outcome);
  void RunGreedy(const Allocation& allocation, RoundOutcome* outcome);
  // Fills the racers' arrays: leftovers run on, the others begin a task.
  void BeginRace(const Allocation& allocation);
  void AddRacer(int32_t worker, uint8_t state);
  // Begins the next task of the racer in `slot`.
  void StartTask(size_t slot, double start);
  // Puts the racers whose first task ends in (low, high] into the heap.
  void EnterRace(double low, double high);
  // Bills and carries over or cancels what runs when the race ends.
  void EndRace(const Allocation& allocation, RoundOutcome* outcome);
  double Communication(int32_t worker) const {
    return options_.communication_seconds.empty()
               ? 0
               : options_.communication_seconds[worker];
  }
  // Sets request->up for the present clock, to empty if all are up; waits while
  // nobody is.
  absl::Status FindWorkers(RoundRequest* request);

  const runtime::TaskDurations* const durations_;
  runtime::SpeedModel* const model_;  // null: no modifiers
  const Options options_;

  double clock_ = 0;
  std::vector<int64_t> next_task_;   // per worker
  std::vector<Leftover> leftovers_;  // ascending worker

  // Scratch. Barrier: one entry per task; greedy: one per racer (slot).
  std::vector<int32_t> workers_;
  std::vector<int64_t> tasks_;
  std::vector<double> durations_drawn_;
  std::vector<double> starts_;
  std::vector<double> finishes_;
  std::vector<double> first_finishes_;
  std::vector<double> first_starts_;  // empty without communication
  std::vector<uint8_t> states_;
  std::vector<Arrival> heap_;  // earliest (finish, worker) first
  double usual_seconds_ = 0;   // of greedy rounds; affects speed only
  std::vector<TaskRun> completed_;
  std::vector<TaskRun> cancelled_;
  std::vector<TaskRun> all_completed_;  // of the waves of one Play
  std::vector<TaskRun> all_cancelled_;
  std::vector<uint8_t> up_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ROUND_SIMULATOR_H_
