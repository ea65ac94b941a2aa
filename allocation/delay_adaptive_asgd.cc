#include "muster/allocation/delay_adaptive_asgd.h"

#include <algorithm>

#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

class DelayAdaptiveAsgd final : public SgdPolicy {
 public:
  explicit DelayAdaptiveAsgd(const DelayAdaptiveAsgdOptions& options)
      : options_(options) {}

  absl::string_view name() const override { return "delay_adaptive_asgd"; }

  void Start(SgdServer& server) override { internal::SendToIdle(server); }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    const int64_t delay = server.version() - arrival.version;
    double step = options_.step;
    if (delay > 0) {
      step = std::min(step,
                      options_.delay_factor /
                          (options_.smoothness * static_cast<double>(delay)));
    }
    server.Step(step, arrival.gradient);
    internal::SendNext(server, arrival.worker);
  }

  void OnLoss(SgdServer&, const GradientLoss&) override {}

  void OnReturn(SgdServer& server, runtime::WorkerId worker) override {
    internal::SendNext(server, worker);
  }

 private:
  const DelayAdaptiveAsgdOptions options_;
};

}  // namespace

absl::Status Validate(const DelayAdaptiveAsgdOptions& options) {
  constexpr char kOptions[] = "DelayAdaptiveAsgdOptions";
  MUSTER_RETURN_IF_ERROR(internal::CheckStep(kOptions, options.step));
  MUSTER_RETURN_IF_ERROR(internal::CheckFinitePositive(
      kOptions, "smoothness", options.smoothness,
      "give the gradients' Lipschitz constant L"));
  return internal::CheckFinitePositive(
      kOptions, "delay_factor", options.delay_factor,
      "give the c of the step c / (L delay), for instance the default");
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateDelayAdaptiveAsgd(
    const DelayAdaptiveAsgdOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<DelayAdaptiveAsgd>(options);
}

}  // namespace muster::allocation
