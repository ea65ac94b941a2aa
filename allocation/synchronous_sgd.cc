#include "muster/allocation/synchronous_sgd.h"

#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

class SynchronousSgd final : public SgdPolicy {
 public:
  explicit SynchronousSgd(const SynchronousSgdOptions& options)
      : options_(options) {}

  absl::string_view name() const override { return "synchronous_sgd"; }

  void Start(SgdServer& server) override { BeginRound(server); }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    internal::Accumulate(arrival.gradient, sum_);
    ++count_;
    --running_;
    EndRoundIfDone(server);
  }

  void OnLoss(SgdServer& server, const GradientLoss&) override {
    --running_;
    EndRoundIfDone(server);
  }

  // It joins in the next round, which begins now if nobody works.
  void OnReturn(SgdServer& server, runtime::WorkerId) override {
    if (running_ == 0) BeginRound(server);
  }

 private:
  void BeginRound(SgdServer& server) {
    sum_.assign(server.dimension(), 0.0);
    count_ = 0;
    internal::SendToIdle(server);
    running_ = server.num_up();
  }

  void EndRoundIfDone(SgdServer& server) {
    if (count_ < options_.wait_for && running_ > 0) return;
    if (count_ == 0) {  // all were lost: those that came back begin anew
      BeginRound(server);
      return;
    }
    server.Step(options_.step / static_cast<double>(count_), sum_);
    server.CancelAll();
    server.EndRound();
    BeginRound(server);
  }

  const SynchronousSgdOptions options_;
  std::vector<double> sum_;
  int64_t count_ = 0;    // gradients in sum_
  int64_t running_ = 0;  // tasks of this round in flight
};

}  // namespace

absl::Status Validate(const SynchronousSgdOptions& options) {
  MUSTER_RETURN_IF_ERROR(
      internal::CheckStep("SynchronousSgdOptions", options.step));
  return internal::CheckPositive("SynchronousSgdOptions", "wait_for",
                                 options.wait_for,
                                 "give the number of gradients to wait for");
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateSynchronousSgd(
    const SynchronousSgdOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<SynchronousSgd>(options);
}

}  // namespace muster::allocation
