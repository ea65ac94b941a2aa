#ifndef MUSTER_DISPATCH_ASSIGNMENT_ORACLE_H_
#define MUSTER_DISPATCH_ASSIGNMENT_ORACLE_H_

// Reference solutions of the balanced assignment, for tests and benchmarks: all
// states in turn, and LEMON's network simplex on the full graph of points and
// centres. Both take the costs as they are, without prices or lists.

#include <cstdint>

#include "absl/status/statusor.h"
#include "muster/dispatch/balanced_assignment.h"

namespace muster::dispatch {

// The least cost, by dynamic programming over the loads of the points so far.
// No weights. O(n (n + 1)^k choose(k, p)): tiny instances.
double LeastCostByEnumeration(const AssignmentProblem& problem);

struct NetworkSimplexResult {
  int64_t cost = 0;
  // Processor time of the simplex alone, not of the graph's making.
  double solve_seconds = 0;
};

// The least cost by lemon::NetworkSimplex over n k + k arcs with 64-bit integer
// costs. Every cost must be a whole number below 2^53 (CHECKed), so that sums
// in double are exact too: k-means on integer coordinates. No weights.
// FailedPrecondition when LEMON finds no optimum.
absl::StatusOr<NetworkSimplexResult> LeastCostByNetworkSimplex(
    const AssignmentProblem& problem);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_ORACLE_H_
