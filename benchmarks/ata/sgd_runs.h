#ifndef MUSTER_BENCHMARKS_ATA_SGD_RUNS_H_
#define MUSTER_BENCHMARKS_ATA_SGD_RUNS_H_

// Gradient methods on virtual clusters, for comparisons by the time to a
// target: one run of one method, and the choice of its step size and batch (or
// delay threshold) from a grid.

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/allocation/gradient_program.h"
#include "muster/allocation/sgd_policies.h"
#include "muster/allocation/sgd_run.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/virtual_cluster.h"
#include "muster/runtime/worker_spec.h"

namespace muster::benchmarks {

// A method and the grid that it is tuned on. `size` stands for the batch B
// (MindFlayer's plan is for it), S, m, or the threshold R, whichever the method
// has.
struct SgdMethod {
  std::string label = {};  // for people; unique in a comparison
  // In SgdPolicyTable(), or "rennala_keep" (Rennala without cancelling).
  std::string policy = {};
  std::vector<double> steps = {};
  std::vector<int64_t> sizes = {1};
  // In AllocatorTable(), where the method needs one.
  std::string allocator = {};
};

// One point of the grid.
struct SgdChoice {
  double step = 0;
  int64_t size = 1;

  static void Fields(auto& self, auto&& visit) { visit(self.step, self.size); }
};

// The points of the method's grid, steps outermost.
std::vector<SgdChoice> GridOf(const SgdMethod& method);

// What is kept of a run.
struct SgdOutcome {
  SgdChoice choice = {};
  bool reached = false;       // the target
  double seconds = 0;         // to the target, or at the end of the run
  double worker_seconds = 0;  // likewise
  double objective = 0;       // at the end
  int64_t steps = 0;
  int64_t gradients = 0;
  int64_t losses = 0;
  // The trace.
  std::vector<double> at_seconds = {};
  std::vector<double> at_worker_seconds = {};
  std::vector<double> at_objective = {};
  std::vector<double> x = {};  // the last iterate

  static void Fields(auto& self, auto&& visit) {
    visit(self.choice, self.reached, self.seconds, self.worker_seconds,
          self.objective, self.steps, self.gradients, self.losses,
          self.at_seconds, self.at_worker_seconds, self.at_objective, self.x);
  }
};

// One per seed.
struct SgdOutcomes {
  std::vector<SgdOutcome> values = {};

  static void Fields(auto& self, auto&& visit) { visit(self.values); }
};

// What is kept of `summary`.
SgdOutcome Summarise(const allocation::SgdSummary& summary, double target,
                     const SgdChoice& choice);

// A worker's law in each place, and what the methods may know of them.
struct SgdWorkers {
  std::vector<runtime::SpeedLaw> laws = {};
  double alpha = 0;       // bound for ATA, seconds
  double smoothness = 1;  // L, for the delay-adaptive method
};

// The policy of `method` at `choice`.
absl::StatusOr<std::unique_ptr<allocation::SgdPolicy>> MakeSgdPolicy(
    const SgdMethod& method, const SgdChoice& choice, const SgdWorkers& workers,
    uint64_t seed);

// A model of the workers' speeds.
absl::StatusOr<runtime::SpeedModel> MakeSpeedModel(const SgdWorkers& workers,
                                                   uint64_t seed);

// Problem: as GradientProgram needs; shards[i] for worker i, or one for all.
// Server: InitialPoint() and Objective(x).
template <typename Problem, typename Server>
struct SgdStudy {
  std::string name = {};
  SgdWorkers workers = {};
  std::vector<std::shared_ptr<const Problem>> shards = {};
  std::shared_ptr<const Server> server = nullptr;
  allocation::SgdOptions options = {};  // the target among them
  uint64_t tuning_seed = 0;  // another than the seeds that are judged
};

template <typename Problem>
std::vector<std::unique_ptr<allocation::GradientProgram<Problem>>> MakePrograms(
    const std::vector<std::shared_ptr<const Problem>>& shards,
    size_t num_workers, uint64_t seed) {
  std::vector<std::unique_ptr<allocation::GradientProgram<Problem>>> programs;
  for (size_t i = 0; i < num_workers; ++i) {
    programs.push_back(std::make_unique<allocation::GradientProgram<Problem>>(
        shards[shards.size() == 1 ? 0 : i], seed));
  }
  return programs;
}

// One run. A function of its arguments, for any number of threads.
template <typename Problem, typename Server>
absl::StatusOr<SgdOutcome> RunSgdCase(const SgdStudy<Problem, Server>& study,
                                      const SgdMethod& method,
                                      const SgdChoice& choice, uint64_t seed,
                                      const allocation::SgdOptions& options,
                                      const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(auto model, MakeSpeedModel(study.workers, seed));
  MUSTER_ASSIGN_OR_RETURN(auto policy,
                          MakeSgdPolicy(method, choice, study.workers, seed));
  runtime::VirtualCluster<allocation::GradientProgram<Problem>> cluster(
      MakePrograms(study.shards, study.workers.laws.size(), seed),
      std::move(model), {}, runtime);
  MUSTER_ASSIGN_OR_RETURN(
      allocation::SgdSummary summary,
      allocation::RunSgd(cluster, *study.server, *policy, options, runtime));
  if (summary.termination == allocation::Termination::kStopped) {
    return absl::CancelledError("stopped");
  }
  return Summarise(summary, options.target_objective, choice);
}

// The choice of least time to the target, ties to the earlier in grid order;
// the least objective at the end when none gets there.
const SgdOutcome& BestOutcome(std::span<const SgdOutcome> outcomes);

// Tunes `method` on study.tuning_seed and runs it on seeds seed .. seed + seeds
// - 1: one outcome per seed.
template <typename Problem, typename Server>
absl::StatusOr<std::vector<SgdOutcome>> TuneAndRun(
    const SgdStudy<Problem, Server>& study, const SgdMethod& method,
    uint64_t seed, int64_t seeds, TaskContext& context) {
  const runtime::Runtime one_thread = {.threads = 1,
                                       .stop = context.runtime().stop};
  std::vector<SgdOutcome> tried;
  const std::vector<SgdChoice> grid = GridOf(method);
  const auto total = static_cast<int64_t>(grid.size()) + seeds;
  int64_t done = 0;
  if (grid.size() == 1) {
    tried.push_back({.choice = grid.front()});
    ++done;
  } else {
    // What takes much longer than the best so far is not run to its end.
    allocation::SgdOptions options = study.options;
    for (const SgdChoice& choice : grid) {
      MUSTER_ASSIGN_OR_RETURN(
          SgdOutcome outcome,
          RunSgdCase(study, method, choice, study.tuning_seed, options,
                     one_thread));
      if (outcome.reached) {
        options.max_seconds =
            std::min(options.max_seconds, 1.25 * outcome.seconds);
      }
      tried.push_back(std::move(outcome));
      if (!context.Report(++done, total))
        return absl::CancelledError("stopped");
    }
  }
  const SgdChoice choice = BestOutcome(tried).choice;
  std::vector<SgdOutcome> outcomes;
  for (int64_t i = 0; i < seeds; ++i) {
    MUSTER_ASSIGN_OR_RETURN(
        SgdOutcome outcome,
        RunSgdCase(study, method, choice, seed + static_cast<uint64_t>(i),
                   study.options, one_thread));
    outcomes.push_back(std::move(outcome));
    if (!context.Report(++done, total)) return absl::CancelledError("stopped");
  }
  return outcomes;
}

// Outcomes of all methods, in their order; one per seed each.
struct SgdComparison {
  std::vector<SgdMethod> methods = {};
  std::vector<std::vector<SgdOutcome>> outcomes = {};

