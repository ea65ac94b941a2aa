#ifndef MUSTER_ALLOCATION_ROUND_BOOK_H_
#define MUSTER_ALLOCATION_ROUND_BOOK_H_

// What a gradient method in rounds keeps to feed its Allocator: the round's
// number and start, its finished and cancelled tasks, and each worker's mean
// duration, from which it tells how long a worker stays busy when the tasks of
// a crashed one are handed out again.

#include <cstdint>
#include <memory>
#include <vector>

#include "muster/allocation/allocator.h"
#include "muster/allocation/sgd_policy.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/ids.h"

namespace muster::allocation::internal {

class RoundBook {
 public:
  explicit RoundBook(std::shared_ptr<Allocator> allocator)
      : allocator_(std::move(allocator)) {}

  int64_t round() const { return round_; }

  // Opens the next round and asks for `budget` tasks among the workers that are
  // up (at least one, CHECKed).
  const Allocation& Begin(const SgdServer& server, int64_t budget);

  // Asks, within the round, for `budget` more among the workers that are up;
  // `queued` tasks (by worker) are still to end there.
  const Allocation& Reallocate(const SgdServer& server, int64_t budget,
                               const std::vector<int64_t>& queued);

  void Completed(const GradientTask& task);
  // A task that ended without a gradient, after `seconds` of work.
  void Lost(const GradientTask& task);
  // Cancels what the worker has in flight, the running task being noted.
  void Cancel(SgdServer& server, runtime::WorkerId worker);

  // Closes the round: the allocator observes it.
  void End(const SgdServer& server);

 private:
  std::shared_ptr<Allocator> allocator_;
  Allocation allocation_;
  int64_t round_ = 0;
  double begin_seconds_ = 0;
  std::vector<TaskRun> completed_;
  std::vector<TaskRun> cancelled_;
  // By worker, over all rounds.
  std::vector<int64_t> num_tasks_;
  std::vector<double> total_seconds_;
  std::vector<double> ready_seconds_;
};

}  // namespace muster::allocation::internal

#endif  // MUSTER_ALLOCATION_ROUND_BOOK_H_
