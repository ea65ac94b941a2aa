#include "muster/dispatch/partition_tree.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/lane_sums.h"
#include "muster/dispatch/router_checks.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 512;
constexpr int kPowerIterations = 30;

// Scales to length 1; false if there is no length.
bool Normalize(std::vector<double>* direction) {
  double squares = 0;
  for (const double value : *direction) squares += value * value;
  if (!(squares > 0) || !std::isfinite(squares)) return false;
  const double scale = 1 / std::sqrt(squares);
  for (double& value : *direction) value *= scale;
  return true;
}

std::vector<double> RandomDirection(runtime::Rng rng, int64_t dimension) {
  std::vector<double> direction(static_cast<size_t>(dimension));
  do {
    for (double& value : direction) value = runtime::Normal(rng);
  } while (!Normalize(&direction));
  return direction;
}

// sum over blocks, in their order, of vectors of length d.
template <typename AddPoint>
std::vector<double> SumOverPoints(const runtime::Runtime& runtime,
                                  std::span<const int64_t> members, int64_t d,
                                  AddPoint&& add_point) {
  const auto blocks =
      runtime::CutBlocks(static_cast<int64_t>(members.size()), kPointsPerBlock);
  return runtime::FoldBlocks(
      runtime, blocks, std::vector<double>(static_cast<size_t>(d), 0.0),
      [&](int64_t, runtime::Block block) {
        std::vector<double> sum(static_cast<size_t>(d), 0.0);
        for (int64_t i = block.begin; i < block.end; ++i) {
          add_point(members[i], &sum);
        }
        return sum;
      },
      [](std::vector<double> total, std::vector<double> part) {
        for (size_t m = 0; m < total.size(); ++m) total[m] += part[m];
        return total;
      });
}

class Builder {
 public:
  Builder(PointsView sample, CutDirection direction, runtime::Rng rng,
          const runtime::Runtime& runtime)
      : sample_(sample), direction_(direction), rng_(rng), runtime_(runtime) {}

  PartitionTree Build(int64_t num_leaves) {
    tree_.dimension = sample_.dimension;
    tree_.num_leaves = num_leaves;
    members_.resize(static_cast<size_t>(sample_.size));
    for (int64_t i = 0; i < sample_.size; ++i) members_[i] = i;
    std::vector<Task> tasks = {{0, sample_.size, 0, num_leaves, -1}};
    // Last in, first out; children after parents all the same.
    while (!tasks.empty()) {
      const Task task = tasks.back();
      tasks.pop_back();
      if (task.leaves == 1) {
        Attach(task.parent_slot, static_cast<int32_t>(-1 - task.first_leaf));
        continue;
      }
      const auto node = static_cast<int32_t>(tree_.thresholds.size());
      Attach(task.parent_slot, node);
      tree_.children.resize(tree_.children.size() + 2);
      const int64_t left_leaves = task.leaves / 2;
      const int64_t middle = Cut(node, task, left_leaves);
      tasks.push_back({middle, task.end, task.first_leaf + left_leaves,
                       task.leaves - left_leaves, 2 * int64_t{node} + 1});
      tasks.push_back({task.begin, middle, task.first_leaf, left_leaves,
                       2 * int64_t{node}});
    }
    return std::move(tree_);
  }

 private:
  struct Task {
    int64_t begin = 0;  // of members_
    int64_t end = 0;
    int64_t first_leaf = 0;
    int64_t leaves = 0;
    int64_t parent_slot = -1;  // of tree_.children; -1: the root
  };

  void Attach(int64_t slot, int32_t child) {
    if (slot >= 0) tree_.children[slot] = child;
  }

  std::span<const int64_t> Members(const Task& task) const {
    return std::span(members_).subspan(
        static_cast<size_t>(task.begin),
        static_cast<size_t>(task.end - task.begin));
  }

