#ifndef MUSTER_DISPATCH_CLUSTERER_H_
#define MUSTER_DISPATCH_CLUSTERER_H_

// A clusterer splits points into k groups of bounded size, each point in p of
// them. Life: made once from options (clusterers.h), then Cluster is called any
// number of times, from any threads; it keeps no state between calls.

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clustering.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// What a member can do and promises; the contract test holds it to that.
struct ClustererTraits {
  bool median = false;  // objectives that it takes
  bool means = false;
  bool center = false;
  int64_t min_copies = 1;
  int64_t max_copies = 1;    // p; a large number: any
  bool weights = false;      // takes ClusteringProblem::weights
  bool exact_count = true;   // k' = k; otherwise 1 <= k' (see the header)
  bool keeps_bounds = true;  // guaranteed_sizes are the bounds asked for
  bool centers_are_points = false;
  bool prices = false;     // fills Clustering::prices
  bool optimal = false;    // when converged, lower_bound = cost (kAnyCenters)
  int64_t max_points = 0;  // practical limit, above it ResourceExhausted; 0:
                           // none
};

class Clusterer {
 public:
  virtual ~Clusterer() = default;

  virtual absl::string_view name() const = 0;
  virtual ClustererTraits traits() const = 0;

  // A clustering for which CheckClustering holds. InvalidArgument as of
  // Validate(problem), or for what the traits exclude; ResourceExhausted above
  // max_points; Cancelled when stopped before there is any clustering. The bits
  // are a function of the problem, the options and rng: not of the threads.
  virtual absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng rng,
      const runtime::Runtime& runtime) const = 0;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERER_H_
