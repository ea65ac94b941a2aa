// Small instances with known optima, generated ones, and the optimum by trying
// all centres, for tests. Distances need not be Euclidean.

#ifndef MUSTER_DISPATCH_REFERENCE_INSTANCES_H_
#define MUSTER_DISPATCH_REFERENCE_INSTANCES_H_

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "muster/dispatch/clustering.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/rng.h"

namespace muster::dispatch {

struct MetricInstance {
  std::string name = {};
  DistanceMatrix metric;
  int64_t num_clusters = 0;
  int64_t copies = 1;
  SizeBounds sizes = {};
};

// Optima with exactly k centres among the points, found by trying all, and
// values of the linear relaxation (k-median and k-means).
struct ReferenceRow {
  const char* points = "";  // of ReferencePoints
  int64_t k = 0, p = 1, a = 0, b = 0;
  double median = 0, means = 0, center = 0;
  double lp_median = 0, lp_means = 0;
};
std::span<const ReferenceRow> ReferenceRows();
// "L8" on a line, "G9" a 3 x 3 grid, "S7" with four that coincide, "H10" in the
// plane.
PointSet ReferencePoints(const std::string& name);
MetricInstance ReferenceInstance(const ReferenceRow& row);

// Shortest-path and other metrics.
DistanceMatrix Star(int64_t leaves);  // hub-leaf 1, leaf-leaf 2; the hub is 0
// Groups of coincident points at distance 1 from one another.
DistanceMatrix FarGroups(int64_t groups, int64_t size);
// Dick et al., AISTATS 2017, Fig. 2: 6 hubs, 8 bins of 5 and 15; n = 86.
DistanceMatrix SmallZoo();
// Their code's larger one: 8 hubs, 15 bins; n = 458.
DistanceMatrix LargeZoo();
// 112 points at 0, 111 at 1, one at 11; n = 224.
DistanceMatrix SkewedLine();
// 7 points at c1, 10 at c2, 3 between; n = 20.
DistanceMatrix BalancedStablePair();
// A pair as hub, 6 triples at distance 1 (the first .99) from it; n = 20. With
// p = 3, k = 12 empires hold 1.8 openings, which 5 / 3 does not cover.
DistanceMatrix OddStar();

// n in [6, 9] points of the plane: normal, or of a small grid; k >= p in
// [min_copies, 4]; random bounds that can be met.
MetricInstance RandomInstance(runtime::Rng rng, int64_t min_copies);

// The optimum by trying all sets of exactly k points as centres; cost or
// radius.
double EnumeratedOptimum(const MetricInstance& instance, Objective objective);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_REFERENCE_INSTANCES_H_
