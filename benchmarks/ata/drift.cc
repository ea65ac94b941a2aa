// Beyond the paper: workers whose speed changes.
//
// The paper assumes that durations never drift. A worker that is idle because
// it was slow is tried again only when ln(2 k^2) has grown enough, that is
// after a time proportional to all the time before; a worker that was fast has
// so many old samples that its mean takes as long to rise. So plain ATA stays
// wrong for long after a change, the longer the later it comes. Sliding window,
// discount and change detection (with forced probes) forget.
//
// Scenarios, on ten workers of the square-root law: an idle worker becomes the
// fastest; the fastest becomes slow; the three fastest switch between two
// states; the two fastest crash and return; and a recorded job in whose last
// fifth four of ten workers become stragglers (Alibaba, job 3: each worker's
// speed follows its recorded mini-batch times, a task is 1/23 of a mini-batch).
//
// Scoring: mean runtime per round after the change (or over the run) and rounds
// to recover, plain against remedy, on the same durations.
//
// Where theory promises no gain, the claim is what a remedy may cost (see
// CostBound). A worker that crashes and returns has the law that it had: there
// is nothing to forget. And change detection gains evidence only from tasks of
// more than 2 ln 2 = 1.39 times (or less than ln 2 = 0.69 times) the mean so
// far; the recorded stragglers take 1.15 to 1.21 times as long, single
// iterations up to 1.43 times.

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/allocation/study.h"
#include "muster/benchmarks/ata/drift_scenarios.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/policy_grid.h"
#include "muster/benchmarks/ata/policy_run.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/status_macros.h"

namespace {

namespace ma = muster::allocation;
namespace mb = muster::benchmarks;

constexpr int kWindows = 100;                    // of the curves
constexpr char kPlain[] = "ata_empirical_text";  // the policies' keys
constexpr char kOracleAfter[] = "oracle_after";
constexpr char kTrace[] = "traces/alibaba-pai-minibatch/job_3_norm.csv.gz";

std::vector<mb::Policy> Policies(const mb::DriftScenario& scenario,
                                 const mb::Workers& workers) {
  const double window = mb::MemoryRounds(scenario, workers);
  const double discount = 1 - 1 / window;
  return {
      mb::UniformPolicy(),
      mb::Ata(mb::Preset::kText),
      mb::AtaEmpirical(mb::Preset::kText),
      {"window", "sliding window", "sliding_window_ata", false,
       [window](ma::AllocatorOptions* options) {
         options->window = static_cast<int64_t>(window);
       }},
      {"discount", "discounted", "discounted_ata", false,
       [discount](ma::AllocatorOptions* options) {
         options->discount = discount;
       }},
      {mb::kChangeDetection, "change detection", "change_detection_ata"},
  };
}

// One scenario with its runs.
struct Study {
  mb::DriftScenario scenario;
  std::vector<mb::Policy> policies = {};
  mb::Workers workers = {};
  mb::Workers workers_after = {};  // what the oracle of the new means believes
  const mb::GridRuns* runs = nullptr;  // once it has run

