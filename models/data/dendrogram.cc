#include "muster/models/data/dendrogram.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"

namespace muster::models {
namespace {

// Clusters sit in the slot of their lowest point; distances are squared.
class Linkage {
 public:
  Linkage(std::span<const double> points, int64_t dimension, int64_t num_points)
      : size_(num_points),
        distances_(num_points * num_points),
        node_(num_points),
        count_(num_points, 1),
        nearest_(num_points) {
    for (int64_t i = 0; i < size_; ++i) {
      node_[i] = i;
      for (int64_t j = i + 1; j < size_; ++j) {
        double sum = 0;
        for (int64_t t = 0; t < dimension; ++t) {
          const double difference =
              points[i * dimension + t] - points[j * dimension + t];
          sum += difference * difference;
        }
        Distance(i, j) = sum;
      }
    }
    for (int64_t i = 0; i < size_; ++i) FindNearest(i);
  }

  DendrogramMerge Merge(int64_t new_node) {
    int64_t best = -1;
    for (int64_t i = 0; i < size_; ++i) {
      if (count_[i] == 0 || nearest_[i] < 0) continue;
      if (best < 0 ||
          Distance(i, nearest_[i]) < Distance(best, nearest_[best])) {
        best = i;
      }
    }
    const int64_t other = nearest_[best];
    const DendrogramMerge merge = {.left = node_[best],
                                   .right = node_[other],
                                   .distance = std::sqrt(Distance(best, other)),
                                   .size = count_[best] + count_[other]};
    node_[best] = new_node;
    count_[best] = merge.size;
    count_[other] = 0;
    for (int64_t i = 0; i < size_; ++i) {
      if (count_[i] == 0 || i == best) continue;
      Distance(best, i) = std::max(Distance(best, i), Distance(other, i));
    }
    // Distances to the merged cluster only grew.
    for (int64_t i = 0; i < size_; ++i) {
      if (count_[i] == 0) continue;
      if (i == best || nearest_[i] == best || nearest_[i] == other) {
        FindNearest(i);
      }
    }
    return merge;
  }

 private:
  double& Distance(int64_t a, int64_t b) {
    return distances_[std::min(a, b) * size_ + std::max(a, b)];
  }

  // The nearest cluster in a later slot; -1 if there is none.
  void FindNearest(int64_t i) {
    nearest_[i] = -1;
    for (int64_t j = i + 1; j < size_; ++j) {
      if (count_[j] == 0) continue;
      if (nearest_[i] < 0 || Distance(i, j) < Distance(i, nearest_[i])) {
        nearest_[i] = j;
      }
    }
  }

  int64_t size_;
  std::vector<double> distances_;  // upper triangle
  std::vector<int64_t> node_;      // of the tree, in each slot
  std::vector<int64_t> count_;     // points; 0: the slot was merged away
  std::vector<int64_t> nearest_;
};

}  // namespace

std::vector<DendrogramMerge> CompleteLinkage(std::span<const double> points,
                                             int64_t dimension) {
  MUSTER_CHECK_GE(dimension, 1);
  const auto num_points = static_cast<int64_t>(points.size()) / dimension;
  MUSTER_CHECK_GE(num_points, 1);
  MUSTER_CHECK_EQ(num_points * dimension, static_cast<int64_t>(points.size()));
  Linkage linkage(points, dimension, num_points);
  std::vector<DendrogramMerge> merges;
  merges.reserve(num_points - 1);
  for (int64_t m = 0; m + 1 < num_points; ++m) {
    merges.push_back(linkage.Merge(num_points + m));
  }
  return merges;
}

std::vector<int64_t> DendrogramLabels(std::span<const DendrogramMerge> merges,
                                      int64_t num_classes, runtime::Rng rng) {
  MUSTER_CHECK_GE(num_classes, 1);
  const auto num_points = static_cast<int64_t>(merges.size()) + 1;
  struct Range {
    int64_t begin = 0;
    int64_t end = 0;
  };
  // Parents come after their children.
  std::vector<Range> owned(num_points + merges.size());
  owned.back() = {.begin = 0, .end = num_classes};
  for (int64_t m = num_points - 2; m >= 0; --m) {
    const DendrogramMerge& merge = merges[m];
    const Range range = owned[num_points + m];
    const int64_t classes = range.end - range.begin;
    if (classes == 1) {
      owned[merge.left] = owned[merge.right] = range;
      continue;
    }
    const int64_t left_size =
        merge.left < num_points ? 1 : merges[merge.left - num_points].size;
    const auto share = static_cast<double>(classes) *
                       static_cast<double>(left_size) /
                       static_cast<double>(merge.size);
    const int64_t cut =
        range.begin + std::clamp<int64_t>(std::llround(share), 1, classes - 1);
    owned[merge.left] = {.begin = range.begin, .end = cut};
    owned[merge.right] = {.begin = cut, .end = range.end};
  }
  std::vector<int64_t> labels(num_points);
  for (int64_t point = 0; point < num_points; ++point) {
    const Range range = owned[point];
    runtime::Rng leaf = rng.Fork("leaf", point);
    labels[point] =
        range.begin + runtime::UniformInt(leaf, range.end - range.begin);
  }
  return labels;
}

}  // namespace muster::models
