#include <algorithm>
#include <cmath>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/allocation/async_theory.h"
#include "muster/benchmarks/ata/async_sgd_sections.h"
#include "muster/benchmarks/ata/sgd_runs.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/models/quadratic.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

using models::Quadratic;
using runtime::SpeedLaw;

// The measure of the published figures.
struct SquaredGradientNorm {
  std::shared_ptr<const Quadratic> problem;

  std::vector<double> InitialPoint() const { return problem->InitialPoint(); }
  double Objective(std::span<const double> x) const {
    return problem->GradientSquaredNorm(x);
  }
};

using QuadraticStudy = SgdStudy<Quadratic, SquaredGradientNorm>;

absl::StatusOr<QuadraticStudy> MakeStudy(Experiment& experiment,
                                         std::string name, int64_t dimension,
                                         double noise_variance, double target,
                                         std::vector<SpeedLaw> laws) {
  MUSTER_ASSIGN_OR_RETURN(
      Quadratic quadratic,
      Quadratic::Create(
          {.dimension = dimension, .noise_variance = noise_variance}));
  auto problem = std::make_shared<const Quadratic>(std::move(quadratic));
  QuadraticStudy study;
  study.name = std::move(name);
  study.workers = {
      .laws = std::move(laws), .alpha = 0, .smoothness = problem->Smoothness()};
  study.shards = {problem};
  study.server =
      std::make_shared<const SquaredGradientNorm>(SquaredGradientNorm{problem});
  study.options.target_objective = target;
  // Not one of the seeds that are judged.
  study.tuning_seed = experiment.flags().seed + 1000003;
  return study;
}

// ---- growing n --------------------------------------------------------------

// S = sigma^2 / epsilon: how many workers are worth having.
constexpr double kNoiseRatio = 50;

// Likely choices first: what takes longer than the best so far is cut short.
std::vector<SgdMethod> MethodsForSizes() {
  const std::vector<double> small = {0.05, 0.02, 0.1, 0.01, 0.005, 0.2, 0.5};
  const std::vector<double> medium = {0.1, 0.05, 0.2, 0.5};
  const std::vector<double> large = {1.0, 0.5, 0.2};
  const std::vector<int64_t> sizes = {40, 12, 4};
  return {
      {"ASGD", "asgd", small},
      {"delay-adaptive ASGD",
       "delay_adaptive_asgd",
       {1.0, 0.2, 0.5, 0.1, 0.05}},
      {"Ringmaster", "ringmaster", medium, {40, 12, 4, 1}},
      {"Ringmaster, stopping", "ringmaster_stop", medium, sizes},
      {"Rennala", "rennala", large, sizes},
      // More than there are workers: all of them.
      {"synchronous SGD", "synchronous_sgd", large, {1000000}},
  };
}

struct SizePoint {
  int64_t n;
  SgdComparison comparison;
  std::vector<double> mean_seconds;  // of the workers' tasks
};

absl::StatusOr<SizePoint> RunSize(Experiment& experiment, int64_t n) {
  const CommonFlags& flags = experiment.flags();
  const int64_t dimension = flags.ByEffort<int64_t>(100, 400, 1729);
  SizePoint point = {.n = n, .comparison = {}, .mean_seconds = {}};
  std::vector<SpeedLaw> laws;
  for (int64_t i = 1; i <= n; ++i) {
    const auto shift = static_cast<double>(i);
    laws.push_back(SpeedLaw::HalfNormal(std::sqrt(shift), shift));
    point.mean_seconds.push_back(laws.back().Mean());
  }
  // ||grad f(x_0)||^2 is about d / 3.
  const double target = 1e-4 * static_cast<double>(dimension);
  MUSTER_ASSIGN_OR_RETURN(
      QuadraticStudy study,
      MakeStudy(experiment, absl::StrCat("sizes.n", n), dimension,
                kNoiseRatio * target, target, std::move(laws)));
  study.options.max_gradients = flags.ByEffort<int64_t>(15000, 40000, 150000);
  study.options.record_every_steps = 20;
  study.options.record_growth = 0.02;
  MUSTER_ASSIGN_OR_RETURN(point.comparison,
                          CompareMethods(experiment, study, MethodsForSizes()));
  return point;
}

