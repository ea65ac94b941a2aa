#include "muster/benchmarks/ata/policy_grid.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/allocation/study.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

// Relative cost of a round, for the estimate of the time left: learners scan
// all workers, greedy rounds draw for all of them.
double RoundCost(const Policy& policy, int32_t n) {
  if (policy.allocator == "gta") return 1 + 0.02 * n;
  if (policy.allocator == "ofta" || policy.allocator == "uta") return 1;
  return 1 + 0.005 * n;
}

absl::StatusOr<PolicyRun> RunOne(const GridRun& run, uint64_t seed,
                                 TaskContext& context) {
  PolicyRunOptions options = run.options;
  options.seed = seed;
  if (run.cluster == nullptr) return RunPolicy(*run.workers, options, context);
  MUSTER_ASSIGN_OR_RETURN(runtime::SpeedModel model,
                          runtime::SpeedModel::Create(*run.cluster, seed));
  return RunPolicyOnModel(*run.workers, &model, options, context);
}

// What a study that was cut short has: a line for each run that ended.
Table FinishedRuns(absl::string_view study, const std::vector<GridRun>& runs,
                   const CommonFlags& flags,
                   const TaskResults<PolicyRun>& results) {
  Table table(
      absl::StrCat(study, ".finished_runs"),
      {"cluster", "policy", "seed", "rounds", "runtime [s]", "worker time [s]",
       "iteration time [s]", "proxy regret [s]", "exploring rounds"},
      absl::StrCat(study, ": the runs that ended, of ", results.results.size(),
                   " that there are"));
  auto next = results.results.begin();
  for (const GridRun& run : runs) {
    for (int64_t s = 0; s < flags.seeds; ++s, ++next) {
      if (!next->has_value()) continue;
      const allocation::StudyPoint& last = (*next)->last();
      table.AddRow({run.name, run.options.policy.key,
                    flags.seed + static_cast<uint64_t>(s), last.round,
                    last.runtime_seconds, last.worker_seconds,
                    (*next)->MeanRoundSeconds(), last.proxy_regret,
                    last.exploring_rounds});
    }
  }
  return table;
}

}  // namespace

const std::vector<PolicyRun>& GridRuns::at(absl::string_view name,
                                           absl::string_view policy_key) const {
  const auto runs = runs_.find({std::string(name), std::string(policy_key)});
  MUSTER_CHECK(runs != runs_.end())
      << "no runs of " << policy_key << " on " << name;
  return runs->second;
}

absl::StatusOr<GridRuns> RunGrid(Experiment& experiment,
                                 absl::string_view study,
                                 const std::vector<GridRun>& runs) {
  const int64_t seeds = experiment.flags().seeds;
  std::vector<Task<PolicyRun>> tasks;
  for (const GridRun& run : runs) {
    for (int64_t s = 0; s < seeds; ++s) {
      const uint64_t seed = experiment.flags().seed + s;
      tasks.push_back(
          {.name = absl::StrFormat("%s.%s.seed%d", run.name,
                                   run.options.policy.key, seed),
           .work = static_cast<double>(run.options.rounds) *
                   RoundCost(run.options.policy, run.workers->size()),
           .run = [&run, seed](TaskContext& context) {
             return RunOne(run, seed, context);
           }});
    }
  }
  MUSTER_ASSIGN_OR_RETURN(TaskResults<PolicyRun> results,
                          RunTasks(experiment, study, tasks));
  if (!results.complete()) {
    experiment.AddTable(FinishedRuns(study, runs, experiment.flags(), results));
    return absl::CancelledError("stopped");
  }
  GridRuns grid;
  auto next = results.results.begin();
  for (const GridRun& run : runs) {
    std::vector<PolicyRun>& by_seed =
        grid.runs_[{run.name, run.options.policy.key}];
    MUSTER_CHECK(by_seed.empty())
        << "two runs of " << run.options.policy.key << " on " << run.name;
    for (int64_t s = 0; s < seeds; ++s) {
      by_seed.push_back(std::move(**next++));
    }
  }
  return grid;
}

std::vector<double> MeanRoundSeconds(const std::vector<PolicyRun>& runs,
                                     int64_t first, int64_t last) {
  return PerSeed(runs, [&](const PolicyRun& run) {
    return run.MeanRoundSeconds(first, last);
  });
}

std::vector<double> MeanWorkerSeconds(const std::vector<PolicyRun>& runs,
                                      int64_t first, int64_t last) {
  return PerSeed(runs, [&](const PolicyRun& run) {
    return run.MeanWorkerSeconds(first, last);
  });
}

std::vector<double> ExploringRounds(const std::vector<PolicyRun>& runs) {
  return PerSeed(runs, [](const PolicyRun& run) {
    return static_cast<double>(run.last().exploring_rounds);
  });
}

}  // namespace muster::benchmarks
