#ifndef MUSTER_BENCHMARKS_DISPATCH_CLUSTER_QUALITY_H_
#define MUSTER_BENCHMARKS_DISPATCH_CLUSTER_QUALITY_H_

// How figures 8 and 9 of the paper (Dick et al., AISTATS 2017, supplement,
// section 13) measure a clustering with copies.

#include <cstdint>
#include <span>

#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"

namespace muster::benchmarks {

// sum_j (1 / |f(j)|) sum_{c in f(j)} ||x_j - c||^2 with f(j) the set of the
// clusters of point j: of copies on one centre (LP rounding in paper mode) only
// one counts.
double CopyAveragedObjective(dispatch::PointsView points,
                             const dispatch::Clustering& clustering);

// The mean over clusters with points of the entropy, in bits, of the labels of
// the distinct points in it.
double MeanLabelEntropyBits(const dispatch::Clustering& clustering,
                            std::span<const double> labels);

// The share of points whose copies all lie on one centre.
double SingleCenterShare(const dispatch::Clustering& clustering);

// All of them.
struct Quality {
  double objective = 0;     // CopyAveragedObjective
  double entropy_bits = 0;  // MeanLabelEntropyBits
  double clusters = 0;      // their number: merging may leave fewer than k
  double single_share = 0;  // SingleCenterShare

  static void Fields(auto& self, auto&& visit) {
    visit(self.objective, self.entropy_bits, self.clusters, self.single_share);
  }
};
Quality MeasureQuality(dispatch::PointsView points,
                       const dispatch::Clustering& clustering,
                       std::span<const double> labels);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_CLUSTER_QUALITY_H_
