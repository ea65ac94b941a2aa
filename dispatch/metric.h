#ifndef MUSTER_DISPATCH_METRIC_H_
#define MUSTER_DISPATCH_METRIC_H_

// The n x n distances between points: what the clusterers by linear programmes
// work on, so that they also serve distances that are not Euclidean. Their
// guarantees need the triangle inequality; nothing here checks it.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

class DistanceMatrix {
 public:
  // InvalidArgument (entry and value) unless n >= 1 and `values` (n x n,
  // row-major) is finite, >= 0, symmetric and zero on the diagonal. O(n^2).
  static absl::StatusOr<DistanceMatrix> Create(std::vector<double> values,
                                               int64_t n);

  // Euclidean distances, in double. O(n^2 d); equal bits for any threads.
  static DistanceMatrix Of(PointsView points,
                           const runtime::Runtime& runtime = {});

  int64_t size() const { return size_; }
  double operator()(int64_t i, int64_t j) const {
    return values_[static_cast<size_t>(i * size_ + j)];
  }
  double Largest() const;
  // The values that occur, ascending, each once; 0 is the first.
  std::vector<double> DistinctValues() const;

 private:
  friend DistanceMatrix ConnectionCosts(Objective objective,
                                        DistanceMatrix metric);
  DistanceMatrix(std::vector<double> values, int64_t n)
      : values_(std::move(values)), size_(n) {}

  std::vector<double> values_;  // n x n
  int64_t size_ = 0;
};

// c(i, j): what it costs to serve point j from a centre at i. d for k-median
// and k-center, d^2 for k-means.
DistanceMatrix ConnectionCosts(Objective objective, DistanceMatrix metric);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_METRIC_H_
