// From scores to an allocation: unexplored workers first, then workers of score
// zero, then the min-max rule. Every learning policy ends here.
//
// Given raw scores s_i and a budget B, over the workers that are up:
//
//   1. U = {i: s_i = -infinity}, never tried. If not empty: min(B, |U|) of
//   them,
//      drawn uniformly without replacement, get one task each. What is left
//      goes by rules 2 and 3 to the workers outside U (if there are none,
//      evenly to U as in rule 2).
//   2. Z = {i: s_i <= 0}. If not empty: everything goes to Z, floor(B / |Z|)
//   each,
//      and the remaining B mod |Z| tasks to as many distinct members, chosen by
//      the ZeroRule.
//   3. Otherwise the exact min-max allocation (min_max_allocation.h) with keys
//      ready_i + communication_i + j s_i (+ spread_i sqrt(j) where given).
//
// Rules 1 and 2 do not look at ready and communication times: they buy
// information, not speed.
//
// Source: Maranjyan et al. (ICML 2025), appendix C ("uniformly"); the split of
// the remainder and rule 1's order follow the published figures, where the
// choice in rule 2 is observable (linear law, n = 51).

#ifndef MUSTER_ALLOCATION_SCORE_ALLOCATION_H_
#define MUSTER_ALLOCATION_SCORE_ALLOCATION_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "muster/allocation/allocator.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/allocation/min_max_repair.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {

// Who gets the B mod |Z| tasks that do not divide evenly among the workers of
// score zero.
enum class ZeroRule {
  kRandomRemainder,   // a uniformly random subset (the paper)
  kLowestCountFirst,  // those with the fewest finished tasks, then lowest index
  kLowestIndex,       // the lowest indices
  kRoundRobin,        // the next ones in cyclic order of index
  kProbe,  // one task for each member (a random subset if |Z| > B), the rest by
           // the min-max rule to the workers of positive score; as
           // kRandomRemainder when there are none
};

// Holds scratch memory, the last solution (which affects speed only), and the
// cursor of kRoundRobin. Not thread-safe.
class ScoreAllocation {
 public:
  struct Options {
    int32_t num_workers = 0;
    ZeroRule zero_rule = ZeroRule::kRandomRemainder;
    uint64_t seed = 1;
    // Seconds to reach worker i in a round, added to its keys; empty: zero.
    std::vector<double> communication_seconds = {};
  };

  explicit ScoreAllocation(Options options);

  // scores: n entries, never NaN. counts: finished tasks per worker, n entries
  // (read by kLowestCountFirst only). spreads: n entries >= 0, or empty: zero.
  // Replaces `allocation`. O(n + m log m); without masks, offsets and spreads,
  // in the steady state of slowly changing scores, O(n) vectorised.
  void Allocate(std::span<const double> scores, std::span<const double> counts,
                const RoundRequest& request, Allocation* allocation,
                std::span<const double> spreads = {});

  // The part of the state that matters: where kRoundRobin goes on.
  int32_t cursor() const { return cursor_; }
  void set_cursor(int32_t cursor) { cursor_ = cursor; }

 private:
  bool IsUp(const RoundRequest& request, size_t i) const {
    return request.up.empty() || request.up[i] != 0;
  }
  // Rules 1 and 2 where no worker of positive score can be needed, else all.
  void Explore(std::span<const double> scores, std::span<const double> counts,
               const RoundRequest& request, Allocation* allocation);
  // Rule 2 for `members` (ascending; permuted on return).
  void Spread(int64_t budget, std::span<const double> counts, runtime::Rng* rng,
              std::vector<int32_t>* members);
  // Moves `count` members to the front, chosen by the zero rule.
  void ChooseFront(size_t count, std::span<const double> counts,
                   runtime::Rng* rng, std::vector<int32_t>* members);
  // Rule 3 over the workers that are up and of positive score.
  void MinMax(std::span<const double> scores, const RoundRequest& request,
              int64_t budget, std::vector<WorkerTasks>* tasks);
  void MergeInto(Allocation* allocation);

  const Options options_;
  int32_t cursor_ = 0;
  MinMaxRepair repair_;
  MinMaxWorkspace workspace_;
  std::vector<int32_t> unexplored_;
  std::vector<int32_t> zeros_;
  std::vector<WorkerTasks> parts_;  // tasks to merge, any order
  std::vector<WorkerTasks> rest_;
  std::vector<double> masked_scores_;
  std::vector<double> ready_;
  std::span<const double> spreads_;  // of the current call
};

// CHECKs a request against the number of workers: round >= 1, 1 <= budget <
// 2^31, spans empty or of n entries, somebody up.
void CheckRequest(const RoundRequest& request, int32_t num_workers);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SCORE_ALLOCATION_H_
