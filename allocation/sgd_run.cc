#include "muster/allocation/sgd_run.h"

#include <algorithm>
#include <cmath>
#include <optional>

#include "absl/strings/str_format.h"
#include "muster/runtime/check.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

// `bound` says what it must be, and what to give.
absl::Status FieldError(absl::string_view field, double value,
                        absl::string_view bound) {
  return absl::InvalidArgumentError(
      absl::StrFormat("SgdOptions.%s is %g, must be %s", field, value, bound));
}

// One run: the loop and the trace.
class Run {
 public:
  Run(GradientTransport& transport, const SgdObjective& problem,
      SgdPolicy& policy, const SgdOptions& options,
      const runtime::Runtime& runtime)
      : transport_(transport),
        problem_(problem),
        policy_(policy),
        options_(options),
        runtime_(runtime),
        server_(&transport, problem.initial_point, options.samples_per_task) {
    if (options.keep_rounds) server_.KeepRounds();
  }

  absl::StatusOr<SgdSummary> Execute() {
    Record();
    if (!ended_ && options_.max_gradients == 0) {
      ended_ = Termination::kGradientLimit;
    }
    if (!ended_) policy_.Start(server_);
    while (!ended_) MUSTER_RETURN_IF_ERROR(Advance());
    if (summary_.trace.back().step != server_.version() ||
        summary_.trace.back().seconds != transport_.NowSeconds()) {
      Append();
    }
    server_.CancelAll();
    summary_.policy = std::string(policy_.name());
    summary_.termination = *ended_;
    summary_.steps = server_.version();
    summary_.gradients = server_.num_gradients();
    summary_.losses = server_.num_losses();
    summary_.rounds = server_.num_rounds();
    summary_.seconds = transport_.NowSeconds();
    summary_.worker_seconds = transport_.timeline().WorkerSeconds();
    summary_.objective = summary_.trace.back().objective;
    summary_.x.assign(server_.x().begin(), server_.x().end());
    summary_.rounds_log.assign(server_.rounds().begin(),
                               server_.rounds().end());
    return std::move(summary_);
  }

 private:
  // To the next event.
  absl::Status Advance() {
    if (runtime::ShouldStop(runtime_)) {
      ended_ = Termination::kStopped;
      return absl::OkStatus();
    }
    if (transport_.num_in_flight() == 0) return AwaitReturn();
    absl::StatusOr<GradientCompletion> completion = transport_.Next();
    if (absl::IsCancelled(completion.status())) {
      ended_ = Termination::kStopped;
      return absl::OkStatus();
    }
    MUSTER_RETURN_IF_ERROR(completion.status());
    if (transport_.NowSeconds() > options_.max_seconds) {
      ended_ = Termination::kTimeLimit;
      return absl::OkStatus();
    }
    server_.CheckReturns(policy_);
    const int64_t version = server_.version();
    server_.Deliver(*std::move(completion), policy_);
    if (server_.version() != version) {
      if (server_.version() >= next_record_) Record();
      if (!ended_ && server_.version() >= options_.max_steps) {
        ended_ = Termination::kStepLimit;
      }
    }
    if (!ended_ && server_.num_gradients() >= options_.max_gradients) {
      ended_ = Termination::kGradientLimit;
    }
    return absl::OkStatus();
  }

  // Nothing is in flight: lets the clock pass until a worker comes back.
  absl::Status AwaitReturn() {
    const double seconds = server_.NextReturnSeconds();
    if (std::isinf(seconds)) {
      ended_ = server_.num_up() == 0 ? Termination::kNoWorkers
                                     : Termination::kStalled;
      return absl::OkStatus();
    }
    if (seconds > options_.max_seconds) {
      ended_ = Termination::kTimeLimit;
      return absl::OkStatus();
    }
    const absl::StatusOr<bool> there =
        transport_.AdvanceTo(std::max(seconds, transport_.NowSeconds()));
    if (absl::IsCancelled(there.status())) {
      ended_ = Termination::kStopped;
      return absl::OkStatus();
    }
    MUSTER_RETURN_IF_ERROR(there.status());
    server_.CheckReturns(policy_);
    return absl::OkStatus();
  }

  void Append() {
    summary_.trace.push_back(
        {.step = server_.version(),
         .gradients = server_.num_gradients(),
         .seconds = transport_.NowSeconds(),
         .worker_seconds = transport_.timeline().WorkerSeconds(),
         .objective = problem_.objective(server_.x())});
  }

  // Keeps a trace point and looks whether it ends the run.
  void Record() {
    Append();
    const SgdTracePoint& point = summary_.trace.back();
    next_record_ = NextRecord(point.step);
    const bool go_on = runtime::ReportProgress(
        runtime_,
        {.phase = policy_.name(),
         .done = point.step,
         .total = options_.max_steps == std::numeric_limits<int64_t>::max()
                      ? -1
                      : options_.max_steps,
         .clock_seconds = point.seconds,
         .objective = point.objective});
    if (!(point.objective <= options_.divergence_objective)) {
      ended_ = Termination::kDiverged;
    } else if (point.objective <= options_.target_objective) {
      ended_ = Termination::kTargetReached;
    } else if (point.worker_seconds >= options_.max_worker_seconds) {
      ended_ = Termination::kWorkerTimeLimit;
    } else if (point.step >= options_.max_steps) {
      ended_ = Termination::kStepLimit;
    } else if (!go_on) {
      ended_ = Termination::kStopped;
    }
  }

