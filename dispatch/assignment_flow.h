#ifndef MUSTER_DISPATCH_ASSIGNMENT_FLOW_H_
#define MUSTER_DISPATCH_ASSIGNMENT_FLOW_H_

// The cheapest assignment of p copies of each point to given centres within
// size bounds, from a matrix of costs: a flow (Dick et al., AISTATS 2017,
// supplement Algorithm 5), by LEMON's network simplex.
//
//   point j -> centre i   capacity `copies_per_center`, cost c_ij
//   centre i -> sink      load in [a, b]
//
// For small instances with any costs, and for copies that may share a centre;
// balanced_assignment.h solves the problem of points in R^d at full size.

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/size_bounds.h"

namespace muster::dispatch {

struct AssignmentFlow {
  const DistanceMatrix* costs = nullptr;  // c, n x n; not owned
  std::span<const int64_t> centers = {};  // points, distinct
  int64_t copies = 1;                     // p
  SizeBounds sizes = {};                  // [a, b] of every centre
  int64_t copies_per_center = 1;          // of one point
  // Arcs with c_ij above it are left out.
  double largest_cost = std::numeric_limits<double>::infinity();
};

// n x p positions in `centers`: those of each point together, ascending. Empty
// when no assignment keeps the bounds. Costs are scaled to integers, with an
// error below 1e-12 of the largest: the choice is the cheapest up to that.
// O(n |centers|) memory.
std::optional<std::vector<int32_t>> CheapestAssignment(
    const AssignmentFlow& problem);

// The assignment whose largest c_ij is least, and among those the cheapest:
// k-center with given centres. Ignores `largest_cost`. A search over the
// distinct costs, O(log(n |centers|)) flows.
std::optional<std::vector<int32_t>> SmallestRadiusAssignment(
    AssignmentFlow problem);

// sum, or largest, of the c_ij of an assignment to `centers`.
double AssignmentCost(const DistanceMatrix& costs,
                      std::span<const int64_t> centers,
                      std::span<const int32_t> assignment, int64_t copies);
double AssignmentRadius(const DistanceMatrix& costs,
                        std::span<const int64_t> centers,
                        std::span<const int32_t> assignment, int64_t copies);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_FLOW_H_
