// What a barrier costs: the smallest whole experiment, for the harness's tests
// and as a pattern for new ones.
//
// n workers draw task times X_1 … X_n from Exp(1); a round lasts max X. Then
//   E[max X] = H_n = 1 + 1/2 + … + 1/n      Var[max X] = Σ 1/i²
// (the spacings of the order statistics are independent exponentials with
// rates n, n-1, …, 1), so a barrier over n workers costs a factor H_n.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gflags/gflags.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/benchmarks/harness/timeline_figure.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/timeline.h"

DEFINE_int64(rounds, 0, "rounds per run; 0: by size");

namespace muster::benchmarks {
namespace {

constexpr int64_t kMaxRounds = 1'000'000'000;
constexpr int64_t kReportEvery = 4096;
const std::vector<int64_t> kWorkers = {1, 2, 4, 8, 16, 32};

// A run's state: enough to go on from any round.
struct Moments {
  int64_t rounds = 0;
  double sum = 0;  // of the rounds' times
  double square_sum = 0;

  static void Fields(auto& self, auto&& visit) {
    visit(self.rounds, self.sum, self.square_sum);
  }
};

double HarmonicNumber(int64_t n) {
  double sum = 0;
  for (int64_t i = n; i >= 1; --i) sum += 1.0 / static_cast<double>(i);
  return sum;
}

absl::StatusOr<Moments> Simulate(TaskContext& context, int64_t workers,
                                 int64_t rounds, uint64_t seed) {
  Moments moments;
  absl::StatusOr<std::string> saved = context.LoadState();
  if (saved.ok()) {
    MUSTER_ASSIGN_OR_RETURN(moments, runtime::Decode<Moments>(*saved));
  } else if (!absl::IsNotFound(saved.status())) {
    return saved.status();
  }
  while (moments.rounds < rounds) {
    runtime::Rng rng =
        runtime::Rng(seed).Fork("round", workers, moments.rounds);
    double longest = 0;
    for (int64_t i = 0; i < workers; ++i) {
      longest = std::max(longest, runtime::Exponential(rng));
    }
    moments.sum += longest;
    moments.square_sum += longest * longest;
    ++moments.rounds;
    if (moments.rounds % kReportEvery != 0) continue;
    const bool go_on = context.Report(moments.rounds, rounds);
    if (context.ShouldSave()) {
      std::string bytes;
      runtime::Encode(moments, &bytes);
      MUSTER_RETURN_IF_ERROR(context.SaveState(bytes));
    }
    if (!go_on) return absl::CancelledError("stopped");
  }
  return moments;
}

FigureSpec MakeFigure(const std::vector<Interval>& means) {
  Series ours = {.label = "measured, 95 % interval",
                 .kind = Series::Kind::kErrorBar};
  Series law = {.label = "H_n", .kind = Series::Kind::kLine};
  for (size_t i = 0; i < kWorkers.size(); ++i) {
    const auto n = static_cast<double>(kWorkers[i]);
    ours.x.push_back(n);
    ours.y.push_back(means[i].mean);
    ours.low.push_back(means[i].low);
    ours.high.push_back(means[i].high);
    law.x.push_back(n);
    law.y.push_back(HarmonicNumber(kWorkers[i]));
  }
  return {
      .name = "barrier_wait",
      .title = "A barrier over n exponential workers costs H_n",
      .caption = "Mean time of a round over the mean time of a task.",
      .panels = {{.x = {.label = "workers n", .scale = AxisSpec::Scale::kLog},
                  .y = {.label = "mean time of a round", .unit = "s"},
                  .series = {law, ours}}}};
}

// The first rounds of eight workers, task by task.
runtime::Timeline FirstRounds(uint64_t seed) {
  constexpr int64_t kShownWorkers = 8;
  constexpr int64_t kShownRounds = 6;
  runtime::Timeline timeline(kShownWorkers, {.keep_segments = true});
  double begin = 0;
  for (int64_t round = 0; round < kShownRounds; ++round) {
    runtime::Rng rng = runtime::Rng(seed).Fork("round", kShownWorkers, round);
    double end = begin;
    for (int32_t i = 0; i < kShownWorkers; ++i) {
      const double task_end = begin + runtime::Exponential(rng);
      timeline.Record(runtime::WorkerId{i}, runtime::Activity::kCompute, begin,
                      task_end, round);
      end = std::max(end, task_end);
    }
    begin = end;
  }
  return timeline;
}

absl::Status Run(Experiment& experiment) {
  if (FLAGS_rounds < 0 || FLAGS_rounds > kMaxRounds) {
    return InvalidFlag("rounds", absl::StrCat(FLAGS_rounds),
                       absl::StrCat("between 0 and ", kMaxRounds),
                       "0 takes the size's own number");
  }
  const CommonFlags& flags = experiment.flags();
  const int64_t rounds =
      FLAGS_rounds > 0 ? FLAGS_rounds
                       : flags.ByEffort<int64_t>(20'000, 200'000, 2'000'000);
  std::vector<Task<Moments>> tasks;
  for (const int64_t n : kWorkers) {
    for (int64_t s = 0; s < flags.seeds; ++s) {
      tasks.push_back(
          {.name = absl::StrCat("n", n, ".seed", s),
           .work = static_cast<double>(n * rounds),
           .run = [n, rounds, seed = flags.seed + s](TaskContext& context) {
             return Simulate(context, n, rounds, seed);
           }});
    }
  }
  MUSTER_ASSIGN_OR_RETURN(const TaskResults<Moments> results,
                          RunTasks(experiment, "barrier", tasks));
  if (!results.complete()) {
    experiment.Note("Stopped before every run had ended.");
    return absl::OkStatus();
  }
  Table table("rounds", {"workers", "seed", "mean [s]", "H_n [s]"},
              "Mean time of a round");
  std::vector<Interval> means;
  std::vector<double> before;
  for (size_t i = 0; i < kWorkers.size(); ++i) {
    const int64_t n = kWorkers[i];
    std::vector<double> of_seed;
    for (int64_t s = 0; s < flags.seeds; ++s) {
      const Moments& moments = results[i * flags.seeds + s];
      of_seed.push_back(moments.sum / static_cast<double>(moments.rounds));
      table.AddRow({n, flags.seed + s, of_seed.back(), HarmonicNumber(n)});
    }
    means.push_back(MeanInterval(of_seed));
    experiment.claims().JudgeNear(
        {absl::StrCat("mean.n", n), "order statistics",
         absl::StrCat("a round of ", n, " workers lasts H_n within 2 %")},
        HarmonicNumber(n), of_seed, 0.02);
    if (i > 0) {
      experiment.claims().JudgeLess(
          {absl::StrCat("order.n", n), "order statistics",
           absl::StrCat("a round of ", n, " workers is longer than one of ",
                        kWorkers[i - 1])},
          before, of_seed);
    }
    before = of_seed;
  }
  experiment.AddTable(std::move(table));
  experiment.AddFigure(MakeFigure(means));
  AddTimeline(experiment, "first_rounds",
              "Who waits for whom: the first six rounds of eight workers",
              FirstRounds(flags.seed));
  return absl::OkStatus();
}

}  // namespace
}  // namespace muster::benchmarks

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "barrier_wait",
       .title = "what a barrier over exponential workers costs",
       .source = "order statistics of the exponential law",
       .claims = "A round of n workers lasts H_n = 1 + 1/2 + ... + 1/n tasks.",
       .examples = "./bazelw run //benchmarks/harness:barrier_wait -- --quick",
       .default_seeds = 5,
       .quick_seeds = 3,
       .full_seeds = 10},
      muster::benchmarks::Run);
}
