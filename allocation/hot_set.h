// ATA's round for very many workers, in time that does not grow with their
// number: allocations identical to the full scan, bit by bit.
//
// For fixed data the scores of confidence.h only fall as the round k grows. So
// a score computed with the L of a later round k_end bounds the worker's scores
// in all rounds until k_end from below. At the beginning of an epoch
//
//   H = { i : score_i at k_end  <=  cap },   cap = 1.3 T,
//
// T the last solution's maximum, is the *hot set*. Nobody else can be chosen
// while the solution on H stays below cap: the others' first keys lie above
// cap, and their data do not change because they get no tasks. Likewise every
// worker of score zero is in H. A round then works on H alone; when the
// solution reaches cap or the epoch ends, one full scan answers and a new epoch
// begins. Epochs last until k_end = 1.2 k at most (ln K / ln 1.2 of them in K
// rounds, and some more where T moves); they are shorter where many workers are
// about to fall to score zero, so that scans and work on H cost about the same.
//
// While scores of zero decide for long (zero_set.h) there is no hot set.
//
// Source: ours.

#ifndef MUSTER_ALLOCATION_HOT_SET_H_
#define MUSTER_ALLOCATION_HOT_SET_H_

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "muster/allocation/allocator.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/score_allocation.h"

namespace muster::allocation {

// A cache: what it holds affects the speed of answers only. Not thread-safe.
class HotSet {
 public:
  // Scores of this kind and width are split as `options` say; rules that depend
  // on worker indices or mix both kinds of round (kRoundRobin, kProbe) are not
  // supported, nor are communication times (CHECKed).
  HotSet(WidthKind kind, double width, const ScoreAllocation::Options& options);

  // The same answer as full->Allocate on ComputeScores of all `arms` in this
  // round. The request has neither `up` nor `ready_seconds` (CHECKed).
  // scores: scratch of n entries. O(|H| + m log m) within an epoch, O(n) for
  // its first round.
  void Allocate(const RoundRequest& request, const ArmStatistics& arms,
                ScoreAllocation* full, std::span<double> scores,
                Allocation* allocation);

  // Must follow every change of a worker's statistics.
  void Update(int32_t worker, const ArmStatistics& arms);

  // Forgets the epoch: all statistics may have changed.
  void Invalidate() { valid_ = false; }

  bool valid() const { return valid_; }
  int64_t num_epochs() const { return num_epochs_; }
  int64_t size() const { return static_cast<int64_t>(workers_.size()); }

 private:
  // Answers from the hot set; false: it cannot.
  bool AllocateHot(const RoundRequest& request, Allocation* allocation);
  void BeginEpoch(int64_t round, double loss, const ArmStatistics& arms,
                  std::span<double> scores);

  const WidthKind kind_;
  const double width_;
  ScoreAllocation::Options options_;

  bool valid_ = false;
  int64_t first_round_ = 0;
  int64_t last_round_ = 0;    // k_end
  int64_t epoch_rounds_ = 0;  // length to try next
  double cap_ = 0;
  std::vector<int32_t> workers_;          // H, ascending
  std::vector<int32_t> positions_;        // per worker: its place in H, or -1
  std::optional<ArmStatistics> arms_;     // of H, by place
  std::optional<ScoreAllocation> split_;  // for |H| workers
  std::vector<double> scores_;            // of H
  int64_t num_epochs_ = 0;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_HOT_SET_H_
