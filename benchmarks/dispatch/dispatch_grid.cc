#include "muster/benchmarks/dispatch/dispatch_grid.h"

#include <algorithm>
#include <mutex>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/benchmarks/dispatch/shard_training.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

// The data of the two seeds that runs asked for last: tasks are started seed by
// seed, so no more are in use.
class SeedData {
 public:
  explicit SeedData(const DispatchGrid* grid) : grid_(grid) {}

  absl::StatusOr<SharedDataset> Get(uint64_t seed) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (last_.seed != seed || last_.data == nullptr) {
      std::swap(last_, before_);
    }
    if (last_.seed != seed || last_.data == nullptr) {
      last_ = {.seed = seed};
      // One thread: under a lock no thread may pick up another task.
      MUSTER_ASSIGN_OR_RETURN(last_.data, grid_->data(seed, {.threads = 1}));
    }
    return last_.data;
  }

 private:
  struct Kept {
    uint64_t seed = 0;
    SharedDataset data = nullptr;
  };
  const DispatchGrid* const grid_;
  std::mutex mutex_;
  Kept last_;
  Kept before_;
};

size_t MethodIndex(const DispatchGrid& grid, absl::string_view key) {
  const auto found =
      std::find_if(grid.methods.begin(), grid.methods.end(),
                   [key](const DispatchMethod& m) { return m.key == key; });
  MUSTER_CHECK(found != grid.methods.end()) << "no method " << key;
  return static_cast<size_t>(found - grid.methods.begin());
}

double Mean(const std::vector<double>& values) {
  return MeanInterval(values).mean;
}

double Megabytes(const DispatchOutcome& outcome) {
  return 1e-6 * static_cast<double>(outcome.fit.bytes + outcome.dispatch.bytes +
                                    outcome.test.bytes);
}

// What a grid that was cut short has: a line for each run that ended.
Table FinishedRuns(const DispatchGrid& grid, const CommonFlags& flags,
                   const TaskResults<DispatchOutcome>& results) {
  Table table(grid.name + ".finished_runs",
              {"seed", "method", "k", "accuracy", "smallest load",
               "largest load", "top half holds", "MB moved", "fit [virtual s]",
               "dispatch [virtual s]", "train [virtual s]", "test [virtual s]"},
              absl::StrCat(grid.name, ": the runs that ended, of ",
                           results.results.size(), " that there are"));
  auto next = results.results.begin();
  for (int64_t s = 0; s < flags.seeds; ++s) {
    for (const DispatchMethod& method : grid.methods) {
      for (const int64_t k : grid.groups) {
        const std::optional<DispatchOutcome>& result = *next++;
        if (!result.has_value()) continue;
        const DispatchOutcome& run = *result;
        table.AddRow({flags.seed + static_cast<uint64_t>(s), method.label, k,
                      run.accuracy, run.load.smallest, run.load.largest,
                      run.load.top_half_share, Megabytes(run),
                      run.fit.virtual_seconds, run.dispatch.virtual_seconds,
                      run.train.virtual_seconds, run.test.virtual_seconds});
      }
    }
  }
  return table;
}

// Seconds measured by phase: a line a method, summed over k and seeds.
Table TimingTable(const DispatchGridResults& results) {
  const DispatchGrid& grid = results.grid();
  Table table(grid.name + "_seconds",
              {"method", "fit [s]", "dispatch [s]", "train [s]", "test [s]",
               "ns / fit multiply-add", "ns / route multiply-add",
               "ns / train multiply-add", "ns / answer multiply-add"},
              grid.name + ": measured seconds, summed over k and seeds");
  for (const DispatchMethod& method : grid.methods) {
    PhaseReport fit, dispatch, train, test;
    const auto add = [](const PhaseReport& report, PhaseReport* sum) {
      sum->wall_seconds += report.wall_seconds;
      sum->multiply_adds += report.multiply_adds;
    };
    for (const int64_t k : grid.groups) {
      for (int64_t s = 0; s < results.seeds(); ++s) {
        const DispatchOutcome& outcome = results.Outcome(method.key, k, s);
        add(outcome.fit, &fit);
        add(outcome.dispatch, &dispatch);
        add(outcome.train, &train);
        add(outcome.test, &test);
      }
    }
    const auto rate = [](const PhaseReport& report) {
      return 1e9 * report.wall_seconds / std::max(1.0, report.multiply_adds);
    };
    table.AddRow({method.label, fit.wall_seconds, dispatch.wall_seconds,
                  train.wall_seconds, test.wall_seconds, rate(fit),
                  rate(dispatch), rate(train), rate(test)});
  }
  return table;
}

}  // namespace

