#ifndef MUSTER_TOOLS_DISPATCH_FIT_REPORT_H_
#define MUSTER_TOOLS_DISPATCH_FIT_REPORT_H_

// What `dispatch fit` says of a clustering, and of the loads to expect.

#include <cstdint>
#include <string>

#include "muster/dispatch/clustering.h"
#include "muster/dispatch/router.h"
#include "muster/tools/dispatch/command.h"

namespace muster::tools::dispatch {

// "12.5 (k-means over 200 copies), at most 3 % above the best clustering": the
// last part, cost / lower_bound - 1, only with a certificate above 0.
std::string CostText(const lib::Clustering& clustering,
                     lib::Objective objective);

// How far the shares measured may be from the true ones, all k at once with
// probability 95 %, in units of the mean share p / k: the largest distance of
// an end of Wilson's score interval, at 1 - 0.05 / k (Bonferroni), from the
// share that it belongs to. (E. B. Wilson, "Probable inference, the law of
// succession, and statistical inference", JASA 22, 1927.)
double ShareError(const lib::LoadSpread& spread, int64_t copies);

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_FIT_REPORT_H_
