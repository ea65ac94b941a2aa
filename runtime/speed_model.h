#ifndef MUSTER_RUNTIME_SPEED_MODEL_H_
#define MUSTER_RUNTIME_SPEED_MODEL_H_

// When does a task end? Laws (speed_law.h) and modifiers (speed_modifier.h) of
// n workers in virtual time. For task t of worker w, started at time s with
// work_units u, in this order:
//
//   1. x = u * TaskDurations::Draw(w, t).
//   2. x is multiplied by the factors of all drifts (step, ramp, sine) at time
//      s: a task keeps the drift of its start.
//   3. x seconds of work are done at the rate 1 / (product of `slow` of the
//      markov chains that are in their slow state), 0 while any pause lasts.
//      The rate is integrated exactly through every switch.
//   4. If the worker is down at s, the task is lost at s. If it goes down after
//      s and before the work is done, the task is lost then. Work that is done
//      at the very instant of a crash counts.
//
// All of it is a pure function of (specs, seed, w, t, s, u). The paths of
// markov, pause and crash modifiers are alternating_path.h on the streams
// Rng(seed).Fork(name, w, j), name in {"markov", "pause", "crash"}, j counting
// the worker's modifiers of that kind: functions of virtual time that go on
// whether the worker is busy, idle or down. Hence two policies see the same
// weather, and neither the order of queries nor the number of threads changes a
// bit. A path ends after 2^28 intervals, with the worker at full speed and up:
// no question takes more than some seconds, however late the time.

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/task_durations.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {

struct TaskEnd {
  double seconds;  // on the cluster's clock
  bool completed;  // false: the worker was or went down then, the task is lost
};

class SpeedModel {
 public:
  // InvalidArgument, naming the worker,
  // - if there is none or more than kMaxWorkers;
  // - if a law or modifier is not valid;
  // - if a chain or pause would switch more than a million times during the
  //   worker's mean task (of a law without a mean: during one that only a task
  //   in a million exceeds), or until its mean crash if that is sooner;
  // - if a task is expected to be lost in crashes, and begun again, more than
  //   10,000 times.
  // The last two take the other modifiers at their long-run mean. O(n) time and
  // memory: about 160 bytes a worker, and 450 per random modifier.
  static absl::StatusOr<SpeedModel> Create(const ClusterSpec& spec,
                                           uint64_t seed);

  SpeedModel(SpeedModel&&) noexcept;
  SpeedModel& operator=(SpeedModel&&) noexcept;
  ~SpeedModel();

  int32_t num_workers() const { return durations_.num_workers(); }
  // False: Finish is start + work_units * durations().Draw(...), and callers
  // may draw batches.
  bool has_modifiers() const { return !states_.empty(); }
  const TaskDurations& durations() const { return durations_; }

  // The functions below fill caches of their worker: calls for different
  // workers may run at the same time, calls for one worker may not. Times must
  // be finite and >= 0, work_units finite and positive, the worker in range
  // (CHECKed). Cost: O(number of modifiers) and of switches during the task;
  // see AlternatingPath::At for jumps in time.

  // When the task ends, and how.
  TaskEnd Finish(WorkerId worker, int64_t task, double start_seconds,
                 double work_units = 1);

  bool IsUp(WorkerId worker, double seconds);
  // `seconds` if the worker is up then, else when it returns; +infinity: never.
  double NextUp(WorkerId worker, double seconds);

  // An oracle's view: the mean duration of a task of one work unit started at
  // `seconds` if the factors of drifts and markov chains stayed as they are,
  // with the expected stretch (1 + length / every) of each pause modifier.
  // Ignores crashes.
  double MeanSeconds(WorkerId worker, double seconds);

 private:
  struct State;  // the modifiers of one worker

  SpeedModel(TaskDurations durations,
             std::vector<std::unique_ptr<State>> states);
  // nullptr if the worker has no modifiers.
  State* StateOf(WorkerId worker);

  TaskDurations durations_;
  // Empty if no worker has modifiers, else by worker, nullptr for none.
  std::vector<std::unique_ptr<State>> states_;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_SPEED_MODEL_H_
