#include "muster/allocation/mindflayer.h"

#include "absl/strings/str_format.h"
#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

using runtime::WorkerId;

class MindFlayer final : public SgdPolicy {
 public:
  explicit MindFlayer(const MindFlayerOptions& options) : options_(options) {
    for (const MindFlayerWorker& worker : options_.workers) {
      expected_batch_ +=
          worker.success_probability * static_cast<double>(worker.attempts);
    }
  }

  absl::string_view name() const override { return "mindflayer"; }

  absl::Status CheckWorkers(int32_t num_workers) const override {
    const auto size = static_cast<int64_t>(options_.workers.size());
    if (size == num_workers) return absl::OkStatus();
    return absl::InvalidArgumentError(absl::StrFormat(
        "MindFlayerOptions.workers has %d entries, the cluster has %d workers; "
        "give one entry per worker, for instance of PlanMindFlayer",
        size, num_workers));
  }

  void Start(SgdServer& server) override {
    MUSTER_CHECK_OK(CheckWorkers(server.num_workers()));
    BeginRound(server);
  }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    internal::Accumulate(arrival.gradient, sum_);
    --num_running_;
    Attempt(server, arrival.worker);
    EndRoundsIfDone(server);
  }

  void OnLoss(SgdServer& server, const GradientLoss& loss) override {
    --num_running_;
    if (loss.cause == LossCause::kAbandoned) {
      Attempt(server, loss.worker);
    } else {
      attempts_left_[loss.worker.index] = 0;
    }
    EndRoundsIfDone(server);
  }

  void OnReturn(SgdServer& server, WorkerId) override {
    if (num_running_ == 0) BeginRound(server);
  }

 private:
  void BeginRound(SgdServer& server) {
    sum_.assign(server.dimension(), 0.0);
    attempts_left_.resize(server.num_workers());
    for (int32_t i = 0; i < server.num_workers(); ++i) {
      if (!server.IsUp(WorkerId{i})) continue;
      attempts_left_[i] = options_.workers[i].attempts;
      Attempt(server, WorkerId{i});
    }
  }

  void Attempt(SgdServer& server, WorkerId worker) {
    if (attempts_left_[worker.index] == 0) return;
    --attempts_left_[worker.index];
    ++num_running_;
    server.Send(worker, server.TakeDraw(),
                {.abandon_after_seconds =
                     options_.workers[worker.index].abandon_after_seconds});
  }

  // A round in which nobody could attempt anything waits for a return.
  void EndRoundsIfDone(SgdServer& server) {
    if (num_running_ > 0) return;
    server.Step(options_.step / expected_batch_, sum_);
    server.EndRound();
    BeginRound(server);
  }

  const MindFlayerOptions options_;
  double expected_batch_ = 0;           // B
  std::vector<double> sum_;             // of the round's gradients
  std::vector<int64_t> attempts_left_;  // not yet begun, by worker
  int64_t num_running_ = 0;             // attempts in flight
};

}  // namespace

absl::Status Validate(const MindFlayerOptions& options) {
  MUSTER_RETURN_IF_ERROR(
      internal::CheckStep("MindFlayerOptions", options.step));
  bool any_attempts = false;
  for (size_t i = 0; i < options.workers.size(); ++i) {
    const MindFlayerWorker& worker = options.workers[i];
    any_attempts = any_attempts || worker.attempts > 0;
    if (worker.attempts < 0) {
      return absl::InvalidArgumentError(
          absl::StrFormat("MindFlayerOptions.workers[%d].attempts is %d, must "
                          "be >= 0; give 0 to "
                          "leave the worker out",
                          i, worker.attempts));
    }
    if (!(worker.abandon_after_seconds > 0)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "MindFlayerOptions.workers[%d].abandon_after_seconds is %g, must be "
          "> 0; give infinity never to give up",
          i, worker.abandon_after_seconds));
    }
    if (!(worker.success_probability > 0 && worker.success_probability <= 1)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "MindFlayerOptions.workers[%d].success_probability is %g, must be in "
          "(0, 1]; give the probability that an attempt ends in time, or no "
          "attempts",
          i, worker.success_probability));
    }
  }
  if (!any_attempts) {
    return absl::InvalidArgumentError(
        "MindFlayerOptions.workers has no worker with attempts > 0, the rounds "
        "would be empty; give some worker attempts, for instance as "
        "PlanMindFlayer does");
  }
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateMindFlayer(
    const MindFlayerOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<MindFlayer>(options);
}

}  // namespace muster::allocation
