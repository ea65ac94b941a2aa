// Figures 8 and 9 (supplement, section 13): clusterers side by side, and how
// far LP rounding is from the optimum.
//
// Dick et al., "Data driven resource allocation for distributed learning",
// AISTATS 2017: n = 700, p = 2, k = 8 ... 128, five runs; the objective
// sum_j (1 / |f(j)|) sum_{c in f(j)} ||x_j - c||^2 and the mean entropy of the
// labels in a cluster. k-means++ has centroids and the programmes have points
// as centres, which favours the former. Copies on one centre, which LP rounding
// as published may have, favour the latter at large k. The paper does not state
// its bounds; here n p / 2k ... 2 n p / k. Here n = 200 (--full: 700), MNIST
// and the synthetic generator (the paper's curves of the latter are of other
// data, see the brief: compared is the order alone).
//
// And 1,000 random instances of 6 to 9 points: the cost of LP rounding over the
// optimum (integer programme) and over the bound of the linear programme, whose
// guarantees are 11 (k-median) and 95 (k-means).

#include "muster/dispatch/clusterers.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/benchmarks/dispatch/cluster_quality.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/drawn_intervals.h"
#include "muster/benchmarks/dispatch/published.h"
#include "muster/benchmarks/harness/claims.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/benchmarks/harness/statistics.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/lp_rounding.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace {

namespace mb = muster::benchmarks;
namespace md = muster::dispatch;
namespace mr = muster::runtime;
using mb::Quality;

constexpr int64_t kCopies = 2;
constexpr int64_t kInstancesPerTask = 50;

struct Method {
  std::string key = {};
  std::string label = {};
  std::string clusterer = {};
  md::Objective objective = md::Objective::kKMeans;
  md::RoundingMode mode = md::RoundingMode::kPaper;
  const char* published = "";  // of kFigures8And9
};

std::vector<Method> Methods() {
  using md::Objective;
  using md::RoundingMode;
  return {{"kmpp", "k-means++ merge/split", "merge_split", Objective::kKMeans,
           RoundingMode::kPaper, "k-means++"},
          {"lp_median", "LP k-median (paper)", "lp_rounding",
           Objective::kKMedian, RoundingMode::kPaper, "LP k-median"},
          {"lp_means", "LP k-means (paper)", "lp_rounding", Objective::kKMeans,
           RoundingMode::kPaper, "LP k-means"},
          {"lp_distinct", "LP k-means, distinct copies", "lp_rounding",
           Objective::kKMeans, RoundingMode::kDistinct},
          {"balanced", "balanced k-means", "balanced", Objective::kKMeans}};
}

absl::StatusOr<md::Clustering> Cluster(const Method& method,
                                       md::PointsView points, int64_t k,
                                       int64_t copies, uint64_t seed,
                                       const mr::Runtime& runtime) {
  md::ClustererOptions options;
  options.lp_rounding.mode = method.mode;
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<md::Clusterer> clusterer,
                          md::CreateClusterer(method.clusterer, options));
  md::ClusteringProblem problem{.points = points,
                                .num_clusters = k,
                                .copies = copies,
                                .objective = method.objective};
  MUSTER_ASSIGN_OR_RETURN(problem.sizes,
                          md::RelativeSizes(points.size, k, copies, 0.5, 2));
  return clusterer->Cluster(problem, mr::Rng(seed).Fork("cluster"), runtime);
}

struct Study {
  std::string key = {};
  std::string title = {};
  const char* published = "";          // of kFigures8And9
  mb::SharedDataset shared = nullptr;  // null: drawn by the seed
};

int64_t NumPoints(const mb::CommonFlags& flags) {
  return flags.ByEffort<int64_t>(48, 200, 700);
}

std::vector<int64_t> Groups(const mb::CommonFlags& flags) {
  if (flags.quick()) return {4, 8, 16};
  if (flags.full()) return {8, 16, 32, 64, 128};
  return {8, 16, 32, 64};
}

