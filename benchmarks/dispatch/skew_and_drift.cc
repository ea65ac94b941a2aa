// Beyond the paper: regions of unequal size, and queries that come from other
// regions than the training data.
//
// Skew: the synthetic mixture with component weights i^-e. At e = 1 the largest
// component holds 17 % of the points, ten groups' worth at k = 64; at 1.5, 39
// %. Scoring: accuracy and load on the whole stream, by method and exponent.
//
// Drift: groups are fitted and trained on the mixture of exponent 1; the
// component weights of the queries turn round, w(t) = (1 - t) w + t
// reversed(w), t = 0 ... 1. A fixed rule sends them to the few groups that hold
// the once rare regions. The online balancer (dispatch/online_balancer.h)
// starts from the same prices and moves them as queries come, so that no group
// gets more than twice its share, nor less than half; a query may then be
// answered by a group that knows its region less. Scoring: the largest load
// over the query stream, and what the bound costs in accuracy, paired by seed.

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_grid.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/benchmarks/dispatch/dispatch_run.h"
#include "muster/benchmarks/dispatch/drawn_intervals.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/benchmarks/dispatch/shard_training.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/dispatch/online_balancer.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/check.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/step_progress.h"

namespace {

namespace mb = muster::benchmarks;
namespace md = muster::dispatch;
using muster::runtime::Runtime;
using muster::runtime::StepProgress;

constexpr int64_t kGroups = 64;
constexpr int32_t kWorkers = 16;
// Of the drift experiment.
constexpr double kExponent = 1;
constexpr double kUpperFactor = 2;
constexpr double kLowerFactor = .5;

std::vector<double> Exponents(const mb::CommonFlags& flags) {
  if (flags.quick()) return {1, 1.5};
  return {0, .5, 1, 1.5};
}

std::vector<double> Drifts(const mb::CommonFlags& flags) {
  if (flags.quick()) return {0, .5, 1};
  return {0, .25, .5, .75, 1};
}

mb::DatasetSize Size(const mb::CommonFlags& flags) {
  return {.train_rows = flags.ByEffort<int64_t>(10'000, 60'000, 500'000),
          .test_rows = flags.ByEffort<int64_t>(4'000, 20'000, 50'000)};
}

int64_t SampleSize(const mb::CommonFlags& flags) {
  return flags.ByEffort<int64_t>(2'500, 10'000, 10'000);
}

double LargestLoad(const mb::DispatchOutcome& outcome) {
  return outcome.load.largest;
}

// --- Skew --------------------------------------------------------------------

struct SkewStudy {
  double exponent = 0;
  mb::DispatchGridResults results;
};

absl::StatusOr<std::optional<SkewStudy>> RunSkew(mb::Experiment& experiment,
                                                 double exponent) {
  const mb::CommonFlags& flags = experiment.flags();
  mb::DispatchGrid grid{
      .name = absl::StrCat("skew_", exponent),
      .data =
          [size = Size(flags), exponent](uint64_t seed,
                                         const Runtime& runtime) {
            return mb::SkewedData(size, exponent, seed, runtime);
          },
      .methods = {mb::PaperMethod(), mb::BalancedPriceMethod(),
                  mb::EqualSizesPriceMethod(), mb::KdTreeMethod(),
                  mb::RandomMethod()},
      .groups = {kGroups}};
  grid.run.sample_size = SampleSize(flags);
  grid.run.workers = kWorkers;
  MUSTER_ASSIGN_OR_RETURN(mb::DispatchGridResults results,
                          mb::RunDispatchGrid(experiment, std::move(grid)));
  if (!results.complete()) return std::optional<SkewStudy>();
  return std::optional<SkewStudy>({exponent, std::move(results)});
}

void JudgeSkew(mb::Claims& claims, const SkewStudy& study) {
  if (study.exponent != 1) return;
  const mb::DispatchGridResults& results = study.results;
  claims.JudgeLess({"skew.price", "brief 5.2",
                    "exponent 1: the paper's method is below routing by price"},
                   results.Accuracies("paper", kGroups),
                   results.Accuracies("balanced_price", kGroups));
  claims.JudgeLess(
      {"skew.equal", "brief 5.2",
       "exponent 1: the paper's method is below equal sizes routed "
       "by price"},
      results.Accuracies("paper", kGroups),
      results.Accuracies("equal_price", kGroups));
  claims.JudgeLess({"skew.load", "brief 5.2",
                    "exponent 1: with equal sizes the fullest group is smaller "
                    "than the paper's"},
                   results.Values("equal_price", kGroups, LargestLoad),
                   results.Values("paper", kGroups, LargestLoad));
  claims.JudgeLess(
      {"skew.tree", "Figure 3a",
       "exponent 1: the partition tree is below the paper's method"},
      results.Accuracies("bpt", kGroups), results.Accuracies("paper", kGroups));
}

// Accuracy (or the largest load) against the exponent, a curve a method.
mb::Panel DrawSkew(const std::vector<SkewStudy>& studies, bool load) {
  mb::Panel panel{.title = load ? "skew: the fullest group" : "skew: accuracy",
                  .x = {.label = "exponent of the weights"},
                  .y = {.label = load ? "largest load / mean load"
                                      : "accuracy on the test set"}};
  for (const mb::DispatchMethod& method : studies[0].results.grid().methods) {
    mb::Series series{.label = method.label};
    for (const SkewStudy& study : studies) {
      const mb::Interval interval = mb::MeanInterval(
          load ? study.results.Values(method.key, kGroups, LargestLoad)
               : study.results.Accuracies(method.key, kGroups));
      series.x.push_back(study.exponent);
      series.y.push_back(interval.mean);
      series.low.push_back(interval.low);
      series.high.push_back(interval.high);
    }
    panel.series.push_back(std::move(series));
  }
  mb::ClipIntervals(load ? mb::kAmounts : mb::kShares, &panel);
  return panel;
}

// --- Drift -------------------------------------------------------------------

// How one rule dealt with one query stream.
struct QueryRun {
  double accuracy = 0;
  mb::LoadReport load = {};

  static void Fields(auto& self, auto&& visit) {
    visit(self.accuracy, self.load);
  }
};

// One seed: each drift by the paper's rule, the fixed prices, the balancer.
struct DriftRun {
  std::vector<QueryRun> paper = {};
  std::vector<QueryRun> fixed = {};
  std::vector<QueryRun> online = {};
  std::vector<double> diverted_share = {};

  static void Fields(auto& self, auto&& visit) {
    visit(self.paper, self.fixed, self.online, self.diverted_share);
  }
};

// The query stream's groups by a fixed rule.
absl::StatusOr<std::vector<int32_t>> RouteAll(const md::Router& router,
                                              const mb::LabeledData& queries,
                                              const Runtime& runtime) {
  std::vector<int32_t> groups(static_cast<size_t>(queries.num_rows()));
  MUSTER_RETURN_IF_ERROR(router.Route(queries.View(), groups, runtime));
  return groups;
}

// What a stream of queries, one of so many, takes of the progress of a run
// with two methods.
double StreamShare(const std::vector<mb::SharedDataset>& streams) {
  return .15 / static_cast<double>(streams.size());
}

absl::StatusOr<QueryRun> AskGroups(mb::ShardTraining& shards,
                                   const mb::LabeledData& queries,
                                   const std::vector<int32_t>& groups,
                                   int64_t num_groups) {
  MUSTER_ASSIGN_OR_RETURN(const mb::Answers answers,
                          shards.Answer(queries, {}, groups));
  return QueryRun{.accuracy = answers.accuracy,
                  .load = mb::MeasureLoad(groups, 1, num_groups)};
}

// One method, fitted and trained on the undrifted stream.
struct Trained {
  std::shared_ptr<const md::Router> router = nullptr;
  std::unique_ptr<mb::VirtualShards> shards = nullptr;
};

// The first .35 of the method's half of `steps`.
absl::StatusOr<Trained> Train(const mb::DispatchMethod& method,
                              const mb::DatasetPair& data, int64_t sample_size,
                              uint64_t seed, StepProgress& steps) {
  const mb::DispatchRunOptions options{.method = method,
                                       .num_groups = kGroups,
                                       .sample_size = sample_size,
                                       .workers = kWorkers,
                                       .seed = seed};
  const Runtime runtime = steps.runtime();
  steps.Begin(.05);
  MUSTER_ASSIGN_OR_RETURN(const mb::FittedMethod fitted,
                          mb::FitMethod(data.train, options, runtime));
  Trained trained{.router = fitted.router};
  MUSTER_ASSIGN_OR_RETURN(
      trained.shards,
      mb::VirtualShards::Create(fitted, data.classes, options, runtime));
  steps.Begin(.1);
  MUSTER_RETURN_IF_ERROR(trained.shards->training().Store(data.train).status());
  steps.Begin(.2);
  MUSTER_RETURN_IF_ERROR(trained.shards->training().Train().status());
  return trained;
}

absl::Status AskByNearest(const Trained& paper,
                          const std::vector<mb::SharedDataset>& streams,
                          StepProgress& steps, DriftRun* run) {
  for (const mb::SharedDataset& stream : streams) {
    steps.Begin(StreamShare(streams));
    MUSTER_ASSIGN_OR_RETURN(
        const std::vector<int32_t> groups,
        RouteAll(*paper.router, stream->test, steps.runtime()));
    MUSTER_ASSIGN_OR_RETURN(run->paper.emplace_back(),
                            AskGroups(paper.shards->training(), stream->test,
                                      groups, paper.router->num_groups()));
  }
  return absl::OkStatus();
}

absl::Status AskByPrice(const Trained& balanced,
                        const std::vector<mb::SharedDataset>& streams,
                        StepProgress& steps, DriftRun* run) {
  const Runtime runtime = steps.runtime();
  const auto* price =
      dynamic_cast<const md::PriceRouter*>(balanced.router.get());
  MUSTER_CHECK(price != nullptr);
  mb::ShardTraining& shards = balanced.shards->training();
  for (const mb::SharedDataset& stream : streams) {
    const mb::LabeledData& queries = stream->test;
    steps.Begin(StreamShare(streams) / 2);
    MUSTER_ASSIGN_OR_RETURN(std::vector<int32_t> groups,
                            RouteAll(*price, queries, runtime));
    MUSTER_ASSIGN_OR_RETURN(run->fixed.emplace_back(),
                            AskGroups(shards, queries, groups, kGroups));
    md::OnlineBalancerOptions options;
    options.lower_factor = kLowerFactor;
    options.upper_factor = kUpperFactor;
    options.total_points = queries.num_rows();
    MUSTER_ASSIGN_OR_RETURN(
        md::OnlineBalancer balancer,
        md::OnlineBalancer::Create(price->state(), options));
    steps.Begin(StreamShare(streams) / 2);
    MUSTER_RETURN_IF_ERROR(balancer.Assign(queries.View(), groups, runtime));
    MUSTER_ASSIGN_OR_RETURN(run->online.emplace_back(),
                            AskGroups(shards, queries, groups, kGroups));
    run->diverted_share.push_back(static_cast<double>(balancer.diverted()) /
                                  static_cast<double>(queries.num_rows()));
  }
  return absl::OkStatus();
}

absl::StatusOr<DriftRun> RunDrift(const mb::CommonFlags& flags, uint64_t seed,
                                  const Runtime& runtime) {
  std::vector<mb::SharedDataset> streams;
  for (const double drift : Drifts(flags)) {
    MUSTER_ASSIGN_OR_RETURN(
        streams.emplace_back(),
        mb::DriftedData(Size(flags), kExponent, drift, seed, runtime));
  }
  DriftRun run;
  StepProgress steps(runtime);
  MUSTER_ASSIGN_OR_RETURN(
      const Trained paper,
      Train(mb::PaperMethod(), *streams[0], SampleSize(flags), seed, steps));
  MUSTER_RETURN_IF_ERROR(AskByNearest(paper, streams, steps, &run));
  MUSTER_ASSIGN_OR_RETURN(const Trained balanced,
                          Train(mb::BalancedPriceMethod(), *streams[0],
                                SampleSize(flags), seed, steps));
  MUSTER_RETURN_IF_ERROR(AskByPrice(balanced, streams, steps, &run));
  return run;
}

// The three rules, as they are shown.
struct Rule {
  const char* label;
  std::vector<QueryRun> DriftRun::*runs;
};
const std::vector<Rule>& Rules() {
  static const auto& rules = *new std::vector<Rule>{
      {"k-means++ merge/split, nearest (paper)", &DriftRun::paper},
      {"balanced k-means, price", &DriftRun::fixed},
      {"online balancer", &DriftRun::online}};
  return rules;
}

using DriftResults = mb::TaskResults<DriftRun>;

std::vector<double> Values(const DriftResults& results, const Rule& rule,
                           size_t drift, double (*value)(const QueryRun&)) {
  std::vector<double> values;
  for (const auto& run : results.results) {
    values.push_back(value(((*run).*rule.runs)[drift]));
  }
  return values;
}
double AccuracyOf(const QueryRun& run) { return run.accuracy; }
double LargestOf(const QueryRun& run) { return run.load.largest; }
double SmallestOf(const QueryRun& run) { return run.load.smallest; }

void AddDriftTable(mb::Experiment& experiment, const DriftResults& results) {
  mb::Table table("drift",
                  {"drift", "rule", "accuracy", "low", "high", "smallest load",
                   "largest load", "diverted share"},
                  "A drifted query stream");
  const std::vector<double> drifts = Drifts(experiment.flags());
  for (size_t i = 0; i < drifts.size(); ++i) {
    for (const Rule& rule : Rules()) {
      const mb::Interval accuracy =
          mb::MeanInterval(Values(results, rule, i, AccuracyOf));
      std::vector<double> diverted;
      for (const auto& run : results.results) {
        diverted.push_back(
            rule.runs == &DriftRun::online ? run->diverted_share[i] : 0);
      }
      table.AddRow({drifts[i], rule.label, accuracy.mean, accuracy.low,
                    accuracy.high,
                    mb::MeanInterval(Values(results, rule, i, SmallestOf)).mean,
                    mb::MeanInterval(Values(results, rule, i, LargestOf)).mean,
                    mb::MeanInterval(diverted).mean});
    }
  }
  experiment.AddTable(std::move(table));
}

mb::Panel DrawDrift(const std::vector<double>& drifts,
                    const DriftResults& results, bool load) {
  mb::Panel panel{
      .title = load ? "drift: the fullest group" : "drift: accuracy",
      .x = {.label = "drift of the queries"},
      .y = {.label = load ? "largest load / mean load"
                          : "accuracy on the query stream"}};
  if (load) {
    panel.references = {{.value = kUpperFactor, .label = "bound"}};
    panel.y.min = 0;
  }
  for (const Rule& rule : Rules()) {
    mb::Series series{.label = rule.label};
    for (size_t i = 0; i < drifts.size(); ++i) {
      const mb::Interval interval = mb::MeanInterval(
          Values(results, rule, i, load ? LargestOf : AccuracyOf));
      series.x.push_back(drifts[i]);
      series.y.push_back(interval.mean);
      series.low.push_back(interval.low);
      series.high.push_back(interval.high);
    }
    panel.series.push_back(std::move(series));
  }
  mb::ClipIntervals(load ? mb::kAmounts : mb::kShares, &panel);
  return panel;
}

void JudgeDrift(mb::Claims& claims, const std::vector<double>& drifts,
                const DriftResults& results, int64_t num_queries) {
  // Bounds are rounded to whole copies: one may be over, or missing.
  const double copy =
      static_cast<double>(kGroups) / static_cast<double>(num_queries);
  const Rule& fixed = Rules()[1];
  const Rule& online = Rules()[2];
  const size_t last = drifts.size() - 1;
  claims.JudgeAtLeast({"drift.fixed", "ours",
                       "drift 1: the fixed rule's fullest group gets more than "
                       "twice its share"},
                      Values(results, fixed, last, LargestOf), kUpperFactor);
  for (size_t i = 0; i < drifts.size(); ++i) {
    std::vector<double> largest = Values(results, online, i, LargestOf);
    std::vector<double> smallest = Values(results, online, i, SmallestOf);
    claims.JudgeTrue({absl::StrCat("drift.bounds.", drifts[i]), "ours",
                      absl::StrCat("drift ", drifts[i],
                                   ": the balancer keeps every group "
                                   "within half and twice its share")},
                     *std::max_element(largest.begin(), largest.end()) <=
                             kUpperFactor + copy &&
                         *std::min_element(smallest.begin(), smallest.end()) >=
                             kLowerFactor - copy,
                     static_cast<int64_t>(largest.size()));
  }
  claims.JudgeAtMost(
      {"drift.cost", "ours",
       "drift 1: the balancer costs at most .05 of accuracy against the fixed "
       "rule"},
      mb::PairedDifferences(Values(results, online, last, AccuracyOf),
                            Values(results, fixed, last, AccuracyOf)),
      .05);
}

absl::Status Run(mb::Experiment& experiment) {
  const mb::CommonFlags& flags = experiment.flags();
  std::vector<SkewStudy> studies;
  for (const double exponent : Exponents(flags)) {
    MUSTER_ASSIGN_OR_RETURN(std::optional<SkewStudy> study,
                            RunSkew(experiment, exponent));
    if (!study.has_value()) return absl::OkStatus();
    mb::AddGridTables(experiment, study->results,
                      absl::StrCat("Skewed mixture, exponent ", exponent));
    JudgeSkew(experiment.claims(), *study);
    studies.push_back(*std::move(study));
  }
  std::vector<mb::Task<DriftRun>> tasks;
  for (int64_t s = 0; s < flags.seeds; ++s) {
    tasks.push_back(
        {.name = absl::StrCat("seed", s),
         .run = [flags, seed = flags.seed + static_cast<uint64_t>(s)](
                    mb::TaskContext& context) {
           return RunDrift(flags, seed, context.runtime());
         }});
  }
  MUSTER_ASSIGN_OR_RETURN(const DriftResults drift,
                          mb::RunTasks(experiment, "drift", tasks));
  if (!drift.complete()) return absl::OkStatus();
  AddDriftTable(experiment, drift);
  JudgeDrift(experiment.claims(), Drifts(flags), drift, Size(flags).test_rows);
  experiment.AddFigure(
      {.name = "skew_and_drift",
       .title = "Regions of unequal size, and queries that drift",
       .caption = "k = 64 groups; means over seeds with 95 % intervals.",
       .columns = 2,
       .panels = {DrawSkew(studies, false), DrawSkew(studies, true),
                  DrawDrift(Drifts(flags), drift, false),
                  DrawDrift(Drifts(flags), drift, true)}});
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "skew_and_drift",
       .title = "skewed data and a drifted query stream",
       .source = "Muster, beyond Dick et al. (AISTATS 2017)",
       .claims = "routing by price is above the paper's rule on skewed data\n"
                 "the online balancer keeps the bounds under drift",
       .examples = "./bazelw run //benchmarks/dispatch:skew_and_drift",
       .default_seeds = 5,
       .quick_seeds = 5,
       .full_seeds = 10},
      Run);
}
