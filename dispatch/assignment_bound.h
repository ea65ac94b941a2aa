#ifndef MUSTER_DISPATCH_ASSIGNMENT_BOUND_H_
#define MUSTER_DISPATCH_ASSIGNMENT_BOUND_H_

// The dual bound of a balanced assignment at any prices, in one pass.

#include <cstdint>
#include <span>

#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// D(prices) = sum_j (sum of the p least C_ji - price_i) + sum_i min over
// a <= f <= b of f price_i, no weights, in units of `costs`: no assignment
// within the bounds costs less. From float costs less their error bound, so
// below the exact D by about 1e-6 of the costs. O(n k d), O(k) memory beyond
// the costs; the bits do not depend on the threads.
double AssignmentLowerBound(const AssignmentCosts& costs, int64_t copies,
                            const SizeBounds& sizes,
                            std::span<const double> prices,
                            const runtime::Runtime& runtime);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_BOUND_H_
