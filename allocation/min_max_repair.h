// The min-max allocation of min_max_allocation.h for scores that change little
// from round to round: the last solution is checked and mended instead of
// computed afresh.
//
// An allocation is the solution exactly when no handed-out key lies behind a
// key that was not handed out, in the order of (key, worker):
//
//   max_{i: a_i > 0} (a_i s_i, i)  <  min_i ((a_i + 1) s_i, i).
//
// One vectorised pass over (s, a) decides that. While it fails, the task with
// the largest key goes to the worker with the smallest next key; each such move
// fixes one element of the set of the B smallest keys, so the result is the
// solution itself, bit for bit, whatever allocation one starts from. After a
// few moves the full algorithm takes over.

#ifndef MUSTER_ALLOCATION_MIN_MAX_REPAIR_H_
#define MUSTER_ALLOCATION_MIN_MAX_REPAIR_H_

#include <cstdint>
#include <span>
#include <vector>

#include "muster/allocation/allocator.h"
#include "muster/allocation/min_max_allocation.h"

namespace muster::allocation {

// Remembers one allocation. Its answers do not depend on what it remembers,
// only its speed does. Not thread-safe.
class MinMaxRepair {
 public:
  // What one pass over scores and the remembered allocation finds.
  struct Bracket {
    double min_score;    // min_i s_i
    double max_inside;   // max_i a_i s_i
    double min_outside;  // min_i (a_i + 1) s_i
  };

  // Looks at `scores` (n > 0 entries, none NaN): O(n), a fraction of a
  // nanosecond per worker.
  Bracket Look(std::span<const double> scores);

  // The solution for `scores` (all in (0, inf)) and `budget`, given
  // bracket = Look(scores). Valid until the next call.
  const std::vector<WorkerTasks>& Solve(std::span<const double> scores,
                                        int64_t budget, Bracket bracket);

 private:
  // Moves tasks until the solution is reached; false: gave up.
  bool Mend(std::span<const double> scores, Bracket bracket);

  std::vector<double> counts_;      // a_i, n entries, as double for the pass
  int64_t budget_ = 0;              // sum of counts_; 0: nothing remembered
  std::vector<WorkerTasks> tasks_;  // the same, ascending worker, counts > 0
  MinMaxWorkspace workspace_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_MIN_MAX_REPAIR_H_
