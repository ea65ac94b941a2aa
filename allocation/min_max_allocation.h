// Exact min-max allocation of B unit tasks to n workers (the paper's RAS,
// "Recursive Allocation Selection").
//
//   minimise   max_{i: a_i > 0}  r_i + a_i s_i
//   over       a in N_0^n,  sum_i a_i = B,
//
// with scores s_i > 0 (estimated seconds per task) and start offsets r_i >= 0
// (seconds until the worker can begin; all zero in the paper). The solution is
// the set of the B smallest elements of the multiset
//
//   { (key(i, j), i) : 1 <= i <= n, j = 1, 2, ... },  key(i, j) = r_i + j *
//   s_i,
//
// in the order of (key, i): equal keys go to the lowest index. Among all
// optimal allocations this one attains the maximum at the fewest workers, as
// the paper's recursion does (its Lemmas C.2 and C.3); for r = 0 every pair of
// workers obeys a_j s_j <= (a_i + 1) s_i (Lemma D.1).
//
// Arithmetic: double; a key is formed by one multiplication (and one addition
// where r is given), never by repeated addition, so that every implementation
// here orders ties identically and a common power-of-two factor in (s, r)
// changes nothing. The result is a function of the arguments alone.
//
// Source: Maranjyan et al. (ICML 2025), appendix C. The start below is theirs
// in neither form nor cost: a_i = floor((T0 - r_i) / s_i), with T0 the
// relaxation's optimum, never exceeds the solution and leaves fewer than min(n,
// B) tasks.

#ifndef MUSTER_ALLOCATION_MIN_MAX_ALLOCATION_H_
#define MUSTER_ALLOCATION_MIN_MAX_ALLOCATION_H_

#include <cstdint>
#include <span>
#include <vector>

#include "muster/allocation/allocator.h"

namespace muster::allocation {

// Reused scratch memory: after a first call of the same sizes, no allocation.
struct MinMaxWorkspace {
  struct Arm {
    double key;  // of the arm's next task
    int32_t worker;
    int32_t tasks;
    double score;
    double ready;
    double spread;
  };
  struct Candidate {
    double key;  // of the worker's first task
    int32_t worker;
  };
  std::vector<Candidate> candidates;
  std::vector<Arm> arms;
};

// Writes the solution (counts > 0, ascending worker) to `tasks` and returns its
// maximum, max_i r_i + a_i s_i.
//
// scores: n entries > 0; +infinity excludes the worker; at least one finite.
// ready: n entries >= 0, finite, or empty for zeros. budget: 1 .. 2^31 - 1.
// A score <= 0 and an empty problem are CHECKed. O(n + m log m) expected time
// with m = min(n, B), independent of B / n. Thread-compatible.
double MinMaxAllocate(std::span<const double> scores,
                      std::span<const double> ready, int64_t budget,
                      MinMaxWorkspace* workspace,
                      std::vector<WorkerTasks>* tasks);

// The same for keys r_i + j s_i + d_i sqrt(j) with spreads d_i >= 0 (n entries,
// seconds): an upper quantile of the sum of j durations instead of its mean,
// when d_i is a multiple of their standard deviation. O(n + B log m).
double MinMaxAllocateWithSpreads(std::span<const double> scores,
                                 std::span<const double> ready,
                                 std::span<const double> spreads,
                                 int64_t budget, MinMaxWorkspace* workspace,
                                 std::vector<WorkerTasks>* tasks);

// max_i r_i + a_i s_i of any allocation (0 for an empty one).
double MinMaxLoss(std::span<const double> scores, std::span<const double> ready,
                  std::span<const WorkerTasks> tasks);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_MIN_MAX_ALLOCATION_H_
