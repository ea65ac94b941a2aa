#ifndef MUSTER_DISPATCH_ASSIGNMENT_PRICES_H_
#define MUSTER_DISPATCH_ASSIGNMENT_PRICES_H_

// Prices of centres at which the loads come out within their bounds: dual
// ascent for the balanced assignment.
//
// With costs C_ji, weights w_j, p copies and loads in [a, b], the dual of the
// assignment is the concave, piecewise linear
//
//   D(lambda) = sum_j w_j (sum of the p least C_ji - lambda_i over i)
//               + sum_i min_{a <= f <= b} f lambda_i ,
//
// whose gradient is f_i(lambda_i) - load_i(lambda). Here D is smoothed at a
// width h (assignment_smoothing.h) and climbed by Newton's method, h falling
// level by level. The negative Hessian is the Laplacian of a graph on the
// centres, a clique of weight w_j / (h |S|) for each point undecided among the
// centres S, plus the diagonal (b - a) / (2 h) where |lambda_i| < h; the
// systems are solved by conjugate gradients. About n / k times fewer passes
// than subgradient steps would need, each over short lists of candidates.
//
// The result is a start for the exact method (balanced_assignment.h), not an
// optimum: at the last width a few points per centre remain undecided. It is a
// function of the arguments alone, whatever the threads.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/assignment_smoothing.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct PriceAscentOptions {
  // Width of the first level, in the units of the costs; 0: the mean gap
  // between the p-th and (p+1)-th least reduced cost, for a cold start.
  double first_width = 0;
  // The last level has about this many points within the width of two centres,
  // per centre. Fewer make the steps noisy, more leave work to the exact
  // method. Range > 0; 4 is from measurements in
  // balanced_assignment_benchmark.
  double last_points_per_center = 4;
  // Centres listed per point, besides 2 p. More take memory and time, and keep
  // the lists good for larger changes of the prices. 8 is from measurements.
  int64_t list_length = 8;
  // Doubled up to this while many points may share centres that are not listed:
  // at wide widths, on data of very different scales.
  int64_t max_list_length = 8;
  // Newton steps per level (four times that at the first), and over all.
  int max_steps_per_level = 6;
  int max_steps = 80;
};

struct PriceAscent {
  std::vector<double> prices = {};  // k, units of the costs
  double width = 0;                 // of the last level
  int steps = 0;                    // Newton steps that were accepted
  int passes = 0;                   // over all points
  int lists_built = 0;
};

// Ascends from `prices` (k). `copies` = p < k. weights: n, or empty for ones.
// lists: made here, and left at the last prices they were built for. Once
// runtime.stop is set no further step is taken: the prices are those so far.
PriceAscent AscendPrices(const AssignmentCosts& costs, int64_t copies,
                         LoadBounds bounds, std::span<const double> weights,
                         std::span<const double> prices,
                         const PriceAscentOptions& options,
                         const runtime::Runtime& runtime,
                         CandidateLists* lists);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_PRICES_H_
