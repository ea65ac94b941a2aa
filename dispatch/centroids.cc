#include "muster/dispatch/centroids.h"

#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

MUSTER_VECTORIZE_CLONES void AddPoint(const float* x, int64_t dimension,
                                      double* sums) {
  for (int64_t m = 0; m < dimension; ++m) sums[m] += x[m];
}

// sums[m] / count as floats.
void Divide(std::span<const double> sums, int64_t count, float* mean) {
  for (size_t m = 0; m < sums.size(); ++m) {
    mean[m] = static_cast<float>(sums[m] / static_cast<double>(count));
  }
}

}  // namespace

ByCluster SortByCluster(std::span<const int32_t> clusters,
                        int64_t num_clusters) {
  ByCluster sorted;
  sorted.begin.assign(static_cast<size_t>(num_clusters) + 1, 0);
  for (const int32_t c : clusters) ++sorted.begin[c + 1];
  for (int64_t c = 0; c < num_clusters; ++c) {
    sorted.begin[c + 1] += sorted.begin[c];
  }
  std::vector<int64_t> next(sorted.begin.begin(), sorted.begin.end() - 1);
  sorted.order.resize(clusters.size());
  for (size_t i = 0; i < clusters.size(); ++i) {
    sorted.order[next[clusters[i]]++] = static_cast<int64_t>(i);
  }
  return sorted;
}

std::vector<float> MeanOf(PointsView points, std::span<const int64_t> rows) {
  MUSTER_CHECK(!rows.empty());
  std::vector<double> sums(static_cast<size_t>(points.dimension), 0.0);
  for (const int64_t j : rows) {
    AddPoint(points.Point(j).data(), points.dimension, sums.data());
  }
  std::vector<float> mean(sums.size());
  Divide(sums, static_cast<int64_t>(rows.size()), mean.data());
  return mean;
}

void UpdateCentroids(PointsView points, std::span<const int32_t> clusters,
                     int64_t copies, PointSet* centers,
                     const runtime::Runtime& runtime) {
  const ByCluster sorted = SortByCluster(clusters, centers->size());
  runtime::ParallelForEach(runtime, centers->size(), [&](int64_t c) {
    const std::span<const int64_t> entries = sorted.Of(c);
    if (entries.empty()) return;
    std::vector<double> sums(static_cast<size_t>(points.dimension), 0.0);
    for (const int64_t entry : entries) {
      AddPoint(points.Point(entry / copies).data(), points.dimension,
               sums.data());
    }
    Divide(sums, static_cast<int64_t>(entries.size()),
           centers->values.data() + c * points.dimension);
  });
}

}  // namespace muster::dispatch
