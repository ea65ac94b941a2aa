#include "muster/allocation/ringleader.h"

#include <utility>
#include <vector>

#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/allocation/worker_sums.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

using runtime::WorkerId;

class Ringleader final : public SgdPolicy {
 public:
  explicit Ringleader(const RingleaderOptions& options) : options_(options) {}

  absl::string_view name() const override { return "ringleader"; }

  void Start(SgdServer& server) override {
    table_.Reset(server.num_workers(), server.dimension());
    next_table_.Reset(server.num_workers(), server.dimension());
    internal::SendToIdle(server);
  }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    const int32_t worker = arrival.worker.index;
    if (!updating_) {
      table_.Add(worker, std::move(arrival.gradient));
      if (!EveryoneIs(server, [&](int32_t i) { return table_.count(i) > 0; })) {
        internal::SendNext(server, arrival.worker);
        return;
      }
      updating_ = true;
      updated_.assign(server.num_workers(), 0);
      table_.MeanOfMeans(mean_);
    } else if (updated_[worker] != 0) {
      next_table_.Add(worker, std::move(arrival.gradient));
      internal::SendNext(server, arrival.worker);
      return;
    } else if (table_.count(worker) > 0) {
      table_.AddAndUpdateMean(worker, std::move(arrival.gradient), mean_);
    } else {  // it came back during this phase
      table_.Add(worker, std::move(arrival.gradient));
      table_.MeanOfMeans(mean_);
    }
    server.Step(options_.step, mean_);
    updated_[worker] = 1;
    internal::SendNext(server, arrival.worker);
    EndRoundIfDone(server);
  }

  void OnLoss(SgdServer& server, const GradientLoss&) override {
    EndRoundIfDone(server);
  }

  void OnReturn(SgdServer& server, WorkerId worker) override {
    internal::SendNext(server, worker);
  }

 private:
  // Whether all workers that are up satisfy `predicate`. O(n), mostly less.
  template <typename Predicate>
  bool EveryoneIs(const SgdServer& server, Predicate predicate) {
    // Remembers where it failed: amortised O(1) while the answer is no.
    const int32_t n = server.num_workers();
    for (int32_t looked = 0; looked < n; ++looked) {
      if (server.IsUp(WorkerId{hint_}) && !predicate(hint_)) return false;
      hint_ = hint_ + 1 == n ? 0 : hint_ + 1;
    }
    return true;
  }

  void EndRoundIfDone(SgdServer& server) {
    if (!updating_ || server.num_up() == 0) return;
    if (!EveryoneIs(server, [&](int32_t i) { return updated_[i] != 0; })) {
      return;
    }
    updating_ = false;
    std::swap(table_, next_table_);
    next_table_.Reset(server.num_workers(), server.dimension());
    server.EndRound();
  }

  const RingleaderOptions options_;
  internal::WorkerSums table_;
  internal::WorkerSums next_table_;
  std::vector<double> mean_;      // of table_, in phase 2
  std::vector<uint8_t> updated_;  // in phase 2, by worker
  bool updating_ = false;         // phase 2
  int32_t hint_ = 0;              // a worker that may fail EveryoneIs
};

}  // namespace

absl::Status Validate(const RingleaderOptions& options) {
  return internal::CheckStep("RingleaderOptions", options.step);
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateRingleader(
    const RingleaderOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<Ringleader>(options);
}

}  // namespace muster::allocation
