#ifndef MUSTER_DISPATCH_CLUSTERER_CONTRACT_STOP_H_
#define MUSTER_DISPATCH_CLUSTERER_CONTRACT_STOP_H_

// The part of the contract about early ends. Internal to clusterer_contract.cc.

#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"

namespace muster::dispatch {

// Expects of `clusterer`, on a problem that it takes: Cancelled for a stop set
// beforehand; and for one at any one report of progress, by the observer's
// answer or by the flag, Cancelled or a whole clustering marked incomplete,
// without a further report.
void CheckStops(const Clusterer& clusterer, const ClusteringProblem& problem);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERER_CONTRACT_STOP_H_