double MeanSeconds(const SgdComparison& comparison, absl::string_view label) {
  return MeanInterval(comparison.Seconds(label)).mean;
}

// Measured and predicted times against n; the theory, which drops constants, is
// scaled to Rennala's time at the smallest n.
FigureSpec SizesFigure(const std::vector<SizePoint>& points) {
  Panel panel = {.title = "time to the target against the number of workers",
                 .x = {.label = "workers n", .scale = AxisSpec::Scale::kLog},
                 .y = {.label = "time to target",
                       .unit = "virtual s",
                       .scale = AxisSpec::Scale::kLog}};
  for (const SgdMethod& method : points[0].comparison.methods) {
    Series series = {.label = method.label};
    for (const SizePoint& point : points) {
      series.x.push_back(static_cast<double>(point.n));
      series.y.push_back(MeanSeconds(point.comparison, method.label));
    }
    panel.series.push_back(std::move(series));
  }
  Series optimal = {.label = "theory: optimal"};
  Series classic = {.label = "theory: classic ASGD"};
  const double scale =
      MeanSeconds(points[0].comparison, "Rennala") /
      allocation::OptimalTime(points[0].mean_seconds, 1, kNoiseRatio).seconds;
  for (const SizePoint& point : points) {
    const auto n = static_cast<double>(point.n);
    optimal.x.push_back(n);
    classic.x.push_back(n);
    optimal.y.push_back(
        scale *
        allocation::OptimalTime(point.mean_seconds, 1, kNoiseRatio).seconds);
    classic.y.push_back(scale * allocation::ClassicAsgdTime(point.mean_seconds,
                                                            1, kNoiseRatio));
  }
  panel.series.push_back(std::move(optimal));
  panel.series.push_back(std::move(classic));
  return {.name = "async_sizes",
          .title = "Asynchronous methods on growing clusters",
          .caption =
              "Quadratic, workers of i + |N(0, i)| seconds; every method "
              "tuned at every n on a seed of its own.",
          .columns = 1,
          .panels = {std::move(panel)}};
}

void JudgeSizes(Claims& claims, const std::vector<SizePoint>& points) {
  const SizePoint& large = points.back();
  const SgdComparison& c = large.comparison;
  const std::string at = absl::StrCat(" at n = ", large.n);
  claims.JudgeTrue(
      {"sizes.reach", "Ringmaster paper",
       absl::StrCat("Ringmaster and Rennala reach the target", at)},
      c.Reached("Ringmaster") && c.Reached("Rennala"));
  claims.JudgeLess({"sizes.ringmaster_asgd", "Ringmaster paper",
                    absl::StrCat("Ringmaster is faster than classic ASGD", at)},
                   c.SecondsToTarget("Ringmaster"), c.Seconds("ASGD"));
  claims.JudgeLess(
      {"sizes.rennala_synchronous", "Rennala paper",
       absl::StrCat("Rennala is faster than waiting for all workers", at)},
      c.SecondsToTarget("Rennala"), c.Seconds("synchronous SGD"));
  claims.JudgeBetween(
      {"sizes.both_optimal", "Ringmaster paper",
       absl::StrCat("Ringmaster's time / Rennala's: both are optimal up to "
                    "constants",
                    at)},
      PairedRatios(c.SecondsToTarget("Ringmaster"),
                   c.SecondsToTarget("Rennala")),
      1.0 / 4, 4);
  // More workers never hurt an optimal method; here the slow ones are useless.
  const SgdComparison& small = points.front().comparison;
  claims.JudgeAtMost(
      {"sizes.ringmaster_flat", "Ringmaster paper",
       absl::StrFormat("Ringmaster's time at n = %d / at n = %d: slow workers "
                       "do no harm",
                       large.n, points.front().n)},
      PairedRatios(c.SecondsToTarget("Ringmaster"),
                   small.SecondsToTarget("Ringmaster")),
      3);
  claims.JudgeAtMost({"sizes.rennala_flat", "Rennala paper",
                      absl::StrFormat("Rennala's time at n = %d / at n = %d",
                                      large.n, points.front().n)},
                     PairedRatios(c.SecondsToTarget("Rennala"),
                                  small.SecondsToTarget("Rennala")),
                     3);
}

