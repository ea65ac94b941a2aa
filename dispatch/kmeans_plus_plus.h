#ifndef MUSTER_DISPATCH_KMEANS_PLUS_PLUS_H_
#define MUSTER_DISPATCH_KMEANS_PLUS_PLUS_H_

// Starting centres spread over the points: k-means++ (D. Arthur, S.
// Vassilvitskii, SODA 2007).
//
// The first centre is a point drawn with probability w_j / sum w. Each next one
// is point j with probability proportional to w_j D_j^power, D_j its distance
// to the nearest centre so far. So a point is drawn twice only when all that
// are left lie on centres; then the next is uniform among the points not drawn.
// With power 2 the expected k-means cost is within 8 (ln k + 2) of the best.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct SeedOptions {
  // Of the distance: 2 for k-means (the paper's D^2 sampling), 1 for k-median.
  // No other values (CHECKed).
  int power = 2;
  // Draws per centre, of which the one that leaves the least sum of w_j D_j^2
  // (D_j for power 1) is taken. 1: plain k-means++. 2 + ln k gives lower costs
  // for that many times the time (scikit-learn's default).
  int64_t trials = 1;
};

// The indices of k distinct points in the order of their choice; 1 <= k <= n <
// 2^31 (CHECKed). weights: none (all 1), or n finite values > 0. Progress is
// reported before each centre; Cancelled when that asks for a stop. Distances
// in double. O(n k d) time at most, less where the triangle inequality shows
// that a new centre is too far from a point's own to matter; O(n) memory. The
// bits are a function of points, k, weights, options and rng.
absl::StatusOr<std::vector<int64_t>> SeedKMeansPlusPlus(
    PointsView points, int64_t k, std::span<const double> weights,
    const SeedOptions& options, runtime::Rng rng,
    const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_KMEANS_PLUS_PLUS_H_