  // Chooses direction and threshold, reorders members_ and returns the first
  // member of the right child.
  int64_t Cut(int32_t node, const Task& task, int64_t left_leaves) {
    const runtime::Rng rng = rng_.Fork("cut", static_cast<uint64_t>(node));
    if (direction_ == CutDirection::kAxis) {
      tree_.axes.push_back(DrawAxis(rng, task));
    } else {
      const std::vector<double> direction =
          direction_ == CutDirection::kRandom
              ? RandomDirection(rng, sample_.dimension)
              : PrincipalDirection(rng, task);
      tree_.directions.insert(tree_.directions.end(), direction.begin(),
                              direction.end());
    }
    const int64_t count = task.end - task.begin;
    std::vector<std::pair<float, int64_t>> order(static_cast<size_t>(count));
    const std::span<const int64_t> members = Members(task);
    runtime::ParallelForBlocks(
        runtime_, runtime::CutBlocks(count, kPointsPerBlock),
        [&](int64_t, runtime::Block block) {
          for (int64_t i = block.begin; i < block.end; ++i) {
            order[i] = {Project(node, members[i]), members[i]};
          }
        });
    std::sort(order.begin(), order.end());
    for (int64_t i = 0; i < count; ++i) {
      members_[task.begin + i] = order[i].second;
    }
    const int64_t middle = PlaceThreshold(order, left_leaves, task.leaves);
    return task.begin + middle;
  }

  // Sets the threshold beside the wanted share; returns how many go left.
  int64_t PlaceThreshold(const std::vector<std::pair<float, int64_t>>& order,
                         int64_t left_leaves, int64_t leaves) {
    const auto count = static_cast<int64_t>(order.size());
    if (count == 0) {
      tree_.thresholds.push_back(0);
      return 0;
    }
    const auto by_value = [](const auto& entry, float value) {
      return entry.first < value;
    };
    const auto wanted = static_cast<int64_t>(std::floor(
        static_cast<double>(count) * static_cast<double>(left_leaves) /
            static_cast<double>(leaves) +
        0.5));
    // The run of equal values across the wanted place: cut at its nearer end.
    const int64_t last = std::clamp<int64_t>(wanted - 1, 0, count - 1);
    const float value = order[last].first;
    const int64_t run_begin =
        std::lower_bound(order.begin(), order.end(), value, by_value) -
        order.begin();
    int64_t run_end = last + 1;
    while (run_end < count && order[run_end].first == value) ++run_end;
    const bool before = run_begin > 0 && wanted - run_begin < run_end - wanted;
    const int64_t cut = before ? run_begin : run_end;
    if (cut == count) {
      tree_.thresholds.push_back(order[count - 1].first);
      return count;
    }
    const float low = order[cut - 1].first, high = order[cut].first;
    const float middle = 0.5f * low + 0.5f * high;
    // Rounding may reach the upper value, which must not go left.
    tree_.thresholds.push_back(low <= middle && middle < high ? middle : low);
    return cut;
  }

  float Project(int32_t node, int64_t member) const {
    const std::span<const float> point = sample_.Point(member);
    if (direction_ == CutDirection::kAxis) return point[tree_.axes[node]];
    return FiniteLaneDot(point, tree_.DirectionOf(node));
  }

  int32_t DrawAxis(runtime::Rng rng, const Task& task) const {
    const std::span<const int64_t> members = Members(task);
    std::vector<int32_t> varying;
    for (int64_t m = 0; m < sample_.dimension && !members.empty(); ++m) {
      const float first = sample_.Point(members[0])[m];
      for (const int64_t member : members) {
        if (sample_.Point(member)[m] == first) continue;
        varying.push_back(static_cast<int32_t>(m));
        break;
      }
    }
    if (varying.empty()) {
      return static_cast<int32_t>(runtime::UniformInt(rng, sample_.dimension));
    }
    return varying[runtime::UniformInt(rng,
                                       static_cast<int64_t>(varying.size()))];
  }

