#ifndef MUSTER_ALLOCATION_SGD_RUN_H_
#define MUSTER_ALLOCATION_SGD_RUN_H_

// Runs a stochastic gradient method on a cluster: events to the policy, its
// orders to the workers, until a limit or a target.
//
//   VirtualCluster<GradientProgram<Quadratic>> cluster(...);
//   MUSTER_ASSIGN_OR_RETURN(auto policy, CreateRingmaster({...}));
//   MUSTER_ASSIGN_OR_RETURN(SgdSummary summary,
//       RunSgd(cluster, problem, *policy, {.max_seconds = 1e5}));
//
// On a VirtualCluster the summary is a function of the cluster's programs and
// seeds, of the policy and of the options: not of threads or machine load.

#include <concepts>
#include <cstdint>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/gradient_transport.h"
#include "muster/allocation/sgd_policy.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/runtime.h"

namespace muster::allocation {

struct SgdOptions {
  // ---- when to stop: at least one of the five must be set ------------------
  // Steps taken, >= 0.
  int64_t max_steps = std::numeric_limits<int64_t>::max();
  // Gradients received, used or not, >= 0.
  int64_t max_gradients = std::numeric_limits<int64_t>::max();
  // The cluster's clock. An event after this is not delivered.
  double max_seconds = std::numeric_limits<double>::infinity();
  // What the workers are paid for, in total.
  double max_worker_seconds = std::numeric_limits<double>::infinity();
  // Stop at the first recorded objective <= this.
  double target_objective = -std::numeric_limits<double>::infinity();

  // ---- what is recorded -----------------------------------------------------
  // The objective is computed and a trace point kept after every so many steps,
  // >= 1, and at the start and the end. The target, divergence, progress and
  // the limit on worker time are looked at then. Small values cost an objective
  // each time, large ones blur the moment of reaching the target.
  int64_t record_every_steps = 1;
  // If > 0, the next record comes after max(1, ceil(record_growth step)) steps
  // where that is sooner: fine at first, when the objective falls fast. >= 0.
  // Default: an even grid.
  double record_growth = 0;
  // Keep SgdSummary::rounds.
  bool keep_rounds = false;

  // ---- what is computed -----------------------------------------------------
  // Stochastic gradients averaged by one task, >= 1. The task's duration is the
  // speed model's, whatever this is.
  int64_t samples_per_task = 1;
  // An objective above this, or NaN, ends the run as diverged. Default:
  // arbitrary, far above what a converging run meets.
  double divergence_objective = 1e30;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const SgdOptions& options);

enum class Termination {
  kTargetReached,    // a recorded objective is <= target_objective
  kStepLimit,        // max_steps
  kGradientLimit,    // max_gradients
  kTimeLimit,        // max_seconds
  kWorkerTimeLimit,  // max_worker_seconds
  kDiverged,         // the objective is NaN or above divergence_objective
  kNoWorkers,        // all workers are down and none returns
  kStalled,          // workers are up but the policy has nothing in flight
  kStopped,          // the observer or the stop flag asked for it
};

// "target_reached", "step_limit", ...
absl::string_view TerminationName(Termination termination);

struct SgdTracePoint {
  int64_t step = 0;           // version of the iterate
  int64_t gradients = 0;      // received by then
  double seconds = 0;         // the clock
  double worker_seconds = 0;  // of ended and cancelled tasks
  double objective = 0;

  friend bool operator==(const SgdTracePoint&, const SgdTracePoint&) = default;
};

struct SgdSummary {
  std::string policy;
  Termination termination = Termination::kStopped;
  int64_t steps = 0;
  int64_t gradients = 0;  // received, used or not
  int64_t losses = 0;     // tasks that ended without a gradient
  int64_t rounds = 0;     // of policies that have rounds, else 0
  double seconds = 0;     // the clock at the end
  double worker_seconds = 0;
  double objective = 0;              // at x
  std::vector<double> x;             // the last iterate
  std::vector<SgdTracePoint> trace;  // ascending steps, first and last included
  std::vector<SgdRound> rounds_log;  // if keep_rounds

  // The first recorded time, resp. worker time, at which the objective is <=
  // target; NaN if there is none. O(trace).
  double SecondsTo(double target) const;
  double WorkerSecondsTo(double target) const;
  // One line.
  std::string BriefReport() const;
};

// The problem as the server sees it: where to start and how good a point is
// (a gap, a squared gradient norm, a loss: whatever falls to the target).
struct SgdObjective {
  std::vector<double> initial_point;
  std::function<double(std::span<const double>)> objective;
};

// As RunSgd below.
absl::StatusOr<SgdSummary> RunSgdOverTransport(GradientTransport& transport,
                                               const SgdObjective& problem,
                                               SgdPolicy& policy,
                                               const SgdOptions& options,
                                               const runtime::Runtime& runtime);

template <typename P>
concept ObjectiveProblem = requires(const P& problem,
                                    std::span<const double> x) {
  { problem.InitialPoint() } -> std::convertible_to<std::vector<double>>;
  { problem.Objective(x) } -> std::convertible_to<double>;
};

// Runs `policy` (fresh) on `cluster` (any kind, with nothing in flight) from
// problem.InitialPoint(). The summary, also when stopped early; an error when
// the options are invalid or the policy is for another number of workers
// (InvalidArgument), or when the cluster fails. What is in
// flight at the end is cancelled. Progress is reported at each record.
template <runtime::PureWorkerProgram Program, ObjectiveProblem Problem>
absl::StatusOr<SgdSummary> RunSgd(runtime::Cluster<Program>& cluster,
                                  const Problem& problem, SgdPolicy& policy,
                                  const SgdOptions& options,
                                  const runtime::Runtime& runtime = {}) {
  ClusterTransport<Program> transport(&cluster);
  return RunSgdOverTransport(transport,
                             {.initial_point = problem.InitialPoint(),
                              .objective =
                                  [&problem](std::span<const double> x) {
                                    return problem.Objective(x);
                                  }},
                             policy, options, runtime);
}

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_RUN_H_
