#include "muster/allocation/malenia.h"

#include <utility>
#include <vector>

#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/allocation/worker_sums.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

// Slack for the rounding of the harmonic mean.
constexpr double kSlack = 1e-12;

class Malenia final : public SgdPolicy {
 public:
  explicit Malenia(const MaleniaOptions& options) : options_(options) {}

  absl::string_view name() const override { return "malenia"; }

  void Start(SgdServer& server) override { BeginRound(server); }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    const int32_t worker = arrival.worker.index;
    if (sums_.count(worker) == 0) --num_awaited_;
    sums_.Add(worker, std::move(arrival.gradient));
    if (RoundIsComplete(server)) {
      EndRound(server);
    } else {
      internal::SendNext(server, arrival.worker);
    }
  }

  void OnLoss(SgdServer& server, const GradientLoss& loss) override {
    if (sums_.count(loss.worker.index) == 0) --num_awaited_;
    if (RoundIsComplete(server)) EndRound(server);
  }

  void OnReturn(SgdServer& server, runtime::WorkerId worker) override {
    if (sums_.count(worker.index) == 0) ++num_awaited_;
    internal::SendNext(server, worker);
  }

 private:
  void BeginRound(SgdServer& server) {
    sums_.Reset(server.num_workers(), server.dimension());
    num_awaited_ = server.num_up();
    internal::SendToIdle(server);
  }

  // O(n) once nobody is awaited, O(1) before.
  bool RoundIsComplete(const SgdServer& server) const {
    if (num_awaited_ > 0 || sums_.num_present() == 0) return false;
    double inverse_sum = 0;
    for (int32_t i = 0; i < server.num_workers(); ++i) {
      if (sums_.count(i) > 0) {
        inverse_sum += 1 / static_cast<double>(sums_.count(i));
      }
    }
    const double present = sums_.num_present();
    return present * present >= options_.batch * inverse_sum * (1 - kSlack);
  }

  void EndRound(SgdServer& server) {
    sums_.MeanOfMeans(mean_);
    server.Step(options_.step, mean_);
    server.CancelAll();
    server.EndRound();
    BeginRound(server);
  }

  const MaleniaOptions options_;
  internal::WorkerSums sums_;
  std::vector<double> mean_;
  int64_t num_awaited_ = 0;  // workers that are up and have given none
};

}  // namespace

absl::Status Validate(const MaleniaOptions& options) {
  MUSTER_RETURN_IF_ERROR(internal::CheckStep("MaleniaOptions", options.step));
  return internal::CheckFinitePositive(
      "MaleniaOptions", "batch", options.batch,
      "give S, the gradients that a round is worth");
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateMalenia(
    const MaleniaOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<Malenia>(options);
}

}  // namespace muster::allocation
