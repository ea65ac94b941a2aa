#include "muster/benchmarks/ata/sgd_runs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "muster/allocation/allocators.h"
#include "muster/allocation/mindflayer_plan.h"
#include "muster/allocation/rennala.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/check.h"

namespace muster::benchmarks {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

template <typename Value>
std::vector<double> Column(const std::vector<SgdOutcome>& outcomes,
                           Value value) {
  std::vector<double> column;
  column.reserve(outcomes.size());
  for (const SgdOutcome& outcome : outcomes) {
    column.push_back(static_cast<double>(value(outcome)));
  }
  return column;
}

template <typename Value>
double Mean(const std::vector<SgdOutcome>& outcomes, Value value) {
  return MeanInterval(Column(outcomes, value)).mean;
}

}  // namespace

std::vector<SgdChoice> GridOf(const SgdMethod& method) {
  std::vector<SgdChoice> grid;
  for (const double step : method.steps) {
    for (const int64_t size : method.sizes) grid.push_back({step, size});
  }
  return grid;
}

SgdOutcome Summarise(const allocation::SgdSummary& summary, double target,
                     const SgdChoice& choice) {
  SgdOutcome outcome = {.choice = choice,
                        .reached = !std::isnan(summary.SecondsTo(target)),
                        .seconds = summary.seconds,
                        .worker_seconds = summary.worker_seconds,
                        .objective = summary.objective,
                        .steps = summary.steps,
                        .gradients = summary.gradients,
                        .losses = summary.losses,
                        .x = summary.x};
  if (outcome.reached) {
    outcome.seconds = summary.SecondsTo(target);
    outcome.worker_seconds = summary.WorkerSecondsTo(target);
  }
  for (const allocation::SgdTracePoint& point : summary.trace) {
    outcome.at_seconds.push_back(point.seconds);
    outcome.at_worker_seconds.push_back(point.worker_seconds);
    outcome.at_objective.push_back(point.objective);
  }
  return outcome;
}

absl::StatusOr<std::unique_ptr<allocation::SgdPolicy>> MakeSgdPolicy(
    const SgdMethod& method, const SgdChoice& choice, const SgdWorkers& workers,
    uint64_t seed) {
  if (method.policy == "rennala_keep") {
    return allocation::CreateRennala(
        {.step = choice.step, .batch = choice.size, .cancel_stale = false});
  }
  allocation::SgdPolicyOptions options;
  options.step = choice.step;
  options.batch = choice.size;
  options.delay_threshold = choice.size;
  options.smoothness = workers.smoothness;
  if (!method.allocator.empty()) {
    allocation::AllocatorOptions allocator_options;
    allocator_options.num_workers = static_cast<int32_t>(workers.laws.size());
    allocator_options.budget = choice.size;
    allocator_options.seed = seed;
    allocator_options.alpha = workers.alpha;
    for (const runtime::SpeedLaw& law : workers.laws) {
      allocator_options.true_means.push_back(law.Mean());
    }
    MUSTER_ASSIGN_OR_RETURN(
        options.allocator,
        allocation::CreateAllocator(method.allocator, allocator_options));
  }
  if (method.policy == "mindflayer") {
    MUSTER_ASSIGN_OR_RETURN(
        options.mindflayer_workers,
        allocation::PlanMindFlayer(workers.laws, choice.size));
  }
  return allocation::CreateSgdPolicy(method.policy, options);
}

absl::StatusOr<runtime::SpeedModel> MakeSpeedModel(const SgdWorkers& workers,
                                                   uint64_t seed) {
  runtime::ClusterSpec spec;
  for (const runtime::SpeedLaw& law : workers.laws) {
    spec.workers.push_back({.law = law, .modifiers = {}});
  }
  return runtime::SpeedModel::Create(spec, seed);
}

const SgdOutcome& BestOutcome(std::span<const SgdOutcome> outcomes) {
  MUSTER_CHECK(!outcomes.empty());
  const auto key = [](const SgdOutcome& outcome) {
    const double objective = std::isnan(outcome.objective)
                                 ? std::numeric_limits<double>::infinity()
                                 : outcome.objective;
    return outcome.reached ? std::pair(0, outcome.seconds)
                           : std::pair(1, objective);
  };
  return *std::min_element(outcomes.begin(), outcomes.end(),
                           [&](const SgdOutcome& a, const SgdOutcome& b) {
                             return key(a) < key(b);
                           });
}

const std::vector<SgdOutcome>& SgdComparison::Of(
    absl::string_view label) const {
  for (size_t i = 0; i < methods.size(); ++i) {
    if (methods[i].label == label) return outcomes[i];
  }
  MUSTER_CHECK(false) << "no method is called " << label;
  return outcomes[0];
}

std::vector<double> SgdComparison::Seconds(absl::string_view label) const {
  return Column(Of(label), [](const SgdOutcome& o) { return o.seconds; });
}

