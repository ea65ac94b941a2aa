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
#include "muster/benchmarks/dispatch/shard_program.h"
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
#include "muster/runtime/virtual_cluster.h"
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

// One run through all its phases on a virtual cluster.
class TrainedGroups {
 public:
  // Two steps, a quarter of `steps`. `groups` as of ShardTraining::Store:
  // empty, the router's own.
  static absl::StatusOr<std::unique_ptr<TrainedGroups>> Make(
      const DatasetPair& data,
      const std::shared_ptr<const dispatch::Router>& router,
      std::span<const int32_t> groups, const DispatchRunOptions& options,
      runtime::StepProgress& steps) {
    MUSTER_ASSIGN_OR_RETURN(auto speeds, MakeSpeeds(options));
    auto trained = std::make_unique<TrainedGroups>(
        data, router, options, std::move(speeds), steps.runtime());
    steps.Begin(.05);
    MUSTER_RETURN_IF_ERROR(trained->shards_.Store(data.train, groups).status());
    trained->stored_seconds_ = trained->cluster_.NowSeconds();
    steps.Begin(.2);
    MUSTER_RETURN_IF_ERROR(trained->shards_.Train().status());
    trained->trained_seconds_ = trained->cluster_.NowSeconds();
    return trained;
  }

  TrainedGroups(const DatasetPair& data,
                const std::shared_ptr<const dispatch::Router>& router,
                const DispatchRunOptions& options, runtime::SpeedModel speeds,
                const runtime::Runtime& runtime)
      : data_(data),
        cluster_(ShardTraining::MakePrograms(kWorkers, router, data.classes,
                                             options.learner, options.seed),
                 std::move(speeds), {}, runtime),
        shards_(&cluster_, router, data.classes, options.training, runtime) {}

  absl::StatusOr<Answers> Answer(int32_t lost, uint64_t seed) {
    std::vector<char> flags(kWorkers, 0);
    const std::vector<int32_t> order = LossOrder(seed);
    for (int32_t i = 0; i < lost; ++i) flags[order[i]] = 1;
    return shards_.Answer(data_.test, flags);
  }

  // The virtual time halfway through the training.
  double HalfTrainedSeconds() const {
    return (stored_seconds_ + trained_seconds_) / 2;
  }
  std::span<const int32_t> stored_groups() const {
    return shards_.stored_groups();
  }

 private:
  const DatasetPair& data_;
  runtime::VirtualCluster<ShardProgram> cluster_;
  ShardTraining shards_;
  double stored_seconds_ = 0;
  double trained_seconds_ = 0;
};

// Three tenths of `steps`.
absl::StatusOr<LossCurve> Measure(TrainedGroups& trained, int64_t rows,
                                  uint64_t seed, runtime::StepProgress& steps) {
  LossCurve curve;
  std::vector<int64_t> loads(kGroups, 0);
  int64_t copies = 0;
  for (const int32_t group : trained.stored_groups()) {
    if (group < 0) continue;
    ++loads[group];
    ++copies;
  }
  curve.copies = static_cast<double>(copies) / static_cast<double>(rows);
  curve.largest_load = dispatch::SpreadOfLoads(std::move(loads), rows).largest;
  for (const int32_t lost : LostWorkers()) {
    steps.Begin(.3 / static_cast<double>(LostWorkers().size()));
    MUSTER_ASSIGN_OR_RETURN(const Answers answers, trained.Answer(lost, seed));
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
  options.training.route_multiply_adds = fitted.route_multiply_adds;
  MUSTER_ASSIGN_OR_RETURN(
      const auto trained,
      TrainedGroups::Make(*data, fitted.router, {}, options, steps));
  MUSTER_ASSIGN_OR_RETURN(
      LossCurve curve, Measure(*trained, data->train.num_rows(), seed, steps));
  options.cluster = Crashing(seed, kCrashing, trained->HalfTrainedSeconds());
  MUSTER_ASSIGN_OR_RETURN(
      const auto crashed,
      TrainedGroups::Make(*data, fitted.router, {}, options, steps));
  steps.Begin(.1);
  MUSTER_ASSIGN_OR_RETURN(const Answers answers, crashed->Answer(0, seed));
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
  MUSTER_ASSIGN_OR_RETURN(const FittedMethod fitted,
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
  MUSTER_ASSIGN_OR_RETURN(std::shared_ptr<const dispatch::Router> router,
                          dispatch::PriceRouter::Create(std::move(state)));
  MUSTER_ASSIGN_OR_RETURN(
      const auto trained,
      TrainedGroups::Make(*data, router, groups, options, steps));
  return Measure(*trained, data->train.num_rows(), seed, steps);
}

}  // namespace muster::benchmarks
