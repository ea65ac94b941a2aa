// Section 14 (supplement): the distribution on which k-means++ with merging
// fails and the rounded linear programme does not.
//
// Dick et al., "Data driven resource allocation for distributed learning",
// AISTATS 2017. N(0, I) with probability .92 and N((10, 0), I) with .08; labels
// -1, 1, 2 for x_0 <= 0, <= 5, > 5. k = 4, p = 2, sizes in [.1 n, n], a sample
// of 200 (100 by default: the linear programme is slow), 10,000 training and
// 1,000 test points (5,000 here). The far group is below the lower bound, so
// merging puts it together with near points; a balanced clustering moves near
// points to it instead.
//
// It matters only because the machines have no intercept: no hyperplane through
// the origin tells x_0 <= 5 from x_0 > 5. With an intercept any clustering does
// (the third grid). C by 5-fold cross validation in each group, on training
// data alone.
//
// Scoring: mean accuracy over seeds. The paper does not say how the answers of
// p = 2 groups become one: the first group alone and the mean of both scores
// are run.

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_grid.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/benchmarks/dispatch/drawn_intervals.h"
#include "muster/benchmarks/dispatch/published.h"
#include "muster/benchmarks/dispatch/shard_training.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace {

namespace mb = muster::benchmarks;

constexpr int64_t kGroups = 4;
constexpr int64_t kCopies = 2;
// Of n points: sizes in [.1 n, n], as multiples of n p / k.
constexpr double kLowerFactor = .1 * kGroups / kCopies;
constexpr double kUpperFactor = 1.0 * kGroups / kCopies;

mb::DispatchMethod Bounded(mb::DispatchMethod method) {
  method.fit.lower_factor = kLowerFactor;
  method.fit.upper_factor = kUpperFactor;
  return method;
}

// Only the first setting pays for the linear programmes.
std::vector<mb::DispatchMethod> Methods(bool with_lp) {
  if (!with_lp) {
    return {Bounded(mb::PaperMethod()), Bounded(mb::BalancedNearestMethod()),
            Bounded(mb::BalancedPriceMethod())};
  }
  mb::DispatchMethod median = mb::LpRoundingMethod();
  median.key = "lp_median";
  median.label = "LP rounding, k-median";
  median.fit.objective = muster::dispatch::Objective::kKMedian;
  mb::DispatchMethod means = mb::LpRoundingMethod();
  means.key = "lp_means";
  means.label = "LP rounding, k-means";
  return {Bounded(mb::PaperMethod()), Bounded(mb::BalancedNearestMethod()),
          Bounded(mb::BalancedPriceMethod()), Bounded(median), Bounded(means)};
}

// One of the three settings.
struct Setting {
  std::string key;
  std::string title;
  double bias;
  mb::Combine combine;
};
const std::vector<Setting>& Settings() {
  static const auto& settings = *new std::vector<Setting>{
      {"no_bias", "no intercept, first group answers", 0, mb::Combine::kBest},
      {"no_bias_mean", "no intercept, mean of both groups", 0,
       mb::Combine::kAverage},
      {"bias", "with intercept, first group answers", 1, mb::Combine::kBest}};
  return settings;
}

