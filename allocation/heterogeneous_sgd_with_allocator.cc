#include "muster/allocation/heterogeneous_sgd_with_allocator.h"

#include <utility>
#include <vector>

#include "muster/allocation/round_book.h"
#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/allocation/worker_sums.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

using runtime::WorkerId;

class HeterogeneousSgd final : public SgdPolicy {
 public:
  explicit HeterogeneousSgd(const HeterogeneousSgdOptions& options)
      : options_(options), book_(options.allocator) {}

  absl::string_view name() const override { return "sgd_heterogeneous"; }

  absl::Status CheckWorkers(int32_t num_workers) const override {
    return internal::CheckAllocatorWorkers(*options_.allocator, num_workers);
  }

  void Start(SgdServer& server) override { BeginRound(server); }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    const int32_t worker = arrival.worker.index;
    book_.Completed(arrival);
    if (sums_.count(worker) == 0) --num_awaited_;
    sums_.Add(worker, std::move(arrival.gradient));
    ++count_;
    --num_running_;
    if (book_.is_greedy() && !RoundIsComplete(server)) {
      Send(server, arrival.worker);
    }
    EndRoundIfComplete(server);
  }

  void OnLoss(SgdServer& server, const GradientLoss& loss) override {
    book_.Lost(loss);
    --num_running_;
    // Its other tasks are told lost next.
    if (server.NumInFlight(loss.worker) > 0) return;
    if (sums_.count(loss.worker.index) == 0) --num_awaited_;
    EndRoundIfComplete(server);
    Revive(server);
  }

  void OnReturn(SgdServer& server, WorkerId worker) override {
    if (waiting_) {
      BeginRound(server);
    } else if (book_.is_greedy()) {
      // It is awaited again only if it has given nothing yet.
      if (sums_.count(worker.index) == 0) ++num_awaited_;
      Send(server, worker);
    } else {
      Revive(server);
    }
  }

 private:
  void BeginRound(SgdServer& server) {
    waiting_ = server.num_up() == 0;
    if (waiting_) return;
    sums_.Reset(server.num_workers(), server.dimension());
    count_ = 0;
    num_running_ = 0;
    const Allocation& allocation = book_.Begin(server, options_.batch);
    num_awaited_ = server.num_up();
    target_ = options_.batch + server.num_up();
    auto extra = allocation.tasks.begin();
    for (int32_t i = 0; i < server.num_workers(); ++i) {
      if (!server.IsUp(WorkerId{i})) continue;
      while (extra != allocation.tasks.end() && extra->worker < i) ++extra;
      int64_t tasks = 1;
      if (!book_.is_greedy() && extra != allocation.tasks.end() &&
          extra->worker == i) {
        tasks += extra->tasks;
      }
      for (int64_t t = 0; t < tasks; ++t) {
        Send(server, WorkerId{i});
      }
    }
  }

  void Send(SgdServer& server, WorkerId worker) {
    internal::SendNext(server, worker);
    ++num_running_;
  }

  // Everything of a round was lost before it gave a gradient: one task for each
  // worker that is up.
  void Revive(SgdServer& server) {
    if (num_running_ > 0 || sums_.num_present() > 0) return;
    num_awaited_ = server.num_up();
    for (int32_t i = 0; i < server.num_workers(); ++i) {
      if (server.IsUp(WorkerId{i})) Send(server, WorkerId{i});
    }
  }

  // Barrier: nothing is left to come. Greedy: enough has come, from all.
  bool RoundIsComplete(const SgdServer& server) const {
    if (book_.is_greedy()) {
      return num_awaited_ == 0 && (count_ >= target_ || server.num_up() == 0);
    }
    return num_running_ == 0;
  }

  void EndRoundIfComplete(SgdServer& server) {
    if (sums_.num_present() == 0 || !RoundIsComplete(server)) return;
    sums_.MeanOfMeans(mean_);
    server.Step(options_.step, mean_);
    book_.CancelAll(server);
    book_.End(server);
    server.EndRound();
    BeginRound(server);
  }

  const HeterogeneousSgdOptions options_;
  internal::RoundBook book_;
  internal::WorkerSums sums_;
  std::vector<double> mean_;
  bool waiting_ = false;     // for a worker to begin the round with
  int64_t count_ = 0;        // gradients of the round so far
  int64_t num_running_ = 0;  // tasks of the round in flight
  int64_t target_ = 0;       // gradients that end a greedy round
  int64_t num_awaited_ = 0;  // workers in flight that have given none yet
};

}  // namespace

absl::Status Validate(const HeterogeneousSgdOptions& options) {
  return internal::CheckRoundOptions("HeterogeneousSgdOptions", options.step,
                                     options.allocator.get(), options.batch);
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateHeterogeneousSgdWithAllocator(
    const HeterogeneousSgdOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<HeterogeneousSgd>(options);
}

}  // namespace muster::allocation
