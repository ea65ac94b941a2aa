#include "muster/benchmarks/dispatch/cluster_quality.h"

#include <cmath>
#include <map>
#include <set>
#include <vector>

#include "muster/dispatch/distances.h"

namespace muster::benchmarks {
namespace {

int64_t NumPoints(const dispatch::Clustering& clustering) {
  return static_cast<int64_t>(clustering.clusters.size()) / clustering.copies;
}

std::set<int32_t> DistinctClusters(const dispatch::Clustering& clustering,
                                   int64_t point) {
  const auto clusters = clustering.ClustersOf(point);
  return {clusters.begin(), clusters.end()};
}

}  // namespace

double CopyAveragedObjective(dispatch::PointsView points,
                             const dispatch::Clustering& clustering) {
  double sum = 0;
  for (int64_t j = 0; j < NumPoints(clustering); ++j) {
    const std::set<int32_t> clusters = DistinctClusters(clustering, j);
    double of_point = 0;
    for (const int32_t c : clusters) {
      of_point += dispatch::SquaredDistance(points.Point(j),
                                            clustering.centers.Point(c));
    }
    sum += of_point / static_cast<double>(clusters.size());
  }
  return sum;
}

double MeanLabelEntropyBits(const dispatch::Clustering& clustering,
                            std::span<const double> labels) {
  std::vector<std::map<double, double>> counts(
      static_cast<size_t>(clustering.num_clusters()));
  for (int64_t j = 0; j < NumPoints(clustering); ++j) {
    for (const int32_t c : DistinctClusters(clustering, j)) {
      ++counts[static_cast<size_t>(c)][labels[static_cast<size_t>(j)]];
    }
  }
  double sum = 0;
  int64_t clusters = 0;
  for (const auto& of_cluster : counts) {
    double size = 0;
    for (const auto& [label, count] : of_cluster) size += count;
    if (size == 0) continue;
    ++clusters;
    for (const auto& [label, count] : of_cluster) {
      sum -= count / size * std::log2(count / size);
    }
  }
  return clusters == 0 ? 0 : sum / static_cast<double>(clusters);
}

double SingleCenterShare(const dispatch::Clustering& clustering) {
  int64_t single = 0;
  const int64_t n = NumPoints(clustering);
  for (int64_t j = 0; j < n; ++j) {
    if (DistinctClusters(clustering, j).size() == 1) ++single;
  }
  return n == 0 ? 0 : static_cast<double>(single) / static_cast<double>(n);
}

Quality MeasureQuality(dispatch::PointsView points,
                       const dispatch::Clustering& clustering,
                       std::span<const double> labels) {
  return {.objective = CopyAveragedObjective(points, clustering),
          .entropy_bits = MeanLabelEntropyBits(clustering, labels),
          .clusters = static_cast<double>(clustering.num_clusters()),
          .single_share = SingleCenterShare(clustering)};
}

}  // namespace muster::benchmarks
