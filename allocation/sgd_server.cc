#include "muster/allocation/sgd_server.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "muster/runtime/check.h"

namespace muster::allocation {

using runtime::WorkerId;

SgdServer::SgdServer(GradientTransport* transport,
                     std::vector<double> initial_point,
                     int64_t samples_per_task)
    : transport_(*transport),
      samples_per_task_(samples_per_task),
      x_(std::move(initial_point)),
      up_(transport->num_workers()),
      sent_(transport->num_workers()),
      free_since_(transport->num_workers(), transport->NowSeconds()) {
  MUSTER_CHECK_GE(samples_per_task_, 1);
  for (int32_t i = 0; i < num_workers(); ++i) {
    up_[i] = transport_.IsUp(WorkerId{i}) ? 1 : 0;
    num_up_ += up_[i];
    if (up_[i] == 0) down_.push_back(i);
  }
}

double SgdServer::RunningSeconds(WorkerId worker) const {
  const SentQueue& queue = sent_[worker.index];
  if (queue.empty()) return 0;
  const double started =
      std::max(queue.front().submitted_seconds, free_since_[worker.index]);
  return NowSeconds() - started;
}

uint64_t SgdServer::TakeDraws(int64_t count) {
  MUSTER_CHECK_GE(count, 0);
  const uint64_t first = next_draw_;
  next_draw_ += static_cast<uint64_t>(count);
  return first;
}

void SgdServer::Send(WorkerId worker, uint64_t draw,
                     const SendOptions& options) {
  MUSTER_CHECK(IsUp(worker)) << "worker " << worker.index << " is down";
  if (snapshot_ == nullptr) {
    snapshot_ = std::make_shared<const std::vector<double>>(x_);
  }
  const int64_t task = transport_.Submit(
      worker, {.point = snapshot_, .draw = draw, .samples = samples_per_task_},
      {.abandon_after_seconds = options.abandon_after_seconds});
  sent_[worker.index].push_back({.task = task,
                                 .draw = draw,
                                 .version = version_,
                                 .submitted_seconds = NowSeconds()});
}

void SgdServer::Cancel(WorkerId worker) {
  if (sent_[worker.index].empty()) return;
  transport_.Cancel(worker);
  sent_[worker.index].clear();
  free_since_[worker.index] = NowSeconds();
}

void SgdServer::Step(double step, std::span<const double> direction) {
  MUSTER_CHECK_EQ(direction.size(), x_.size());
  for (size_t i = 0; i < x_.size(); ++i) x_[i] -= step * direction[i];
  ++version_;
  snapshot_.reset();
}

void SgdServer::EndRound() {
  ++num_rounds_;
  if (keep_rounds_) {
    rounds_.push_back(
        {.end_seconds = NowSeconds(),
         .worker_seconds = transport_.timeline().WorkerSeconds()});
  }
}

SgdServer::Sent SgdServer::TakeSent(WorkerId worker, int64_t task) {
  SentQueue& queue = sent_[worker.index];
  MUSTER_CHECK(!queue.empty() && queue.front().task == task)
      << "worker " << worker.index << " ended task " << task
      << ", which is not the first in its queue";
  const Sent sent = queue.front();
  queue.pop_front();
  return sent;
}

void SgdServer::Deliver(GradientCompletion completion, SgdPolicy& policy) {
  const WorkerId worker = completion.worker;
  const Sent sent = TakeSent(worker, completion.task);
  free_since_[worker.index] = completion.finished_seconds;
  const GradientTask task = {
      .worker = worker,
      .task = completion.task,
      .draw = sent.draw,
      .version = sent.version,
      .seconds = completion.finished_seconds - completion.started_seconds};
  if (completion.response.ok()) {
    ++num_gradients_;
    GradientArrival arrival;
    static_cast<GradientTask&>(arrival) = task;
    arrival.gradient = std::move(completion.response->gradient);
    policy.OnGradient(*this, arrival);
    return;
  }
  ++num_losses_;
  GradientLoss loss;
  static_cast<GradientTask&>(loss) = task;
  loss.cause = absl::IsDeadlineExceeded(completion.response.status())
                   ? LossCause::kAbandoned
                   : LossCause::kCrashed;
  if (loss.cause == LossCause::kCrashed && IsUp(worker)) {
    up_[worker.index] = 0;
    --num_up_;
    down_.insert(std::lower_bound(down_.begin(), down_.end(), worker.index),
                 worker.index);
    next_return_ = std::numeric_limits<double>::quiet_NaN();
  }
  policy.OnLoss(*this, loss);
}

void SgdServer::CheckReturns(SgdPolicy& policy) {
  if (down_.empty()) return;
  if (std::isnan(next_return_)) next_return_ = NextReturnSeconds();
  // An infinite time may also mean that nobody can know.
  if (std::isfinite(next_return_) && NowSeconds() < next_return_) return;
  next_return_ = std::numeric_limits<double>::quiet_NaN();
  for (size_t i = 0; i < down_.size();) {
    const WorkerId worker{down_[i]};
    // Losses that are still to be told come first.
    if (!transport_.IsUp(worker) || !sent_[worker.index].empty()) {
      ++i;
      continue;
    }
    down_.erase(down_.begin() + static_cast<int64_t>(i));
    up_[worker.index] = 1;
    ++num_up_;
    policy.OnReturn(*this, worker);
  }
}

double SgdServer::NextReturnSeconds() const {
  double earliest = std::numeric_limits<double>::infinity();
  for (int32_t worker : down_) {
    earliest = std::min(earliest, transport_.NextUpSeconds(WorkerId{worker}));
  }
  return earliest;
}

void SgdServer::CancelAll() {
  for (int32_t i = 0; i < num_workers(); ++i) Cancel(WorkerId{i});
}

}  // namespace muster::allocation
