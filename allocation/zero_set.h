// Rules 1 and 2 of score_allocation.h for very many workers, in O(B log n) per
// round: who was never tried and whose score is zero, kept from round to round.
//
// A worker of score zero stays so until it finishes a task. A worker of
// positive score falls to zero in the round whose L = ln(2 k^2) reaches L* = K
// y^2 (ExitRoot in confidence.h), known beforehand: a heap keyed by L*
// (slightly lowered; the score itself decides) tells who falls when. The
// members of both sets are drawn by rank, which gives the same answers as
// listing them.
//
// Source: ours.

#ifndef MUSTER_ALLOCATION_ZERO_SET_H_
#define MUSTER_ALLOCATION_ZERO_SET_H_

#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/index_set.h"
#include "muster/allocation/score_allocation.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {

// A cache: what it holds affects the speed of answers only. Not thread-safe.
class ZeroSet {
 public:
  // Whether the zero rule is one that it knows: kRandomRemainder, kLowestIndex.
  static bool Supports(ZeroRule rule);

  ZeroSet(WidthKind kind, double width,
          const ScoreAllocation::Options& options);

  // Begins with the state of all workers before the given round. O(n).
  void Begin(int64_t round, const ArmStatistics& arms);
  // Must follow every change of a worker's statistics.
  void Update(int32_t worker) {
    if (valid_) changed_.push_back(worker);
  }
  void Invalidate() { valid_ = false; }
  bool valid() const { return valid_; }

  // The same answer as ScoreAllocation::Allocate in this round, if unexplored
  // or zero scores decide it alone; else false, and the set is no longer valid.
  // The request has neither `up` nor `ready_seconds`. A round before the last
  // one costs O(n).
  bool Allocate(const RoundRequest& request, const ArmStatistics& arms,
                Allocation* allocation);

 private:
  struct Fall {
    double log_term;  // not before L reaches this
    int32_t worker;
  };

  void Push(int32_t worker, const ArmStatistics& arms);
  // Puts a worker where its statistics say.
  void Place(int32_t worker, double log_term, const ArmStatistics& arms);
  void CatchUp(double log_term, const ArmStatistics& arms);
  // The ranks (in ascending order) of `count` members of `size`: the front of a
  // partial shuffle, or the lowest.
  void Choose(int64_t count, int64_t size, bool at_random, runtime::Rng* rng);
  double Score(int32_t worker, double log_term,
               const ArmStatistics& arms) const;

  const WidthKind kind_;
  const double width_;
  const ScoreAllocation::Options options_;

  bool valid_ = false;
  int64_t round_ = 0;  // of the last call
  IndexSet unexplored_;
  IndexSet zeros_;
  std::vector<Fall> falls_;  // heap, earliest first
  std::vector<int32_t> changed_;
  std::vector<int32_t> undecided_;
  absl::flat_hash_map<int64_t, int64_t> moved_;  // of the partial shuffle
  std::vector<int64_t> ranks_;                   // chosen
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ZERO_SET_H_
