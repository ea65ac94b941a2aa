#include "muster/allocation/round_book.h"

#include <algorithm>

#include "muster/runtime/check.h"

namespace muster::allocation::internal {

const Allocation& RoundBook::Begin(const SgdServer& server, int64_t budget) {
  MUSTER_CHECK_GT(server.num_up(), 0);
  num_tasks_.resize(server.num_workers());
  total_seconds_.resize(server.num_workers());
  ++round_;
  begin_seconds_ = server.NowSeconds();
  completed_.clear();
  cancelled_.clear();
  const bool all_up = server.num_up() == server.num_workers();
  allocator_->Allocate(
      {.round = round_,
       .budget = budget,
       .up = all_up ? std::span<const uint8_t>() : server.up()},
      &allocation_);
  return allocation_;
}

const Allocation& RoundBook::Reallocate(const SgdServer& server, int64_t budget,
                                        const std::vector<int64_t>& queued) {
  MUSTER_CHECK_GT(server.num_up(), 0);
  ready_seconds_.assign(server.num_workers(), 0.0);
  for (int32_t i = 0; i < server.num_workers(); ++i) {
    if (queued[i] == 0 || num_tasks_[i] == 0) continue;
    const double mean = total_seconds_[i] / static_cast<double>(num_tasks_[i]);
    ready_seconds_[i] =
        std::max(0.0, static_cast<double>(queued[i]) * mean -
                          server.RunningSeconds(runtime::WorkerId{i}));
  }
  allocator_->Allocate({.round = round_,
                        .budget = budget,
                        .up = server.up(),
                        .ready_seconds = ready_seconds_},
                       &allocation_);
  return allocation_;
}

void RoundBook::Completed(const GradientTask& task) {
  completed_.push_back({.worker = task.worker.index, .seconds = task.seconds});
  ++num_tasks_[task.worker.index];
  total_seconds_[task.worker.index] += task.seconds;
}

void RoundBook::Lost(const GradientTask& task) {
  if (task.seconds > 0) {
    cancelled_.push_back(
        {.worker = task.worker.index, .seconds = task.seconds});
  }
}

void RoundBook::Cancel(SgdServer& server, runtime::WorkerId worker) {
  if (server.NumInFlight(worker) == 0) return;
  const double seconds = server.RunningSeconds(worker);
  if (seconds > 0) {
    cancelled_.push_back({.worker = worker.index, .seconds = seconds});
  }
  server.Cancel(worker);
}

void RoundBook::End(const SgdServer& server) {
  allocator_->Observe({.round = round_,
                       .round_seconds = server.NowSeconds() - begin_seconds_,
                       .completed = completed_,
                       .cancelled = cancelled_});
}

}  // namespace muster::allocation::internal
