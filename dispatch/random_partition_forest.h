#ifndef MUSTER_DISPATCH_RANDOM_PARTITION_FOREST_H_
#define MUSTER_DISPATCH_RANDOM_PARTITION_FOREST_H_

// Approximate nearest neighbours by random partition trees (S. Dasgupta, K.
// Sinha, "Randomized partition trees for nearest neighbor search", Algorithmica
// 72, 2015), the search of Dick et al. (AISTATS 2017, section 5).
//
// A tree cuts the points of a node by <x, u> <= t, u ~ N(0, I), t at a fractile
// of the node's projections drawn uniformly from [1/4, 3/4], until at most n0
// points are left. A query goes down to one leaf and looks at its points only
// (defeatist search: no way back). A forest of T trees takes the best of the T
// leaves. Recall rises with n0 and T; n0 >= n is an exact search.
//
// Of equal points only the first takes part, so that leaves never exceed n0.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct ForestOptions {
  // T in [1, 1000]. Each costs a descent of about 1.5 log2(n / n0) dot products
  // and a scan of n0 points. The paper has one tree; default: router_benchmark
  // (four trees of 50 find more than two of 100 or one of 200, at little more
  // cost).
  int64_t num_trees = 4;
  // n0 >= 1: points in a leaf. The paper does not say; its authors' trials
  // double it from 10 up to n.
  int64_t leaf_size = 50;
  uint64_t seed = 1;

  static void Fields(auto& self, auto&& visit) {
    visit(self.num_trees, self.leaf_size, self.seed);
  }
};

// InvalidArgument naming the field.
absl::Status Validate(const ForestOptions& options);

// Immutable; thread-safe.
class RandomPartitionForest {
 public:
  // Points valid (ValidatePoints) and options valid (CHECKed); the points must
  // outlive the forest. O(T n d log(n / n0)).
  RandomPartitionForest(PointsView points, const ForestOptions& options,
                        const runtime::Runtime& runtime = {});

  // The nearest of the points in the T leaves of `query` (d values): distances
  // compared in double, ties to the lower point. `candidates` is scratch space.
  int32_t Nearest(std::span<const float> query,
                  std::vector<int32_t>* candidates) const;

  // The number of points in the largest leaf, and of leaves in all trees.
  int64_t LargestLeaf() const;
  int64_t NumLeaves() const;

 private:
  struct Tree {
    std::vector<float> directions;  // inner nodes x d
    std::vector<float> thresholds;
    std::vector<int32_t> children;    // 2 per inner node; below 0: -1 - leaf
    std::vector<int32_t> leaf_begin;  // leaves + 1
    std::vector<int32_t> members;     // by leaf
  };
  class Builder;

  // The points of the leaf of `query`.
  std::span<const int32_t> Leaf(const Tree& tree,
                                std::span<const float> query) const;

  PointsView points_;
  std::vector<Tree> trees_;
};

// The nearest of the points named by `candidates` (at least one, in any order,
// repeats allowed): by SquaredDistance, ties to the lower point.
int32_t NearestAmong(PointsView points, std::span<const int32_t> candidates,
                     std::span<const float> query);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_RANDOM_PARTITION_FOREST_H_
