#include "muster/allocation/asgd_with_allocator.h"

#include <algorithm>
#include <vector>

#include "muster/allocation/round_book.h"
#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

using runtime::WorkerId;

class AsgdWithAllocator final : public SgdPolicy {
 public:
  explicit AsgdWithAllocator(const AsgdWithAllocatorOptions& options)
      : options_(options), book_(options.allocator) {}

  absl::string_view name() const override { return "asgd_rounds"; }

  absl::Status CheckWorkers(int32_t num_workers) const override {
    return internal::CheckAllocatorWorkers(*options_.allocator, num_workers);
  }

  void Start(SgdServer& server) override { BeginRound(server); }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    const bool stale = arrival.version < round_version_;
    if (!stale || book_.leftover() != Allocation::Leftover::kKeepDropStale) {
      book_.Completed(arrival);
      ++count_;
      server.Step(options_.step, arrival.gradient);
    }
    if (count_ == options_.batch) {
      EndRound(server);
    } else if (book_.is_greedy()) {
      if (book_.Participates(arrival.worker)) {
        internal::SendNext(server, arrival.worker);
      }
    } else {
      SendFromQuota(server, arrival.worker);
    }
  }

  void OnLoss(SgdServer& server, const GradientLoss& loss) override {
    book_.Lost(loss);
    if (book_.is_greedy()) {
      book_.ReplaceLostRacers(server, options_.batch - count_);
      return;
    }
    lost_ += 1 + quota_[loss.worker.index];
    quota_[loss.worker.index] = 0;
    ReallocateLost(server);
  }

  void OnReturn(SgdServer& server, WorkerId worker) override {
    if (waiting_) {
      BeginRound(server);
    } else if (!book_.is_greedy()) {
      ReallocateLost(server);
    } else {
      book_.Rejoin(server, worker);
      book_.ReplaceLostRacers(server, options_.batch - count_);
    }
  }

 private:
  void BeginRound(SgdServer& server) {
    waiting_ = server.num_up() == 0;
    if (waiting_) return;
    const Allocation& allocation = book_.Begin(server, options_.batch);
    round_version_ = server.version();
    count_ = 0;
    quota_.assign(server.num_workers(), 0);
    if (book_.is_greedy()) {
      book_.SendToRacers(server);
      return;
    }
    for (const WorkerTasks& entry : allocation.tasks) {
      quota_[entry.worker] = entry.tasks;
      SendFromQuota(server, WorkerId{entry.worker});
    }
  }

  void SendFromQuota(SgdServer& server, WorkerId worker) {
    if (quota_[worker.index] == 0) return;
    --quota_[worker.index];
    internal::SendNext(server, worker);
  }

  void EndRound(SgdServer& server) {
    book_.End(server);
    server.EndRound();
    BeginRound(server);
  }

  // Hands out again what crashed workers left; waits when nobody is up.
  void ReallocateLost(SgdServer& server) {
    if (lost_ == 0 || server.num_up() == 0) return;
    std::vector<int64_t> queued(server.num_workers());
    for (int32_t i = 0; i < server.num_workers(); ++i) {
      queued[i] = quota_[i] + server.NumInFlight(WorkerId{i});
    }
    const Allocation& allocation = book_.Reallocate(server, lost_, queued);
    for (const WorkerTasks& entry : allocation.tasks) {
      const WorkerId worker{entry.worker};
      // A greedy allocator has no counts: one task each, in turn.
      const int64_t tasks = std::min<int64_t>(lost_, std::max(entry.tasks, 1));
      lost_ -= tasks;
      quota_[entry.worker] += tasks;
      if (server.NumInFlight(worker) == 0) SendFromQuota(server, worker);
    }
    MUSTER_CHECK_EQ(lost_, 0);
  }

  const AsgdWithAllocatorOptions options_;
  internal::RoundBook book_;
  bool waiting_ = false;        // for a worker to begin the round with
  int64_t round_version_ = 0;   // of the iterate at the round's start
  int64_t count_ = 0;           // gradients of the round so far
  int64_t lost_ = 0;            // tasks of crashed workers, to be given again
  std::vector<int64_t> quota_;  // by worker: tasks not yet sent (barrier)
};

}  // namespace

absl::Status Validate(const AsgdWithAllocatorOptions& options) {
  return internal::CheckRoundOptions("AsgdWithAllocatorOptions", options.step,
                                     options.allocator.get(), options.batch);
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateAsgdWithAllocator(
    const AsgdWithAllocatorOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<AsgdWithAllocator>(options);
}

}  // namespace muster::allocation
