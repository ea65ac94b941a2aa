#include "muster/dispatch/random_partition_forest.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/distances.h"
#include "muster/dispatch/hash_chain.h"
#include "muster/dispatch/lane_sums.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kMaxTrees = 1000;
// Directions tried before a node whose projections are all equal (by rounding,
// as its points differ) is cut between equal ones.
constexpr int kMaxDraws = 8;

// The points that equal no earlier point, ascending.
std::vector<int32_t> DistinctPoints(PointsView points) {
  std::vector<std::pair<uint64_t, int32_t>> order;
  order.reserve(static_cast<size_t>(points.size));
  for (int64_t i = 0; i < points.size; ++i) {
    order.emplace_back(HashPoint(points.Point(i)), static_cast<int32_t>(i));
  }
  std::sort(order.begin(), order.end());
  const auto equal = [&](int32_t i, int32_t j) {
    return std::ranges::equal(points.Point(i), points.Point(j));
  };
  std::vector<int32_t> distinct;
  for (size_t begin = 0, end = 0; begin < order.size(); begin = end) {
    const size_t first = distinct.size();
    for (; end < order.size() && order[end].first == order[begin].first;
         ++end) {
      const int32_t point = order[end].second;
      if (std::none_of(distinct.begin() + static_cast<int64_t>(first),
                       distinct.end(),
                       [&](int32_t kept) { return equal(kept, point); })) {
        distinct.push_back(point);
      }
    }
  }
  std::sort(distinct.begin(), distinct.end());
  return distinct;
}

}  // namespace

absl::Status Validate(const ForestOptions& options) {
  if (options.num_trees < 1 || options.num_trees > kMaxTrees) {
    return absl::InvalidArgumentError(
        absl::StrFormat("num_trees is %d, need a number in [1, %d]",
                        options.num_trees, kMaxTrees));
  }
  if (options.leaf_size < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("leaf_size is %d, need at least 1", options.leaf_size));
  }
  return absl::OkStatus();
}

class RandomPartitionForest::Builder {
 public:
  Builder(PointsView points, int64_t leaf_size, runtime::Rng rng)
      : points_(points), leaf_size_(leaf_size), rng_(rng) {}

  Tree Build(std::vector<int32_t> members) {
    tree_.members = std::move(members);
    tree_.leaf_begin = {0};
    std::vector<Task> tasks = {
        {0, static_cast<int64_t>(tree_.members.size()), -1}};
    // The left child last in, so leaves appear in the order of members.
    while (!tasks.empty()) {
      const Task task = tasks.back();
      tasks.pop_back();
      if (task.end - task.begin <= leaf_size_) {
        Attach(task.parent_slot,
               -static_cast<int32_t>(tree_.leaf_begin.size()));
        tree_.leaf_begin.push_back(static_cast<int32_t>(task.end));
        continue;
      }
      const auto node = static_cast<int64_t>(tree_.thresholds.size());
      Attach(task.parent_slot, static_cast<int32_t>(node));
      tree_.children.resize(tree_.children.size() + 2);
      const int64_t middle = Cut(node, task);
      tasks.push_back({middle, task.end, 2 * node + 1});
      tasks.push_back({task.begin, middle, 2 * node});
    }
    return std::move(tree_);
  }

 private:
  struct Task {
    int64_t begin = 0;  // of members
    int64_t end = 0;
    int64_t parent_slot = -1;  // of children; -1: the root
  };
  using Order = std::vector<std::pair<float, int32_t>>;

  void Attach(int64_t slot, int32_t child) {
    if (slot >= 0) tree_.children[slot] = child;
  }

  // Appends the node's direction and threshold, reorders its members and
  // returns the first member of the right child.
  int64_t Cut(int64_t node, const Task& task) {
    const int64_t count = task.end - task.begin;
    std::vector<float> direction(static_cast<size_t>(points_.dimension));
    Order order(static_cast<size_t>(count));
    runtime::Rng rng = rng_.Fork("cut", static_cast<uint64_t>(node));
    const double fractile = runtime::Uniform(rng, 0.25, 0.75);
    for (int draw = 0; draw < kMaxDraws; ++draw) {
      for (float& value : direction) {
        value = static_cast<float>(runtime::Normal(rng));
      }
      for (int64_t i = 0; i < count; ++i) {
        const int32_t member = tree_.members[task.begin + i];
        order[i] = {FiniteLaneDot(points_.Point(member), direction), member};
      }
      std::sort(order.begin(), order.end());
      if (order.front().first < order.back().first) break;
    }
    for (int64_t i = 0; i < count; ++i) {
      tree_.members[task.begin + i] = order[i].second;
    }
    tree_.directions.insert(tree_.directions.end(), direction.begin(),
                            direction.end());
    const auto wanted =
        static_cast<int64_t>(fractile * static_cast<double>(count));
    const int64_t middle =
        BetweenDifferent(order, std::clamp<int64_t>(wanted, 1, count - 1));
    const float low = order[middle - 1].first, high = order[middle].first;
    const float between = 0.5f * low + 0.5f * high;
    tree_.thresholds.push_back(low <= between && between < high ? between
                                                                : low);
    return task.begin + middle;
  }

