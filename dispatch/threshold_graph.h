#ifndef MUSTER_DISPATCH_THRESHOLD_GRAPH_H_
#define MUSTER_DISPATCH_THRESHOLD_GRAPH_H_

// Clusters from threshold graphs: points are joined when they are no farther
// apart than tau. Exact distances do not matter here, so they are floats
// (lane_sums.h: the same bits on every machine).

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// The graphs of up to 255 thresholds on squared distances at once, n^2 bytes.
class ThresholdGraphs {
 public:
  // squared_thresholds: ascending, at most 255 (CHECKed). O(n^2 d) time.
  ThresholdGraphs(PointsView points, std::span<const double> squared_thresholds,
                  const runtime::Runtime& runtime = {});

  // Up to k times takes the vertex of highest degree among those left (ties:
  // the lowest index) and its neighbours as a cluster (M. Balcan, A. Blum, A.
  // Gupta, SODA 2009). result[j]: the cluster of point j, or -1. O(n^2).
  std::vector<int32_t> GreedyClusters(int64_t threshold, int64_t k) const;

 private:
  bool Joined(int64_t i, int64_t j, int64_t threshold) const {
    return levels_[i * size_ + j] <= threshold;
  }

  int64_t size_;
  std::vector<uint8_t> levels_;  // the first threshold that joins i and j
};

// The k connected components that are left of a minimum spanning tree without
// its k - 1 longest edges (ties: the edge that Prim's algorithm from point 0
// found later goes first): those of a threshold graph, where one has k.
// result[j]: components numbered by their first points. 1 <= k <= n (CHECKed).
// O(n^2 d) time, O(n) memory.
std::vector<int32_t> SingleLinkage(PointsView points, int64_t k);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_THRESHOLD_GRAPH_H_