  bool has_oracle() const { return scenario.changed_worker >= 0; }
  const std::vector<mb::PolicyRun>& Runs(absl::string_view policy_key) const {
    return runs->at(scenario.key, policy_key);
  }
};

Study Prepare(mb::DriftScenario scenario) {
  Study study{.scenario = std::move(scenario)};
  study.workers = mb::WorkersOf(study.scenario.cluster);
  study.policies = Policies(study.scenario, study.workers);
  study.workers_after = study.workers;
  if (study.has_oracle()) {
    const int32_t changed = study.scenario.changed_worker;
    const double factor = study.scenario.changed_factor;
    study.workers_after.means[changed] *= factor;
    study.workers_after.deviations[changed] *= factor;
    mb::Policy oracle = mb::OracleFixed();
    oracle.key = kOracleAfter;
    oracle.label = "OFTA with the new means";
    study.policies.push_back(std::move(oracle));
  }
  return study;
}

void AddRuns(const Study& study, std::vector<mb::GridRun>* grid) {
  const mb::DriftScenario& scenario = study.scenario;
  for (const mb::Policy& policy : study.policies) {
    const bool after = policy.key == kOracleAfter;
    grid->push_back({.name = scenario.key,
                     .workers = after ? &study.workers_after : &study.workers,
                     .cluster = &scenario.cluster,
                     .options = {.policy = policy,
                                 .budget = scenario.budget,
                                 .rounds = scenario.rounds,
                                 .record_rounds = ma::RecordGrid(
                                     scenario.rounds, 0, 5 * kWindows)}});
  }
}

// The first recorded round at or after the change (0 without one).
int64_t RoundOfChange(const mb::PolicyRun& run,
                      const mb::DriftScenario& scenario) {
  if (scenario.change_seconds < 0) return 0;
  for (const ma::StudyPoint& point : run.points) {
    if (point.runtime_seconds >= scenario.change_seconds) return point.round;
  }
  return run.points[run.points.size() / 2].round;
}

// Mean seconds per round from the change to the end, by seed; of a recording
// their mean alone, as seeds do not repeat what was recorded.
std::vector<double> SecondsAfter(const Study& study,
                                 absl::string_view policy_key) {
  std::vector<double> seconds =
      mb::PerSeed(study.Runs(policy_key), [&](const mb::PolicyRun& run) {
        return run.MeanRoundSeconds(RoundOfChange(run, study.scenario));
      });
  if (study.scenario.recorded) seconds = {mb::MeanInterval(seconds).mean};
  return seconds;
}

std::vector<double> WorkerSecondsAfter(const Study& study,
                                       absl::string_view policy_key) {
  return mb::PerSeed(study.Runs(policy_key), [&](const mb::PolicyRun& run) {
    return run.MeanWorkerSeconds(RoundOfChange(run, study.scenario));
  });
}

// Rounds after the change until a window's mean round time is within 25 % of
// `target`; the rest of the run if it never is.
std::vector<double> RecoveryRounds(const Study& study,
                                   absl::string_view policy_key,
                                   double target) {
  return mb::PerSeed(study.Runs(policy_key), [&](const mb::PolicyRun& run) {
    const int64_t change = RoundOfChange(run, study.scenario);
    for (size_t p = 1; p < run.points.size(); ++p) {
      const ma::StudyPoint& a = run.points[p - 1];
      const ma::StudyPoint& b = run.points[p];
      if (a.round < change) continue;
      const double mean = (b.runtime_seconds - a.runtime_seconds) /
                          static_cast<double>(b.round - a.round);
      if (mean <= 1.25 * target) return static_cast<double>(a.round - change);
    }
    return static_cast<double>(run.last().round - change);
  });
}

// Seconds per round of the oracle that knows the new means.
double OracleSecondsAfter(const Study& study) {
  return mb::MeanInterval(SecondsAfter(study, kOracleAfter)).mean;
}

void JudgeRecovery(mb::Claims* claims, const Study& study) {
  const std::string& key = study.scenario.key;
  const double target = OracleSecondsAfter(study);
  const std::vector<double> plain = RecoveryRounds(study, kPlain, target);
  claims->JudgeAtLeast(
      {.id = key + ".failure",
       .source = "Muster",
       .statement = absl::StrCat("plain ATA-Empirical, ", study.scenario.title,
                                 ": rounds until within 25 % of the oracle, "
                                 "at least 2 % of the rounds before")},
      plain, 0.02 * static_cast<double>(study.scenario.rounds) / 2);
  for (const char* remedy : mb::kRemedies) {
    const mb::Policy& policy = mb::FindPolicy(study.policies, remedy);
    claims->JudgeLess(
        {.id = absl::StrCat(key, ".recovery.", remedy),
         .source = "Muster",
         .statement = absl::StrCat(study.scenario.title, ": ", policy.label,
                                   " recovers in fewer rounds than plain "
                                   "ATA-Empirical")},
        RecoveryRounds(study, remedy, target), plain);
  }
}

void JudgeRuntime(mb::Claims* claims, const Study& study) {
  const mb::DriftScenario& scenario = study.scenario;
  const std::vector<double> plain = SecondsAfter(study, kPlain);
  for (const std::string remedy : mb::kRemedies) {
    const mb::Policy& policy = mb::FindPolicy(study.policies, remedy);
    if (std::count(scenario.without_gain.begin(), scenario.without_gain.end(),
                   remedy) > 0) {
      claims->JudgeAtMost(
          {.id = absl::StrCat(scenario.key, ".cost.", remedy),
           .source = "Closed form",
           .statement =
               absl::StrCat(scenario.title, ": runtime of ", policy.label,
                            " / plain ATA-Empirical's; no gain is expected (",
                            scenario.no_gain_reason, "), the cost is bounded")},
          mb::PairedRatios(SecondsAfter(study, remedy), plain),
          1 + mb::CostBound(remedy, scenario, study.workers));
      continue;
    }
    claims->JudgeLess({.id = absl::StrCat(scenario.key, ".runtime.", remedy),
                       .source = "Muster",
                       .statement = absl::StrCat(
                           scenario.title, ": runtime of ", policy.label,
                           " below plain ATA-Empirical's")},
                      SecondsAfter(study, remedy), plain);
  }
}

void AddRows(const Study& study, mb::Table* table) {
  for (const mb::Policy& policy : study.policies) {
    double recovery = std::nan("");
    if (study.has_oracle()) {
      recovery = mb::MeanInterval(RecoveryRounds(study, policy.key,
                                                 OracleSecondsAfter(study)))
                     .mean;
    }
    table->AddRow({study.scenario.key, policy.label,
                   mb::MeanInterval(SecondsAfter(study, policy.key)).mean,
                   mb::MeanInterval(WorkerSecondsAfter(study, policy.key)).mean,
                   recovery});
  }
}

// Round time in windows against the clock, first seed.
mb::Panel Draw(const Study& study) {
  mb::Panel panel{.title = study.scenario.title,
                  .x = {.label = "runtime", .unit = "s"},
                  .y = {.label = "mean round time",
                        .unit = "s",
                        .scale = mb::AxisSpec::Scale::kLog}};
  for (const mb::Policy& policy : study.policies) {
    const std::vector<ma::StudyPoint>& points =
        study.Runs(policy.key)[0].points;
    mb::Series series{.label = policy.label};
    const size_t step = std::max<size_t>(1, points.size() / kWindows);
    for (size_t p = step; p < points.size(); p += step) {
      const ma::StudyPoint& a = points[p - step];
      const ma::StudyPoint& b = points[p];
      series.x.push_back(b.runtime_seconds);
      series.y.push_back((b.runtime_seconds - a.runtime_seconds) /
                         static_cast<double>(b.round - a.round));
    }
    panel.series.push_back(std::move(series));
  }
  if (study.scenario.change_seconds >= 0) {
    panel.references.push_back(
        {.direction = mb::ReferenceLine::Direction::kVertical,
         .value = study.scenario.change_seconds,
         .label = "change"});
  }
  return panel;
}

absl::Status Run(mb::Experiment& experiment) {
  const int64_t rounds =
      experiment.flags().ByEffort<int64_t>(20'000, 400'000, 2'000'000);
  MUSTER_ASSIGN_OR_RETURN(std::vector<mb::DriftScenario> scenarios,
                          mb::LawScenarios(rounds));
  const absl::StatusOr<std::string> trace = experiment.DataFile(kTrace);
  if (trace.ok()) {
    MUSTER_ASSIGN_OR_RETURN(
        scenarios.emplace_back(),
        mb::RecordedStragglers(
            *trace, experiment.flags().ByEffort<int64_t>(4, 40, 200)));
  } else if (trace.status().code() == absl::StatusCode::kNotFound) {
    experiment.claims().Skip(
        {.id = "stragglers",
         .source = "Muster",
         .statement = "recorded stragglers: the remedies beat plain ATA"},
        trace.status().message());
  } else {
    return trace.status();
  }
  std::vector<Study> studies;
  studies.reserve(scenarios.size());
  for (mb::DriftScenario& scenario : scenarios) {
    studies.push_back(Prepare(std::move(scenario)));
  }
  std::vector<mb::GridRun> grid;
  for (const Study& study : studies) AddRuns(study, &grid);
  MUSTER_ASSIGN_OR_RETURN(const mb::GridRuns runs,
                          RunGrid(experiment, "scenarios", grid));

  mb::Table table("drift",
                  {"scenario", "policy", "runtime per round [s]",
                   "worker time per round [s]", "rounds to recover"},
                  absl::StrFormat("after the change, or over the run, of %d "
                                  "rounds",
                                  rounds));
  mb::FigureSpec figure{
      .name = "drift", .title = "Workers whose speed changes", .columns = 2};
  figure.caption =
      "Mean round time in windows of the run, first seed. Plain ATA and "
      "ATA-Empirical never forget; the others do.";
  for (Study& study : studies) {
    study.runs = &runs;
    AddRows(study, &table);
    if (study.has_oracle()) JudgeRecovery(&experiment.claims(), study);
    JudgeRuntime(&experiment.claims(), study);
    if (study.scenario.key == "crash_return") {
      experiment.claims().JudgeLess(
          {.id = "crash_return.learner",
           .source = "Muster",
           .statement = "ATA-Empirical's runtime stays below UTA's while "
                        "workers crash and return"},
          SecondsAfter(study, kPlain), SecondsAfter(study, "uta"));
    }
    figure.panels.push_back(Draw(study));
  }
  experiment.AddTable(std::move(table));
  experiment.AddFigure(std::move(figure));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "drift",
       .title = "Workers whose speed changes",
       .source = "Muster, on the square-root law of ATA (ICML 2025)",
       .claims =
           "plain ATA stays wrong for long after a change\n"
           "window, discount and change detection recover sooner, and cost "
           "little where nothing is to be forgotten",
       .default_seeds = 3,
       .quick_seeds = 3,
       .full_seeds = 5},
      Run);
}
