#include "muster/allocation/round_book.h"

#include <algorithm>
#include <limits>

#include "absl/strings/str_format.h"
#include "muster/allocation/sgd_internal.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

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
  is_greedy_ = allocation_.mode == Allocation::Mode::kGreedy;
  leftover_ = is_greedy_ ? allocation_.leftover : Allocation::Leftover::kReset;
  if (is_greedy_) SetParticipants(server);
  return allocation_;
}

void RoundBook::SetParticipants(const SgdServer& server) {
  participates_.assign(server.num_workers(), 0);
  for (const WorkerTasks& entry : allocation_.tasks) {
    participates_[entry.worker] = 1;
  }
}

void RoundBook::SendToRacers(SgdServer& server) {
  for (const WorkerTasks& entry : allocation_.tasks) {
    const runtime::WorkerId worker{entry.worker};
    if (server.IsUp(worker) && server.NumInFlight(worker) == 0) {
      SendNext(server, worker);
    }
  }
}

void RoundBook::Rejoin(SgdServer& server, runtime::WorkerId worker) {
  if (Participates(worker)) SendNext(server, worker);
}

void RoundBook::ReplaceLostRacers(SgdServer& server, int64_t missing) {
  if (server.num_up() == 0) return;
  for (const WorkerTasks& entry : allocation_.tasks) {
    if (server.NumInFlight(runtime::WorkerId{entry.worker}) > 0) return;
  }
  std::vector<int64_t> queued(server.num_workers());
  for (int32_t i = 0; i < server.num_workers(); ++i) {
    queued[i] = server.NumInFlight(runtime::WorkerId{i});
  }
  Reallocate(server, missing, queued);
  SetParticipants(server);
  SendToRacers(server);
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

void RoundBook::CancelAll(SgdServer& server) {
  for (int32_t i = 0; i < server.num_workers(); ++i) {
    Cancel(server, runtime::WorkerId{i});
  }
}

void RoundBook::End(SgdServer& server) {
  if (is_greedy_ && leftover_ == Allocation::Leftover::kReset) {
    CancelAll(server);
  }
  allocator_->Observe({.round = round_,
                       .round_seconds = server.NowSeconds() - begin_seconds_,
                       .completed = completed_,
                       .cancelled = cancelled_});
}

absl::Status CheckRoundOptions(absl::string_view options, double step,
                               const Allocator* allocator, int64_t batch) {
  MUSTER_RETURN_IF_ERROR(CheckStep(options, step));
  if (allocator == nullptr) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s.allocator is null; give one, for instance "
                        "CreateAllocator(\"ata_empirical\", ...)",
                        options));
  }
  MUSTER_RETURN_IF_ERROR(CheckPositive(options, "batch", batch,
                                       "give the gradients of one round"));
  constexpr int64_t kMaxBatch = std::numeric_limits<int32_t>::max();
  if (batch <= kMaxBatch) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s.batch is %d, must be <= %d; give the gradients of "
                      "one round, and more work per gradient by "
                      "SgdOptions.samples_per_task",
                      options, batch, kMaxBatch));
}

absl::Status CheckAllocatorWorkers(const Allocator& allocator,
                                   int32_t num_workers) {
  if (allocator.num_workers() == num_workers) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "the allocator %s is for %d workers, the cluster has %d; create it with "
      "AllocatorOptions.num_workers = %d",
      allocator.name(), allocator.num_workers(), num_workers, num_workers));
}

}  // namespace muster::allocation::internal