// ---- allocators -------------------------------------------------------------

constexpr int64_t kBatch = 23;
constexpr int kSqrtWorkers = 51;

// What the rounds do, and the exact law of SGD on them.
struct AllocatorSetting {
  double step = 0;
  int64_t rounds = 0;
  double expected = 0;  // E ||grad f||^2 after the rounds
};

absl::StatusOr<QuadraticStudy> MakeAllocatorStudy(Experiment& experiment,
                                                  AllocatorSetting* setting) {
  std::vector<SpeedLaw> laws;
  for (int i = 1; i <= kSqrtWorkers; ++i) {
    const double scale = 29 * std::sqrt(static_cast<double>(i));
    laws.push_back(SpeedLaw::ShiftedExponential(scale, scale));
  }
  MUSTER_ASSIGN_OR_RETURN(
      QuadraticStudy study,
      MakeStudy(experiment, "allocators", /*dimension=*/100,
                /*noise_variance=*/0.01, /*target=*/-1, std::move(laws)));
  const Quadratic& problem = *study.shards[0];
  const models::QuadraticSgdOracle oracle(problem, problem.InitialPoint(),
                                          setting->step, kBatch);
  setting->expected = oracle.After(setting->rounds).gradient_squared_norm;
  study.workers.alpha =
      1.532 * 29 * std::sqrt(static_cast<double>(kSqrtWorkers));
  study.options.max_gradients = setting->rounds * kBatch;
  study.options.record_every_steps =
      std::max<int64_t>(1, setting->rounds / 100);
  study.options.record_growth = 0.05;
  return study;
}

void JudgeAllocators(Claims& claims, const SgdComparison& comparison,
                     const AllocatorSetting& setting) {
  bool same_iterates = true;
  const std::vector<SgdOutcome>& uta = comparison.Of("SGD, UTA");
  for (const char* name : {"SGD, OFTA", "SGD, ATA", "SGD, ATA-Empirical"}) {
    for (size_t i = 0; i < uta.size(); ++i) {
      same_iterates = same_iterates && comparison.Of(name)[i].x == uta[i].x;
    }
  }
  claims.JudgeTrue(
      {"allocators.same_iterates", "ATA, appendix A.5",
       "the last iterates of UTA, OFTA, ATA and ATA-E are equal to the bit: "
       "allocation changes the clock alone"},
      same_iterates);
  claims.JudgeBetween(
      {"allocators.exact_law", "closed form",
       "||grad f||^2 after the last round / its exact expectation"},
      PairedRatios(comparison.Objectives("SGD, UTA"),
                   std::vector<double>(uta.size(), setting.expected)),
      0.5, 2);
  claims.JudgeLess({"allocators.ata_uta", "ATA, Figure 1",
                    "ATA-E takes less time than UTA for the same gradients"},
                   comparison.Seconds("SGD, ATA-Empirical"),
                   comparison.Seconds("SGD, UTA"));
  claims.JudgeLess({"allocators.gta_ata", "ATA, Figure 1",
                    "GTA takes less time than ATA-E for the same gradients"},
                   comparison.Seconds("SGD, GTA"),
                   comparison.Seconds("SGD, ATA-Empirical"));
  claims.JudgeAtLeast(
      {"allocators.bill", "ATA, Table 1",
       "GTA's worker time / ATA-E's, n = 51 (2.69 after 3e6 rounds of the "
       "paper's constants)"},
      PairedRatios(comparison.WorkerSeconds("SGD, GTA"),
                   comparison.WorkerSeconds("SGD, ATA-Empirical")),
      1.5);
}

