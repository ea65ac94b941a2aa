// E5: a training curve over the policies' clocks. ATA (ICML 2025), figure 5 and
// the authors' poster.
//
// The linear law, n = 17, 51, 153, B = 23, 748,000 rounds. The paper trains a
// small convolutional network on CIFAR-100 and lays its loss over each policy's
// runtime and worker time; the poster gives the end points at n = 51. Scoring:
// those ten end points within 1 %. The curve over the clocks is a real training
// run of softmax regression on MNIST, and a shorter one in which every policy's
// workers really compute the gradients on a VirtualCluster: its clock must be
// the scheduling study's.

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/allocation/gradient_program.h"
#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_with_allocator.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/policy_grid.h"
#include "muster/benchmarks/ata/policy_run.h"
#include "muster/benchmarks/ata/published.h"
#include "muster/benchmarks/ata/training_curve.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/benchmarks/harness/timeline_figure.h"
#include "muster/runtime/cluster_spec.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/virtual_cluster.h"

namespace {

namespace ma = muster::allocation;
namespace mb = muster::benchmarks;
namespace mr = muster::runtime;

constexpr int32_t kPublishedSize = 51;

struct Clock {
  int32_t n = 0;
  mb::Policy policy;
  std::vector<mb::PolicyRun> runs;  // by seed
};

absl::StatusOr<std::vector<Clock>> SimulateClocks(
    mb::Experiment& experiment, const std::vector<mb::Workers>& sizes,
    int64_t rounds) {
  std::vector<Clock> clocks;
  std::vector<mb::GridRun> grid;
  for (const mb::Workers& workers : sizes) {
    for (const mb::Policy& policy : PaperPolicies(mb::Preset::kFigures)) {
      clocks.push_back({workers.size(), policy, {}});
      grid.push_back({.name = absl::StrFormat("n%d", workers.size()),
                      .workers = &workers,
                      .options = {.policy = policy, .rounds = rounds}});
    }
  }
  MUSTER_ASSIGN_OR_RETURN(const mb::GridRuns runs,
                          RunGrid(experiment, "clocks", grid));
  for (Clock& clock : clocks) {
    clock.runs = runs.at(absl::StrFormat("n%d", clock.n), clock.policy.key);
  }
  return clocks;
}

std::vector<double> Totals(const Clock& clock, double ma::StudyPoint::*total) {
  return mb::PerSeed(
      clock.runs, [&](const mb::PolicyRun& run) { return run.last().*total; });
}

void JudgeClocks(mb::Experiment& experiment, const std::vector<Clock>& clocks,
                 int64_t rounds) {
  mb::Table table("clocks",
                  {"n", "policy", "runtime [s]", "paper: runtime [s]",
                   "worker time [s]", "paper: worker time [s]"},
                  absl::StrFormat("after %d rounds", rounds));
  for (const Clock& clock : clocks) {
    double runtime = std::nan("");
    double worker_time = std::nan("");
    for (const mb::PublishedClock& published : mb::kCifarClocks) {
      if (clock.n != kPublishedSize || published.policy != clock.policy.key) {
        continue;
      }
      runtime = published.runtime_seconds;
      worker_time = published.worker_seconds;
      const auto judge = [&](const char* what, double paper,
                             double ma::StudyPoint::*total) {
        mb::ClaimText text{
            .id = absl::StrCat(clock.policy.key, ".", what),
            .source = "Poster",
            .statement = absl::StrFormat("%s's %s [s] after 748,000 rounds",
                                         clock.policy.label, what)};
        if (rounds == mb::kCifarRounds) {
          experiment.claims().JudgeNear(std::move(text), paper,
                                        Totals(clock, total), 0.01);
        } else {
          text.paper = absl::StrFormat("%g", paper);
          experiment.claims().Skip(std::move(text),
                                   "needs all rounds; run without --quick");
        }
      };
      judge("runtime", runtime, &ma::StudyPoint::runtime_seconds);
      judge("worker time", worker_time, &ma::StudyPoint::worker_seconds);
    }
    table.AddRow(
        {clock.n, clock.policy.label,
         mb::MeanInterval(Totals(clock, &ma::StudyPoint::runtime_seconds)).mean,
         runtime,
         mb::MeanInterval(Totals(clock, &ma::StudyPoint::worker_seconds)).mean,
         worker_time});
  }
  experiment.AddTable(std::move(table));
}

// Total after `round` rounds, between the recorded points.
double Interpolate(const mb::PolicyRun& run, double round,
                   double ma::StudyPoint::*total) {
  double before_round = 0;
  double before = 0;
  for (const ma::StudyPoint& point : run.points) {
    const auto at = static_cast<double>(point.round);
    if (at >= round) {
      return before + (point.*total - before) * (round - before_round) /
                          (at - before_round);
    }
    before_round = at;
    before = point.*total;
  }
  return before;
}

void AddFigure(mb::Experiment& experiment, const std::vector<Clock>& clocks,
               const mb::TrainingCurve& curve) {
  mb::FigureSpec figure{
      .name = "figure_5",
      .title = "Softmax regression on MNIST over the policies' clocks",
      .columns = 2};
  figure.caption =
      "One training run (mini-batch loss, averaged between points) against "
      "each policy's runtime and total worker time; linear law, B = 23, the "
      "constants of the published figures.";
  for (size_t first = 0; first < clocks.size(); first += 5) {
    const auto panel = [&](const char* axis, double ma::StudyPoint::*total) {
      mb::Panel result{.title = absl::StrFormat("n = %d", clocks[first].n),
                       .x = {.label = axis, .unit = "s"},
                       .y = {.label = "training loss", .unit = "nats"}};
      for (size_t c = first; c < first + 5; ++c) {
        mb::Series series{.label = clocks[c].policy.label};
        for (size_t p = 0; p < curve.round.size(); ++p) {
          series.x.push_back(Interpolate(
              clocks[c].runs[0], static_cast<double>(curve.round[p]), total));
          series.y.push_back(curve.loss[p]);
        }
        result.series.push_back(std::move(series));
      }
      return result;
    };
    figure.panels.push_back(panel("runtime", &ma::StudyPoint::runtime_seconds));
    figure.panels.push_back(
        panel("total worker time", &ma::StudyPoint::worker_seconds));
  }
  experiment.AddFigure(std::move(figure));
}

// `rounds` rounds in which the workers really compute, under one policy.
absl::StatusOr<ma::SgdSummary> TrainOnCluster(mb::Experiment& experiment,
                                              const mb::Digits& digits,
                                              const mb::Workers& workers,
                                              const mb::Policy& policy,
                                              int64_t rounds) {
  using Program = ma::GradientProgram<muster::models::SoftmaxRegression>;
  const uint64_t seed = experiment.flags().seed;
  MUSTER_ASSIGN_OR_RETURN(mr::ClusterSpec spec,
                          mr::ParseClusterSpec(absl::StrFormat(
                              "preset:ata_linear(n=%d)", workers.size())));
  MUSTER_ASSIGN_OR_RETURN(mr::SpeedModel model,
                          mr::SpeedModel::Create(spec, seed));
  std::vector<std::unique_ptr<Program>> programs;
  programs.reserve(workers.means.size());
  for (int32_t i = 0; i < workers.size(); ++i) {
    programs.push_back(std::make_unique<Program>(digits.train, seed));
  }
  mr::VirtualClusterOptions options;
  options.timeline.keep_segments = true;
  mr::VirtualCluster<Program> cluster(std::move(programs), std::move(model),
                                      options, experiment.runtime());
  MUSTER_ASSIGN_OR_RETURN(
      std::unique_ptr<ma::Allocator> allocator,
      MakeAllocator(policy, workers, mb::kPaperBudget, seed));
  MUSTER_ASSIGN_OR_RETURN(
      std::unique_ptr<ma::SgdPolicy> method,
      ma::CreateSgdWithAllocator({.step = 0.02,
                                  .batch = mb::kPaperBudget,
                                  .allocator = std::move(allocator)}));
  MUSTER_ASSIGN_OR_RETURN(
      ma::SgdSummary summary,
      ma::RunSgd(cluster, *digits.train, *method,
                 {.max_steps = rounds, .record_every_steps = rounds},
                 experiment.runtime()));
  if (policy.key == "gta" || policy.key == "ofta") {
    // A few rounds are enough to see who waits and what is cancelled.
    AddTimeline(
        experiment, absl::StrCat("timeline_", policy.key),
        absl::StrCat(policy.label, ": the first rounds, n = ", workers.size()),
        cluster.timeline(),
        {.end_seconds =
             3 * summary.seconds / static_cast<double>(summary.steps)});
  }
  return summary;
}

absl::Status CheckTrainers(mb::Experiment& experiment, const mb::Digits& digits,
                           const mb::Workers& workers, int64_t rounds) {
  mb::Table table(
      "trainers",
      {"policy", "rounds", "runtime [s]", "study's runtime [s]",
       "worker time [s]", "study's worker time [s]", "loss at the end [nats]"},
      "gradients really computed on a VirtualCluster, n = 51");
  bool same_clock = true;
  bool loss_falls = true;
  for (const mb::Policy& policy : PaperPolicies(mb::Preset::kFigures)) {
    MUSTER_ASSIGN_OR_RETURN(
        ma::SgdSummary trained,
        TrainOnCluster(experiment, digits, workers, policy, rounds));
    if (trained.steps < rounds) return absl::CancelledError("stopped");
    MUSTER_ASSIGN_OR_RETURN(std::unique_ptr<ma::Allocator> allocator,
                            MakeAllocator(policy, workers, mb::kPaperBudget,
                                          experiment.flags().seed));
    const mr::TaskDurations durations(workers.laws, experiment.flags().seed);
    ma::RoundSimulator simulator(&durations);
    MUSTER_ASSIGN_OR_RETURN(
        ma::StudySummary study,
        ma::RunStudy(allocator.get(), &simulator,
                     {.rounds = rounds, .budget = mb::kPaperBudget}));
    const auto near = [](double a, double b) {
      return std::abs(a - b) <= 1e-9 * std::abs(b);
    };
    same_clock = same_clock &&
                 near(trained.seconds, study.last.runtime_seconds) &&
                 near(trained.worker_seconds, study.last.worker_seconds);
    loss_falls = loss_falls && trained.objective < trained.trace[0].objective;
    table.AddRow({policy.label, rounds, trained.seconds,
                  study.last.runtime_seconds, trained.worker_seconds,
                  study.last.worker_seconds, trained.objective});
  }
  experiment.AddTable(std::move(table));
  experiment.claims().JudgeTrue(
      {.id = "trainers.clock",
       .source = "Muster",
       .statement = "trainers on the VirtualCluster keep the study's runtime "
                    "and worker time (relative 1e-9)"},
      same_clock);
  experiment.claims().JudgeTrue(
      {.id = "trainers.loss",
       .source = "Muster",
       .statement = "the training loss falls under every policy"},
      loss_falls);
  return absl::OkStatus();
}

absl::Status RunTraining(mb::Experiment& experiment,
                         const std::vector<Clock>& clocks,
                         const mb::Workers& workers, const mb::Digits& digits,
                         int64_t rounds) {
  std::vector<mb::Task<mb::TrainingCurve>> tasks(1);
  const mb::TrainingOptions options{.rounds = rounds,
                                    .batch = mb::kPaperBudget,
                                    .seed = experiment.flags().seed};
  tasks[0] = {.name = "softmax",
              .work = static_cast<double>(rounds),
              .run = [&](mb::TaskContext& context) {
                return Train(digits, options, context);
              }};
  MUSTER_ASSIGN_OR_RETURN(mb::TaskResults<mb::TrainingCurve> curves,
                          RunTasks(experiment, "training", tasks));
  if (!curves.complete()) return absl::CancelledError("stopped");
  const mb::TrainingCurve& curve = curves[0];
  experiment.claims().JudgeAtMost(
      {.id = "training.error",
       .source = "MNIST",
       .statement = "test error of the training run at its end"},
      std::vector<double>{curve.test_error.back()},
      experiment.flags().quick() ? 0.13 : 0.09);
  AddFigure(experiment, clocks, curve);
  return CheckTrainers(experiment, digits, workers,
                       experiment.flags().quick() ? 20 : 300);
}

absl::Status Run(mb::Experiment& experiment) {
  const int64_t rounds = experiment.flags().quick() ? 10'000 : mb::kCifarRounds;
  std::vector<mb::Workers> sizes;
  for (int32_t n : {17, kPublishedSize, 153}) {
    MUSTER_ASSIGN_OR_RETURN(sizes.emplace_back(),
                            MakeWorkers(mb::LawFamily::kLinear, n));
  }
  MUSTER_ASSIGN_OR_RETURN(std::vector<Clock> clocks,
                          SimulateClocks(experiment, sizes, rounds));
  JudgeClocks(experiment, clocks, rounds);
  const absl::StatusOr<mb::Digits> digits = mb::LoadDigits(experiment);
  if (digits.ok()) {
    return RunTraining(experiment, clocks, sizes[1], *digits, rounds);
  }
  if (digits.status().code() != absl::StatusCode::kNotFound) {
    return digits.status();
  }
  for (const char* id : {"training.error", "trainers.clock", "trainers.loss"}) {
    experiment.claims().Skip(
        {.id = id, .source = "MNIST", .statement = "a training run on MNIST"},
        digits.status().message());
  }
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "cifar_clocks",
       .title = "A training curve over the policies' clocks",
       .source = "Maranjyan et al., ATA (ICML 2025), figure 5 and poster",
       .claims = "the poster's ten end points within 1 % (748,000 rounds)\n"
                 "trainers that really compute keep the study's clocks",
       .default_seeds = 1,
       .quick_seeds = 1,
       .full_seeds = 3},
      Run);
}
