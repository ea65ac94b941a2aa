#ifndef MUSTER_DISPATCH_LLOYD_H_
#define MUSTER_DISPATCH_LLOYD_H_

// Lloyd's k-means iteration without size bounds, fast: exact pruning on top of
// blocked float kernels.
//
// Each iteration assigns every point to its nearest centre (SquaredDistance in
// double, ties to the lower index) and moves each centre to the mean of its
// points, rounded to float. Sums are exact in twice double precision, or, where
// values lie too far apart for that (2^80 or so), taken anew in the order of
// points whenever a cluster changes. So centres, assignments and cost are those
// of the plain iteration, on every machine and for any number of threads.
//
// Bounds (C. Elkan, ICML 2003; G. Hamerly, SDM 2010; Y. Ding et al., Yinyang
// k-means, ICML 2015): a point keeps an upper bound on the distance to its
// centre and, for each group of centres, a lower bound on the distance to the
// group's others. The bounds move with the centres; a point whose upper bound
// is below all lower bounds, or below half the distance of its centre to the
// next, is settled without a look at it. For the others, only the groups whose
// bound fails are scored, all points of a block against 16 centres or more at a
// time. One group is Hamerly's method, several are Yinyang's; Elkan's k bounds
// per point would cost more memory traffic than the kernel's arithmetic.
//
// Empty clusters: one that loses its last point takes the point farthest from
// its centre among clusters of two points or more (ties: lowest index), in the
// order of cluster numbers; when no point is off its centre, it stays where it
// is and empty.

#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct LloydOptions {
  // Iterations at most, >= 1.
  int64_t max_iterations = 100;
  // Centres per group of lower bounds: -1 chooses by k and d (below), 0 keeps
  // no bounds (every iteration scores all), otherwise a multiple of 16, at
  // least k for a single group. Changes time and memory, never results.
  //
  // The choice, measured with benchmarks/dispatch/compare_kmeans.py
  // --group_sizes (50,000 points, 12 to 20 iterations): one group up to k =
  // 192; above, groups of 64, or of 128 when d < 32. With k = 1000 and d = 64
  // that is 2.2 times as fast as no bounds on a mixture of normals and a sixth
  // slower on points without structure; one group would do nothing for either,
  // and groups of 16 cost three quarters more on the latter.
  int64_t group_size = -1;
};

// InvalidArgument naming the field.
absl::Status Validate(const LloydOptions& options);

// What group_size = -1 means for k centres in d dimensions.
int64_t ChooseGroupSize(int64_t num_centers, int64_t dimension);

struct LloydResult {
  PointSet centers = {};                 // k x d
  std::vector<int32_t> assignment = {};  // n: the nearest of `centers`
  double cost = 0;                       // sum of squared distances, double
  int64_t iterations = 0;  // assignments followed by an update of centres
  bool converged = false;  // the last assignment changed nothing
  // Point-centre pairs that were scored; n k (iterations + 1) without pruning.
  // May differ a little between machines.
  int64_t pairs = 0;
};

// Runs until nothing changes, max_iterations, or a stop by the runtime
// (progress is reported before each iteration); the assignment always fits the
// centres. InvalidArgument for points or centres that are empty, not finite or
// of different dimensions, more than 2^31 - 1 points, and options. O(n k d) an
// iteration at most; memory 8 n + 4 n k / group_size bytes beside the result,
// and O(k d).
absl::StatusOr<LloydResult> Lloyd(PointsView points, PointSet initial_centers,
                                  const LloydOptions& options = {},
                                  const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_LLOYD_H_