// ---- heavy tails ------------------------------------------------------------

absl::StatusOr<SgdComparison> RunTails(Experiment& experiment, bool heavy,
                                       int64_t n, double target) {
  const CommonFlags& flags = experiment.flags();
  std::vector<SpeedLaw> laws;
  for (int64_t i = 1; i <= n; ++i) {
    const double shift = std::sqrt(static_cast<double>(i));
    laws.push_back(heavy ? SpeedLaw::Lognormal(0, 3, shift)
                         : SpeedLaw::ShiftedExponential(shift, shift));
  }
  // Several gradients per worker and step are worth while, so that a round
  // misses a stuck worker.
  const int64_t batch = 6 * n;
  MUSTER_ASSIGN_OR_RETURN(
      QuadraticStudy study,
      MakeStudy(experiment, heavy ? "heavy" : "light",
                flags.ByEffort<int64_t>(50, 100, 400),
                target * static_cast<double>(batch), target, std::move(laws)));
  study.options.max_gradients = flags.ByEffort<int64_t>(15000, 60000, 200000);
  study.options.record_every_steps = 20;
  study.options.record_growth = 0.02;
  const std::vector<double> large = {1.0, 0.5};
  const std::vector<double> small = {0.2, 0.1, 0.05, 0.02, 0.01};
  const std::vector<int64_t> batches = {batch};
  return CompareMethods(
      experiment, study,
      {{"MindFlayer", "mindflayer", large, batches},
       {"Rennala", "rennala", large, batches},
       {"Rennala, no cancelling", "rennala_keep", large, batches},
       {"ASGD", "asgd", small},
       {"Ringmaster", "ringmaster", small, {n, batch}}});
}

void JudgeHeavyTails(Claims& claims, const SgdComparison& comparison) {
  const std::pair<const char*, const char*> others[] = {
      {"rennala", "Rennala"},
      {"rennala_keep", "Rennala, no cancelling"},
      {"asgd", "ASGD"},
      {"ringmaster", "Ringmaster"}};
  for (const auto& [id, label] : others) {
    claims.JudgeLess({absl::StrCat("heavy.mindflayer.", id), "MindFlayer paper",
                      absl::StrCat("MindFlayer is faster than ", label,
                                   " under heavy-tailed delays")},
                     comparison.SecondsToTarget("MindFlayer"),
                     comparison.Seconds(label));
  }
}

}  // namespace

absl::Status CompareBySize(Experiment& experiment) {
  const std::vector<int64_t> sizes =
      experiment.flags().ByEffort<std::vector<int64_t>>(
          {30, 400}, {30, 300, 2000}, {30, 300, 2000, 6174});
  std::vector<SizePoint> points;
  for (int64_t n : sizes) {
    MUSTER_ASSIGN_OR_RETURN(SizePoint point, RunSize(experiment, n));
    experiment.AddTable(ComparisonTable(
        point.comparison, absl::StrCat("sizes_n", n),
        absl::StrCat("quadratic, workers of i + |N(0, i)| seconds, n = ", n)));
    points.push_back(std::move(point));
  }
  experiment.AddFigure(SizesFigure(points));
  JudgeSizes(experiment.claims(), points);
  // With fixed task times a step of Rennala lasts exactly as long as the
  // theory's order statistic says.
  std::vector<double> task_seconds;
  std::vector<SpeedLaw> laws;
  for (int i = 1; i <= 40; ++i) {
    task_seconds.push_back(std::sqrt(static_cast<double>(i)));
    laws.push_back(SpeedLaw::Constant(task_seconds.back()));
  }
  MUSTER_ASSIGN_OR_RETURN(QuadraticStudy study,
                          MakeStudy(experiment, "steady", 20, 0, -1, laws));
  study.options.max_steps = 200;
  study.options.record_every_steps = 200;
  MUSTER_ASSIGN_OR_RETURN(
      const SgdOutcome steady,
      RunSgdCase(study, {"Rennala", "rennala", {0.5}, {17}}, {0.5, 17},
                 experiment.flags().seed, study.options, experiment.runtime()));
  experiment.claims().JudgeNear(
      {"steady.rennala_step", "Rennala paper",
       "seconds per step of Rennala, B = 17, 40 workers of sqrt(i) seconds "
       "each, against the 17th smallest of {j tau_i}"},
      allocation::GreedyBatchSeconds(task_seconds, 17),
      std::vector<double>{steady.seconds / 200}, 1e-9);
  return absl::OkStatus();
}

