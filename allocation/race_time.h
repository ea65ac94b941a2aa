// How long does a greedy round take? An approximation from the workers' means
// and deviations, for choosing how many should take part.
//
// The time T at which the expected number of completions reaches the budget,
//
//   sum_i M_i(T) = B,   M_i(t) = sum_{j >= 1} P(S_ij <= t),
//
// S_ij the sum of j durations of worker i: the renewal function of a law with
// the given shift (the least possible duration), mean and deviation. With
// y = mean - shift and c = deviation / y,
//
//   c <= 1  shifted Gamma. Sums stay in the family; their distribution function
//           is exact for shapes below 3, and above by Wilson and Hilferty's
//           cube root (1931).
//   c > 1   shifted hyperexponential of two phases with balanced means: a share
//           p of the durations of mean y / (2 p), the others of mean
//           y / (2 (1 - p)), p = (1 + sqrt((c^2 - 1) / (c^2 + 1))) / 2. A Gamma
//           law of c > 1 has nearly all its mass at 0, so that a race would end
//           before it begins; this one has rates of at most 2 / y. Without
//           shift,
//             M(t) = t / y + (c^2 - 1) / 2 (1 - e^{-theta t}),
//             theta = p r_2 + (1 - p) r_1,  r_1, r_2 the phases' rates;
//           with one, the renewal equation M = F + F * M on a grid.
//
// Both are the exponential law at c = 1 (W. Whitt, "Approximating a point
// process by a renewal process", Operations Research 30, 1982, on fitting two
// moments).
//
// Accuracy against simulation (race_time_test), B = 23:
//   shifted exponentials (tables 1 and 2): within 2 % with the shifts given, 4
//   %
//     without;
//   the mixed laws of figure 3 (lognormals of coefficients of variation up to
//     37 among them): within 3 % with shifts; up to 25 % short without;
//   an exponential mixture of coefficient 3: within 35 %.
// No more can be said from two moments: the heavier the tail, the less they fix
// of what happens within a few means. Exact where nothing is random, except for
// ties.

#ifndef MUSTER_ALLOCATION_RACE_TIME_H_
#define MUSTER_ALLOCATION_RACE_TIME_H_

#include <cstdint>
#include <span>

#include "muster/allocation/expected_round_time.h"

namespace muster::allocation {

// M(t) for one worker that starts afresh at time 0, t >= 0. shift < mean where
// deviation > 0. O(t / mean); with a shift and c > 1 at most 10^5 operations.
double ExpectedCompletions(const TaskMoments& law, double t);

struct Racer {
  TaskMoments law;
  double start_seconds = 0;  // when its first task begins, >= 0
};

// T for the race of all `racers` (not empty) to `budget` >= 1 completions, to
// about 1e-6 relative.
double RaceSeconds(std::span<const Racer> racers, int64_t budget);

// The m in [1, racers.size()] that minimises
//   runtime_weight * T_m + (1 - runtime_weight) * m T_m
// for races of the first m racers. Once a larger m cannot be better for any
// order of the rest, the search ends. The lowest of equals.
int32_t BestRaceSize(std::span<const Racer> racers, int64_t budget,
                     double runtime_weight);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_RACE_TIME_H_
