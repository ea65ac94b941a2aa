#ifndef MUSTER_DISPATCH_SAMPLE_EXTENSION_H_
#define MUSTER_DISPATCH_SAMPLE_EXTENSION_H_

// From a sample to the population (Dick et al., AISTATS 2017, section 4,
// algorithm 2; theorem 39 of the supplement).
//
// A clustering of a sample S of n points is extended to all points by nearest
// neighbours: g'(x) = g(NN_S(x)). A point of S then stands for its Voronoi
// cell, whose mass w_i a second, independent sample S' of n' points estimates:
// the share of S' nearest to point i. Clustered with these weights, for
//
//   n' >= (n ln 2 + ln(1 / delta)) / (2 eps^2)                (PointsToWeigh)
//
// the extension's loads are within eps of the bounds kept on S with
// probability 1 - delta, whichever clustering of S is chosen (Hoeffding's
// inequality and a union over the 2^n sets of cells): 34.7 million points for n
// = 10,000, eps = 0.01, delta = 0.05. Its cost is at most r OPT + s + 2 (r + 1)
// p D eps + p (r + 1) alpha + r beta (k-median; see the paper for the terms).
//
// Loads of one fixed router need far fewer fresh points: with
//
//   n' >= ln(2 k / delta) / (2 eps^2)                        (PointsToVerify)
//
// all k estimates are within eps of the truth with probability 1 - delta:
// 39,239 for k = 64.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// The least n' of the first formula, rounded up; 2^63 - 1 when it is more than
// that. n >= 1, eps and delta in (0, 1) (CHECKed), as below.
int64_t PointsToWeigh(int64_t sample_size, double eps, double delta);

// The least n' of the second one.
int64_t PointsToVerify(int64_t num_groups, double eps, double delta);

// The eps that the second formula gives for n' points.
double LoadRadius(int64_t num_points, int64_t num_groups, double delta);

struct SampleWeights {
  // Rows of the sample that stand for something, ascending: the others are to
  // be dropped (clusterers take weights > 0).
  std::vector<int64_t> rows = {};
  // Their weights, of mean 1 (ClusteringProblem::weights).
  std::vector<double> weights = {};
  // For every row of the sample, the points of S' nearest to it (ties to the
  // earlier row).
  std::vector<int64_t> counts = {};
};

// InvalidArgument for points that are empty or not finite, or of different
// dimensions. O(n n' d).
absl::StatusOr<SampleWeights> WeighSample(PointsView sample, PointsView second,
                                          const runtime::Runtime& runtime = {});

struct LoadEstimates {
  // k: the share of points that have group i among theirs; sum p.
  std::vector<double> shares = {};
  // All true shares are within `radius` of these with probability 1 - delta,
  // if the points are an independent sample that the router was not fitted on.
  double radius = 0;
  int64_t points = 0;
};

// Errors as of Router::Route; InvalidArgument for no points or delta outside
// (0, 1).
absl::StatusOr<LoadEstimates> EstimateLoads(
    const Router& router, PointsView fresh_points, double delta,
    const runtime::Runtime& runtime = {});

// Whether all true shares are within [lower, upper], as far as the estimates
// tell with their probability.
enum class BoundsVerdict {
  kHold,       // every interval estimate +- radius is inside
  kBroken,     // some interval is outside
  kUndecided,  // more points are needed
};
BoundsVerdict JudgeBounds(const LoadEstimates& estimates, double lower,
                          double upper);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_SAMPLE_EXTENSION_H_