absl::StatusOr<Quality> RunOne(const mb::CommonFlags& flags, const Study& study,
                               const Method& method, int64_t k, uint64_t seed,
                               const mr::Runtime& runtime) {
  const mb::DatasetSize size{.train_rows = NumPoints(flags), .test_rows = 1};
  mb::SharedDataset data;
  if (study.shared != nullptr) {
    data = mb::Subsample(*study.shared, size, seed);
  } else {
    MUSTER_ASSIGN_OR_RETURN(data, mb::SyntheticData(size, seed, runtime));
  }
  const md::PointsView points = data->train.View();
  MUSTER_ASSIGN_OR_RETURN(const md::Clustering clustering,
                          Cluster(method, points, k, kCopies, seed, runtime));
  return mb::MeasureQuality(points, clustering, data->train.labels());
}

// Results of a study by method, k and seed.
class Qualities {
 public:
  Qualities(std::vector<int64_t> groups, int64_t seeds,
            mb::TaskResults<Quality> results)
      : groups_(std::move(groups)),
        seeds_(seeds),
        results_(std::move(results)) {}

  bool complete() const { return results_.complete(); }
  const std::vector<int64_t>& groups() const { return groups_; }

  std::vector<double> Values(size_t method, size_t group,
                             double Quality::*field) const {
    std::vector<double> values;
    for (int64_t s = 0; s < seeds_; ++s) {
      const auto index = static_cast<int64_t>(method * groups_.size() + group);
      values.push_back(results_[index * seeds_ + s].*field);
    }
    return values;
  }
  double Mean(size_t method, size_t group, double Quality::*field) const {
    return mb::MeanInterval(Values(method, group, field)).mean;
  }

 private:
  std::vector<int64_t> groups_;
  int64_t seeds_;
  mb::TaskResults<Quality> results_;
};

absl::StatusOr<Qualities> RunStudy(mb::Experiment& experiment,
                                   const Study& study) {
  const mb::CommonFlags& flags = experiment.flags();
  std::vector<mb::Task<Quality>> tasks;
  for (const Method& method : Methods()) {
    for (const int64_t k : Groups(flags)) {
      for (int64_t s = 0; s < flags.seeds; ++s) {
        const uint64_t seed = flags.seed + static_cast<uint64_t>(s);
        tasks.push_back({.name = absl::StrCat(method.key, ".k", k, ".seed", s),
                         .run = [&flags, &study, method, k,
                                 seed](mb::TaskContext& context) {
                           return RunOne(flags, study, method, k, seed,
                                         context.runtime());
                         }});
      }
    }
  }
  MUSTER_ASSIGN_OR_RETURN(auto results,
                          mb::RunTasks(experiment, study.key, tasks));
  return Qualities(Groups(flags), flags.seeds, std::move(results));
}

