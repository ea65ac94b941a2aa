#ifndef MUSTER_DISPATCH_ASSIGNMENT_REPAIR_H_
#define MUSTER_DISPATCH_ASSIGNMENT_REPAIR_H_

// The last steps of a balanced assignment that is not exact or not integral:
// copies moved greedily until all loads are within bounds, and split points
// made few.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/assignment_frontier.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// Moves copies from centres with more than bounds.upper to others, then to
// centres with less than bounds.lower from others, cheapest first by reduced
// cost at `prices` (k), until all counts are within the bounds, which can be
// met (CHECKed). No weights, no splits. Returns the number of moves. Each round
// costs O(n k d) over the points at centres with copies to give. Cancelled when
// runtime.stop is set, between rounds.
absl::StatusOr<int64_t> PlaceGreedilyUnlessStopped(
    const AssignmentCosts& costs, std::span<const double> prices,
    const SizeBounds& bounds, const runtime::Runtime& runtime,
    AssignmentState* state);

// The same to the end, whatever runtime.stop says.
int64_t PlaceGreedily(const AssignmentCosts& costs,
                      std::span<const double> prices, const SizeBounds& bounds,
                      const runtime::Runtime& runtime, AssignmentState* state);

// Flow moved around cycles of split points until there are none: at most k - 1
// points stay split. In an optimal flow that costs nothing. Loads stay the
// same.
void CancelSplitCycles(int64_t num_centers, std::span<const double> weights,
                       AssignmentState* state);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_REPAIR_H_
