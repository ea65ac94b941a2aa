#include "muster/allocation/sgd_with_allocator.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "muster/allocation/round_book.h"
#include "muster/allocation/sgd_internal.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

using runtime::WorkerId;

class SgdWithAllocator final : public SgdPolicy {
 public:
  explicit SgdWithAllocator(const SgdWithAllocatorOptions& options)
      : options_(options), book_(options.allocator) {}

  absl::string_view name() const override { return "sgd"; }

  absl::Status CheckWorkers(int32_t num_workers) const override {
    return internal::CheckAllocatorWorkers(*options_.allocator, num_workers);
  }

  void Start(SgdServer& server) override { BeginRound(server); }

  void OnGradient(SgdServer& server, GradientArrival& arrival) override {
    if (book_.is_greedy()) {
      OnGreedyGradient(server, arrival);
    } else {
      book_.Completed(arrival);
      --queued_[arrival.worker.index];
      Place(arrival.draw - first_draw_, std::move(arrival.gradient));
    }
    if (count_ == options_.batch) EndRound(server);
  }

  void OnLoss(SgdServer& server, const GradientLoss& loss) override {
    book_.Lost(loss);
    if (book_.is_greedy()) {
      book_.ReplaceLostRacers(server, options_.batch - count_);
      return;
    }
    --queued_[loss.worker.index];
    lost_draws_.push_back(loss.draw);
    // The worker's other tasks are told lost next, all to be given at once.
    if (queued_[loss.worker.index] == 0) ReallocateLost(server);
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
    sum_.assign(server.dimension(), 0.0);
    count_ = 0;
    if (book_.is_greedy()) {
      book_.SendToRacers(server);
      return;
    }
    queued_.assign(server.num_workers(), 0);
    pending_.assign(options_.batch, {});
    folded_ = 0;
    first_draw_ = server.TakeDraws(options_.batch);
    uint64_t draw = first_draw_;
    for (const WorkerTasks& entry : allocation.tasks) {
      for (int32_t task = 0; task < entry.tasks; ++task) {
        server.Send(WorkerId{entry.worker}, draw++);
      }
      queued_[entry.worker] += entry.tasks;
    }
    MUSTER_CHECK_EQ(draw, first_draw_ + static_cast<uint64_t>(options_.batch));
  }

  // Takes a barrier round's gradient number `index` and adds up all those
  // whose predecessors are there.
  void Place(uint64_t index, std::vector<double> gradient) {
    pending_[index] = std::move(gradient);
    ++count_;
    while (folded_ < options_.batch && !pending_[folded_].empty()) {
      internal::Accumulate(pending_[folded_], sum_);
      pending_[folded_] = {};
      ++folded_;
    }
  }

  void OnGreedyGradient(SgdServer& server, GradientArrival& arrival) {
    const bool stale = arrival.version != server.version();
    if (!stale || book_.leftover() == Allocation::Leftover::kKeep) {
      book_.Completed(arrival);
      internal::Accumulate(arrival.gradient, sum_);
      ++count_;
    }
    if (count_ < options_.batch && book_.Participates(arrival.worker)) {
      internal::SendNext(server, arrival.worker);
    }
  }

  void EndRound(SgdServer& server) {
    server.Step(options_.step / static_cast<double>(options_.batch), sum_);
    book_.End(server);
    server.EndRound();
    BeginRound(server);
  }

  // Gives the draws of crashed workers to others; waits when nobody is up.
  void ReallocateLost(SgdServer& server) {
    if (lost_draws_.empty() || server.num_up() == 0) return;
    std::sort(lost_draws_.begin(), lost_draws_.end());
    const Allocation& allocation = book_.Reallocate(
        server, static_cast<int64_t>(lost_draws_.size()), queued_);
    auto draw = lost_draws_.begin();
    for (const WorkerTasks& entry : allocation.tasks) {
      // A greedy allocator has no counts: one task each, in turn.
      const int32_t tasks = std::max(entry.tasks, 1);
      for (int32_t i = 0; i < tasks && draw != lost_draws_.end(); ++i) {
        server.Send(WorkerId{entry.worker}, *draw++);
        ++queued_[entry.worker];
      }
    }
    MUSTER_CHECK(draw == lost_draws_.end());
    lost_draws_.clear();
  }

  const SgdWithAllocatorOptions options_;
  internal::RoundBook book_;
  bool waiting_ = false;     // for a worker to begin the round with
  std::vector<double> sum_;  // of the round's gradients so far
  int64_t count_ = 0;        // gradients of the round so far
  // Barrier rounds.
  uint64_t first_draw_ = 0;
  std::vector<std::vector<double>> pending_;  // by draw; empty: not there
  int64_t folded_ = 0;                        // pending_[0..) in sum_
  std::vector<int64_t> queued_;               // tasks in flight, by worker
  std::vector<uint64_t> lost_draws_;          // to be given out again
};

}  // namespace

absl::Status Validate(const SgdWithAllocatorOptions& options) {
  return internal::CheckRoundOptions("SgdWithAllocatorOptions", options.step,
                                     options.allocator.get(), options.batch);
}

absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateSgdWithAllocator(
    const SgdWithAllocatorOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return std::make_unique<SgdWithAllocator>(options);
}

}  // namespace muster::allocation
