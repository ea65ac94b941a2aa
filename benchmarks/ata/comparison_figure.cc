// The paper's figures 1 to 3: a row of four panels for each number of workers.

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/benchmarks/ata/law_comparison.h"
#include "muster/benchmarks/ata/optimality.h"
#include "muster/benchmarks/harness/figure.h"

namespace muster::benchmarks {
namespace {

using allocation::StudyPoint;

enum class Axis { kRound, kRuntime, kWorkerTime };

// Averages over fewer rounds than this share of all are noise, and not drawn.
constexpr double kFirstShare = 1e-3;

// x of a point, its mean over the seeds.
std::vector<double> MeanX(const std::vector<PolicyRun>& runs, Axis axis) {
  std::vector<double> x(runs[0].points.size());
  for (size_t p = 0; p < x.size(); ++p) {
    for (const PolicyRun& run : runs) {
      const StudyPoint& point = run.points[p];
      x[p] += axis == Axis::kRound     ? static_cast<double>(point.round)
              : axis == Axis::kRuntime ? point.runtime_seconds
                                       : point.worker_seconds;
    }
    x[p] /= static_cast<double>(runs.size());
  }
  return x;
}

// The mean over seeds of total / round.
std::vector<double> MeanAverage(const std::vector<PolicyRun>& runs,
                                double StudyPoint::*total) {
  std::vector<double> y(runs[0].points.size());
  for (size_t p = 0; p < y.size(); ++p) {
    for (const PolicyRun& run : runs) {
      const StudyPoint& point = run.points[p];
      y[p] += point.*total / static_cast<double>(point.round);
    }
    y[p] /= static_cast<double>(runs.size());
    if (static_cast<double>(runs[0].points[p].round) <
        kFirstShare * static_cast<double>(runs[0].last().round)) {
      y[p] = std::nan("");
    }
  }
  return y;
}

std::vector<double> OptimalityAtPoints(const std::vector<PolicyRun>& runs,
                                       const OptimalityCurve& curve) {
  std::vector<double> y;
  for (const StudyPoint& point : runs[0].points) {
    y.push_back(curve.GradientSquaredNorm(point.round));
  }
  return y;
}

std::vector<Panel> RowOfPanels(const Comparison& comparison, int32_t size,
                               const std::vector<Policy>& policies,
                               const OptimalityCurve& curve) {
  const int32_t n = comparison.options().sizes[size];
  AxisSpec optimality{.label = "squared gradient norm",
                      .scale = AxisSpec::Scale::kLog};
  // As published, once the curve comes that far.
  if (comparison.options().rounds == kPaperRounds) optimality.max = 0.1;
  const AxisSpec rounds{.label = "round k"};
  Panel by_runtime{.title = absl::StrFormat("n = %d", n),
                   .x = {.label = "runtime", .unit = "s"},
                   .y = optimality};
  Panel by_worker_time{.title = absl::StrFormat("n = %d", n),
                       .x = {.label = "total worker time", .unit = "s"},
                       .y = optimality};
  Panel round_time{.title = absl::StrFormat("n = %d", n),
                   .x = rounds,
                   .y = {.label = "average round time", .unit = "s", .min = 0}};
  Panel regret{.title = absl::StrFormat("n = %d", n),
               .x = rounds,
               .y = {.label = "average regret", .unit = "s", .min = 0}};
  for (const Policy& policy : policies) {
    const std::vector<PolicyRun>& runs = comparison.runs(size, policy.key);
    const auto series = [&](std::vector<double> x, std::vector<double> y) {
      return Series{
          .label = policy.label, .x = std::move(x), .y = std::move(y)};
    };
    by_runtime.series.push_back(
        series(MeanX(runs, Axis::kRuntime), OptimalityAtPoints(runs, curve)));
    by_worker_time.series.push_back(series(MeanX(runs, Axis::kWorkerTime),
                                           OptimalityAtPoints(runs, curve)));
    round_time.series.push_back(
        series(MeanX(runs, Axis::kRound),
               MeanAverage(runs, &StudyPoint::runtime_seconds)));
    if (policy.allocator == "gta" || policy.allocator == "ofta") continue;
    regret.series.push_back(
        series(MeanX(runs, Axis::kRound),
               MeanAverage(runs, &StudyPoint::proxy_regret)));
  }
  return {by_runtime, by_worker_time, round_time, regret};
}

}  // namespace

void AddComparisonFigure(Experiment& experiment, const Comparison& comparison,
                         Preset preset, absl::string_view name,
                         absl::string_view title) {
  const OptimalityCurve curve(comparison.options().budget);
  FigureSpec figure{
      .name = std::string(name), .title = std::string(title), .columns = 4};
  figure.caption =
      "Columns as in the paper: squared gradient norm of SGD on its quadratic "
      "(d = 100, step 1e-4, exact expectation; the same after every round for "
      "all policies) against runtime and against total worker time; average "
      "round time; average proxy regret (GTA has none, OFTA's is zero).";
  for (size_t i = 0; i < comparison.options().sizes.size(); ++i) {
    for (Panel& panel : RowOfPanels(comparison, static_cast<int32_t>(i),
                                    PaperPolicies(preset), curve)) {
      figure.panels.push_back(std::move(panel));
    }
  }
  experiment.AddFigure(std::move(figure));
}

}  // namespace muster::benchmarks
