#ifndef MUSTER_DISPATCH_STABILITY_CLUSTERER_H_
#define MUSTER_DISPATCH_STABILITY_CLUSTERER_H_

// Clusterers for data whose good clusterings are all alike (Dick et al.,
// AISTATS 2017, section 3 and supplement, section 11).
//
// (1 + alpha, eps)-approximation stability: every feasible clustering of cost
// at most (1 + alpha) OPT differs from the best one at an eps share of points
// at most. Then
//
//   k-means    k-means++ draws N > k centres, greedy deletion leaves k, a ball
//              step follows (greedy_deletion.h): close to the best when the
//              clusters are separated;
//   k-median,  (and k-means by option) the threshold graph at tau ~ alpha w /
//              (3 eps), w the average cost: k times the vertex of highest
//              degree with its neighbours: O(eps / alpha)-close when every
//              cluster of the best has at least 3 eps n (1 + 3 / alpha) points.
//              w, alpha and eps are not known: thresholds over a range are
//              tried, and the cheapest clustering is kept;
//   k-center   the components of a threshold graph, those of single linkage:
//              the best clusters under (2, 0)-stability.
//
// Then centres are means (k-means), the member of least cost (k-median) or of
// least radius (k-center), every point goes to its p nearest centres, and sizes
// outside [a, b] are repaired by moves from large to small clusters
// (size_repair.h), which at most doubles the distance to the best. Where data
// are not stable nothing is promised but a whole clustering within the bounds.
// For p > 1 the theory groups the k centres by p; here they are k clusters all
// the same.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct StabilityOptions {
  enum class Oversampling {
    kLogarithmic,  // N = ceil(k (1 + ln k)): the paper's text
    kLinear,       // N = ceil(2 k / (1 - 5 rho)): its proof
  };
  Oversampling oversampling = Oversampling::kLogarithmic;
  // Of kLinear: the failure rate is O(rho), in (0, 0.2). 0.1: N = 4 k.
  double rho = 0.1;
  // k-means by the threshold graph instead.
  bool means_by_threshold = false;
  // Thresholds tried, in [1, 255]: w times powers of sqrt(2), about w. More
  // range for more time, O(n^2) each. Arbitrary.
  int64_t num_thresholds = 16;
};

// InvalidArgument naming the field.
absl::Status Validate(const StabilityOptions& options);

class StabilityClusterer final : public Clusterer {
 public:
  // options must be valid (CHECKed).
  explicit StabilityClusterer(const StabilityOptions& options);

  absl::string_view name() const override { return "stability"; }
  // Up to 16,384 points: threshold graphs take n^2 bytes.
  ClustererTraits traits() const override;
  absl::StatusOr<Clustering> Cluster(
      const ClusteringProblem& problem, runtime::Rng rng,
      const runtime::Runtime& runtime) const override;

 private:
  StabilityOptions options_;
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_STABILITY_CLUSTERER_H_