  // Of the method called `label` (CHECKed to exist), one value per seed. A run
  // that misses the target counts with the time it ran, a lower bound of what
  // it needs: right for the method that is claimed to be slower.
  std::vector<double> Seconds(absl::string_view label) const;
  std::vector<double> WorkerSeconds(absl::string_view label) const;
  // NaN where the target is missed, which fails a claim: for the method that is
  // claimed to be faster.
  std::vector<double> SecondsToTarget(absl::string_view label) const;
  std::vector<double> WorkerSecondsToTarget(absl::string_view label) const;
  std::vector<double> Objectives(absl::string_view label) const;
  bool Reached(absl::string_view label) const;       // on every seed
  bool NeverReached(absl::string_view label) const;  // on no seed
  const std::vector<SgdOutcome>& Of(absl::string_view label) const;
};

// "study.method" in the letters of a checkpoint's name.
std::string SgdTaskName(absl::string_view study, absl::string_view label);

// A tune-and-run task per method. Cancelled when stopped before the end.
template <typename Problem, typename Server>
absl::StatusOr<SgdComparison> CompareMethods(
    Experiment& experiment, const SgdStudy<Problem, Server>& study,
    std::vector<SgdMethod> methods) {
  const uint64_t seed = experiment.flags().seed;
  const int64_t seeds = experiment.flags().seeds;
  std::vector<Task<SgdOutcomes>> tasks;
  tasks.reserve(methods.size());
  for (const SgdMethod& method : methods) {
    tasks.push_back(
        {.name = SgdTaskName(study.name, method.label),
         .work = static_cast<double>(method.steps.size() * method.sizes.size()),
         .run = [&study, &method, seed,
                 seeds](TaskContext& context) -> absl::StatusOr<SgdOutcomes> {
           MUSTER_ASSIGN_OR_RETURN(
               std::vector<SgdOutcome> outcomes,
               TuneAndRun(study, method, seed, seeds, context));
           return SgdOutcomes{std::move(outcomes)};
         }});
  }
  MUSTER_ASSIGN_OR_RETURN(auto results,
                          RunTasks(experiment, study.name, tasks));
  if (!results.complete()) return absl::CancelledError("stopped");
  SgdComparison comparison{.methods = std::move(methods)};
  for (size_t i = 0; i < comparison.methods.size(); ++i) {
    comparison.outcomes.push_back(results[static_cast<int64_t>(i)].values);
  }
  return comparison;
}

// A row per method: what was chosen, times (means over seeds), counts.
Table ComparisonTable(const SgdComparison& comparison, std::string name,
                      std::string title);

// The objective against seconds and against worker seconds, of the first seed.
// When the methods are more than colours tell apart, those that share work by
// an allocator have a row of panels of their own.
FigureSpec ComparisonFigure(const SgdComparison& comparison, std::string name,
                            std::string title, const std::string& objective,
                            double target);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_SGD_RUNS_H_
