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
// The memory W of window and discount (1 - 1/W) weighs what a memory costs: all
// workers must be explored anew every W rounds, which takes C = sum_i L Q mu_i
// seconds (allocation/confidence.h), against W rounds of about twice the
// optimal time l after each of c changes: C K / W + W c l is least at W =
// sqrt(C K / (c l)). Scoring: mean runtime per round after the change (or over
// the run) and rounds to recover, plain against remedy, on the same durations.

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/study.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/policy_grid.h"
#include "muster/benchmarks/ata/policy_run.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/cluster_spec.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/trace_file.h"
#include "muster/runtime/worker_spec.h"

namespace {

namespace ma = muster::allocation;
namespace mb = muster::benchmarks;
namespace mr = muster::runtime;

constexpr int32_t kWorkers = 10;
constexpr double kTypicalRoundSeconds = 425;     // OFTA's on this law
constexpr int kWindows = 100;                    // of the curves
constexpr char kPlain[] = "ata_empirical_text";  // the policies' keys
constexpr char kOracleAfter[] = "oracle_after";
constexpr char kTrace[] = "traces/alibaba-pai-minibatch/job_3_norm.csv.gz";

struct Scenario {
  std::string key;
  std::string title;
  mr::ClusterSpec cluster = {};
  int64_t budget = mb::kPaperBudget;
  int64_t rounds = 0;
  double changes = 1;  // expected in a run, for the remedies' memory
  // Who is claimed to beat plain ATA-Empirical, by policy key.
  std::vector<std::string> remedies = {};
  double change_seconds = -1;  // of a single change; < 0: none
  // Means after the single change, for the oracle that knows them.
  int32_t changed_worker = -1;
  double changed_factor = 1;
};

// Scenarios on the square-root law.
absl::StatusOr<std::vector<Scenario>> Scenarios(int64_t rounds) {
  const double half = kTypicalRoundSeconds * static_cast<double>(rounds) / 2;
  // Mean stay of a fifth of the run in either state.
  const double stay = half / 2.5;
  std::vector<Scenario> scenarios = {
      {.key = "becomes_fast",
       .title = "the slowest worker becomes the fastest",
       .remedies = {"window", "discount", "change_detection"},
       .change_seconds = half,
       .changed_worker = 9,
       .changed_factor = 0.05},
      {.key = "becomes_slow",
       .title = "the fastest worker becomes 20 times slower",
       .remedies = {"window", "discount", "change_detection"},
       .change_seconds = half,
       .changed_worker = 0,
       .changed_factor = 20},
      {.key = "two_state",
       .title = "the three fastest switch between full and 1/8 speed",
       .changes = 3 * 5,
       .remedies = {"window", "discount", "change_detection"}},
      {.key = "crash_return",
       .title = "the two fastest workers crash and return",
       .changes = 2 * 5},
  };
  const std::string modifiers[] = {
      absl::StrFormat("step(at=%g, factor=0.05) @10", half),
      absl::StrFormat("step(at=%g, factor=20) @1", half),
      absl::StrFormat("markov(slow=8, up=%g, down=%g) @1..3", stay, stay),
      absl::StrFormat("crash(up=%g, down=%g) @1..2", stay, stay / 2)};
  for (size_t i = 0; i < scenarios.size(); ++i) {
    scenarios[i].rounds = rounds;
    MUSTER_ASSIGN_OR_RETURN(
        scenarios[i].cluster,
        mr::ParseClusterSpec(absl::StrFormat("preset:ata_sqrt(n=%d) | %s",
                                             kWorkers, modifiers[i])));
  }
  return scenarios;
}

// The recorded job, every iteration stretched over `rounds_per_iteration`
// rounds so that the run is long enough to learn in.
absl::StatusOr<Scenario> Stragglers(const std::string& path,
                                    int64_t rounds_per_iteration) {
  constexpr double kTasksPerMiniBatch = 23;
  constexpr double kSecondsPerUnit = 1e-3;  // the slowest mini-batch: a second
  MUSTER_ASSIGN_OR_RETURN(mr::MiniBatchTrace trace,
                          mr::ReadMiniBatchTrace(path));
  Scenario scenario{.key = "stragglers",
                    .title = "recorded stragglers (Alibaba, job 3)"};
  const auto num_workers = static_cast<int64_t>(trace.workers.size());
  scenario.budget = num_workers * 23;
  scenario.rounds = trace.num_iterations * rounds_per_iteration;
  // Four workers slow down once.
  scenario.changes = 4;
  scenario.remedies = {"window", "discount"};
  double sum = 0;
  int64_t count = 0;
  for (const mr::RecordedWorker& worker : trace.workers) {
    for (double value : worker.values) sum += value;
    count += static_cast<int64_t>(worker.values.size());
  }
  // Of a round with 23 tasks for each worker.
  const double round_seconds =
      kSecondsPerUnit * sum / static_cast<double>(count);
  for (const mr::RecordedWorker& worker : trace.workers) {
    mr::WorkerSpec spec;
    spec.law = mr::SpeedLaw::Constant(kSecondsPerUnit * worker.values[0] /
                                      kTasksPerMiniBatch);
    for (size_t k = 1; k < worker.values.size(); ++k) {
      spec.modifiers.push_back(
          mr::SpeedModifier::Step(round_seconds * static_cast<double>(k) *
                                      static_cast<double>(rounds_per_iteration),
                                  worker.values[k] / worker.values[k - 1]));
    }
    scenario.cluster.workers.push_back(std::move(spec));
  }
  return scenario;
}

// W of the head comment.
double MemoryRounds(const Scenario& scenario, const mb::Workers& workers) {
  const auto text = ma::kPaperText;
  const double root = ma::ExitRoot(1 / (text.width_constant * text.eta));
  double cost = 0;
  for (double mean : workers.means) {
    cost += ma::LogTerm(scenario.rounds) / (root * root) * mean;
  }
  const double loss = FindProxyOptimum(workers, scenario.budget).loss;
  return std::max(10.0, std::sqrt(cost * static_cast<double>(scenario.rounds) /
                                  (scenario.changes * loss)));
}

std::vector<mb::Policy> Policies(const Scenario& scenario,
                                 const mb::Workers& workers) {
  const double window = MemoryRounds(scenario, workers);
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
      {"change_detection", "change detection", "change_detection_ata"},
  };
}

