#ifndef MUSTER_ALLOCATION_ROUND_BOOK_H_
#define MUSTER_ALLOCATION_ROUND_BOOK_H_

// What a gradient method in rounds keeps to feed its Allocator: the round's
// number, start, mode and participants, its finished and cancelled tasks, and
// each worker's mean duration, from which it tells how long a worker stays busy
// when the tasks of a crashed one are handed out again.

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
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

  // How the round was begun. The leftover of a barrier round is kReset: it
  // leaves nothing.
  bool is_greedy() const { return is_greedy_; }
  Allocation::Leftover leftover() const { return leftover_; }
  // Whether the worker takes part in the greedy round.
  bool Participates(runtime::WorkerId worker) const {
    return participates_[worker.index] != 0;
  }

  // Sends the next task to every participant of the greedy round that is up and
  // has nothing in flight.
  void SendToRacers(SgdServer& server);
  // The greedy round's worker has come back: it rejoins the race, if it
  // participates.
  void Rejoin(SgdServer& server, runtime::WorkerId worker);
  // If a greedy round has lost all its participants: asks for others among the
  // workers that are up, for the `missing` gradients, and puts them in their
  // place. Nothing happens while a participant computes or nobody is up.
  void ReplaceLostRacers(SgdServer& server, int64_t missing);

  // Asks, within the round, for `budget` more among the workers that are up;
  // `queued` tasks (by worker) are still to end there.
  const Allocation& Reallocate(const SgdServer& server, int64_t budget,
                               const std::vector<int64_t>& queued);

  void Completed(const GradientTask& task);
  // A task that ended without a gradient, after `seconds` of work.
  void Lost(const GradientTask& task);
  // Cancels what is in flight, the running tasks being noted.
  void CancelAll(SgdServer& server);

  // Closes the round: what a greedy round leaves is cancelled if its leftover
  // is kReset, and the allocator observes the round.
  void End(SgdServer& server);

 private:
  void Cancel(SgdServer& server, runtime::WorkerId worker);
  // Takes the participants from the allocation.
  void SetParticipants(const SgdServer& server);

  std::shared_ptr<Allocator> allocator_;
  Allocation allocation_;  // the last answer
  bool is_greedy_ = false;
  Allocation::Leftover leftover_ = Allocation::Leftover::kReset;
  std::vector<uint8_t> participates_;  // by worker; greedy rounds
  int64_t round_ = 0;
  double begin_seconds_ = 0;
  std::vector<TaskRun> completed_;
  std::vector<TaskRun> cancelled_;
  // By worker, over all rounds.
  std::vector<int64_t> num_tasks_;
  std::vector<double> total_seconds_;
  std::vector<double> ready_seconds_;
};

// The fields that all these methods have: step finite and > 0, an allocator,
// batch in [1, 2^31), as allocators need it. `options` names the struct.
absl::Status CheckRoundOptions(absl::string_view options, double step,
                               const Allocator* allocator, int64_t batch);

// Whether the allocator is for as many workers as the cluster has.
absl::Status CheckAllocatorWorkers(const Allocator& allocator,
                                   int32_t num_workers);

}  // namespace muster::allocation::internal

#endif  // MUSTER_ALLOCATION_ROUND_BOOK_H_