  // The place nearest to `wanted` where neighbours differ; `wanted` if none do.
  static int64_t BetweenDifferent(const Order& order, int64_t wanted) {
    const auto count = static_cast<int64_t>(order.size());
    for (int64_t step = 0; step < count; ++step) {
      for (const int64_t at : {wanted - step, wanted + step}) {
        if (at >= 1 && at < count && order[at - 1].first < order[at].first) {
          return at;
        }
      }
    }
    return wanted;
  }

  PointsView points_;
  int64_t leaf_size_;
  runtime::Rng rng_;
  Tree tree_;
};

RandomPartitionForest::RandomPartitionForest(PointsView points,
                                             const ForestOptions& options,
                                             const runtime::Runtime& runtime)
    : points_(points), trees_(static_cast<size_t>(options.num_trees)) {
  MUSTER_CHECK_OK(Validate(options));
  const std::vector<int32_t> distinct = DistinctPoints(points);
  const runtime::Rng rng(options.seed);
  runtime::ParallelForEach(runtime, options.num_trees, [&](int64_t i) {
    trees_[i] = Builder(points, options.leaf_size,
                        rng.Fork("tree", static_cast<uint64_t>(i)))
                    .Build(distinct);
  });
}

std::span<const int32_t> RandomPartitionForest::Leaf(
    const Tree& tree, std::span<const float> query) const {
  int64_t node = tree.children.empty() ? -1 : 0;
  while (node >= 0) {
    const float along = FiniteLaneDot(
        query,
        std::span(tree.directions)
            .subspan(static_cast<size_t>(node) * query.size(), query.size()));
    node = tree.children[2 * node + (along <= tree.thresholds[node] ? 0 : 1)];
  }
  const int64_t begin = tree.leaf_begin[-1 - node];
  const int64_t end = tree.leaf_begin[-node];
  return std::span(tree.members)
      .subspan(static_cast<size_t>(begin), static_cast<size_t>(end - begin));
}

int32_t RandomPartitionForest::Nearest(std::span<const float> query,
                                       std::vector<int32_t>* candidates) const {
  if (trees_.size() == 1) {
    return NearestAmong(points_, Leaf(trees_[0], query), query);
  }
  candidates->clear();
  for (const Tree& tree : trees_) {
    const std::span<const int32_t> leaf = Leaf(tree, query);
    candidates->insert(candidates->end(), leaf.begin(), leaf.end());
  }
  return NearestAmong(points_, *candidates, query);
}

int64_t RandomPartitionForest::LargestLeaf() const {
  int64_t largest = 0;
  for (const Tree& tree : trees_) {
    for (size_t leaf = 1; leaf < tree.leaf_begin.size(); ++leaf) {
      largest = std::max<int64_t>(
          largest, tree.leaf_begin[leaf] - tree.leaf_begin[leaf - 1]);
    }
  }
  return largest;
}

int64_t RandomPartitionForest::NumLeaves() const {
  int64_t leaves = 0;
  for (const Tree& tree : trees_) {
    leaves += static_cast<int64_t>(tree.leaf_begin.size()) - 1;
  }
  return leaves;
}

int32_t NearestAmong(PointsView points, std::span<const int32_t> candidates,
                     std::span<const float> query) {
  // A candidate whose float distance is beyond `limit` is farther than the
  // best so far: both are within LaneError of the exact ones.
  const double slack = 1 + 4 * LaneError(points.dimension);
  double best = HUGE_VAL, limit = HUGE_VAL;
  int32_t nearest = -1;
  for (const int32_t candidate : candidates) {
    const double rough = LaneSquaredDistance(points.Point(candidate), query);
    // Large ones overflow to infinity, which says nothing.
    if (rough > limit && rough < HUGE_VAL) continue;
    const double exact = SquaredDistance(points.Point(candidate), query);
    if (exact < best || (exact == best && candidate < nearest)) {
      best = exact;
      nearest = candidate;
      // Tiny squares underflow in float.
      limit = best * slack + 1e-30;
    }
  }
  return nearest;
}

}  // namespace muster::dispatch
