#include "muster/benchmarks/ata/drift_scenarios.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/confidence.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/trace_file.h"
#include "muster/runtime/worker_spec.h"

namespace muster::benchmarks {
namespace {

constexpr int32_t kNumWorkers = 10;
constexpr double kTypicalRoundSeconds = 425;  // OFTA's on this law

}  // namespace

absl::StatusOr<std::vector<DriftScenario>> LawScenarios(int64_t rounds) {
  const double half = kTypicalRoundSeconds * static_cast<double>(rounds) / 2;
  // Mean stay of a fifth of the run in either state.
  const double stay = half / 2.5;
  std::vector<DriftScenario> scenarios = {
      {.key = "becomes_fast",
       .title = "the slowest worker becomes the fastest",
       .change_seconds = half,
       .changed_worker = 9,
       .changed_factor = 0.05},
      {.key = "becomes_slow",
       .title = "the fastest worker becomes 20 times slower",
       .change_seconds = half,
       .changed_worker = 0,
       .changed_factor = 20},
      {.key = "two_state",
       .title = "the three fastest switch between full and 1/8 speed",
       .changes = 3 * 5},
      {.key = "crash_return",
       .title = "the two fastest workers crash and return",
       .changes = 2 * 5,
       .without_gain = {std::begin(kRemedies), std::end(kRemedies)},
       .no_gain_reason = "who returns has the law that it had"},
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
        runtime::ParseClusterSpec(absl::StrFormat("preset:ata_sqrt(n=%d) | %s",
                                                  kNumWorkers, modifiers[i])));
  }
  return scenarios;
}

absl::StatusOr<DriftScenario> RecordedStragglers(const std::string& path,
                                                 int64_t rounds_per_iteration) {
  constexpr double kTasksPerMiniBatch = 23;
  constexpr double kSecondsPerUnit = 1e-3;  // the slowest mini-batch: a second
  MUSTER_ASSIGN_OR_RETURN(runtime::MiniBatchTrace trace,
                          runtime::ReadMiniBatchTrace(path));
  DriftScenario scenario{
      .key = "stragglers",
      .title = "recorded stragglers (Alibaba, job 3, one recording)",
      .without_gain = {kChangeDetection},
      .no_gain_reason = "the mean slow-down is below what it detects",
      .recorded = true};
  const auto num_workers = static_cast<int64_t>(trace.workers.size());
  scenario.budget = num_workers * 23;
  scenario.rounds = trace.num_iterations * rounds_per_iteration;
  // Four workers slow down once.
  scenario.changes = 4;
  double sum = 0;
  int64_t count = 0;
  for (const runtime::RecordedWorker& worker : trace.workers) {
    for (double value : worker.values) sum += value;
    count += static_cast<int64_t>(worker.values.size());
  }
  // Of a round with 23 tasks for each worker.
  const double round_seconds =
      kSecondsPerUnit * sum / static_cast<double>(count);
  for (const runtime::RecordedWorker& worker : trace.workers) {
    runtime::WorkerSpec spec;
    spec.law = runtime::SpeedLaw::Constant(kSecondsPerUnit * worker.values[0] /
                                           kTasksPerMiniBatch);
    for (size_t k = 1; k < worker.values.size(); ++k) {
      spec.modifiers.push_back(runtime::SpeedModifier::Step(
          round_seconds * static_cast<double>(k) *
              static_cast<double>(rounds_per_iteration),
          worker.values[k] / worker.values[k - 1]));
    }
    scenario.cluster.workers.push_back(std::move(spec));
  }
  return scenario;
}

double MemoryRounds(const DriftScenario& scenario, const Workers& workers) {
  const auto text = allocation::kPaperText;
  const double root =
      allocation::ExitRoot(1 / (text.width_constant * text.eta));
  double cost = 0;
  for (double mean : workers.means) {
    cost += allocation::LogTerm(scenario.rounds) / (root * root) * mean;
  }
  const double loss = FindProxyOptimum(workers, scenario.budget).loss;
  return std::max(10.0, std::sqrt(cost * static_cast<double>(scenario.rounds) /
                                  (scenario.changes * loss)));
}

double CostBound(const std::string& remedy, const DriftScenario& scenario,
                 const Workers& workers) {
  const auto text = allocation::kPaperText;
  const double width = text.width_constant * text.eta;
  const double root = allocation::ExitRoot(1 / width);
  double mean = 0;
  for (double mu : workers.means) mean += mu / workers.size();
  const double loss = FindProxyOptimum(workers, scenario.budget).loss;
  const double anew = scenario.changes * allocation::LogTerm(scenario.rounds) /
                      (root * root) * mean /
                      (static_cast<double>(scenario.rounds) * loss);
  if (remedy == kChangeDetection) {
    const auto period =
        static_cast<double>(allocation::AllocatorOptions().probe_period);
    return anew + mean / (period * loss);
  }
  const double memory = MemoryRounds(scenario, workers);
  const double log_share =
      allocation::LogTerm(static_cast<int64_t>(memory)) / memory;
  const double relative = width * (std::sqrt(log_share) + log_share);
  return anew + relative / (1 - relative);
}

}  // namespace muster::benchmarks