const DispatchOutcome& DispatchGridResults::Outcome(absl::string_view method,
                                                    int64_t groups,
                                                    int64_t seed) const {
  const auto found =
      std::find(grid_.groups.begin(), grid_.groups.end(), groups);
  MUSTER_CHECK(found != grid_.groups.end()) << "no run at k = " << groups;
  const auto g = found - grid_.groups.begin();
  const auto m = static_cast<int64_t>(MethodIndex(grid_, method));
  const auto num_groups = static_cast<int64_t>(grid_.groups.size());
  const auto num_methods = static_cast<int64_t>(grid_.methods.size());
  return results_[(seed * num_methods + m) * num_groups + g];
}

std::vector<double> DispatchGridResults::Values(
    absl::string_view method, int64_t groups,
    const std::function<double(const DispatchOutcome&)>& value) const {
  std::vector<double> values;
  for (int64_t s = 0; s < seeds_; ++s) {
    values.push_back(value(Outcome(method, groups, s)));
  }
  return values;
}

std::vector<double> DispatchGridResults::Accuracies(absl::string_view method,
                                                    int64_t groups) const {
  return Values(method, groups,
                [](const DispatchOutcome& o) { return o.accuracy; });
}

std::vector<Series> DispatchGridResults::AccuracyCurves(bool exclude) const {
  std::vector<Series> curves;
  for (const DispatchMethod& method : grid_.methods) {
    Series curve{.label = method.label, .key = method.label};
    for (const int64_t k : grid_.groups) {
      bool left_out = false;
      for (int64_t s = 0; s < seeds_; ++s) {
        left_out |= exclude && Outcome(method.key, k, s).load.excluded();
      }
      if (left_out) continue;
      const Interval interval = MeanInterval(Accuracies(method.key, k));
      curve.x.push_back(static_cast<double>(k));
      curve.y.push_back(interval.mean);
      curve.low.push_back(interval.low);
      curve.high.push_back(interval.high);
    }
    if (!curve.x.empty()) curves.push_back(std::move(curve));
  }
  return curves;
}

absl::StatusOr<DispatchGridResults> RunDispatchGrid(Experiment& experiment,
                                                    DispatchGrid grid) {
  const CommonFlags& flags = experiment.flags();
  SeedData data(&grid);
  std::vector<Task<DispatchOutcome>> tasks;
  for (int64_t s = 0; s < flags.seeds; ++s) {
    for (const DispatchMethod& method : grid.methods) {
      for (const int64_t k : grid.groups) {
        DispatchRunOptions options = grid.run;
        options.method = method;
        options.num_groups = k;
        options.seed = flags.seed + static_cast<uint64_t>(s);
        tasks.push_back({.name = absl::StrCat(method.key, ".k", k, ".seed", s),
                         .work = 1,
                         .run = [options, &data](TaskContext& context)
                             -> absl::StatusOr<DispatchOutcome> {
                           MUSTER_ASSIGN_OR_RETURN(const SharedDataset shared,
                                                   data.Get(options.seed));
                           return RunDispatch(*shared, options,
                                              context.runtime());
                         }});
      }
    }
  }
  MUSTER_ASSIGN_OR_RETURN(TaskResults<DispatchOutcome> results,
                          RunTasks(experiment, grid.name, tasks));
  if (!results.complete()) {
    experiment.AddTable(FinishedRuns(grid, flags, results));
  }
  const int64_t seeds = flags.seeds;
  return DispatchGridResults(std::move(grid), seeds, std::move(results));
}

void AddGridTables(Experiment& experiment, const DispatchGridResults& results,
                   const std::string& title) {
  const DispatchGrid& grid = results.grid();
  Table table(grid.name,
              {"method", "k", "accuracy", "low", "high", "smallest load",
               "largest load", "top half holds", "MB moved", "fit [virtual s]",
               "dispatch [virtual s]", "train [virtual s]", "test [virtual s]"},
              title);
  for (const DispatchMethod& method : grid.methods) {
    for (const int64_t k : grid.groups) {
      const auto mean = [&](auto value) {
        return Mean(results.Values(method.key, k, value));
      };
      using Outcome = DispatchOutcome;
      const Interval accuracy = MeanInterval(results.Accuracies(method.key, k));
      table.AddRow(
          {method.label, k, accuracy.mean, accuracy.low, accuracy.high,
           mean([](const Outcome& o) { return o.load.smallest; }),
           mean([](const Outcome& o) { return o.load.largest; }),
           mean([](const Outcome& o) { return o.load.top_half_share; }),
           mean(Megabytes),
           mean([](const Outcome& o) { return o.fit.virtual_seconds; }),
           mean([](const Outcome& o) { return o.dispatch.virtual_seconds; }),
           mean([](const Outcome& o) { return o.train.virtual_seconds; }),
           mean([](const Outcome& o) { return o.test.virtual_seconds; })});
    }
  }
  experiment.AddTable(std::move(table));
  experiment.AddTimings(TimingTable(results));
}

}  // namespace muster::benchmarks
