// Beyond the paper: what copies are worth.
//
// Dick et al., "Data driven resource allocation for distributed learning",
// AISTATS 2017, put each point into p distinct groups so that workers may fail,
// and never measure it. Here the synthetic data (200 Gaussians, 30 classes) are
// split into 16 groups on 16 virtual workers by balanced k-means and prices,
// and a query goes to the first of its groups that lives; one that finds none
// counts as wrong.
//
// 1. p = 1, 2, 3: accuracy against workers lost after training. Any p - 1 may
//    be lost and every query is still answered: exact.
// 2. The same with two workers that crash halfway through training.
// 3. Selective replication: at equal storage, copies only for points near a
//    border (dispatch/selective_replication.h) against p copies of all. Queries
//    have three groups to ask here, whatever is stored.
//
// Scoring: mean over seeds, paired by seed; the workers lost are drawn by the
// seed, the same for all, each set within the next.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/benchmarks/dispatch/drawn_intervals.h"
#include "muster/benchmarks/dispatch/replication_runs.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace {

namespace mb = muster::benchmarks;
namespace mr = muster::runtime;

constexpr int64_t kMaxCopies = 3;
using mb::LossCurve;
using mb::Storage;

std::vector<Storage> Fixed() {
  return {{"p1", "one copy", 1},
          {"p2", "2 copies of all", 2},
          {"p3", "3 copies of all", 3}};
}

std::vector<Storage> Selections() {
  return {{"all1", "one copy", 1},
          {"border1.25", "1.25 copies, borders", 1.25, true},
          {"border1.5", "1.5 copies, borders", 1.5, true},
          {"border2", "2 copies, borders", 2, true},
          {"all2", "2 copies of all", 2},
          {"border2.5", "2.5 copies, borders", 2.5, true},
          {"all3", "3 copies of all", 3}};
}

using Results = mb::TaskResults<LossCurve>;
using Runner = absl::StatusOr<LossCurve> (*)(const mb::CommonFlags&,
                                             const Storage&, uint64_t,
                                             const mr::Runtime&);

absl::StatusOr<Results> RunAll(mb::Experiment& experiment, const char* study,
                               const std::vector<Storage>& storages,
                               Runner run) {
  std::vector<mb::Task<LossCurve>> tasks;
  for (const Storage& storage : storages) {
    for (int64_t s = 0; s < experiment.flags().seeds; ++s) {
      const uint64_t seed = experiment.flags().seed + static_cast<uint64_t>(s);
      tasks.push_back(
          {.name = absl::StrCat(storage.key, ".seed", s),
           .work = storage.copies,
           .run = [&experiment, storage, seed, run](mb::TaskContext& context) {
             return run(experiment.flags(), storage, seed, context.runtime());
           }});
    }
  }
  return mb::RunTasks(experiment, study, tasks);
}

// One value a seed of a storage.
template <typename Value>
std::vector<double> Values(const Results& results, int64_t storage,
                           int64_t seeds, Value&& value) {
  std::vector<double> values;
  for (int64_t s = 0; s < seeds; ++s) {
    values.push_back(value(results[storage * seeds + s]));
  }
  return values;
}

size_t LostIndex(int32_t lost) {
  const auto found =
      std::find(mb::LostWorkers().begin(), mb::LostWorkers().end(), lost);
  MUSTER_CHECK(found != mb::LostWorkers().end());
  return static_cast<size_t>(found - mb::LostWorkers().begin());
}

std::vector<double> AccuracyAt(const Results& results, int64_t storage,
                               int64_t seeds, int32_t lost) {
  return Values(results, storage, seeds,
                [i = LostIndex(lost)](const auto& c) { return c.accuracy[i]; });
}

mb::Panel Draw(const std::string& title, const std::vector<Storage>& storages,
               const Results& results, int64_t seeds) {
  mb::Panel panel{.title = title,
                  .x = {.label = "workers lost of 16"},
                  .y = {.label = "accuracy on the test set"}};
  for (size_t i = 0; i < storages.size(); ++i) {
    mb::Series series{.label = storages[i].label};
    for (const int32_t lost : mb::LostWorkers()) {
      const mb::Interval interval = mb::MeanInterval(
          AccuracyAt(results, static_cast<int64_t>(i), seeds, lost));
      series.x.push_back(lost);
      series.y.push_back(interval.mean);
      series.low.push_back(interval.low);
      series.high.push_back(interval.high);
    }
    panel.series.push_back(std::move(series));
  }
  mb::ClipIntervals(mb::kShares, &panel);
  return panel;
}

mb::Table MakeTable(const std::string& name, const std::string& title,
                    const std::vector<Storage>& storages,
                    const Results& results, int64_t seeds, bool crashes) {
  std::vector<std::string> columns = {"storage", "copies", "largest load"};
  for (const int32_t lost : mb::LostWorkers()) {
    columns.push_back(absl::StrCat("accuracy, ", lost, " lost"));
  }
  columns.push_back("answered, 8 lost");
  if (crashes) {
    columns.push_back("accuracy, 2 crash");
    columns.push_back("answered, 2 crash");
  }
  mb::Table table(name, columns, title);
  for (size_t i = 0; i < storages.size(); ++i) {
    const auto mean = [&](auto value) {
      return mb::MeanInterval(
                 Values(results, static_cast<int64_t>(i), seeds, value))
          .mean;
    };
    std::vector<mb::Cell> row = {
        storages[i].label, mean([](const auto& c) { return c.copies; }),
        mean([](const auto& c) { return c.largest_load; })};
    for (size_t l = 0; l < mb::LostWorkers().size(); ++l) {
      row.emplace_back(mean([l](const auto& c) { return c.accuracy[l]; }));
    }
    row.emplace_back(mean([](const auto& c) { return c.answered.back(); }));
    if (crashes) {
      row.emplace_back(mean([](const auto& c) { return c.crash_accuracy; }));
      row.emplace_back(mean([](const auto& c) { return c.crash_answered; }));
    }
    table.AddRow(std::move(row));
  }
  return table;
}

