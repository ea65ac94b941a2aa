#include "muster/dispatch/greedy_deletion.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "absl/status/status.h"
#include "muster/dispatch/centroids.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/observer.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 1024;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// What removing each centre adds to the cost; nearest: n x 2.
std::vector<double> RemovalCosts(PointsView points, const PointSet& centers,
                                 const std::vector<int32_t>& nearest,
                                 const runtime::Runtime& runtime) {
  std::vector<double> rises(static_cast<size_t>(points.size));
  const auto blocks = runtime::CutBlocks(points.size, kPointsPerBlock);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        for (int64_t j = block.begin; j < block.end; ++j) {
          rises[j] =
              SquaredDistance(points.Point(j),
                              centers.Point(nearest[2 * j + 1])) -
              SquaredDistance(points.Point(j), centers.Point(nearest[2 * j]));
        }
      });
  std::vector<double> costs(static_cast<size_t>(centers.size()), 0.0);
  for (int64_t j = 0; j < points.size; ++j) costs[nearest[2 * j]] += rises[j];
  return costs;
}

}  // namespace

absl::StatusOr<PointSet> DeleteGreedily(PointsView points, PointSet centers,
                                        int64_t k,
                                        const runtime::Runtime& runtime) {
  MUSTER_CHECK(k >= 1);
  const int64_t d = points.dimension, count = centers.size();
  std::vector<int32_t> nearest(static_cast<size_t>(2 * points.size));
  std::vector<int32_t> clusters(static_cast<size_t>(points.size));
  while (centers.size() > k) {
    if (!runtime::ReportProgress(runtime, {.phase = "greedy deletion",
                                           .done = count - centers.size(),
                                           .total = count - k})) {
      return absl::CancelledError("greedy deletion: stopped from outside");
    }
    PackedCenters(centers.View()).Nearest(points, 2, nearest, runtime);
    const std::vector<double> costs =
        RemovalCosts(points, centers, nearest, runtime);
    const auto dropped = static_cast<int32_t>(
        std::min_element(costs.begin(), costs.end()) - costs.begin());
    for (int64_t j = 0; j < points.size; ++j) {
      const int32_t c =
          nearest[2 * j] == dropped ? nearest[2 * j + 1] : nearest[2 * j];
      clusters[j] = c > dropped ? c - 1 : c;
    }
    centers.values.erase(centers.values.begin() + dropped * d,
                         centers.values.begin() + (dropped + 1) * d);
    UpdateCentroids(points, clusters, 1, &centers, runtime);
  }
  return centers;
}

PointSet BallStep(PointsView points, const PointSet& centers,
                  const runtime::Runtime& runtime) {
  const int64_t k = centers.size();
  std::vector<double> gaps(static_cast<size_t>(k), kInfinity);
  for (int64_t c = 0; c < k; ++c) {
    for (int64_t other = 0; other < k; ++other) {
      if (other == c) continue;
      gaps[c] = std::min(
          gaps[c], SquaredDistance(centers.Point(c), centers.Point(other)));
    }
  }
  std::vector<int32_t> nearest(static_cast<size_t>(points.size));
  PackedCenters(centers.View()).Nearest(points, 1, nearest, runtime);
  // Points outside their ball go to a cluster of no account.
  for (int64_t j = 0; j < points.size; ++j) {
    const int32_t c = nearest[j];
    if (9 * SquaredDistance(points.Point(j), centers.Point(c)) > gaps[c]) {
      nearest[j] = static_cast<int32_t>(k);
    }
  }
  PointSet moved = centers;
  moved.values.resize(moved.values.size() +
                      static_cast<size_t>(centers.dimension));
  UpdateCentroids(points, nearest, 1, &moved, runtime);
  moved.values.resize(centers.values.size());
  return moved;
}

}  // namespace muster::dispatch