std::vector<double> SgdComparison::WorkerSeconds(
    absl::string_view label) const {
  return Column(Of(label),
                [](const SgdOutcome& o) { return o.worker_seconds; });
}

std::vector<double> SgdComparison::SecondsToTarget(
    absl::string_view label) const {
  return Column(Of(label), [](const SgdOutcome& o) {
    return o.reached ? o.seconds : kNan;
  });
}

std::vector<double> SgdComparison::WorkerSecondsToTarget(
    absl::string_view label) const {
  return Column(Of(label), [](const SgdOutcome& o) {
    return o.reached ? o.worker_seconds : kNan;
  });
}

std::vector<double> SgdComparison::Objectives(absl::string_view label) const {
  return Column(Of(label), [](const SgdOutcome& o) { return o.objective; });
}

bool SgdComparison::Reached(absl::string_view label) const {
  const std::vector<SgdOutcome>& of = Of(label);
  return std::all_of(of.begin(), of.end(),
                     [](const SgdOutcome& o) { return o.reached; });
}

bool SgdComparison::NeverReached(absl::string_view label) const {
  const std::vector<SgdOutcome>& of = Of(label);
  return std::none_of(of.begin(), of.end(),
                      [](const SgdOutcome& o) { return o.reached; });
}

std::string SgdTaskName(absl::string_view study, absl::string_view label) {
  std::string name = absl::StrCat(study, ".", label);
  for (char& c : name) {
    if (c == ' ' || c == ',') c = '_';
  }
  return name;
}

Table ComparisonTable(const SgdComparison& comparison, std::string name,
                      std::string title) {
  Table table(std::move(name),
              {"method", "step", "B, R, S or m", "seeds that reach it",
               "time to target [s]", "worker time to target [s]", "steps",
               "gradients", "objective at the end"},
              std::move(title));
  for (size_t i = 0; i < comparison.methods.size(); ++i) {
    const std::vector<SgdOutcome>& of = comparison.outcomes[i];
    table.AddRow(
        {comparison.methods[i].label, of[0].choice.step, of[0].choice.size,
         absl::StrCat(
             std::count_if(of.begin(), of.end(),
                           [](const SgdOutcome& o) { return o.reached; }),
             " of ", of.size()),
         Mean(of, [](const SgdOutcome& o) { return o.seconds; }),
         Mean(of, [](const SgdOutcome& o) { return o.worker_seconds; }),
         Mean(of, [](const SgdOutcome& o) { return o.steps; }),
         Mean(of, [](const SgdOutcome& o) { return o.gradients; }),
         Mean(of, [](const SgdOutcome& o) { return o.objective; })});
  }
  return table;
}

namespace {

// Curves in a panel whose colours differ.
constexpr size_t kMostCurves = 8;

Panel ComparisonPanel(const SgdComparison& comparison,
                      const std::vector<size_t>& methods, bool worker_time,
                      const std::string& objective, double target) {
  Panel panel = {.x = {.label = worker_time ? "worker time" : "runtime",
                       .unit = "virtual s"},
                 .y = {.label = objective, .scale = AxisSpec::Scale::kLog}};
  panel.references.push_back(
      {.direction = ReferenceLine::Direction::kHorizontal,
       .value = target,
       .label = "target"});
  for (size_t i : methods) {
    const SgdMethod& method = comparison.methods[i];
    const SgdOutcome& run = comparison.outcomes[i][0];
    panel.series.push_back(
        {.label = method.label,
         .kind = Series::Kind::kLine,
         .x = worker_time ? run.at_worker_seconds : run.at_seconds,
         .y = run.at_objective,
         // SGD looks like its allocator in other figures.
         .key = method.policy == "sgd" ? method.allocator : method.label});
  }
  return panel;
}

}  // namespace

FigureSpec ComparisonFigure(const SgdComparison& comparison, std::string name,
                            std::string title, const std::string& objective,
                            double target) {
  FigureSpec figure = {.name = std::move(name), .title = std::move(title)};
  std::vector<std::vector<size_t>> rows(2);
  const bool split = comparison.methods.size() > kMostCurves;
  for (size_t i = 0; i < comparison.methods.size(); ++i) {
    const bool allocator = !comparison.methods[i].allocator.empty();
    rows[split && allocator ? 1 : 0].push_back(i);
  }
  for (const std::vector<size_t>& row : rows) {
    if (row.empty()) continue;
    for (bool worker_time : {false, true}) {
      Panel panel =
          ComparisonPanel(comparison, row, worker_time, objective, target);
      if (split) {
        panel.title = &row == &rows[0] ? "without an allocator"
                                       : "work shared by an allocator";
      }
      figure.panels.push_back(std::move(panel));
    }
  }
  return figure;
}

}  // namespace muster::benchmarks
