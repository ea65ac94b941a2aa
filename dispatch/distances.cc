#include "muster/dispatch/distances.h"

#include <algorithm>
#include <vector>

#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/score_kernel.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

// Rows of the result that are worked on together, in floats: within the
// second-level cache.
constexpr int64_t kBlockFloats = int64_t{1} << 16;

}  // namespace

void SquaredDistances(PointsView points, PointsView centers,
                      std::span<float> distances) {
  const int64_t n = points.size, k = centers.size, d = points.dimension;
  MUSTER_CHECK(centers.dimension == d);
  MUSTER_CHECK(static_cast<int64_t>(distances.size()) == n * k);
  std::vector<PanelRow> panels(
      static_cast<size_t>((k + kPanelLanes - 1) / kPanelLanes * d));
  for (int64_t c = 0; c < k; ++c) {
    for (int64_t m = 0; m < d; ++m) {
      panels[c / kPanelLanes * d + m].lanes[c % kPanelLanes] =
          centers.values[c * d + m];
    }
  }
  const int64_t rows = std::max<int64_t>(64, kBlockFloats / d);
  for (int64_t begin = 0; begin < n; begin += rows) {
    ComputeSquaredDistances(points.values + begin * d,
                            std::min(rows, n - begin), d, panels.data(), k,
                            distances.data() + begin * k);
  }
}

void NearestCenters(PointsView points, PointsView centers, int64_t count,
                    std::span<int32_t> nearest,
                    const runtime::Runtime& runtime) {
  PackedCenters(centers).Nearest(points, count, nearest, runtime);
}

void NearestByPrice(PointsView points, PointsView centers,
                    std::span<const double> offsets, int64_t count,
                    std::span<int32_t> nearest,
                    const runtime::Runtime& runtime) {
  PackedCenters(centers, offsets).Nearest(points, count, nearest, runtime);
}

}  // namespace muster::dispatch
