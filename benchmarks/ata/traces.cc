// Beyond the paper: the policies on recorded machines.
//
// Four public traces: mini-batch times of the ten workers of a training job
// (Alibaba), cloud machines of one kind that differ in speed (Azure VM noise),
// a job on three generations of GPUs (Gavel), LSTM layers on three phones
// (FLASH). B = 23. ATA and ATA-Empirical with the constants of the published
// text, alpha twice the largest mean. Scoring: the paper's two statements, now
// on machines instead of laws: the learners' worker time is below GTA's, their
// runtime below UTA's. With --cluster the same policies on workers of one's
// own, about which nothing is claimed.

#include <algorithm>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gflags/gflags.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/policy_grid.h"
#include "muster/benchmarks/ata/policy_run.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/cluster_spec.h"
#include "muster/runtime/status_macros.h"

DEFINE_string(cluster, "",
              "workers of your own in place of the traces, by the grammar of "
              "runtime/cluster_spec.h; files of traces are looked for under "
              "--data_dir; empty: the four traces");

namespace {

namespace mb = muster::benchmarks;

struct Trace {
  std::string key;
  std::string title;
  std::string spec;
  std::vector<std::string> files;  // under --data_dir
};

// The built-in ones, or the user's, whose files and claims are none.
std::vector<Trace> Traces() {
  if (!FLAGS_cluster.empty()) {
    return {{"cluster", "--cluster", FLAGS_cluster, {}}};
  }
  return {
      {"alibaba",
       "Alibaba job 1, 10 workers",
       "trace:alibaba(job_1)",
       {"traces/alibaba-pai-minibatch/job_1_norm.csv.gz"}},
      {"azure",
       "Azure, 50 machines of one kind",
       "n=50; trace:azure(sysbench_cpu, lifespan=short, region=eastus, "
       "sku=B8ms, mode=fixed)",
       {"traces/azure-vm-noise/sysbench_cpu.short.eastus.B8ms.csv.gz"}},
      {"gavel",
       "Gavel, ResNet-50 on 30 GPUs",
       "trace:gavel(\"ResNet-50 (batch size 32)\", k80=15, p100=10, v100=5)",
       {"traces/gavel/simulation_throughputs.json.gz"}},
      {"flash",
       "FLASH, LSTM layers on 30 phones",
       "10 x trace:flash(nexus6); 10 x trace:flash(redmi_note8); "
       "10 x trace:flash(samsung_note10)",
       {"traces/flash-ondevice/nexus6.lstm.json.gz",
        "traces/flash-ondevice/redmi_note8.lstm.json.gz",
        "traces/flash-ondevice/samsung_note10.lstm.json.gz"}},
  };
}

// A trace's workers, policies as in PaperPolicies.
struct Study {
  Trace trace;
  mb::Workers workers;
  // With the user's modifiers; null for the traces, which have none.
  std::shared_ptr<const muster::runtime::ClusterSpec> cluster;
  std::vector<mb::Policy> policies = PaperPolicies(mb::Preset::kText);
};

using Mean = std::vector<double> (*)(const std::vector<mb::PolicyRun>& runs);

std::vector<double> Runtime(const std::vector<mb::PolicyRun>& runs) {
  return mb::MeanRoundSeconds(runs);
}

std::vector<double> WorkerTime(const std::vector<mb::PolicyRun>& runs) {
  return mb::MeanWorkerSeconds(runs);
}

struct Statement {
  const char* id;
  const char* policy;
  const char* than;
  Mean mean;  // the smaller the better
  const char* text;
};
constexpr Statement kStatements[] = {
    {"ofta.worker_time", "ofta", "gta", WorkerTime,
     "OFTA's worker time is below GTA's"},
    {"ata.worker_time", "ata_text", "gta", WorkerTime,
     "ATA's worker time is below GTA's"},
    {"ata_empirical.worker_time", "ata_empirical_text", "gta", WorkerTime,
     "ATA-Empirical's worker time is below GTA's"},
    {"ata.runtime", "ata_text", "uta", Runtime, "ATA's runtime is below UTA's"},
    {"ata_empirical.runtime", "ata_empirical_text", "uta", Runtime,
     "ATA-Empirical's runtime is below UTA's"},
};

mb::ClaimText TextOf(const Statement& statement, const Trace& trace) {
  return {.id = absl::StrCat(trace.key, ".", statement.id),
          .source = trace.key,
          .statement = absl::StrCat(trace.title, ": ", statement.text)};
}

bool IsConstant(const std::vector<double>& values) {
  return std::count(values.begin(), values.end(), values[0]) ==
         std::ssize(values);
}

void Judge(mb::Claims* claims, const Trace& trace, const mb::GridRuns& runs) {
  for (const Statement& statement : kStatements) {
    std::vector<double> policy =
        statement.mean(runs.at(trace.key, statement.policy));
    std::vector<double> than =
        statement.mean(runs.at(trace.key, statement.than));
    // A recording without chance in it is one observation, whatever the seeds.
    if (IsConstant(policy) && IsConstant(than)) {
      policy.resize(1);
      than.resize(1);
    }
    claims->JudgeLess(TextOf(statement, trace), policy, than);
  }
}

// The workers of a trace; nullopt, and its claims skipped, without its files.
absl::StatusOr<std::optional<Study>> Prepare(mb::Experiment& experiment,
                                             const Trace& trace) {
  for (const std::string& file : trace.files) {
    const absl::Status status = experiment.DataFile(file).status();
    if (status.code() == absl::StatusCode::kNotFound) {
      for (const Statement& statement : kStatements) {
        experiment.claims().Skip(TextOf(statement, trace), status.message());
      }
      return std::optional<Study>();
    }
    MUSTER_RETURN_IF_ERROR(status);
  }
  Study study;
  study.trace = trace;
  MUSTER_ASSIGN_OR_RETURN(
      muster::runtime::ClusterSpec cluster,
      muster::runtime::ParseClusterSpec(
          trace.spec, {.data_dir = experiment.flags().data_dir}));
  study.workers = mb::WorkersOf(cluster);
  if (trace.files.empty()) {
    experiment.Note(absl::StrFormat("--cluster: %d workers, %s",
                                    cluster.workers.size(), trace.spec));
    study.cluster = std::make_shared<const muster::runtime::ClusterSpec>(
        std::move(cluster));
  }
  return std::optional<Study>(std::move(study));
}

// Runtime and worker time of each policy, as multiples of OFTA's.
mb::Panel Draw(const Study& study, const mb::GridRuns& runs) {
  mb::Panel panel{
      .title = study.trace.title,
      .x = {.label = ""},
      .y = {.label = "multiple of OFTA's", .scale = mb::AxisSpec::Scale::kLog}};
  const auto bars = [&](const char* label, Mean mean) {
    mb::Series series{.label = label, .kind = mb::Series::Kind::kBar};
    const std::vector<double> ofta = mean(runs.at(study.trace.key, "ofta"));
    for (size_t i = 0; i < study.policies.size(); ++i) {
      const mb::Interval ratio = mb::MeanInterval(mb::PairedRatios(
          mean(runs.at(study.trace.key, study.policies[i].key)), ofta));
      series.x.push_back(static_cast<double>(i));
      series.y.push_back(ratio.mean);
    }
    panel.series.push_back(std::move(series));
  };
  bars("runtime", Runtime);
  bars("worker time", WorkerTime);
  for (const mb::Policy& policy : study.policies) {
    panel.categories.push_back(policy.label);
  }
  panel.references.push_back({.value = 1});
  return panel;
}

absl::Status Run(mb::Experiment& experiment) {
  const int64_t rounds =
      experiment.flags().ByEffort<int64_t>(20'000, 300'000, 3'000'000);
  std::vector<Study> studies;
  for (const Trace& trace : Traces()) {
    MUSTER_ASSIGN_OR_RETURN(std::optional<Study> study,
                            Prepare(experiment, trace));
    if (study.has_value()) studies.push_back(*std::move(study));
  }
  if (studies.empty()) return absl::OkStatus();
  std::vector<mb::GridRun> grid;
  for (const Study& study : studies) {
    for (const mb::Policy& policy : study.policies) {
      grid.push_back({.name = study.trace.key,
                      .workers = &study.workers,
                      .cluster = study.cluster.get(),
                      .options = {.policy = policy, .rounds = rounds}});
    }
  }
  MUSTER_ASSIGN_OR_RETURN(const mb::GridRuns runs,
                          RunGrid(experiment, "traces", grid));

  mb::Table table(
      "traces",
      {"trace", "policy", "runtime per round [s]", "worker time per round [s]"},
      absl::StrFormat("means over %d rounds", rounds));
  mb::FigureSpec figure{.name = "traces",
                        .title = "The paper's policies on recorded machines",
                        .columns = 2};
  figure.caption = "B = 23, learners with the constants of the published text.";
  for (const Study& study : studies) {
    for (const mb::Policy& policy : study.policies) {
      const auto& own = runs.at(study.trace.key, policy.key);
      table.AddRow({study.trace.title, policy.label,
                    mb::MeanInterval(Runtime(own)).mean,
                    mb::MeanInterval(WorkerTime(own)).mean});
    }
    if (study.cluster == nullptr) {
      Judge(&experiment.claims(), study.trace, runs);
    }
    figure.panels.push_back(Draw(study, runs));
  }
  experiment.AddTable(std::move(table));
  experiment.AddFigure(std::move(figure));
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "traces",
       .title = "The paper's policies on recorded machines",
       .source = "Muster, on public traces",
       .claims = "the learners' worker time is below GTA's\n"
                 "the learners' runtime is below UTA's",
       .examples =
           "./bazelw run //benchmarks/ata:traces -- --quick "
           "--cluster='n=51; 29*sqrt(i) + exp(29*sqrt(i))'\n"
           "./bazelw run //benchmarks/ata:traces -- --quick "
           "--cluster='10 x exp(3) | crash(up=500, down=50); 5 x const(1)'",
       .default_seeds = 3,
       .quick_seeds = 3,
       .full_seeds = 5},
      Run);
}
