#ifndef MUSTER_DISPATCH_ASSIGNMENT_CHAINS_H_
#define MUSTER_DISPATCH_ASSIGNMENT_CHAINS_H_

// A balanced assignment from prices that are nearly right: every point goes to
// its cheapest centres, and the copies that are too many somewhere are passed
// on along the cheapest chains of centres.
//
// The chains are shortest paths (assignment_network.h) over the moves that cost
// least: for each ordered pair of centres the 16 cheapest, among the p centres
// that a point has and the 4 next ones. What they leave out of bounds (more
// copies than moves were kept for) is for PlaceGreedily (assignment_repair.h);
// a move of its own may be far where a chain of short ones is near.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// n x p: the centres of each point, in no order. k-means (CHECKed); `prices`
// (k) in units of `costs`; sizes that can be met. O(n k d) in float, O(n p d)
// in double, and the sorting of 4 n p moves. Memory, beside the result, for the
// moves that are kept: 24 bytes each, at most 16 for each ordered pair of
// centres and 4 p for each point; so 100 p MB for the million points whose
// moves are collected at a time. The bits do not depend on the threads.
std::vector<int32_t> AssignByPrices(const AssignmentCosts& costs,
                                    int64_t copies, const SizeBounds& sizes,
                                    std::span<const double> prices,
                                    const runtime::Runtime& runtime);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_CHAINS_H_