// One scenario with its runs.
struct Study {
  Scenario scenario;
  std::vector<mb::Policy> policies = {};
  mb::Workers workers = {};
  mb::Workers workers_after = {};  // what the oracle of the new means believes
  const mb::GridRuns* runs = nullptr;  // once it has run

  bool has_oracle() const { return scenario.changed_worker >= 0; }
  const std::vector<mb::PolicyRun>& Runs(absl::string_view policy_key) const {
    return runs->at(scenario.key, policy_key);
  }
};

Study Prepare(Scenario scenario) {
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
  const Scenario& scenario = study.scenario;
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
int64_t RoundOfChange(const mb::PolicyRun& run, const Scenario& scenario) {
  if (scenario.change_seconds < 0) return 0;
  for (const ma::StudyPoint& point : run.points) {
    if (point.runtime_seconds >= scenario.change_seconds) return point.round;
  }
  return run.points[run.points.size() / 2].round;
}

// Mean seconds per round from the change to the end, by seed.
std::vector<double> SecondsAfter(const Study& study,
                                 absl::string_view policy_key) {
  return mb::PerSeed(study.Runs(policy_key), [&](const mb::PolicyRun& run) {
    return run.MeanRoundSeconds(RoundOfChange(run, study.scenario));
  });
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
  for (const std::string& remedy : study.scenario.remedies) {
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
  const std::vector<double> plain = SecondsAfter(study, kPlain);
  for (const std::string& remedy : study.scenario.remedies) {
    const mb::Policy& policy = mb::FindPolicy(study.policies, remedy);
    claims->JudgeLess(
        {.id = absl::StrCat(study.scenario.key, ".runtime.", remedy),
         .source = "Muster",
         .statement =
             absl::StrCat(study.scenario.title, ": runtime of ", policy.label,
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
                  .y = {.label = "round time, mean of a window",
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
  MUSTER_ASSIGN_OR_RETURN(std::vector<Scenario> scenarios, Scenarios(rounds));
  const absl::StatusOr<std::string> trace = experiment.DataFile(kTrace);
  if (trace.ok()) {
    MUSTER_ASSIGN_OR_RETURN(
        scenarios.emplace_back(),
        Stragglers(*trace, experiment.flags().ByEffort<int64_t>(4, 40, 200)));
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
  for (Scenario& scenario : scenarios) {
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
       .claims = "plain ATA stays wrong for long after a change\n"
                 "window, discount and change detection recover sooner",
       .default_seeds = 3,
       .quick_seeds = 3,
       .full_seeds = 5},
      Run);
}