mb::DispatchGrid MakeGrid(const Setting& setting,
                          const mb::CommonFlags& flags) {
  const mb::DatasetSize size{
      .train_rows = flags.ByEffort<int64_t>(3'000, 10'000, 10'000),
      .test_rows = flags.ByEffort<int64_t>(1'000, 5'000, 5'000)};
  mb::DispatchGrid grid{
      .name = setting.key,
      .data =
          [size](uint64_t seed, const muster::runtime::Runtime& runtime) {
            return mb::TwoGaussiansData(size, seed, runtime);
          },
      .methods = Methods(&setting == &Settings()[0]),
      .groups = {kGroups}};
  grid.run.copies = kCopies;
  grid.run.sample_size = flags.ByEffort<int64_t>(80, 100, 200);
  grid.run.workers = kGroups;
  grid.run.learner.linear.bias = setting.bias;
  grid.run.learner.validation.grid = {0.01, 0.1, 1, 10, 100};
  grid.run.training.combine = setting.combine;
  return grid;
}

mb::FigureSpec Draw(const std::vector<mb::DispatchGridResults>& results) {
  mb::Panel panel{.x = {.label = ""},
                  .y = {.label = "accuracy on the test set", .min = 0}};
  // The first setting has all methods.
  for (const mb::DispatchMethod& method : results[0].grid().methods) {
    mb::Series series{.label = method.label, .kind = mb::Series::Kind::kBar};
    for (size_t s = 0; s < results.size(); ++s) {
      const auto& methods = results[s].grid().methods;
      if (std::none_of(methods.begin(), methods.end(),
                       [&](const auto& m) { return m.key == method.key; })) {
        continue;
      }
      const mb::Interval interval =
          mb::MeanInterval(results[s].Accuracies(method.key, kGroups));
      series.x.push_back(static_cast<double>(s));
      series.y.push_back(interval.mean);
      series.low.push_back(interval.low);
      series.high.push_back(interval.high);
    }
    panel.series.push_back(std::move(series));
  }
  mb::ClipIntervals(mb::kShares, &panel);
  // Short, in the order of Settings: long names would be set aslant.
  panel.categories = {"no intercept", "mean of 2 groups", "intercept"};
  panel.references = {
      {.value = mb::kTwoGaussiansKMeansPlusPlus, .label = "paper: k-means++"},
      {.value = mb::kTwoGaussiansLpRounding, .label = "paper: LP rounding"}};
  return {.name = "two_gaussians",
          .title = "A small far group, below the lower bound of the sizes",
          .caption =
              "The first of a query's two groups answers, without an intercept "
              "(as in the paper); the mean of both does; the first does, with "
              "an intercept. LP rounding in the first setting alone. Means "
              "over seeds with 95 % intervals.",
          .columns = 1,
          .panels = {std::move(panel)}};
}

void Judge(mb::Claims& claims,
           const std::vector<mb::DispatchGridResults>& results) {
  const mb::DispatchGridResults& plain = results[0];
  const mb::DispatchGridResults& with_bias = results[2];
  const std::string source = "section 14";
  for (const char* lp : {"lp_median", "lp_means"}) {
    claims.JudgeAtLeast({absl::StrCat(lp, ".high"), source,
                         "LP rounding reaches .97 (paper: .988)"},
                        plain.Accuracies(lp, kGroups), .97);
    claims.JudgeLess({absl::StrCat(lp, ".above"), source,
                      "k-means++ with merging is below LP rounding"},
                     plain.Accuracies("paper", kGroups),
                     plain.Accuracies(lp, kGroups));
  }
  claims.JudgeAtLeast({"balanced_nearest.high", "brief 7.5",
                       "balanced flow, routed by neighbour, reaches .97"},
                      plain.Accuracies("balanced_nearest", kGroups), .97);
  claims.JudgeAtLeast({"balanced_price.high", "brief 7.5",
                       "balanced flow, routed by price, reaches .97"},
                      plain.Accuracies("balanced_price", kGroups), .97);
  claims.JudgeBetween({"kmpp.low", source,
                       "k-means++ with merging is in [.5, .9] (paper: .768)"},
                      plain.Accuracies("paper", kGroups), .5, .9);
  claims.JudgeAtLeast(
      {"kmpp.bias", "brief 5.2",
       "with an intercept k-means++ with merging reaches .97, too"},
      with_bias.Accuracies("paper", kGroups), .97);
}

absl::Status Run(mb::Experiment& experiment) {
  std::vector<mb::DispatchGridResults> results;
  mb::Table table("accuracy",
                  {"setting", "method", "accuracy", "low", "high", "worst seed",
                   "best seed", "paper"},
                  "Two Gaussians");
  for (const Setting& setting : Settings()) {
    MUSTER_ASSIGN_OR_RETURN(
        mb::DispatchGridResults grid,
        mb::RunDispatchGrid(experiment, MakeGrid(setting, experiment.flags())));
    if (!grid.complete()) return absl::OkStatus();
    for (const mb::DispatchMethod& method : grid.grid().methods) {
      const std::vector<double> values = grid.Accuracies(method.key, kGroups);
      const mb::Interval interval = mb::MeanInterval(values);
      const auto [worst, best] =
          std::minmax_element(values.begin(), values.end());
      const mb::Cell paper = method.key == "paper"
                                 ? mb::Cell(mb::kTwoGaussiansKMeansPlusPlus)
                             : method.key.starts_with("lp_")
                                 ? mb::Cell(mb::kTwoGaussiansLpRounding)
                                 : mb::Cell("");
      table.AddRow({setting.title, method.label, interval.mean, interval.low,
                    interval.high, *worst, *best, paper});
    }
    mb::AddGridTables(experiment, grid, setting.title);
    results.push_back(std::move(grid));
  }
  experiment.AddTable(std::move(table));
  experiment.AddFigure(Draw(results));
  Judge(experiment.claims(), results);
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "two_gaussians",
       .title = "two Gaussians: merging against the linear programme",
       .source = "Dick et al. (AISTATS 2017), supplement, section 14",
       .claims = "LP rounding and balanced flow reach .97 and more\n"
                 "k-means++ with merging stays far below\n"
                 "with an intercept the difference vanishes",
       .examples = "./bazelw run //benchmarks/dispatch:two_gaussians",
       .default_seeds = 10,
       // A seed scores .54 or 1 by merging: fewer cannot tell the means apart.
       .quick_seeds = 10,
       .full_seeds = 50},
      Run);
}
