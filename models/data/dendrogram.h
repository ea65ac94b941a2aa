#ifndef MUSTER_MODELS_DATA_DENDROGRAM_H_
#define MUSTER_MODELS_DATA_DENDROGRAM_H_

// Complete linkage of a set of points, and class labels that follow it.
//
// Complete linkage starts with a cluster for each of n points and n - 1 times
// merges the two clusters whose farthest pair of points is nearest. The merges
// form a binary tree: nodes 0 .. n - 1 are the points, node n + m is the m-th
// merge, node 2 n - 2 the root.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/runtime/rng.h"

namespace muster::models {

struct DendrogramMerge {
  int64_t left = 0;     // the child that holds the point of lowest number
  int64_t right = 0;    // the other child
  double distance = 0;  // largest Euclidean distance of two points in the node
  int64_t size = 0;     // points in the node

  friend bool operator==(const DendrogramMerge&,
                         const DendrogramMerge&) = default;
};

// The n - 1 merges, in the order made, for n >= 1 points of `dimension` numbers
// each, row-major (CHECKed). Among pairs at one distance the one with the
// lowest point numbers is merged. Memory n^2 doubles; time O(n^2) to O(n^3),
// 2 ms for n = 200.
std::vector<DendrogramMerge> CompleteLinkage(std::span<const double> points,
                                             int64_t dimension);

// A class in [0, num_classes) for each of the points of `merges`
// (merges.size() + 1 of them). The root owns all classes; a node that owns
// several gives its left child the nearest whole number to their share by
// points, but at least one to each child, in order, and the right child the
// rest; all points of a node that owns one class have it; a point that owns
// several picks one of them uniformly (stream rng.Fork("leaf", point)), and
// then the others go unused.
std::vector<int64_t> DendrogramLabels(std::span<const DendrogramMerge> merges,
                                      int64_t num_classes, runtime::Rng rng);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_DENDROGRAM_H_
