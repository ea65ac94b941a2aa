#ifndef MUSTER_DISPATCH_CLUSTERER_CHECKS_H_
#define MUSTER_DISPATCH_CLUSTERER_CHECKS_H_

// The checks that every clusterer begins with.

#include "absl/status/status.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"

namespace muster::dispatch {

// Validate(problem), and what the clusterer's traits exclude: InvalidArgument
// for its objective, copies or weights, naming what it takes;
// ResourceExhausted for more points than it can work with.
absl::Status ValidateFor(const Clusterer& clusterer,
                         const ClusteringProblem& problem);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERER_CHECKS_H_
