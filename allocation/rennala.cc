#include "muster/allocation/rennala.h"

#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

class Rennala final : public SgdPolicy {
 public:
  explicit Rennala(const RennalaOptions& options) : options_(options) {}

  absl::string_view name() const override { return "rennala"; }

  void Start(SgdServer& server) override {
    sum_.assign(server.dimension(), 0.0);
    internal::SendToIdle(server);
  }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    if (arrival.version == server.version()) {
      internal::Accumulate(arrival.gradient, sum_);
      ++count_;
    }
    if (count_ < options_.batch) {
      internal::SendNext(server, arrival.worker);
      return;
    }
    server.Step(options_.step / static_cast<double>(options_.batch), sum_);
    count_ = 0;
    sum_.assign(server.dimension(), 0.0);
    if (options_.cancel_stale) server.CancelAll();
    server.EndRound();
    internal::SendToIdle(server);
  }

  void OnLoss(SgdServer&, const GradientLoss&) override {}

  void OnReturn(SgdServer& server, runtime::WorkerId worker) override {
    internal::SendNext(server, worker);
  }

 private:
  const RennalaOptions options_;
  std::vector<double> sum_;  // of the gradients at the newest iterate
  int64_t count_ = 0;        // of them
};

}  // namespace

absl::Status Validate(const RennalaOptions& options) {
  MUSTER_RETURN_IF_ERROR(internal::CheckStep("RennalaOptions", options.step));
  return internal::CheckPositive("RennalaOptions", "batch", options.batch,
                                 "give the gradients of one step");
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateRennala(
    const RennalaOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<Rennala>(options);
}

}  // namespace muster::allocation
