#ifndef MUSTER_DISPATCH_CENTROIDS_H_
#define MUSTER_DISPATCH_CENTROIDS_H_

// Means of groups of points, in double, with a fixed order of summation.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// The entries of a list of cluster numbers, by cluster: the positions of
// cluster c, ascending, are order[begin[c]] .. order[begin[c + 1] - 1].
struct ByCluster {
  std::vector<int64_t> begin = {};  // num_clusters + 1
  std::vector<int64_t> order = {};  // as many as entries

  std::span<const int64_t> Of(int64_t c) const {
    return std::span(order).subspan(
        static_cast<size_t>(begin[c]),
        static_cast<size_t>(begin[c + 1] - begin[c]));
  }
};

// A counting sort, O(entries + num_clusters). Clusters in [0, num_clusters)
// (not checked).
ByCluster SortByCluster(std::span<const int32_t> clusters,
                        int64_t num_clusters);

// The mean of the points named by `rows`, rounded to float; `rows` must not be
// empty (CHECKed). Summed in double in the order of `rows`.
std::vector<float> MeanOf(PointsView points, std::span<const int64_t> rows);

// Overwrites centres (k x d) with the means of their clusters; a cluster
// without points keeps its centre. clusters: n x copies. O(n copies d),
// clusters in parallel, each summed in the order of its points: bits do not
// depend on the threads.
void UpdateCentroids(PointsView points, std::span<const int32_t> clusters,
                     int64_t copies, PointSet* centers,
                     const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CENTROIDS_H_
