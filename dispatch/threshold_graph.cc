#include "muster/dispatch/threshold_graph.h"

#include <algorithm>
#include <limits>
#include <numeric>
#include <tuple>

#include "muster/dispatch/lane_sums.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kRowsPerBlock = 64;

}  // namespace

ThresholdGraphs::ThresholdGraphs(PointsView points,
                                 std::span<const double> squared_thresholds,
                                 const runtime::Runtime& runtime)
    : size_(points.size),
      levels_(static_cast<size_t>(points.size * points.size), 0) {
  MUSTER_CHECK(squared_thresholds.size() <= 255);
  MUSTER_CHECK(
      std::is_sorted(squared_thresholds.begin(), squared_thresholds.end()));
  const auto blocks = runtime::CutBlocks(size_, kRowsPerBlock);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        for (int64_t i = block.begin; i < block.end; ++i) {
          for (int64_t j = 0; j < size_; ++j) {
            const double square =
                LaneSquaredDistance(points.Point(i), points.Point(j));
            levels_[i * size_ + j] = static_cast<uint8_t>(
                std::lower_bound(squared_thresholds.begin(),
                                 squared_thresholds.end(), square) -
                squared_thresholds.begin());
          }
        }
      });
}

std::vector<int32_t> ThresholdGraphs::GreedyClusters(int64_t threshold,
                                                     int64_t k) const {
  std::vector<int32_t> clusters(static_cast<size_t>(size_), -1);
  std::vector<int64_t> degrees(static_cast<size_t>(size_), 0);
  for (int64_t i = 0; i < size_; ++i) {
    for (int64_t j = 0; j < size_; ++j) {
      degrees[i] += static_cast<int64_t>(Joined(i, j, threshold));
    }
  }
  for (int64_t c = 0; c < k; ++c) {
    const int64_t best =
        std::max_element(degrees.begin(), degrees.end()) - degrees.begin();
    if (degrees[best] < 0) break;
    for (int64_t j = 0; j < size_; ++j) {
      if (clusters[j] >= 0 || !(j == best || Joined(best, j, threshold))) {
        continue;
      }
      clusters[j] = static_cast<int32_t>(c);
      degrees[j] = std::numeric_limits<int64_t>::min() / 2;
      for (int64_t i = 0; i < size_; ++i) {
        degrees[i] -= static_cast<int64_t>(Joined(j, i, threshold));
      }
    }
  }
  return clusters;
}

std::vector<int32_t> SingleLinkage(PointsView points, int64_t k) {
  const int64_t n = points.size;
  MUSTER_CHECK(1 <= k && k <= n);
  // Prim's algorithm.
  std::vector<float> nearest(static_cast<size_t>(n),
                             std::numeric_limits<float>::infinity());
  std::vector<int64_t> link(static_cast<size_t>(n), 0);
  std::vector<char> in_tree(static_cast<size_t>(n), 0);
  struct Edge {
    float square;
    int64_t from, to;
  };
  std::vector<Edge> edges;
  int64_t last = 0;
  in_tree[0] = 1;
  while (static_cast<int64_t>(edges.size()) < n - 1) {
    int64_t next = -1;
    for (int64_t j = 0; j < n; ++j) {
      if (in_tree[j]) continue;
      const float square =
          LaneSquaredDistance(points.Point(last), points.Point(j));
      if (square < nearest[j]) {
        nearest[j] = square;
        link[j] = last;
      }
      if (next < 0 || nearest[j] < nearest[next]) next = j;
    }
    in_tree[next] = 1;
    edges.push_back({nearest[next], link[next], next});
    last = next;
  }
  std::stable_sort(
      edges.begin(), edges.end(),
      [](const Edge& a, const Edge& b) { return a.square < b.square; });
  edges.resize(static_cast<size_t>(n - k));
  // Union by the lower number, so that a root is a component's first point.
  std::vector<int64_t> root(static_cast<size_t>(n));
  std::iota(root.begin(), root.end(), 0);
  const auto find = [&](int64_t j) {
    while (root[j] != j) j = root[j] = root[root[j]];
    return j;
  };
  for (const Edge& edge : edges) {
    const auto [low, high] = std::minmax({find(edge.from), find(edge.to)});
    root[high] = low;
  }
  std::vector<int32_t> components(static_cast<size_t>(n), -1);
  int32_t count = 0;
  for (int64_t j = 0; j < n; ++j) {
    const int64_t first = find(j);
    components[j] = first == j ? count++ : components[first];
  }
  return components;
}

}  // namespace muster::dispatch