  int64_t NextRecord(int64_t step) const {
    int64_t stride = options_.record_every_steps;
    if (options_.record_growth > 0) {
      const double grown =
          std::ceil(static_cast<double>(step) * options_.record_growth);
      stride = std::min(stride, std::max(int64_t{1}, ToInt(grown)));
    }
    // No overflow: a step beyond the largest number never comes.
    return step > std::numeric_limits<int64_t>::max() - stride
               ? std::numeric_limits<int64_t>::max()
               : step + stride;
  }

  static int64_t ToInt(double value) {
    constexpr double kLargest = 9.0e18;
    return static_cast<int64_t>(std::min(value, kLargest));
  }

  GradientTransport& transport_;
  const SgdObjective& problem_;
  SgdPolicy& policy_;
  const SgdOptions& options_;
  const runtime::Runtime& runtime_;
  SgdServer server_;
  SgdSummary summary_;
  std::optional<Termination> ended_;
  int64_t next_record_ = 0;  // the version at which to record next
};

}  // namespace

absl::Status Validate(const SgdOptions& options) {
  if (options.max_steps < 0) {
    return FieldError("max_steps", static_cast<double>(options.max_steps),
                      ">= 0; leave it unset for no limit");
  }
  if (options.max_gradients < 0) {
    return FieldError("max_gradients",
                      static_cast<double>(options.max_gradients),
                      ">= 0; leave it unset for no limit");
  }
  if (!(options.max_seconds >= 0)) {
    return FieldError("max_seconds", options.max_seconds,
                      ">= 0; leave it unset for no limit");
  }
  if (!(options.max_worker_seconds >= 0)) {
    return FieldError("max_worker_seconds", options.max_worker_seconds,
                      ">= 0; leave it unset for no limit");
  }
  if (std::isnan(options.target_objective)) {
    return FieldError("target_objective", options.target_objective,
                      "a number; leave it unset for no target");
  }
  constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();
  if (options.max_steps == kNoLimit && options.max_gradients == kNoLimit &&
      std::isinf(options.max_seconds) &&
      std::isinf(options.max_worker_seconds) &&
      std::isinf(options.target_objective)) {
    return absl::InvalidArgumentError(
        "SgdOptions has no limit, the run would not end: set max_steps, "
        "max_gradients, max_seconds, max_worker_seconds or target_objective");
  }
  if (options.record_every_steps < 1) {
    return FieldError("record_every_steps",
                      static_cast<double>(options.record_every_steps),
                      ">= 1; give 1 to record every step");
  }
  if (!(options.record_growth >= 0) || std::isinf(options.record_growth)) {
    return FieldError("record_growth", options.record_growth,
                      "finite and >= 0; give 0 for an even grid");
  }
  if (options.samples_per_task < 1) {
    return FieldError("samples_per_task",
                      static_cast<double>(options.samples_per_task),
                      ">= 1; give 1 for one stochastic gradient per task");
  }
  if (std::isnan(options.divergence_objective)) {
    return FieldError("divergence_objective", options.divergence_objective,
                      "a number; give infinity to go on for ever");
  }
  return absl::OkStatus();
}

absl::string_view TerminationName(Termination termination) {
  switch (termination) {
    case Termination::kTargetReached:
      return "target_reached";
    case Termination::kStepLimit:
      return "step_limit";
    case Termination::kGradientLimit:
      return "gradient_limit";
    case Termination::kTimeLimit:
      return "time_limit";
    case Termination::kWorkerTimeLimit:
      return "worker_time_limit";
    case Termination::kDiverged:
      return "diverged";
    case Termination::kNoWorkers:
      return "no_workers";
    case Termination::kStalled:
      return "stalled";
    case Termination::kStopped:
      return "stopped";
  }
  MUSTER_CHECK(false) << "termination " << static_cast<int>(termination);
  return "";
}

double SgdSummary::SecondsTo(double target) const {
  for (const SgdTracePoint& point : trace) {
    if (point.objective <= target) return point.seconds;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

double SgdSummary::WorkerSecondsTo(double target) const {
  for (const SgdTracePoint& point : trace) {
    if (point.objective <= target) return point.worker_seconds;
  }
  return std::numeric_limits<double>::quiet_NaN();
}

std::string SgdSummary::BriefReport() const {
  return absl::StrFormat(
      "%s: %s after %d steps, %d gradients, %g s, %g worker seconds, objective "
      "%g",
      policy, TerminationName(termination), steps, gradients, seconds,
      worker_seconds, objective);
}

absl::StatusOr<SgdSummary> RunSgdOverTransport(
    GradientTransport& transport, const SgdObjective& problem,
    SgdPolicy& policy, const SgdOptions& options,
    const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  if (transport.num_in_flight() != 0) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "the cluster has %d tasks in flight, a run needs an idle one",
        transport.num_in_flight()));
  }
  MUSTER_RETURN_IF_ERROR(policy.CheckWorkers(transport.num_workers()));
  return Run(transport, problem, policy, options, runtime).Execute();
}

}  // namespace muster::allocation
