// What every clusterer must do, as a test to run on any of them, one's own
// included.
//
//   TEST(MyClustererTest, KeepsTheContract) {
//     CheckClustererContract(MyClusterer({}));
//   }

#ifndef MUSTER_DISPATCH_CLUSTERER_CONTRACT_H_
#define MUSTER_DISPATCH_CLUSTERER_CONTRACT_H_

#include <cstdint>

#include "muster/dispatch/clusterer.h"

namespace muster::dispatch {

struct ContractOptions {
  int64_t instances = 1000;  // generated ones; fewer for a slow clusterer
  int64_t max_points = 24;   // of these, unless the traits allow fewer
  // Of one more instance for each objective, unless the traits allow fewer:
  // more than one of the blocks into which the clusterer cuts its points, or as
  // many as it can take. For k-means, and for k-median and k-center, which may
  // look at every pair of points.
  int64_t large_points = 10000;
  int64_t large_metric_points = 2500;
  // Points times a power of two, which is exact, give the same clustering times
  // it, in every bit. False for a clusterer that compares with constants, as
  // programmes with their tolerances do.
  bool scales_exactly = true;
};

// By the clusterer's traits, over generated instances (normal points, small
// grids with many duplicates, constant features, all points equal, values of
// 1e-18 and 1e15, p from min_copies to k, equal and loose size bounds):
//
//   the clustering is whole (CheckClustering): p distinct clusters, sizes
//   within what it guarantees, cost as evaluated and not below its lower bound;
//   k' = k, the bounds asked for, centres among the points, prices, where the
//   traits say so; the lower bound is not above the brute-force optimum in its
//   scope, and no clustering within the bounds asked for beats that (up to 6
//   points); same bits again, and for 1, 2, 3 and 8 threads; with an optimum
//   certified, the cost is the same for the points in another order and scales
//   with them; without, where options.scales_exactly, the whole clustering
//   scales.
//
// On one small instance for each objective: a stop beforehand gives Cancelled;
// a stop at any report of progress, by the observer's answer or by the flag,
// gives Cancelled or a whole clustering that has not converged, and no further
// report.
//
// Over one instance of many points on a coarse grid in unequal heaps, with
// tight bounds: that the clustering is whole, the traits, and the bits for 1,
// 2, 3 and 8 threads.
//
// And: every kind of wrong input is refused with the code and the words that
// clustering.h and clusterer.h promise (k > n, p > k, the bound that fails, NaN
// and infinity with their place, no points, weights of wrong number or value,
// objectives, copies, weights and numbers of points outside the traits).
//
// Failures are GoogleTest expectations of the calling test.
void CheckClustererContract(const Clusterer& clusterer,
                            const ContractOptions& options = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_CLUSTERER_CONTRACT_H_