absl::Status CompareAllocators(Experiment& experiment) {
  const CommonFlags& flags = experiment.flags();
  AllocatorSetting setting = {
      .step = flags.ByEffort(0.05, 0.01, 0.002),
      .rounds = flags.ByEffort<int64_t>(600, 4000, 20000)};
  MUSTER_ASSIGN_OR_RETURN(QuadraticStudy study,
                          MakeAllocatorStudy(experiment, &setting));
  const std::vector<double> steps = {setting.step};
  const std::vector<int64_t> sizes = {kBatch};
  std::vector<SgdMethod> methods;
  const std::pair<const char*, const char*> allocators[] = {
      {"SGD, UTA", "uta"},
      {"SGD, OFTA", "ofta"},
      {"SGD, GTA", "gta"},
      {"SGD, ATA", "ata"},
      {"SGD, ATA-Empirical", "ata_empirical"}};
  for (const auto& [label, allocator] : allocators) {
    methods.push_back({label, "sgd", steps, sizes, allocator});
  }
  methods.push_back({"ASGD, ATA-Empirical",
                     "asgd_rounds",
                     {setting.step / static_cast<double>(kBatch)},
                     sizes,
                     "ata_empirical"});
  MUSTER_ASSIGN_OR_RETURN(
      SgdComparison comparison,
      CompareMethods(experiment, study, std::move(methods)));
  experiment.AddTable(ComparisonTable(
      comparison, "allocators",
      absl::StrFormat("quadratic, square-root law, n = %d, B = %d, %d rounds",
                      kSqrtWorkers, kBatch, setting.rounds)));
  experiment.AddFigure(ComparisonFigure(comparison, "async_allocators",
                                        "Rounds under each allocator",
                                        "||grad f||^2", setting.expected));
  JudgeAllocators(experiment.claims(), comparison, setting);
  return absl::OkStatus();
}

absl::Status CompareUnderHeavyTails(Experiment& experiment) {
  const CommonFlags& flags = experiment.flags();
  const int64_t n = flags.ByEffort<int64_t>(20, 40, 80);
  const double target = 2e-5 * flags.ByEffort(50.0, 100.0, 400.0);
  MUSTER_ASSIGN_OR_RETURN(SgdComparison heavy,
                          RunTails(experiment, true, n, target));
  experiment.AddTable(ComparisonTable(
      heavy, "heavy",
      absl::StrFormat("quadratic, n = %d, sqrt(i) + Lognormal(0, 3) s", n)));
  experiment.AddFigure(ComparisonFigure(heavy, "async_heavy_tails",
                                        "Heavy-tailed delays", "||grad f||^2",
                                        target));
  JudgeHeavyTails(experiment.claims(), heavy);
  MUSTER_ASSIGN_OR_RETURN(SgdComparison light,
                          RunTails(experiment, false, n, target));
  experiment.AddTable(ComparisonTable(
      light, "light",
      absl::StrFormat("quadratic, n = %d, sqrt(i) (1 + Exp(1)) s", n)));
  experiment.claims().JudgeBetween(
      {"light.mindflayer", "MindFlayer paper",
       "MindFlayer's time / Rennala's under exponential delays, where giving "
       "up cannot help"},
      PairedRatios(light.SecondsToTarget("MindFlayer"),
                   light.SecondsToTarget("Rennala")),
      0.9, 2);
  return absl::OkStatus();
}

}  // namespace muster::benchmarks
