#ifndef MUSTER_DISPATCH_CLUSTERING_LP_H_
#define MUSTER_DISPATCH_CLUSTERING_LP_H_

// The linear relaxation of balanced k-median and k-means with points as centres
// (Dick et al., AISTATS 2017, Algorithm 1): over fractional clusterings
// (fractional_clustering.h),
//
//   LP = min  sum_ij c_ij x_ij    with   sum_i y_i <= k  (or = k).
//
// With a lower bound on sizes "at most k" and "exactly k" are different
// problems: more centres may cost more.
//
// It has n^2 + n columns and n^2 + 3 n + 1 rows, of which few matter. So it is
// solved by generating columns: start with the arcs x_ij from each point j to
// its nearest centres; solve; with the multipliers alpha_j of the points, l_i,
// u_i >= 0 of the size bounds and nu of the count, the Lagrangian bound
//
//   D = p sum_j alpha_j - k nu + sum_i min(0, r_i),
//   r_i = a l_i - b u_i + nu + sum_j min(0, c_ij - alpha_j - l_i + u_i)
//
// holds for the whole programme, and arcs of negative reduced cost at centres
// with r_i < 0 are all that can lower it: add them, until D meets the cost.
// Costs are in units of the largest, as the solver's tolerances are absolute.
// Where that hides most of them (few points far from all others) the gap stays
// open, and the programme is solved again in units of the mean cost found.
// Measured (clustering_lp_benchmark): 1.1 to 2.9 times as fast as the same
// solver on the whole programme for n = 50 to 200, the more the larger k.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/fractional_clustering.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

enum class CenterCount {
  kAtMost,   // sum y <= k: the paper's
  kExactly,  // sum y = k: its authors' code
};

struct ClusteringLpOptions {
  CenterCount count = CenterCount::kAtMost;
  // Stop when cost - D <= tolerance x cost. >= 0; below about 1e-9 the solver's
  // own rounding shows, and below 1e-7 where costs in use differ by many orders
  // of magnitude: then it ends with what it has.
  double tolerance = 1e-9;
  // Arcs per point to begin with, as a multiple of n p / k, the mean number of
  // points that a point's p centres serve. >= 0; fewer arcs are cheaper to
  // solve for but want more rounds. Of 0, 0.5, 1, 1.5 and 3 the fastest at n =
  // 200 and k = 4 to 16 was 1.5.
  double initial_arcs = 1.5;
};
absl::Status Validate(const ClusteringLpOptions& options);

struct LpSolution {
  FractionalClustering fractional = FractionalClustering();
  double cost = 0;  // sum c x of `fractional`
  // D: no clustering with at most (exactly) k centres among the points costs
  // less. Holds whatever the solver's errors are, and whether `solved` or not.
  double lower_bound = 0;
  // n: max(0, r_i) at that bound: any clustering with i among its centres costs
  // at least lower_bound + opening_costs[i].
  std::vector<double> opening_costs = {};
  // cost - lower_bound <= max(tolerance, 1e-7) x cost. False: the solver's
  // errors outweigh that, and `fractional` need not be near the programme's
  // solution; the worst gap of 2800 generated instances with costs over up to
  // 18 orders of magnitude was 1.1e-8 x cost.
  bool solved = false;
  int64_t arcs = 0;        // x_ij that were generated, of n^2
  int64_t rounds = 0;      // programmes solved
  int64_t iterations = 0;  // simplex steps
};

// InvalidArgument as of ValidateFeasible; Cancelled when stopped; Internal when
// the solver fails. Time by n and k: clustering_lp_benchmark; memory O(n^2).
// A function of the arguments to the bit, for any threads.
absl::StatusOr<LpSolution> SolveClusteringLp(
    const DistanceMatrix& costs, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, const ClusteringLpOptions& options = {},
    const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERING_LP_H_
