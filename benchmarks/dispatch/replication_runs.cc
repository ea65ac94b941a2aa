#include "muster/benchmarks/dispatch/replication_runs.h"

#include <algorithm>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/benchmarks/dispatch/dispatch_run.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/benchmarks/dispatch/shard_training.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/selective_replication.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/step_progress.h"
#include "muster/runtime/worker_spec.h"

namespace muster::benchmarks {
namespace {

constexpr int64_t kGroups = 16;
constexpr int32_t kWorkers = kReplicationWorkers;
constexpr int64_t kMaxCopies = 3;
constexpr int32_t kCrashing = 2;

DatasetSize Size(const CommonFlags& flags) {
  return {.train_rows = flags.ByEffort<int64_t>(4'000, 30'000, 200'000),
          .test_rows = flags.ByEffort<int64_t>(4'000, 10'000, 20'000)};
}

DispatchRunOptions RunOptions(const CommonFlags& flags, int64_t copies,
                              uint64_t seed) {
  return {.method = BalancedPriceMethod(),
          .num_groups = kGroups,
          .copies = copies,
          .sample_size = flags.ByEffort<int64_t>(1'500, 10'000, 10'000),
          .workers = kWorkers,
          .seed = seed};
}

// The workers in the order in which they are lost.
std::vector<int32_t> LossOrder(uint64_t seed) {
  std::vector<int32_t> order(kWorkers);
  for (int32_t w = 0; w < kWorkers; ++w) order[w] = w;
  runtime::Rng rng = runtime::Rng(seed).Fork("lost_workers");
  runtime::Shuffle(rng, std::span<int32_t>(order));
  return order;
}

// A cluster whose first `crashing` workers of the order go down at `seconds`.
runtime::ClusterSpec Crashing(uint64_t seed, int32_t crashing, double seconds) {
  runtime::ClusterSpec spec;
  spec.workers.resize(kWorkers);
  for (auto& worker : spec.workers) worker.law = runtime::SpeedLaw::Constant(1);
  const std::vector<int32_t> order = LossOrder(seed);
  for (int32_t i = 0; i < crashing; ++i) {
    spec.workers[order[i]].modifiers.push_back(
        runtime::SpeedModifier::Outage(seconds));
  }
  return spec;
}

// A run whose groups are trained, and the virtual time halfway through that.
struct TrainedGroups {
  std::unique_ptr<VirtualShards> shards = nullptr;
  double half_trained_seconds = 0;
};

// Two steps, a quarter of `steps`. `groups` as of ShardTraining::Store: empty,
// the router's own.
absl::StatusOr<TrainedGroups> TrainGroups(const DatasetPair& data,
                                          const FittedMethod& fitted,
                                          std::span<const int32_t> groups,
                                          const DispatchRunOptions& options,
                                          runtime::StepProgress& steps) {
  TrainedGroups trained;
  MUSTER_ASSIGN_OR_RETURN(
      trained.shards,
      VirtualShards::Create(fitted, data.classes, options, steps.runtime()));
  ShardTraining& training = trained.shards->training();
  steps.Begin(.05);
  MUSTER_ASSIGN_OR_RETURN(const PhaseReport store,
                          training.Store(data.train, groups));
  steps.Begin(.2);
  MUSTER_ASSIGN_OR_RETURN(const PhaseReport train, training.Train());
  trained.half_trained_seconds =
      store.virtual_seconds + train.virtual_seconds / 2;
  return trained;
}

// Without the first `lost` workers of the order.
absl::StatusOr<Answers> AnswerWithout(int32_t lost, uint64_t seed,
                                      const LabeledData& queries,
                                      ShardTraining& training) {
  std::vector<char> flags(kWorkers, 0);
  const std::vector<int32_t> order = LossOrder(seed);
  for (int32_t i = 0; i < lost; ++i) flags[order[i]] = 1;
  return training.Answer(queries, flags);
}

// Three tenths of `steps`.
absl::StatusOr<LossCurve> Measure(ShardTraining& training,
                                  const DatasetPair& data, uint64_t seed,
                                  runtime::StepProgress& steps) {
  LossCurve curve;
  std::vector<int64_t> loads(kGroups, 0);
  int64_t copies = 0;
  for (const int32_t group : training.stored_groups()) {
    if (group < 0) continue;
    ++loads[group];
    ++copies;
  }
  const int64_t rows = data.train.num_rows();
  curve.copies = static_cast<double>(copies) / static_cast<double>(rows);
  curve.largest_load = dispatch::SpreadOfLoads(std::move(loads), rows).largest;
  for (const int32_t lost : LostWorkers()) {
    steps.Begin(.3 / static_cast<double>(LostWorkers().size()));
    MUSTER_ASSIGN_OR_RETURN(const Answers answers,
                            AnswerWithout(lost, seed, data.test, training));
    curve.accuracy.push_back(answers.accuracy);
    curve.answered.push_back(answers.answered_share);
  }
  return curve;
}

// The groups that hold each row, filled up with -1 to three.
absl::StatusOr<std::vector<int32_t>> StoredGroups(
    const Storage& storage, const dispatch::PriceRouterState& state,
    const LabeledData& train, const DispatchRunOptions& options,
    const runtime::Runtime& runtime) {
  const dispatch::PointsView points = train.View();
  std::vector<int32_t> groups(points.size * kMaxCopies, -1);
  if (storage.selective) {
    const int64_t sample = std::min(options.sample_size, points.size);
    MUSTER_ASSIGN_OR_RETURN(
        const auto replicator,
        dispatch::SelectiveReplicator::Fit(
            state, points.Slice(0, sample),
            {.mean_copies = storage.copies, .max_copies = kMaxCopies},
            runtime));
    MUSTER_ASSIGN_OR_RETURN(const dispatch::RaggedGroups ragged,
                            replicator.Route(points, runtime));
    for (int64_t row = 0; row < points.size; ++row) {
      const auto own = ragged.GroupsOf(row);
      std::copy(own.begin(), own.end(), groups.begin() + row * kMaxCopies);
    }
    return groups;
  }
  MUSTER_ASSIGN_OR_RETURN(const auto router,
                          dispatch::PriceRouter::Create(state));
  MUSTER_RETURN_IF_ERROR(router->Route(points, groups, runtime));
  const auto kept = static_cast<int64_t>(storage.copies);
  for (int64_t row = 0; row < points.size; ++row) {
    for (int64_t copy = kept; copy < kMaxCopies; ++copy) {
      groups[row * kMaxCopies + copy] = -1;
    }
  }
  return groups;
}

}  // namespace

const std::vector<int32_t>& LostWorkers() {
  static const auto& lost = *new std::vector<int32_t>{0, 1, 2, 4, 6, 8};
  return lost;
}

absl::StatusOr<LossCurve> RunFixed(const CommonFlags& flags,
                                   const Storage& storage, uint64_t seed,
                                   const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const SharedDataset data,
                          SyntheticData(Size(flags), seed, runtime));
  DispatchRunOptions options =
      RunOptions(flags, static_cast<int64_t>(storage.copies), seed);
  runtime::StepProgress steps(runtime);
  steps.Begin(.1);
  MUSTER_ASSIGN_OR_RETURN(const FittedMethod fitted,
                          FitMethod(data->train, options, steps.runtime()));
  MUSTER_ASSIGN_OR_RETURN(const TrainedGroups trained,
                          TrainGroups(*data, fitted, {}, options, steps));
  MUSTER_ASSIGN_OR_RETURN(
      LossCurve curve, Measure(trained.shards->training(), *data, seed, steps));
  options.cluster = Crashing(seed, kCrashing, trained.half_trained_seconds);
  MUSTER_ASSIGN_OR_RETURN(const TrainedGroups crashed,
                          TrainGroups(*data, fitted, {}, options, steps));
  steps.Begin(.1);
  MUSTER_ASSIGN_OR_RETURN(const Answers answers,
                          crashed.shards->training().Answer(data->test));
  curve.crash_accuracy = answers.accuracy;
  curve.crash_answered = answers.answered_share;
  return curve;
}

absl::StatusOr<LossCurve> RunSelection(const CommonFlags& flags,
                                       const Storage& storage, uint64_t seed,
                                       const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const SharedDataset data,
                          SyntheticData(Size(flags), seed, runtime));
  const DispatchRunOptions options = RunOptions(flags, 1, seed);
  runtime::StepProgress steps(runtime);
  steps.Begin(.2);
  MUSTER_ASSIGN_OR_RETURN(FittedMethod fitted,
                          FitMethod(data->train, options, steps.runtime()));
  const auto* fitted_router =
      dynamic_cast<const dispatch::PriceRouter*>(fitted.router.get());
  MUSTER_CHECK(fitted_router != nullptr);
  dispatch::PriceRouterState state = fitted_router->state();
  state.copies = kMaxCopies;
  steps.Begin(.25);
  MUSTER_ASSIGN_OR_RETURN(
      const std::vector<int32_t> groups,
      StoredGroups(storage, state, data->train, options, steps.runtime()));
  MUSTER_ASSIGN_OR_RETURN(fitted.router,
                          dispatch::PriceRouter::Create(std::move(state)));
  MUSTER_ASSIGN_OR_RETURN(const TrainedGroups trained,
                          TrainGroups(*data, fitted, groups, options, steps));
  return Measure(trained.shards->training(), *data, seed, steps);
}

}  // namespace muster::benchmarks
