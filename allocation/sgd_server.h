#ifndef MUSTER_ALLOCATION_SGD_SERVER_H_
#define MUSTER_ALLOCATION_SGD_SERVER_H_

// The state of a gradient method's server and the orders that a policy
// (sgd_policy.h) may give: the iterate and its version, what is in flight
// where, and the books of rounds.

#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "muster/allocation/gradient_transport.h"
#include "muster/allocation/sgd_policy.h"
#include "muster/runtime/ids.h"

namespace muster::allocation {

struct SendOptions {
  // See TaskOptions::abandon_after_seconds.
  double abandon_after_seconds = std::numeric_limits<double>::infinity();
};

// When a round ended and what the workers had been paid for by then.
struct SgdRound {
  double end_seconds = 0;
  double worker_seconds = 0;  // cumulative, all workers

  friend bool operator==(const SgdRound&, const SgdRound&) = default;
};

class SgdServer {
 public:
  // The transport is not owned and outlives this. `samples_per_task` >= 1: see
  // SgdOptions.
  SgdServer(GradientTransport* transport, std::vector<double> initial_point,
            int64_t samples_per_task);

  // ---- what a policy may ask -----------------------------------------------

  int32_t num_workers() const { return transport_.num_workers(); }
  int64_t dimension() const { return static_cast<int64_t>(x_.size()); }
  double NowSeconds() const { return transport_.NowSeconds(); }
  // One byte per worker, 1 if it takes tasks as far as the run knows: a crash
  // is known from its first loss on, a return from OnReturn on.
  std::span<const uint8_t> up() const { return up_; }
  bool IsUp(runtime::WorkerId worker) const { return up_[worker.index] != 0; }
  int32_t num_up() const { return num_up_; }
  // Steps taken: the version of x().
  int64_t version() const { return version_; }
  std::span<const double> x() const { return x_; }
  // Tasks of the worker in flight.
  int64_t NumInFlight(runtime::WorkerId worker) const {
    return sent_[worker.index].size();
  }
  // How long the worker's running task has run; 0 if it has none.
  double RunningSeconds(runtime::WorkerId worker) const;

  // ---- what a policy may order ---------------------------------------------

  // The lowest draw not taken yet, resp. of `count` in a row.
  uint64_t TakeDraw() { return next_draw_++; }
  uint64_t TakeDraws(int64_t count);
  // Queues a gradient at the newest iterate on a worker that is up (CHECKed),
  // with that draw.
  void Send(runtime::WorkerId worker, uint64_t draw,
            const SendOptions& options = {});
  // Drops everything in flight at the worker. Nothing comes back of it.
  void Cancel(runtime::WorkerId worker);
  // x <- x - step * direction. O(d).
  void Step(double step, std::span<const double> direction);
  // Notes the end of a round in the books.
  void EndRound();

  // ---- for the run (sgd_run.h) ---------------------------------------------

  // Matches a completion with what was sent, marks a crashed worker as down and
  // tells the policy.
  void Deliver(GradientCompletion completion, SgdPolicy& policy);
  // Tells the policy of workers that came back.
  void CheckReturns(SgdPolicy& policy);
  // The earliest return of a worker that is down; infinity if none returns.
  double NextReturnSeconds() const;
  void CancelAll();
  int64_t num_gradients() const { return num_gradients_; }
  int64_t num_losses() const { return num_losses_; }
  int64_t num_rounds() const { return num_rounds_; }
  // Kept only after KeepRounds().
  std::span<const SgdRound> rounds() const { return rounds_; }
  void KeepRounds() { keep_rounds_ = true; }

 private:
  struct Sent {
    int64_t task = 0;
    uint64_t draw = 0;
    int64_t version = 0;
    double submitted_seconds = 0;
  };

  // What a worker has in flight, first to run first. The front is taken in
  // amortised constant time; memory is of the order of the tasks in flight, and
  // none is allotted for a single one.
  class SentQueue {
   public:
    bool empty() const { return first_ == tasks_.size(); }
    int64_t size() const {
      return static_cast<int64_t>(tasks_.size() - first_);
    }
    const Sent& front() const { return tasks_[first_]; }
    void push_back(const Sent& sent) { tasks_.push_back(sent); }
    void pop_front() {
      ++first_;
      if (2 * first_ < tasks_.size()) return;
      tasks_.erase(tasks_.begin(),
                   tasks_.begin() + static_cast<std::ptrdiff_t>(first_));
      first_ = 0;
    }
    void clear() {
      tasks_.clear();
      first_ = 0;
    }

   private:
    absl::InlinedVector<Sent, 1> tasks_;
    size_t first_ = 0;  // tasks_[0 .. first_) have ended
  };

  Sent TakeSent(runtime::WorkerId worker, int64_t task);

  GradientTransport& transport_;
  const int64_t samples_per_task_;
  std::vector<double> x_;
  int64_t version_ = 0;
  // x_ as sent to workers; null when nothing was sent since the last step.
  std::shared_ptr<const std::vector<double>> snapshot_;
  uint64_t next_draw_ = 0;
  std::vector<uint8_t> up_;
  int32_t num_up_ = 0;
  std::vector<int32_t> down_;  // workers that are not up, ascending
  // No worker of down_ returns before this; NaN: not known.
  double next_return_ = std::numeric_limits<double>::quiet_NaN();
  std::vector<SentQueue> sent_;     // by worker
  std::vector<double> free_since_;  // by worker: its last end or cancellation
  int64_t num_gradients_ = 0;
  int64_t num_losses_ = 0;
  int64_t num_rounds_ = 0;
  bool keep_rounds_ = false;
  std::vector<SgdRound> rounds_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_SERVER_H_