  std::vector<double> PrincipalDirection(runtime::Rng rng,
                                         const Task& task) const {
    const int64_t d = sample_.dimension;
    const std::span<const int64_t> members = Members(task);
    std::vector<double> direction = RandomDirection(rng, d);
    if (members.size() < 2) return direction;
    std::vector<double> mean = SumOverPoints(
        runtime_, members, d, [&](int64_t member, std::vector<double>* sum) {
          const std::span<const float> point = sample_.Point(member);
          for (int64_t m = 0; m < d; ++m) (*sum)[m] += point[m];
        });
    for (double& value : mean) value /= static_cast<double>(members.size());
    for (int iteration = 0; iteration < kPowerIterations; ++iteration) {
      std::vector<double> next = SumOverPoints(
          runtime_, members, d, [&](int64_t member, std::vector<double>* sum) {
            const std::span<const float> point = sample_.Point(member);
            double along = 0;
            for (int64_t m = 0; m < d; ++m) {
              along += (point[m] - mean[m]) * direction[m];
            }
            for (int64_t m = 0; m < d; ++m) {
              (*sum)[m] += along * (point[m] - mean[m]);
            }
          });
      if (!Normalize(&next)) return direction;
      direction = std::move(next);
    }
    return direction;
  }

  PointsView sample_;
  CutDirection direction_;
  runtime::Rng rng_;
  const runtime::Runtime& runtime_;
  PartitionTree tree_;
  std::vector<int64_t> members_;  // each node's are together
};

absl::Status ValidateChildren(const PartitionTree& tree) {
  const int64_t nodes = tree.num_leaves - 1;
  std::vector<char> node_seen(static_cast<size_t>(nodes), 0);
  std::vector<char> leaf_seen(static_cast<size_t>(tree.num_leaves), 0);
  for (int64_t slot = 0; slot < 2 * nodes; ++slot) {
    const int64_t child = tree.children[slot];
    const int64_t leaf = -1 - child;
    const bool fits =
        child >= 0 ? child > slot / 2 && child < nodes && !node_seen[child]
                   : leaf < tree.num_leaves && !leaf_seen[leaf];
    if (!fits) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "children: entry %d (from 0) is %d, which is no later node or leaf "
          "of %d leaves, or another node's",
          slot, child, tree.num_leaves));
    }
    (child >= 0 ? node_seen[child] : leaf_seen[leaf]) = 1;
  }
  return absl::OkStatus();
}

}  // namespace

int32_t PartitionTree::LeafOf(std::span<const float> point) const {
  if (num_leaves == 1) return 0;
  int32_t node = 0;
  while (node >= 0) {
    const float along = axes.empty() ? FiniteLaneDot(point, DirectionOf(node))
                                     : point[axes[node]];
    node = children[2 * int64_t{node} + (along <= thresholds[node] ? 0 : 1)];
  }
  return -1 - node;
}

absl::Status Validate(const PartitionTree& tree) {
  MUSTER_RETURN_IF_ERROR(ValidateDimension(tree.dimension));
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(tree.num_leaves));
  const int64_t nodes = tree.num_leaves - 1;
  const auto size = [](const auto& values) {
    return static_cast<int64_t>(values.size());
  };
  const bool by_axes = nodes > 0 && tree.directions.empty();
  if (size(tree.thresholds) != nodes || size(tree.children) != 2 * nodes ||
      size(tree.axes) != (by_axes ? nodes : 0) ||
      (!by_axes && (size(tree.directions) % tree.dimension != 0 ||
                    size(tree.directions) / tree.dimension != nodes))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "tree: %d axes, %d values of directions, %d thresholds and %d children "
        "do not make a tree of %d leaves in dimension %d",
        tree.axes.size(), tree.directions.size(), tree.thresholds.size(),
        tree.children.size(), tree.num_leaves, tree.dimension));
  }
  for (const int32_t axis : tree.axes) {
    if (axis < 0 || axis >= tree.dimension) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "axes: %d is no coordinate in [0, %d)", axis, tree.dimension));
    }
  }
  const auto finite = [](float value) { return std::isfinite(value); };
  if (!std::all_of(tree.directions.begin(), tree.directions.end(), finite) ||
      !std::all_of(tree.thresholds.begin(), tree.thresholds.end(), finite)) {
    return absl::InvalidArgumentError(
        "tree: a direction or threshold is not finite");
  }
  return ValidateChildren(tree);
}

absl::StatusOr<PartitionTree> BuildPartitionTree(
    PointsView sample, int64_t num_leaves, CutDirection direction,
    runtime::Rng rng, const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(ValidatePoints(sample, "sample"));
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(num_leaves));
  return Builder(sample, direction, rng, runtime).Build(num_leaves);
}

}  // namespace muster::dispatch
