#include "muster/benchmarks/dispatch/dispatch_run.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <limits>
#include <utility>
#include <vector>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/step_progress.h"

namespace muster::benchmarks {
namespace {

using dispatch::FitResult;
using dispatch::Router;

// Times that the width of the hash is tried while it is tuned.
constexpr double kHashTrials = 16;

// What a forest does for each point that it looks at, in multiply-adds of a
// blocked scan: it jumps to the point and finds little to reuse. Fits
// router_benchmark at d = 20 (20 ns a point) and d = 784 (176 ns).
constexpr double kGatheredPoint = 75;
constexpr double kGatheredMultiplyAdd = 14;

// A pass of balanced k-means, exact assignment included, in plain passes over
// the same points: 4 (d = 784) to 10 (d = 20) by run.json.
constexpr double kBalancedPass = 6;

// Multiply-adds of routing one point, by the router's kind; a draw or a
// comparison counts as one.
double RouteMultiplyAdds(const Router& router, const FitResult& fit,
                         const dispatch::FitOptions& options) {
  const auto d = static_cast<double>(router.dimension());
  const auto k = static_cast<double>(router.num_groups());
  const auto sample = static_cast<double>(fit.sample_rows.size());
  if (router.kind() == "price" || router.kind() == "center") return k * d;
  if (router.kind() == "nearest") return sample * d;
  if (router.kind() == "lsh") {
    return static_cast<double>(options.hash_directions) * d;
  }
  if (router.kind() == "tree") {
    const double depth = std::ceil(std::log2(std::max(2.0, k)));
    return options.clusterer == "kd_tree_partition" ? depth : depth * d;
  }
  if (router.kind() == "forest") {
    const auto leaf = static_cast<double>(options.forest.leaf_size);
    const double looked_at =
        leaf + 1.5 * std::log2(std::max(1.0, sample / leaf));
    return static_cast<double>(options.forest.num_trees) * looked_at *
           (d + kGatheredPoint) * kGatheredMultiplyAdd;
  }
  if (router.kind() == "kd_tree") return d * std::log2(std::max(2.0, sample));
  return 1;
}

// Multiply-adds of the fit: passes of clustering, or of building the tree.
double FitMultiplyAdds(const Router& router, const FitResult& fit,
                       double route_multiply_adds,
                       const dispatch::FitOptions& options) {
  const auto sample = static_cast<double>(fit.sample_rows.size());
  if (fit.clustering.has_value()) {
    const auto passes = static_cast<double>(fit.clustering->iterations + 1);
    const double pass = options.clusterer == "balanced" ? kBalancedPass : 1;
    return pass * passes * sample * static_cast<double>(router.num_groups()) *
           static_cast<double>(router.dimension());
  }
  const double trials = options.clusterer == "lsh" ? kHashTrials : 1;
  return trials * sample * route_multiply_adds;
}

absl::StatusOr<runtime::SpeedModel> MakeSpeeds(
    const DispatchRunOptions& options) {
  if (options.cluster.has_value()) {
    return runtime::SpeedModel::Create(*options.cluster, options.seed);
  }
  runtime::ClusterSpec spec;
  spec.workers.resize(static_cast<size_t>(options.workers));
  for (auto& worker : spec.workers) {
    worker.law = runtime::SpeedLaw::Constant(1);
  }
  return runtime::SpeedModel::Create(spec, options.seed);
}

// The options of training with what the fit says of routing.
ShardTrainingOptions TrainingOptions(const FittedMethod& fitted,
                                     ShardTrainingOptions options) {
  options.route_multiply_adds = fitted.route_multiply_adds;
  return options;
}

}  // namespace

absl::Status Validate(const DispatchRunOptions& options) {
  if (options.workers < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat("workers is ", options.workers, ": must be at least 1"));
  }
  if (options.cluster.has_value() &&
      options.cluster->workers.size() != static_cast<size_t>(options.workers)) {
    return absl::InvalidArgumentError(
        absl::StrCat("cluster has ", options.cluster->workers.size(),
                     " workers: must have ", options.workers));
  }
  if (options.training.batch_rows < 1) {
    return absl::InvalidArgumentError(absl::StrCat("training.batch_rows is ",
                                                   options.training.batch_rows,
                                                   ": must be at least 1"));
  }
  return Validate(options.learner);
}

