#ifndef MUSTER_DISPATCH_PARTITION_TREE_H_
#define MUSTER_DISPATCH_PARTITION_TREE_H_

// Balanced partition trees: space cut in two again and again, until there are k
// leaves with equal shares of a sample. The baseline of Dick et al. (AISTATS
// 2017, section 5) is kAxis with k a power of two: each node cuts at the median
// of a coordinate drawn uniformly. They see the data's margins, not its
// clusters.
//
// A node with leaves for k' groups gives floor(k' / 2) of them, and that share
// of its sample points (rounded), to the left. x goes left iff <x, u> <= t. The
// cut lies midway between two neighbouring projections; equal projections stay
// together, so leaves differ in size by ties and rounding only. A coordinate
// that is constant in a node cannot cut it: the draw is among the others (a
// direction of another kind is kept). When all points of a node are equal, they
// all go left and the leaves on the right hold no sample point.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

enum class CutDirection {
  kAxis,       // a coordinate, uniform: the paper's BPT
  kPrincipal,  // the direction of most variance in the node (PCA tree)
  kRandom,     // uniform on the sphere (random projection tree)
};

// Inner nodes are numbered from the root, 0, so that children come after their
// parent. k = 1: no nodes.
struct PartitionTree {
  int64_t dimension = 0;               // d
  int64_t num_leaves = 0;              // k
  std::vector<int32_t> axes = {};      // k - 1 coordinates; or empty and then
  std::vector<float> directions = {};  // (k - 1) x d, by node
  std::vector<float> thresholds = {};  // k - 1
  // 2 (k - 1): left and right child; below 0: -1 - leaf.
  std::vector<int32_t> children = {};

  static void Fields(auto& self, auto&& visit) {
    visit(self.dimension, self.num_leaves, self.axes, self.directions,
          self.thresholds, self.children);
  }

  std::span<const float> DirectionOf(int64_t node) const {
    return std::span(directions)
        .subspan(static_cast<size_t>(node * dimension),
                 static_cast<size_t>(dimension));
  }
  // The leaf of a point of R^d, in [0, k). O(depth) by axes, else O(depth d).
  int32_t LeafOf(std::span<const float> point) const;
};

// InvalidArgument unless the shapes fit, numbers are finite, and every node but
// the root and every leaf is the child of exactly one earlier node.
absl::Status Validate(const PartitionTree& tree);

// The tree on a sample of n >= 1 points; k in [1, 2^31 - 1]. InvalidArgument
// for points or k that are not so. Node i draws from rng.Fork("cut", i). Time
// O(n (d + log n) log k), and thirty times that for kPrincipal (power
// iterations).
absl::StatusOr<PartitionTree> BuildPartitionTree(
    PointsView sample, int64_t num_leaves, CutDirection direction,
    runtime::Rng rng, const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_PARTITION_TREE_H_
