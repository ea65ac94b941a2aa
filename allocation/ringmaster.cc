#include "muster/allocation/ringmaster.h"

#include <deque>

#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

class Ringmaster final : public SgdPolicy {
 public:
  explicit Ringmaster(const RingmasterOptions& options) : options_(options) {}

  absl::string_view name() const override {
    if (options_.delay_threshold == RingmasterOptions::kNoThreshold) {
      return "asgd";
    }
    return options_.stop_stale ? "ringmaster_stop" : "ringmaster";
  }

  void Start(SgdServer& server) override {
    sent_version_.assign(server.num_workers(), -1);
    for (int32_t i = 0; i < server.num_workers(); ++i) {
      if (server.up()[i]) Send(server, runtime::WorkerId{i});
    }
  }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    const int64_t delay = server.version() - arrival.version;
    sent_version_[arrival.worker.index] = -1;
    if (delay < options_.delay_threshold) {
      server.Step(options_.step, arrival.gradient);
      if (options_.stop_stale) StopStale(server);
    }
    Send(server, arrival.worker);
  }

  void OnLoss(SgdServer&, const GradientLoss& loss) override {
    sent_version_[loss.worker.index] = -1;
  }

  void OnReturn(SgdServer& server, runtime::WorkerId worker) override {
    Send(server, worker);
  }

 private:
  struct Sent {
    int32_t worker;
    int64_t version;
  };

  void Send(SgdServer& server, runtime::WorkerId worker) {
    internal::SendNext(server, worker);
    if (!options_.stop_stale) return;
    sent_version_[worker.index] = server.version();
    oldest_first_.push_back({worker.index, server.version()});
  }

  // Restarts the workers whose delay has reached R.
  void StopStale(SgdServer& server) {
    while (!oldest_first_.empty()) {
      const Sent sent = oldest_first_.front();
      const bool current = sent_version_[sent.worker] == sent.version;
      if (current &&
          server.version() - sent.version < options_.delay_threshold) {
        return;
      }
      oldest_first_.pop_front();
      if (!current) continue;  // came back meanwhile
      server.Cancel(runtime::WorkerId{sent.worker});
      Send(server, runtime::WorkerId{sent.worker});
    }
  }

  const RingmasterOptions options_;
  // With stop_stale: by worker, the version it computes at, -1 for none; and
  // the sends in order, those that came back among them.
  std::vector<int64_t> sent_version_;
  std::deque<Sent> oldest_first_;
};

}  // namespace

absl::Status Validate(const RingmasterOptions& options) {
  MUSTER_RETURN_IF_ERROR(
      internal::CheckStep("RingmasterOptions", options.step));
  return internal::CheckPositive(
      "RingmasterOptions", "delay_threshold", options.delay_threshold,
      "give the delay from which on gradients are ignored, or kNoThreshold");
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateRingmaster(
    const RingmasterOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<Ringmaster>(options);
}

}  // namespace muster::allocation