void JudgeFixed(mb::Claims& claims, const Results& results, int64_t seeds) {
  for (int64_t p = 2; p <= kMaxCopies; ++p) {
    const auto lost = static_cast<int32_t>(p - 1);
    claims.JudgeExact({absl::StrCat("answered.p", p), "section 2",
                       absl::StrCat("p = ", p, ": with ", lost,
                                    " workers lost every query is answered")},
                      1, Values(results, p - 1, seeds, [lost](const auto& c) {
                        return c.answered[LostIndex(lost)];
                      }));
  }
  for (const int32_t lost : {2, 4}) {
    claims.JudgeLess({absl::StrCat("p1_p2.lost", lost), "ours",
                      absl::StrCat(lost,
                                   " of 16 workers lost: p = 1 is below "
                                   "p = 2")},
                     AccuracyAt(results, 0, seeds, lost),
                     AccuracyAt(results, 1, seeds, lost));
  }
  claims.JudgeLess(
      {"p2_p3.lost8", "ours", "8 of 16 workers lost: p = 2 is below p = 3"},
      AccuracyAt(results, 1, seeds, 8), AccuracyAt(results, 2, seeds, 8));
  const auto crash = [](const auto& c) { return c.crash_accuracy; };
  claims.JudgeLess({"p1_p2.crash", "ours",
                    "two workers crash halfway through training: p = 1 is "
                    "below p = 2"},
                   Values(results, 0, seeds, crash),
                   Values(results, 1, seeds, crash));
  claims.JudgeExact(
      {"answered.crash.p3", "section 2",
       "p = 3: two workers crash in training and every query is answered"},
      1, Values(results, 2, seeds, [](const auto& c) {
        return c.crash_answered;
      }));
}

// Index of a storage by its key.
int64_t IndexOf(const std::vector<Storage>& storages, absl::string_view key) {
  for (size_t i = 0; i < storages.size(); ++i) {
    if (storages[i].key == key) return static_cast<int64_t>(i);
  }
  MUSTER_CHECK(false) << "no storage " << key;
  return -1;
}

void JudgeSelections(mb::Claims& claims, const Results& results,
                     int64_t seeds) {
  const std::vector<Storage> storages = Selections();
  const auto at = [&](absl::string_view key, int32_t lost) {
    return AccuracyAt(results, IndexOf(storages, key), seeds, lost);
  };
  claims.JudgeLess({"all2_border2.lost0", "brief 6.2",
                    "2 copies a point, nothing lost: copies of all are below "
                    "copies at borders"},
                   at("all2", 0), at("border2", 0));
  claims.JudgeLess({"border2_all2.lost4", "ours",
                    "2 copies a point, 4 workers lost: copies at borders are "
                    "below copies of all"},
                   at("border2", 4), at("all2", 4));
  claims.JudgeLess({"all1_border1.5.lost4", "ours",
                    "4 workers lost: one copy is below 1.5 copies at borders"},
                   at("all1", 4), at("border1.5", 4));
  claims.JudgeBetween(
      {"storage.border2", "ours",
       "a budget of 2 copies, set on the sample, holds on the stream within "
       "5 %"},
      Values(results, IndexOf(storages, "border2"), seeds,
             [](const auto& c) { return c.copies; }),
      1.9, 2.1);
}

absl::Status Run(mb::Experiment& experiment) {
  MUSTER_ASSIGN_OR_RETURN(const Results fixed,
                          RunAll(experiment, "fixed", Fixed(), mb::RunFixed));
  MUSTER_ASSIGN_OR_RETURN(
      const Results selections,
      RunAll(experiment, "selective", Selections(), mb::RunSelection));
  if (!fixed.complete() || !selections.complete()) return absl::OkStatus();
  const int64_t seeds = experiment.flags().seeds;
  experiment.AddTable(MakeTable("fixed", "p copies of every point", Fixed(),
                                fixed, seeds, /*crashes=*/true));
  experiment.AddTable(MakeTable("selective",
                                "Copies of all points or at borders; three "
                                "groups to ask",
                                Selections(), selections, seeds, false));
  JudgeFixed(experiment.claims(), fixed, seeds);
  JudgeSelections(experiment.claims(), selections, seeds);
  experiment.AddFigure(
      {.name = "replication",
       .title = "Accuracy as workers are lost",
       .caption = "Means over seeds with 95 % intervals; 16 groups on 16 "
                  "workers, a query that finds no group counts as wrong.",
       .columns = 2,
       .panels = {Draw("p copies of every point", Fixed(), fixed, seeds),
                  Draw("copies at borders, three groups to ask", Selections(),
                       selections, seeds)}});
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return mb::RunExperiment(
      argc, argv,
      {.name = "replication",
       .title = "what copies of points are worth",
       .source = "Muster; Dick et al. (AISTATS 2017), section 2",
       .claims = "with p - 1 workers lost every query is answered\n"
                 "accuracy falls more slowly with more copies\n"
                 "copies at borders against copies of all, at equal storage",
       .examples = "./bazelw run //benchmarks/dispatch:replication -- --quick",
       .default_seeds = 5,
       .quick_seeds = 5,
       .full_seeds = 10},
      Run);
}
