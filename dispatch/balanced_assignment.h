#ifndef MUSTER_DISPATCH_BALANCED_ASSIGNMENT_H_
#define MUSTER_DISPATCH_BALANCED_ASSIGNMENT_H_

// The cheapest assignment of n points to given centres, p distinct centres
// each, with every load within [a, b]: exact, with prices and a certificate.
//
//   minimise   sum_j w_j sum_{i in f(j)} C_ji
//   over       f(j) with p distinct centres,  a <= load_i <= b,
//              load_i = sum of w_j over the copies at i,
//
// C_ji squared distances (k-means) or distances (k-median), in double. Without
// weights the optimum is an integral flow; with them points may be split among
// centres (at most k - 1, see below).
//
// Method, in the order of the work:
//   1. prices by smoothed dual ascent, on a sample and then on all points
//      (assignment_prices.h): within a few points per centre of the optimum;
//   2. every point to its p centres of least C_ji - lambda_i;
//   3. the points that lie close to a border, in double
//      (assignment_frontier.h), and successive shortest paths on the graph of
//      centres among them (assignment_network.h);
//   4. the gap, measured anew over all points:
//        cost - D(lambda) = sum over copies of reduced cost less the least
//                           possible + sum_i f_i lambda_i - min_f f lambda_i ,
//      a sum of terms >= 0, so it stays exact where the cost is large.
//      D(lambda) is a lower bound on every assignment within the bounds.
// Distances are recomputed in float, with an error bound, and decided in double
// where that matters: memory is O(n (p + 10) + k d), never n x k. Points that
// tie among many centres take 16 more of these each and 16 p moves (2.4 GB for
// a million points and 100 equal centres), four times as many where these do
// not do.
//
// The prices are those of the price router: all points but those that tie (at
// most k - 1 in general position) go to the p centres of least C_ji -
// lambda_i. With a < b they are zero where a load lies strictly inside.
//
// Source: network flows as in Bradley, Bennett and Demiriz, "Constrained
// k-means clustering" (2000); power diagrams as duals: Aurenhammer, Hoffmann
// and Aronov, "Minkowski-type theorems and least-squares clustering" (1998).

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct AssignmentProblem {
  PointsView points = {};
  PointsView centers = {};  // k <= n
  int64_t copies = 1;       // p in [1, k]
  SizeBounds sizes = {};    // copies per centre; with weights: their sum
  Objective objective = Objective::kKMeans;  // not k-center
  // Empty, or n weights > 0 of mean 1, up to 1e-9: the bounds hold for the
  // weights divided by their mean.
  std::span<const double> weights = {};
};

// InvalidArgument for points or centres that are empty or not finite, different
// dimensions, bounds that cannot be met (the failing inequality), k-center, bad
// weights.
absl::Status Validate(const AssignmentProblem& problem);

struct AssignmentOptions {
  // k prices to start from, for instance those of the round before; empty: a
  // cold start. They change the work, and the result only among optima.
  std::vector<double> initial_prices = {};
  // Shortest-path searches until the rest is placed greedily and the answer is
  // feasible but not optimal, its gap measured. Each costs at most O(k^2 log
  // k). >= 0. Default: no limit; about 0.3 k searches are usual
  // (balanced_assignment_benchmark), and n in the worst case (ties).
  int64_t max_searches = std::numeric_limits<int64_t>::max();
};

// InvalidArgument for initial prices of the wrong number or not finite, or a
// negative limit.
absl::Status Validate(const AssignmentOptions& options, int64_t num_centers);

struct BalancedAssignment {
  // n x p, nearest centre first, ties to the lower index.
  std::vector<int32_t> clusters = {};
  std::vector<double> prices = {};  // k
  std::vector<int64_t> sizes = {};  // k: copies per centre
  // EvaluateObjective (clustering.h) of `clusters`, and a bound on that of
  // every assignment within the bounds.
  double cost = 0;
  double lower_bound = 0;
  // cost - lower_bound >= 0, summed from terms >= 0.
  double gap = 0;
  // gap <= 1e-9 cost, up to rounding: no other assignment is cheaper.
  bool optimal = false;
  // With weights: points whose optimal flow is split, each rounded to its p
  // largest shares, and by how much a load may leave [a, b] for that: the
  // number of split points at a centre times the largest weight among them. 0
  // without weights. Rounded, an assignment may cost less than one within the
  // bounds: lower_bound is then its cost. flow_cost is that of the flow before.
  double flow_cost = 0;
  int64_t split_points = 0;
  double violation_bound = 0;
  // The bounds asked for, widened to the loads after rounding.
  SizeBounds guaranteed_sizes = {};
  // Work: price steps, rounds of frontier and network, searches, pushes along
  // paths, points in the last frontier, copies placed greedily.
  int64_t price_steps = 0;
  int64_t rounds = 0;
  int64_t searches = 0;
  int64_t pushes = 0;
  int64_t frontier_points = 0;
  int64_t greedy_moves = 0;
};

// Errors of Validate. Cancelled when runtime.stop is set. The result is a
// function of problem and options alone, whatever the threads. Expected time
// O(n k d) in float for a few passes over the points.
absl::StatusOr<BalancedAssignment> AssignBalanced(
    const AssignmentProblem& problem, const AssignmentOptions& options = {},
    const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_BALANCED_ASSIGNMENT_H_
