#ifndef MUSTER_BENCHMARKS_DISPATCH_DISPATCH_RUN_H_
#define MUSTER_BENCHMARKS_DISPATCH_DISPATCH_RUN_H_

// One dispatched learning run from end to end (Dick et al., AISTATS 2017,
// section 5): draw a sample of the training stream, cluster it, dispatch the
// whole stream by the rule found, train every group, answer the test set by the
// same rule. Phases are timed apart (shard_training.h).

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/benchmarks/dispatch/datasets.h"
#include "muster/benchmarks/dispatch/dispatch_methods.h"
#include "muster/benchmarks/dispatch/labeled_rows.h"
#include "muster/benchmarks/dispatch/shard_program.h"
#include "muster/benchmarks/dispatch/shard_training.h"
#include "muster/dispatch/fit.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/virtual_cluster.h"
#include "muster/runtime/worker_spec.h"

namespace muster::benchmarks {

struct DispatchRunOptions {
  DispatchMethod method = {};
  int64_t num_groups = 16;  // k
  int64_t copies = 1;       // p
  // Points that are clustered, drawn without replacement; all when the stream
  // is shorter. The paper's.
  int64_t sample_size = 10'000;
  int32_t workers = 16;  // of the virtual cluster, >= 1
  // Speeds of the workers in seconds a counted second, modifiers (crashes,
  // slow phases) included: as many as `workers`. Empty: all 1.
  std::optional<runtime::ClusterSpec> cluster = std::nullopt;
  LearnerOptions learner = {};
  ShardTrainingOptions training = {};  // route_multiply_adds is filled in
  uint64_t seed = 1;
};

absl::Status Validate(const DispatchRunOptions& options);

// How the stream spread over the groups.
struct LoadReport {
  double smallest = 0;  // load over the mean load
  double largest = 0;
  double deviation = 0;       // standard deviation of that
  double top_half_share = 0;  // of the k/2 largest groups
  int64_t empty_groups = 0;

  // The paper leaves out runs whose largest k/2 groups hold more than 98 %.
  bool excluded() const { return top_half_share > 0.98; }

  static void Fields(auto& self, auto&& visit) {
    visit(self.smallest, self.largest, self.deviation, self.top_half_share,
          self.empty_groups);
  }
};
// groups: n x copies.
LoadReport MeasureLoad(std::span<const int32_t> groups, int64_t copies,
                       int64_t num_groups);

struct DispatchOutcome {
  double accuracy = 0;
  double answered_share = 1;
  int64_t num_groups = 0;  // of the router: may differ from k (merge and split)
  LoadReport load = {};
  double cost = 0;         // of the clustering of the sample; NaN without one
  double lower_bound = 0;  // NaN without one
  PhaseReport fit = {};
  PhaseReport dispatch = {};
  PhaseReport train = {};
  PhaseReport test = {};

  static void Fields(auto& self, auto&& visit) {
    visit(self.accuracy, self.answered_share, self.num_groups, self.load,
          self.cost, self.lower_bound, self.fit, self.dispatch, self.train,
          self.test);
  }
};

// A fitted router and what the fit took.
struct FittedMethod {
  std::shared_ptr<const dispatch::Router> router = nullptr;
  double cost = 0;
  double lower_bound = 0;
  double wall_seconds = 0;
  double fit_multiply_adds = 0;    // counted
  double route_multiply_adds = 0;  // for a point
};

// Draws a sample of the stream and fits the method's router to it. All methods
// of one seed draw the same sample.
absl::StatusOr<FittedMethod> FitMethod(const LabeledData& train,
                                       const DispatchRunOptions& options,
                                       const runtime::Runtime& runtime);

// The virtual cluster of one run, which holds the groups of a router, and its
// coordinator.
class VirtualShards {
 public:
  // options.workers workers with the speeds of options.cluster, or of one
  // second a second. Errors of Validate and runtime::SpeedModel::Create.
  static absl::StatusOr<std::unique_ptr<VirtualShards>> Create(
      const FittedMethod& fitted, const std::vector<double>& classes,
      const DispatchRunOptions& options, const runtime::Runtime& runtime);

  ShardTraining& training() { return training_; }

 private:
  VirtualShards(const FittedMethod& fitted, const std::vector<double>& classes,
                const DispatchRunOptions& options, runtime::SpeedModel speeds,
                const runtime::Runtime& runtime);

  runtime::VirtualCluster<ShardProgram> cluster_;
  ShardTraining training_;
};

// All of it on a virtual cluster. Errors of the fit; InvalidArgument of
// Validate. The bits (but wall_seconds) do not depend on the threads.
absl::StatusOr<DispatchOutcome> RunDispatch(const DatasetPair& data,
                                            const DispatchRunOptions& options,
                                            const runtime::Runtime& runtime);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_DISPATCH_RUN_H_
