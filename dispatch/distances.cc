#include "muster/dispatch/distances.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 256;

}  // namespace

double SquaredDistance(std::span<const float> x, std::span<const float> y) {
  MUSTER_CHECK(x.size() == y.size());
  double sum = 0;
  for (size_t m = 0; m < x.size(); ++m) {
    const double difference = static_cast<double>(x[m]) - y[m];
    sum += difference * difference;
  }
  return sum;
}

void SquaredDistances(PointsView points, PointsView centers,
                      std::span<float> distances) {
  for (int64_t j = 0; j < points.size; ++j) {
    for (int64_t c = 0; c < centers.size; ++c) {
      distances[j * centers.size + c] = static_cast<float>(
          SquaredDistance(points.Point(j), centers.Point(c)));
    }
  }
}

void NearestCenters(PointsView points, PointsView centers, int64_t count,
                    std::span<int32_t> nearest,
                    const runtime::Runtime& runtime) {
  const std::vector<double> none(static_cast<size_t>(centers.size), 0.0);
  NearestByPrice(points, centers, none, count, nearest, runtime);
}

void NearestByPrice(PointsView points, PointsView centers,
                    std::span<const double> offsets, int64_t count,
                    std::span<int32_t> nearest,
                    const runtime::Runtime& runtime) {
  MUSTER_CHECK(1 <= count && count <= centers.size);
  const auto blocks = runtime::CutBlocks(points.size, kPointsPerBlock);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        std::vector<std::pair<double, int32_t>> costs(
            static_cast<size_t>(centers.size));
        for (int64_t j = block.begin; j < block.end; ++j) {
          for (int64_t c = 0; c < centers.size; ++c) {
            costs[c] = {
                SquaredDistance(points.Point(j), centers.Point(c)) - offsets[c],
                static_cast<int32_t>(c)};
          }
          std::partial_sort(costs.begin(), costs.begin() + count, costs.end());
          for (int64_t r = 0; r < count; ++r) {
            nearest[j * count + r] = costs[r].second;
          }
        }
      });
}

}  // namespace muster::dispatch