LoadReport MeasureLoad(std::span<const int32_t> groups, int64_t copies,
                       int64_t num_groups) {
  const dispatch::LoadSpread spread =
      dispatch::MeasureLoads(groups, copies, num_groups);
  LoadReport report{.smallest = spread.smallest,
                    .largest = spread.largest,
                    .deviation = spread.deviation};
  std::vector<int64_t> loads = spread.loads;
  std::sort(loads.begin(), loads.end(), std::greater<>());
  int64_t top = 0;
  for (size_t i = 0; i < loads.size(); ++i) {
    if (i < loads.size() / 2) top += loads[i];
    if (loads[i] == 0) ++report.empty_groups;
  }
  report.top_half_share =
      static_cast<double>(top) / static_cast<double>(groups.size());
  return report;
}

absl::StatusOr<FittedMethod> FitMethod(const LabeledData& train,
                                       const DispatchRunOptions& options,
                                       const runtime::Runtime& runtime) {
  dispatch::FitOptions fit_options = options.method.fit;
  fit_options.num_groups = options.num_groups;
  fit_options.copies = options.copies;
  fit_options.sample_size = options.sample_size;
  fit_options.seed = options.seed;
  const auto begin = std::chrono::steady_clock::now();
  MUSTER_ASSIGN_OR_RETURN(
      FitResult fit, dispatch::FitRouter(train.View(), fit_options, runtime));
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin;
  constexpr double kNone = std::numeric_limits<double>::quiet_NaN();
  FittedMethod fitted{
      .cost = kNone, .lower_bound = kNone, .wall_seconds = seconds.count()};
  if (fit.clustering.has_value()) {
    fitted.cost = fit.clustering->cost;
    fitted.lower_bound = fit.clustering->lower_bound;
  }
  fitted.route_multiply_adds = RouteMultiplyAdds(*fit.router, fit, fit_options);
  fitted.fit_multiply_adds = FitMultiplyAdds(
      *fit.router, fit, fitted.route_multiply_adds, fit_options);
  fitted.router = std::move(fit.router);
  return fitted;
}

absl::StatusOr<std::unique_ptr<VirtualShards>> VirtualShards::Create(
    const FittedMethod& fitted, const std::vector<double>& classes,
    const DispatchRunOptions& options, const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_ASSIGN_OR_RETURN(runtime::SpeedModel speeds, MakeSpeeds(options));
  return absl::WrapUnique(
      new VirtualShards(fitted, classes, options, std::move(speeds), runtime));
}

VirtualShards::VirtualShards(const FittedMethod& fitted,
                             const std::vector<double>& classes,
                             const DispatchRunOptions& options,
                             runtime::SpeedModel speeds,
                             const runtime::Runtime& runtime)
    : cluster_(
          ShardTraining::MakePrograms(options.workers, fitted.router, classes,
                                      options.learner, options.seed),
          std::move(speeds), {}, runtime),
      training_(&cluster_, fitted.router, classes,
                TrainingOptions(fitted, options.training), runtime) {}

absl::StatusOr<DispatchOutcome> RunDispatch(const DatasetPair& data,
                                            const DispatchRunOptions& options,
                                            const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  runtime::StepProgress steps(runtime);
  steps.Begin(.1);
  MUSTER_ASSIGN_OR_RETURN(const FittedMethod fitted,
                          FitMethod(data.train, options, steps.runtime()));
  MUSTER_ASSIGN_OR_RETURN(
      const auto shards,
      VirtualShards::Create(fitted, data.classes, options, steps.runtime()));
  ShardTraining& training = shards->training();
  DispatchOutcome outcome{.num_groups = fitted.router->num_groups(),
                          .cost = fitted.cost,
                          .lower_bound = fitted.lower_bound};
  MUSTER_ASSIGN_OR_RETURN(outcome.fit,
                          training.BillFit(fitted.fit_multiply_adds));
  outcome.fit.wall_seconds = fitted.wall_seconds;
  steps.Begin(.4);
  MUSTER_ASSIGN_OR_RETURN(outcome.dispatch, training.Store(data.train));
  outcome.load =
      MeasureLoad(training.stored_groups(), options.copies, outcome.num_groups);
  steps.Begin(.4);
  MUSTER_ASSIGN_OR_RETURN(outcome.train, training.Train());
  steps.Begin(.1);
  MUSTER_ASSIGN_OR_RETURN(const Answers answers, training.Answer(data.test));
  outcome.accuracy = answers.accuracy;
  outcome.answered_share = answers.answered_share;
  outcome.test = answers.report;
  return outcome;
}

}  // namespace muster::benchmarks
