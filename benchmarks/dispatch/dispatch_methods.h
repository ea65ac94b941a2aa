#ifndef MUSTER_BENCHMARKS_DISPATCH_DISPATCH_METHODS_H_
#define MUSTER_BENCHMARKS_DISPATCH_DISPATCH_METHODS_H_

// The ways of splitting a data set that the experiments compare: what to fit
// on the sample, and by which rule to dispatch.

#include <cstdint>
#include <string>

#include "muster/dispatch/fit.h"

namespace muster::benchmarks {

struct DispatchMethod {
  std::string key = {};    // in tables and names of tasks
  std::string label = {};  // in figures
  // num_groups, copies and seed are the run's (dispatch_run.h).
  dispatch::FitOptions fit = {};
};

// The paper's: k-means++ with merge and split, sizes in [n / 2k, 2 n / k],
// nearest neighbour in the sample ("ours" of its figures).
DispatchMethod PaperMethod();
// The same clusters, the neighbour searched as in the paper: in one random
// partition tree, approximately. Its leaf size is not given: the default's.
DispatchMethod PaperTreeMethod();
// Balanced k-means by exact assignment, the same bounds, routed by price.
DispatchMethod BalancedPriceMethod();
// The same with equal sizes (within one point).
DispatchMethod EqualSizesPriceMethod();
// Balanced k-means as above but routed by the nearest sample point: what the
// clusterer gains without the router.
DispatchMethod BalancedNearestMethod();
// The paper's clusters, routed by the nearest centre, whatever the loads.
DispatchMethod PlainCenterMethod();
// Balanced partition trees of the paper: medians along random axes.
DispatchMethod KdTreeMethod();
// Locality sensitive hashing to about 2k bins, modulo k.
DispatchMethod HashMethod();
// Uniformly random.
DispatchMethod RandomMethod();
// Bicriteria rounding of the linear programme, p >= 2; nearest neighbour.
DispatchMethod LpRoundingMethod();

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_DISPATCH_METHODS_H_
