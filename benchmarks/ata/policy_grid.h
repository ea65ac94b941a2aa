#ifndef MUSTER_BENCHMARKS_ATA_POLICY_GRID_H_
#define MUSTER_BENCHMARKS_ATA_POLICY_GRID_H_

// Many policies on many clusters over all seeds of an experiment, in parallel,
// checkpointed one by one.

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/ata/policy_run.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/cluster_spec.h"

namespace muster::benchmarks {

struct GridRun {
  // Of the cluster; with the policy's key unique in the grid.
  std::string name;
  // Both outlive RunGrid. cluster null: the workers' laws, with regret; else
  // the cluster with its modifiers, without.
  const Workers* workers = nullptr;
  const runtime::ClusterSpec* cluster = nullptr;
  // The seed is set by the grid: --seed + 0, 1, …
  PolicyRunOptions options;
};

// The runs of a grid.
class GridRuns {
 public:
  // Those of GridRun::name and a policy's key, one per seed in order. CHECKs
  // that the grid has them.
  const std::vector<PolicyRun>& at(absl::string_view name,
                                   absl::string_view policy_key) const;

 private:
  friend absl::StatusOr<GridRuns> RunGrid(Experiment& experiment,
                                          absl::string_view study,
                                          const std::vector<GridRun>& runs);

  std::map<std::pair<std::string, std::string>, std::vector<PolicyRun>> runs_;
};

// Cancelled when stopped before the end, after adding a table
// <study>.finished_runs with a line for each run that ended; otherwise the
// error of the first run that failed, by index. CHECKs that names and keys are
// unique.
absl::StatusOr<GridRuns> RunGrid(Experiment& experiment,
                                 absl::string_view study,
                                 const std::vector<GridRun>& runs);

// value(run) for each seed.
template <typename Value>
std::vector<double> PerSeed(const std::vector<PolicyRun>& runs, Value value) {
  std::vector<double> values;
  values.reserve(runs.size());
  for (const PolicyRun& run : runs) values.push_back(value(run));
  return values;
}

// Means per round over the rounds (first, last] of each seed's run.
std::vector<double> MeanRoundSeconds(const std::vector<PolicyRun>& runs,
                                     int64_t first = 0, int64_t last = -1);
std::vector<double> MeanWorkerSeconds(const std::vector<PolicyRun>& runs,
                                      int64_t first = 0, int64_t last = -1);
std::vector<double> ExploringRounds(const std::vector<PolicyRun>& runs);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_POLICY_GRID_H_
