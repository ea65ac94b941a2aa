#ifndef MUSTER_BENCHMARKS_DISPATCH_DISPATCH_GRID_H_
#define MUSTER_BENCHMARKS_DISPATCH_DISPATCH_GRID_H_

// Many dispatched runs at once: every seed x method x number of groups of an
// experiment, in parallel and checkpointed one by one, and what the mains make
// of them: tables, paired values for claims, curves for figures.
//
// The seed of a run decides its data, its sample and its fit, and all methods
// of one seed see the same data and the same sample: comparisons are paired.

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/benchmarks/dispatch/dispatch_run.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/runtime/runtime.h"

namespace muster::benchmarks {

struct DispatchGrid {
  std::string name = {};  // of the study: unique in the experiment
  // The data of a seed. Called when its first run starts (again if the runs of
  // three seeds are in progress at once), with one thread.
  std::function<absl::StatusOr<SharedDataset>(uint64_t seed,
                                              const runtime::Runtime&)>
      data = nullptr;
  std::vector<DispatchMethod> methods = {};
  std::vector<int64_t> groups = {};  // k
  // What all runs share; method, num_groups and seed are filled in.
  DispatchRunOptions run = {};
};

class DispatchGridResults {
 public:
  DispatchGridResults(DispatchGrid grid, int64_t seeds,
                      TaskResults<DispatchOutcome> results)
      : grid_(std::move(grid)), seeds_(seeds), results_(std::move(results)) {}

  bool complete() const { return results_.complete(); }
  const DispatchGrid& grid() const { return grid_; }
  int64_t seeds() const { return seeds_; }

  // The run of a seed (from 0) with the method of that key (CHECKed) at k
  // groups (CHECKed).
  const DispatchOutcome& Outcome(absl::string_view method, int64_t groups,
                                 int64_t seed) const;
  // One value a seed.
  std::vector<double> Values(
      absl::string_view method, int64_t groups,
      const std::function<double(const DispatchOutcome&)>& value) const;
  std::vector<double> Accuracies(absl::string_view method,
                                 int64_t groups) const;

  // Accuracy over k with its interval, one series a method; methods whose runs
  // the paper would leave out (LoadReport::excluded) at some k are cut there
  // if `exclude`.
  std::vector<Series> AccuracyCurves(bool exclude) const;

 private:
  DispatchGrid grid_;
  int64_t seeds_;
  TaskResults<DispatchOutcome> results_;
};

// Runs all, seed by seed. Tasks of one seed share its data; no more than the
// data of two seeds are kept, and of those that a thread still runs on.
// Stopped before the end, the results are not complete(), and the
// experiment has a table <name>.finished_runs with a line for each run that
// ended.
absl::StatusOr<DispatchGridResults> RunDispatchGrid(Experiment& experiment,
                                                    DispatchGrid grid);

// The table <name>: a line per method and k with means over the seeds:
// accuracy, its interval, loads, bytes, virtual seconds by phase. And the
// measured seconds by phase and method as a timing table.
void AddGridTables(Experiment& experiment, const DispatchGridResults& results,
                   const std::string& title);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_DISPATCH_GRID_H_
