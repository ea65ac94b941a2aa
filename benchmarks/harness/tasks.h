#ifndef MUSTER_BENCHMARKS_HARNESS_TASKS_H_
#define MUSTER_BENCHMARKS_HARNESS_TASKS_H_

// A study as independent, named units of work (seed × size × policy), run in
// parallel on TBB and checkpointed one by one.
//
//   std::vector<Task<Curve>> tasks;
//   tasks.push_back({.name = "n51.ATA.seed1", .work = 3e6,
//                    .run = [=](TaskContext& context) { return Run(…); }});
//   MUSTER_ASSIGN_OR_RETURN(auto curves, RunTasks(experiment, "E1", tasks));
//   if (!curves.complete()) …   // stopped: the missing ones are nullopt
//
// Results come back in the order of the tasks, whatever order they ran in, so
// a fold over them has the same bits for any number of threads. A task that
// ended is read back from its checkpoint under --resume and not run again; a
// long task may save its own state on the way. Both give the same results as
// an unbroken run if `run` is a pure function of what it captures.

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {

// What a running task sees. Used by its task's thread only.
class TaskContext {
 public:
  virtual ~TaskContext() = default;

  // One thread (more when there are fewer tasks than threads), the stop flag,
  // and an observer that adds this task's done/total to the whole.
  virtual runtime::Runtime runtime() = 0;

  // Progress of this task; false: stop now and return Cancelled (after saving
  // state if it has any).
  virtual bool Report(int64_t done, int64_t total) = 0;

  // Whether the time has come to save (every half minute, and when stopping).
  virtual bool ShouldSave() = 0;
  virtual absl::Status SaveState(absl::string_view bytes) = 0;
  // The state saved by an earlier run; NotFound: begin at the beginning.
  virtual absl::StatusOr<std::string> LoadState() = 0;
};

template <typename Result>
struct Task {
  std::string name = {};  // unique in the study; names the checkpoint
  double work = 1;        // share of the whole, any unit: for the time left
  std::function<absl::StatusOr<Result>(TaskContext&)> run = nullptr;
};

// One optional per task; nullopt: stopped before it ended.
template <typename Result>
struct TaskResults {
  std::vector<std::optional<Result>> results;
  bool complete() const {
    for (const auto& result : results) {
      if (!result.has_value()) return false;
    }
    return true;
  }
  const Result& operator[](int64_t i) const { return *results[i]; }
};

namespace internal {
struct ByteTask {
  std::string name = {};
  double work;
  std::function<absl::StatusOr<std::string>(TaskContext&)> run;
};
absl::StatusOr<std::vector<std::optional<std::string>>> RunByteTasks(
    Experiment& experiment, absl::string_view study,
    const std::vector<ByteTask>& tasks);
}  // namespace internal

// Runs all tasks that have no checkpoint yet, longest work first. `Result`
// needs a field list (runtime/fields.h). The error of the lowest task index,
// naming the task; Cancelled by a stop is no error: the results are incomplete,
// and the experiment is marked so.
template <typename Result>
absl::StatusOr<TaskResults<Result>> RunTasks(
    Experiment& experiment, absl::string_view study,
    const std::vector<Task<Result>>& tasks) {
  std::vector<internal::ByteTask> byte_tasks;
  byte_tasks.reserve(tasks.size());
  for (const Task<Result>& task : tasks) {
    byte_tasks.push_back(
        {task.name, task.work,
         [&task](TaskContext& context) -> absl::StatusOr<std::string> {
           MUSTER_ASSIGN_OR_RETURN(Result result, task.run(context));
           std::string bytes;
           runtime::Encode(result, &bytes);
           return bytes;
         }});
  }
  MUSTER_ASSIGN_OR_RETURN(
      auto blobs, internal::RunByteTasks(experiment, study, byte_tasks));
  TaskResults<Result> results;
  results.results.resize(tasks.size());
  for (size_t i = 0; i < blobs.size(); ++i) {
    if (!blobs[i].has_value()) continue;
    MUSTER_ASSIGN_OR_RETURN(results.results[i],
                            runtime::Decode<Result>(*blobs[i]));
  }
  return results;
}

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_TASKS_H_