// The published value at k, NaN where there is none.
double Published(const Study& study, const Method& method, int64_t k,
                 bool entropy) {
  for (const mb::PublishedClusterer& row : mb::kFigures8And9) {
    if (absl::string_view(row.data) != study.published ||
        absl::string_view(row.clusterer) != method.published) {
      continue;
    }
    for (size_t i = 0; i < mb::kFigure8Groups.size(); ++i) {
      if (mb::kFigure8Groups[i] != k) continue;
      return entropy ? row.entropy_bits[i] : row.objective[i];
    }
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void AddTable(mb::Experiment& experiment, const Study& study,
              const Qualities& qualities) {
  mb::Table table(study.key,
                  {"method", "k", "objective", "objective (paper, n = 700)",
                   "entropy [bits]", "entropy (paper, n = 700)", "clusters",
                   "points on one centre"},
                  absl::StrCat(study.title, ", n = ",
                               NumPoints(experiment.flags()), ", p = 2"));
  const std::vector<Method> methods = Methods();
  for (size_t m = 0; m < methods.size(); ++m) {
    for (size_t g = 0; g < qualities.groups().size(); ++g) {
      const int64_t k = qualities.groups()[g];
      table.AddRow({methods[m].label, k,
                    qualities.Mean(m, g, &Quality::objective),
                    Published(study, methods[m], k, false),
                    qualities.Mean(m, g, &Quality::entropy_bits),
                    Published(study, methods[m], k, true),
                    qualities.Mean(m, g, &Quality::clusters),
                    qualities.Mean(m, g, &Quality::single_share)});
    }
  }
  experiment.AddTable(std::move(table));
}

mb::Panel Draw(const Study& study, const Qualities& qualities,
               const char* quantity, double Quality::*field) {
  mb::Panel panel{
      .title = absl::StrCat(study.title, ": ", quantity),
      .x = {.label = "groups k", .scale = mb::AxisSpec::Scale::kLog},
      .y = {.label = quantity}};
  const std::vector<Method> methods = Methods();
  for (size_t m = 0; m < methods.size(); ++m) {
    mb::Series series{.label = methods[m].label};
    for (size_t g = 0; g < qualities.groups().size(); ++g) {
      const mb::Interval interval =
          mb::MeanInterval(qualities.Values(m, g, field));
      series.x.push_back(static_cast<double>(qualities.groups()[g]));
      series.y.push_back(interval.mean);
      series.low.push_back(interval.low);
      series.high.push_back(interval.high);
    }
    panel.series.push_back(std::move(series));
  }
  mb::ClipIntervals(mb::kAmounts, &panel);
  return panel;
}

// Entropy of the labels at the least and, on synthetic data, the largest k. In
// --quick's groups of a dozen points of 10 to 30 classes it tells how many
// points there are: fewer where both copies of one are in it, as the programmes
// have it. So the least k is judged at the other sizes alone.
void JudgeEntropy(mb::Experiment& experiment, const Study& study,
                  const Qualities& qualities, size_t m) {
  mb::Claims& claims = experiment.claims();
  const Method method = Methods()[m];
  const size_t last = qualities.groups().size() - 1;
  const auto values = [&](size_t of, size_t group) {
    return qualities.Values(of, group, &Quality::entropy_bits);
  };
  mb::ClaimText first{
      absl::StrCat(study.key, ".entropy.first.", method.key), "Figure 9",
      absl::StrCat(study.title, ", k = ", qualities.groups().front(),
                   ": k-means++ has lower entropy than ", method.label)};
  if (experiment.flags().quick()) {
    claims.Skip(std::move(first), "not at --quick's size");
  } else {
    claims.JudgeLess(std::move(first), values(0, 0), values(m, 0));
  }
  if (study.key != "synthetic") return;
  claims.JudgeLess(
      {absl::StrCat(study.key, ".entropy.last.", method.key), "Figure 9",
       absl::StrCat(study.title, ", k = ", qualities.groups()[last],
                    ": the order is the other way round, ", method.label,
                    " is lower")},
      values(m, last), values(0, last));
}

// kmpp is method 0, the programmes as published are 1 and 2.
void Judge(mb::Experiment& experiment, const Study& study,
           const Qualities& qualities) {
  const std::vector<Method> methods = Methods();
  for (const size_t m : {size_t{1}, size_t{2}}) {
    for (size_t g = 0; g < qualities.groups().size(); ++g) {
      const int64_t k = qualities.groups()[g];
      experiment.claims().JudgeLess(
          {absl::StrCat(study.key, ".objective.", methods[m].key, ".k", k),
           "Figure 8",
           absl::StrCat(study.title, ", k = ", k,
                        ": k-means++ costs less than ", methods[m].label)},
          qualities.Values(0, g, &Quality::objective),
          qualities.Values(m, g, &Quality::objective));
    }
    JudgeEntropy(experiment, study, qualities, m);
  }
}

// Ratios over random instances.
struct Ratios {
  double worst_to_optimum = 0;
  double worst_to_bound = 0;
  double sum_to_optimum = 0;
  int64_t instances = 0;

  static void Fields(auto& self, auto&& visit) {
    visit(self.worst_to_optimum, self.worst_to_bound, self.sum_to_optimum,
          self.instances);
  }
};

// 6 to 9 points of the plane, half of them in pairs, so that groups exist.
md::PointSet RandomInstance(mr::Rng& rng) {
  md::PointSet points{.dimension = 2};
  const int64_t n = 6 + mr::UniformInt(rng, 4);
  for (int64_t j = 0; j < n; ++j) {
    const bool near = j > 0 && mr::Uniform01(rng) < 0.5;
    for (int i = 0; i < 2; ++i) {
      const double value =
          near ? points.values[points.values.size() - 2] + 0.1 * mr::Normal(rng)
               : mr::Uniform01(rng);
      points.values.push_back(static_cast<float>(value));
    }
  }
  return points;
}

absl::StatusOr<Ratios> RunInstances(const Method& method, int64_t first,
                                    uint64_t seed, const mr::Runtime& runtime) {
  Ratios ratios;
  Method exact = method;
  exact.clusterer = "exact";
  for (int64_t i = first; i < first + kInstancesPerTask; ++i) {
    mr::Rng rng = mr::Rng(seed).Fork("instance", i);
    const md::PointSet points = RandomInstance(rng);
    const int64_t copies = 2 + mr::UniformInt(rng, 2);
    const int64_t k = copies + mr::UniformInt(rng, 5 - copies);
    MUSTER_ASSIGN_OR_RETURN(
        const md::Clustering rounded,
        Cluster(method, points.View(), k, copies, seed, runtime));
    MUSTER_ASSIGN_OR_RETURN(
        const md::Clustering optimum,
        Cluster(exact, points.View(), k, copies, seed, runtime));
    // An optimum of 0 has no ratio; rounding must find it too.
    if (optimum.cost <= 0) continue;
    const double ratio = rounded.cost / optimum.cost;
    ratios.worst_to_optimum = std::max(ratios.worst_to_optimum, ratio);
    ratios.sum_to_optimum += ratio;
    ++ratios.instances;
    if (rounded.lower_bound > 0) {
      ratios.worst_to_bound =
          std::max(ratios.worst_to_bound, rounded.cost / rounded.lower_bound);
    }
  }
  return ratios;
}

struct RatioClaim {
  md::Objective objective;
  double guarantee;
  double seen;  // a tighter bound, from the brief's 12,420 instances
};
constexpr RatioClaim kRatioClaims[] = {{md::Objective::kKMedian, 11, 3},
                                       {md::Objective::kKMeans, 95, 6}};

absl::Status RunRatios(mb::Experiment& experiment) {
  const mb::CommonFlags& flags = experiment.flags();
  const int64_t instances = flags.ByEffort<int64_t>(100, 1'000, 10'000);
  std::vector<Method> methods;
  for (const RatioClaim& claim : kRatioClaims) {
    for (const auto mode :
         {md::RoundingMode::kPaper, md::RoundingMode::kDistinct}) {
      const bool paper = mode == md::RoundingMode::kPaper;
      const auto name = md::ObjectiveName(claim.objective);
      methods.push_back(
          {.key = absl::StrCat(name, paper ? ".paper" : ".distinct"),
           .label = absl::StrCat(
               name, paper ? ", as published" : ", distinct copies"),
           .clusterer = "lp_rounding",
           .objective = claim.objective,
           .mode = mode});
    }
  }
  std::vector<mb::Task<Ratios>> tasks;
  for (const Method& method : methods) {
    for (int64_t first = 0; first < instances; first += kInstancesPerTask) {
      tasks.push_back(
          {.name = absl::StrCat(method.key, ".from", first),
           .run = [method, first, seed = flags.seed](mb::TaskContext& context) {
             return RunInstances(method, first, seed, context.runtime());
           }});
    }
  }
  MUSTER_ASSIGN_OR_RETURN(const auto results,
                          mb::RunTasks(experiment, "ratios", tasks));
  if (!results.complete()) return absl::OkStatus();
  mb::Table table("ratios",
                  {"objective", "instances", "worst / optimum",
                   "mean / optimum", "worst / LP bound", "guarantee"},
                  "LP rounding on random instances of 6 to 9 points");
  const int64_t per_method = instances / kInstancesPerTask;
  for (size_t m = 0; m < methods.size(); ++m) {
    Ratios all;
    for (int64_t t = 0; t < per_method; ++t) {
      const Ratios& part = results[static_cast<int64_t>(m) * per_method + t];
      all.worst_to_optimum =
          std::max(all.worst_to_optimum, part.worst_to_optimum);
      all.worst_to_bound = std::max(all.worst_to_bound, part.worst_to_bound);
      all.sum_to_optimum += part.sum_to_optimum;
      all.instances += part.instances;
    }
    const RatioClaim& claim = kRatioClaims[m / 2];
    table.AddRow({methods[m].label, all.instances, all.worst_to_optimum,
                  all.sum_to_optimum / static_cast<double>(all.instances),
                  all.worst_to_bound, claim.guarantee});
    experiment.claims().JudgeAtMost(
        {absl::StrCat("ratio.bound.", methods[m].key), "Theorem 2",
         absl::StrCat(methods[m].label, ": worst cost over the LP bound, ",
                      all.instances, " instances")},
        std::vector<double>{all.worst_to_bound}, claim.guarantee);
    experiment.claims().JudgeAtMost(
        {absl::StrCat("ratio.optimum.", methods[m].key), "brief 7.4",
         absl::StrCat(methods[m].label, ": worst cost over the optimum, ",
                      all.instances, " instances")},
        std::vector<double>{all.worst_to_optimum}, claim.seen);
  }
  experiment.AddTable(std::move(table));
  return absl::OkStatus();
}

absl::StatusOr<std::vector<Study>> MakeStudies(mb::Experiment& experiment) {
  std::vector<Study> studies = {{.key = "synthetic", .title = "Synthetic"}};
  absl::StatusOr<mb::SharedDataset> data =
      mb::MnistData(experiment, {.train_rows = 10'000, .test_rows = 10}, 1);
  if (absl::IsNotFound(data.status())) {
    experiment.claims().Skip(
        {"mnist.objective", "Figure 8",
         "MNIST: k-means++ costs less than the programmes"},
        std::string(data.status().message()));
    return studies;
  }
  MUSTER_RETURN_IF_ERROR(data.status());
  studies.push_back({.key = "mnist",
                     .title = "MNIST",
                     .published = "MNIST",
                     .shared = *std::move(data)});
  return studies;
}

absl::Status Run(mb::Experiment& experiment) {
  mb::FigureSpec figure{
      .name = "figures_8_9",
      .title = "Clusterers side by side, p = 2",
      .caption =
          "Means over seeds with 95 % intervals. k-means++ and balanced "
          "k-means have centroids, the programmes points as centres.",
      .columns = 2};
  MUSTER_ASSIGN_OR_RETURN(const std::vector<Study> studies,
                          MakeStudies(experiment));
  for (const Study& study : studies) {
    MUSTER_ASSIGN_OR_RETURN(const Qualities qualities,
                            RunStudy(experiment, study));
    if (!qualities.complete()) return absl::OkStatus();
    AddTable(experiment, study, qualities);
    Judge(experiment, study, qualities);
    figure.panels.push_back(
        Draw(study, qualities, "objective", &Quality::objective));
    figure.panels.push_back(
        Draw(study, qualities, "entropy [bits]", &Quality::entropy_bits));
  }
  experiment.AddFigure(std::move(figure));
  return RunRatios(experiment);
}

}  // namespace

int main(int argc, char** argv) {
  return mb::RunExperiment(
      argc, argv,
      {.name = "clusterers",
       .title = "clusterers side by side; LP rounding against the optimum",
       .source = "Dick et al. (AISTATS 2017), supplement, Figures 8 and 9; "
                 "Theorem 2",
       .claims =
           "k-means++ with merge and split costs less than the programmes\n"
           "label entropy: k-means++ lower at small k, the programmes at "
           "large k (synthetic)\n"
           "LP rounding keeps its guarantees on random instances",
       .examples = "./bazelw run //benchmarks/dispatch:clusterers -- --quick",
       .default_seeds = 5,
       .quick_seeds = 5,
       .full_seeds = 5},
      Run);
}
