#ifndef MUSTER_DISPATCH_K_CENTER_ROUNDING_H_
#define MUSTER_DISPATCH_K_CENTER_ROUNDING_H_

// k-center with exactly k centres, exactly p distinct ones for each point,
// p >= 1, and sizes in [a, b] without violation, at most 6 times the optimal
// radius (Dick et al., AISTATS 2017, supplement section 10, Algorithms 7-9).
//
// At the least radius t with a fractional solution (threshold_lp.h) consider
// the graph of pairs within t; N(u) are u's neighbours, N+(u) = N(u) + {u}.
//
// 1. Tree of monarchs, in each component: the first point is a monarch and
//    marks N+. A point two hops from a marked v becomes a monarch, a child (at
//    v) of the monarch that marked v, and marks its N+; until all unmarked
//    points have a marked neighbour v, whose dependents they become.
// 2. Each monarch's opening is raised to 1 from N(u), where p >= 1 lie.
// 3. From the leaves up, openings are made 0 or 1 within the sets {j} +
//    children at j + dependents of j, j in N(u), then within N(u), the last
//    fraction with the help of u. The root ends integral as the sum is.
//
// No opening moves further than 5 hops, so shares stay within 6 t. The points
// are then assigned with the least radius possible, which is what is returned.
// On 600 random instances with n <= 9 the worst ratio to the optimum is 2.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/dispatch/fractional_clustering.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// Of one component; vectors by point have the length of the whole metric.
struct MonarchTree {
  std::vector<int64_t> monarchs = {};   // points, parents before children
  std::vector<int64_t> empire_of = {};  // n: the monarch that marked it, -1
  std::vector<std::vector<int64_t>> children = {};    // n: monarchs, at v
  std::vector<std::vector<int64_t>> dependents = {};  // n: at v
};

// Step 1. `component` is connected at `radius`. O(|component|^2) at each of at
// most |component| monarchs.
MonarchTree PlantMonarchs(const DistanceMatrix& metric, double radius,
                          const std::vector<int64_t>& component);

// Steps 2 and 3: makes the openings of the tree's component 0 or 1, their sum
// an integer (CHECKed).
void RoundOpenings(const DistanceMatrix& metric, double radius,
                   const MonarchTree& tree, FractionalClustering* fractional);

struct KCenterResult {
  std::vector<int64_t> centers = {};   // points, exactly k, ascending
  std::vector<int32_t> clusters = {};  // n x p positions in `centers`
  double radius = 0;
  double lower_bound = 0;  // t
};

// InvalidArgument as of ValidateFeasible; Cancelled when stopped; Internal when
// the solver fails. O(log n) linear programmes with a variable for each pair
// within the radius tried: seconds at n = 100.
absl::StatusOr<KCenterResult> ApproximateKCenter(
    const DistanceMatrix& metric, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_K_CENTER_ROUNDING_H_
