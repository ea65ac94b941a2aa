// E6: what earlier runs teach. ATA (ICML 2025), figure 6 and appendix A.5.
//
// The linear law, n = 51, B = 23. Before the training run of 748,000 rounds the
// learners play P = 0, 500,000 or 5,000,000 rounds of the bandit alone; counts,
// sums and the round number carry over. So one long run of P + 748,000 rounds
// holds all three: its totals from round P on. Scoring: P = 5,000,000 prior
// rounds (past the exploration) close at least 80 % of the gap between the
// learners' runtime without them and OFTA's, which the paper's curves nearly
// reach.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/benchmarks/ata/optimality.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/policy_grid.h"
#include "muster/benchmarks/ata/policy_run.h"
#include "muster/benchmarks/ata/published.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/status_macros.h"

namespace {

namespace mb = muster::benchmarks;
using muster::allocation::StudyPoint;

constexpr int32_t kWorkers = 51;
constexpr int kCurvePoints = 100;

struct Sizes {
  std::vector<int64_t> prior;  // P, ascending
  int64_t training = 0;        // rounds after it
};

Sizes SizesOf(const mb::CommonFlags& flags) {
  if (flags.quick()) return {{0, 50'000, 500'000}, 75'000};
  return {{0, 500'000, 5'000'000}, mb::kCifarRounds};
}

struct Curve {
  mb::Policy policy;
  std::vector<mb::PolicyRun> runs;  // by seed
};

// The rounds at which the long run is recorded.
std::vector<int64_t> RecordRounds(const Sizes& sizes) {
  std::vector<int64_t> rounds;
  for (int64_t prior : sizes.prior) {
    if (prior > 0) rounds.push_back(prior);
    for (int p = 1; p <= kCurvePoints; ++p) {
      rounds.push_back(prior + sizes.training * p / kCurvePoints);
    }
  }
  std::sort(rounds.begin(), rounds.end());
  rounds.erase(std::unique(rounds.begin(), rounds.end()), rounds.end());
  return rounds;
}

absl::StatusOr<std::vector<Curve>> Simulate(mb::Experiment& experiment,
                                            const mb::Workers& workers,
                                            const Sizes& sizes) {
  std::vector<Curve> curves;
  for (mb::Preset preset : {mb::Preset::kFigures, mb::Preset::kText}) {
    curves.push_back({mb::Ata(preset), {}});
    curves.push_back({mb::AtaEmpirical(preset), {}});
  }
  curves.push_back({mb::GreedyPolicy(), {}});
  curves.push_back({mb::OracleFixed(), {}});
  curves.push_back({mb::UniformPolicy(), {}});
  std::vector<mb::GridRun> grid;
  for (const Curve& curve : curves) {
    // What does not learn needs no prior rounds.
    Sizes own = sizes;
    if (curve.policy.adjust == nullptr) own.prior = {0};
    grid.push_back({.name = "n51",
                    .workers = &workers,
                    .options = {.policy = curve.policy,
                                .rounds = own.prior.back() + own.training,
                                .record_rounds = RecordRounds(own)}});
  }
  MUSTER_ASSIGN_OR_RETURN(const mb::GridRuns runs,
                          RunGrid(experiment, "policies", grid));
  for (Curve& curve : curves) curve.runs = runs.at("n51", curve.policy.key);
  return curves;
}

// Seconds per training round after `prior` rounds, by seed.
std::vector<double> TrainingSeconds(const Curve& curve, int64_t prior,
                                    int64_t training) {
  return mb::MeanRoundSeconds(curve.runs, prior, prior + training);
}

void AddTable(mb::Experiment& experiment, const std::vector<Curve>& curves,
              const Sizes& sizes) {
  mb::Table table(
      "training",
      {"policy", "constants", "prior rounds", "runtime per round [s]",
       "worker time per round [s]"},
      absl::StrFormat("means over %d training rounds", sizes.training));
  for (const Curve& curve : curves) {
    for (int64_t prior : sizes.prior) {
      const bool learns = curve.policy.adjust != nullptr;
      if (!learns && prior > 0) continue;
      table.AddRow(
          {curve.policy.label,
           !learns                                              ? ""
           : curve.policy.key.find("text") != std::string::npos ? "text"
                                                                : "figures",
           prior,
           mb::MeanInterval(TrainingSeconds(curve, prior, sizes.training)).mean,
           mb::MeanInterval(
               mb::MeanWorkerSeconds(curve.runs, prior, prior + sizes.training))
               .mean});
    }
  }
  experiment.AddTable(std::move(table));
}

void Judge(mb::Experiment& experiment, const std::vector<Curve>& curves,
           const Sizes& sizes) {
  const std::vector<double> oracle =
      TrainingSeconds(curves[5], 0, sizes.training);
  const int64_t most = sizes.prior.back();
  for (size_t c = 0; c < 4; ++c) {
    const Curve& curve = curves[c];
    const bool figures = c < 2;
    const std::string label =
        absl::StrFormat("%s (constants of the %s)", curve.policy.label,
                        figures ? "figures" : "text");
    const std::vector<double> none = TrainingSeconds(curve, 0, sizes.training);
    const std::vector<double> prior =
        TrainingSeconds(curve, most, sizes.training);
    mb::ClaimText reaches{
        .id = absl::StrCat("reaches.", curve.policy.key),
        .source = "Figure 6",
        .statement = absl::StrFormat("%s: share of the gap to OFTA's runtime "
                                     "that %d prior rounds close",
                                     label, most)};
    if (figures && experiment.flags().quick()) {
      experiment.claims().Skip(std::move(reaches),
                               "the exploration is longer than a quick run");
    } else {
      std::vector<double> closed;
      for (size_t s = 0; s < none.size(); ++s) {
        closed.push_back((none[s] - prior[s]) / (none[s] - oracle[s]));
      }
      experiment.claims().JudgeAtLeast(std::move(reaches), closed, 0.8);
    }
    experiment.claims().JudgeLess(
        {.id = absl::StrCat("helps.", curve.policy.key),
         .source = "Figure 6",
         .statement = absl::StrCat(label, ": runtime per round with ", most,
                                   " prior rounds is below that with none")},
        prior, none);
  }
}

// Means over the seeds of the totals since round `prior`.
mb::Series ClockSeries(const Curve& curve, int64_t prior, const Sizes& sizes,
                       const mb::OptimalityCurve& optimality,
                       double StudyPoint::*total) {
  mb::Series series{.label = curve.policy.label};
  const std::vector<StudyPoint>& points = curve.runs[0].points;
  for (size_t p = 0; p < points.size(); ++p) {
    const int64_t round = points[p].round - prior;
    if (round < 1 || round > sizes.training) continue;
    double sum = 0;
    for (const mb::PolicyRun& run : curve.runs) {
      double before = 0;
      for (const StudyPoint& point : run.points) {
        if (point.round == prior) before = point.*total;
      }
      sum += run.points[p].*total - before;
    }
    series.x.push_back(sum / static_cast<double>(curve.runs.size()));
    series.y.push_back(optimality.GradientSquaredNorm(round));
  }
  return series;
}

void AddFigure(mb::Experiment& experiment, const std::vector<Curve>& curves,
               const Sizes& sizes, mb::Preset preset) {
  const mb::OptimalityCurve optimality(mb::kPaperBudget);
  const bool figures = preset == mb::Preset::kFigures;
  mb::FigureSpec figure{
      .name = figures ? "figure_6" : "figure_6_text",
      .title = absl::StrFormat("Prior knowledge, linear law, n = 51, constants "
                               "of the published %s",
                               figures ? "figures" : "text"),
      .columns = 2};
  figure.caption =
      "Training after P rounds of the bandit alone. GTA, OFTA and UTA learn "
      "nothing and are the same in every row.";
  for (int64_t prior : sizes.prior) {
    const auto panel = [&](const char* axis, double StudyPoint::*total) {
      mb::Panel result{.title = absl::StrFormat("P = %d", prior),
                       .x = {.label = axis, .unit = "s"},
                       .y = {.label = "squared gradient norm",
                             .scale = mb::AxisSpec::Scale::kLog,
                             .max = 0.1}};
      for (size_t c : {size_t{4}, size_t{5}, figures ? size_t{0} : size_t{2},
                       figures ? size_t{1} : size_t{3}, size_t{6}}) {
        const bool learns = curves[c].policy.adjust != nullptr;
        result.series.push_back(ClockSeries(curves[c], learns ? prior : 0,
                                            sizes, optimality, total));
      }
      return result;
    };
    figure.panels.push_back(panel("runtime", &StudyPoint::runtime_seconds));
    figure.panels.push_back(
        panel("total worker time", &StudyPoint::worker_seconds));
  }
  experiment.AddFigure(std::move(figure));
}

absl::Status Run(mb::Experiment& experiment) {
  const Sizes sizes = SizesOf(experiment.flags());
  MUSTER_ASSIGN_OR_RETURN(mb::Workers workers,
                          MakeWorkers(mb::LawFamily::kLinear, kWorkers));
  MUSTER_ASSIGN_OR_RETURN(std::vector<Curve> curves,
                          Simulate(experiment, workers, sizes));
  AddTable(experiment, curves, sizes);
  Judge(experiment, curves, sizes);
  AddFigure(experiment, curves, sizes, mb::Preset::kFigures);
  AddFigure(experiment, curves, sizes, mb::Preset::kText);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "prior_knowledge",
       .title = "Training after rounds of the bandit alone",
       .source = "Maranjyan et al., ATA (ICML 2025), figure 6",
       .claims = "5,000,000 prior rounds close most of the gap to OFTA\n"
                 "prior rounds shorten the training",
       .default_seeds = 1,
       .quick_seeds = 2,
       .full_seeds = 3},
      Run);
}
