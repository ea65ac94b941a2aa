#ifndef MUSTER_DISPATCH_ASSIGNMENT_FRONTIER_H_
#define MUSTER_DISPATCH_ASSIGNMENT_FRONTIER_H_

// Which points of a balanced assignment are in doubt at given prices, decided
// in double: the bridge between the float lists of all points
// (assignment_costs.h) and the exact network of a few (assignment_network.h).
//
// A point is settled when its p centres are those of least reduced cost C_ji -
// lambda_i and all others lie more than `radius` above them. For nearly all
// points the float list proves that, with the error bound of the costs; the
// others' candidates are computed in double. So the frontier misses no move of
// reduced length up to the radius, and the measured gap is that of the double
// costs.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/assignment_network.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// A point whose weight is divided among more than p centres.
struct SplitPoint {
  int64_t point = 0;
  std::vector<int32_t> centers = {};
  std::vector<double> flows = {};  // each in (0, w], sum p w
};

// An assignment in the making.
struct AssignmentState {
  int64_t copies = 1;
  // n x p, in no order; of a split point the p largest shares.
  std::vector<int32_t> clusters = {};
  std::vector<SplitPoint> splits = {};  // by point
  std::vector<int32_t> split_of = {};   // n: index into splits or -1; or empty
};

// state->clusters := the centres of least listed reduced cost at `prices`; no
// splits.
void AssignByLists(const CandidateLists& lists, std::span<const double> prices,
                   int64_t num_points, const runtime::Runtime& runtime,
                   AssignmentState* state);

struct FrontierQuery {
  std::span<const double> prices = {};   // k
  std::span<const double> weights = {};  // n, or empty
  double radius = 0;
  // Gives each point whose centres are not of least reduced cost those that
  // are.
  bool repair = false;
  // Entries of a point beyond those with flow. When ties make more, some are
  // left out and `truncated` is set.
  int64_t max_entries = 16;
};

struct Frontier {
  std::vector<NetworkPoint> points = {};
  std::vector<NetworkEntry> entries = {};
  std::vector<double> loads = {};  // k, of all points, after the repair
  // sum over points and copies of reduced cost less the least possible, before
  // the repair; and of cost after it.
  double gap = 0;
  int64_t repaired = 0;
  bool truncated = false;
};

// O(n m) for lists of length m, plus k d for points that their list leaves in
// doubt.
Frontier FindFrontier(const AssignmentCosts& costs, const CandidateLists& lists,
                      const FrontierQuery& query,
                      const runtime::Runtime& runtime, AssignmentState* state);

// The flows of the network back into the state: of each point all above
// `negligible`, and the p largest whatever they are.
void TakeFlows(const AssignmentNetwork& network, double negligible,
               AssignmentState* state);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_FRONTIER_H_
