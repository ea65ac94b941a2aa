#include "muster/dispatch/merge_split_clusterer.h"

#include <algorithm>
#include <iterator>
#include <limits>
#include <numeric>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/centroids.h"
#include "muster/dispatch/clusterer_checks.h"
#include "muster/dispatch/kmeans_plus_plus.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/dispatch/size_repair.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// The group whose mean is nearest to that of `from`, among those that are left.
size_t NearestGroup(const std::vector<std::vector<float>>& means,
                    const std::vector<char>& alive, size_t from) {
  size_t best = from;
  double least = std::numeric_limits<double>::infinity();
  for (size_t c = 0; c < means.size(); ++c) {
    if (c == from || !alive[c]) continue;
    const double square = SquaredDistance(means[from], means[c]);
    if (best == from || square < least) {
      best = c;
      least = square;
    }
  }
  return best;
}

std::vector<int64_t> Union(const std::vector<int64_t>& a,
                           const std::vector<int64_t>& b) {
  std::vector<int64_t> both;
  both.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(),
                 std::back_inserter(both));
  return both;
}

// Merges group `from` into the nearest and removes it.
void MergeOne(PointsView points, Groups* groups,
              std::vector<std::vector<float>>* means, std::vector<char>* alive,
              size_t from) {
  const size_t to = NearestGroup(*means, *alive, from);
  (*groups)[to] = Union((*groups)[to], (*groups)[from]);
  (*alive)[from] = 0;
  (*groups)[from].clear();
  if (!(*groups)[to].empty()) (*means)[to] = MeanOf(points, (*groups)[to]);
}

// Means of groups; any point for those without members, which are few, made
// where points are fewer than clusters need, and filled by the repair.
std::vector<std::vector<float>> MeansOf(PointsView points,
                                        const Groups& groups) {
  std::vector<std::vector<float>> means;
  means.reserve(groups.size());
  for (const std::vector<int64_t>& group : groups) {
    means.push_back(group.empty() ? std::vector<float>(points.Point(0).begin(),
                                                       points.Point(0).end())
                                  : MeanOf(points, group));
  }
  return means;
}

Groups Alive(Groups groups, const std::vector<char>& alive) {
  Groups left;
  for (size_t c = 0; c < groups.size(); ++c) {
    if (alive[c]) left.push_back(std::move(groups[c]));
  }
  return left;
}

size_t Largest(const Groups& groups) {
  const auto smaller = [](const auto& a, const auto& b) {
    return a.size() < b.size();
  };
  return static_cast<size_t>(
      std::max_element(groups.begin(), groups.end(), smaller) - groups.begin());
}

// Cuts groups or merges them until k' clusters can meet the bounds at all.
Groups AdjustCount(const ClusteringProblem& problem, Groups groups,
                   runtime::Rng rng) {
  const auto feasible = [&](size_t count) {
    return ValidateFeasible(problem.points.size, static_cast<int64_t>(count),
                            problem.copies, problem.sizes)
        .ok();
  };
  // Counts that will do are an interval around problem.num_clusters.
  const auto wanted = static_cast<size_t>(problem.num_clusters);
  while (groups.size() < wanted && !feasible(groups.size())) {
    const size_t c = Largest(groups);
    const auto half = static_cast<int64_t>((groups[c].size() + 1) / 2);
    // A cluster of one point: the new one is empty, for the repair to fill.
    if (half == static_cast<int64_t>(groups[c].size())) {
      groups.emplace_back();
      continue;
    }
    Groups parts = SplitLarge({std::move(groups[c])}, half,
                              rng.Fork("adjust", groups.size()));
    groups[c] = std::move(parts[0]);
    groups.push_back(std::move(parts[1]));
  }
  while (groups.size() > wanted && !feasible(groups.size())) {
    const auto smaller = [](const auto& a, const auto& b) {
      return a.size() < b.size();
    };
    const auto from = static_cast<size_t>(
        std::min_element(groups.begin(), groups.end(), smaller) -
        groups.begin());
    std::vector<std::vector<float>> means = MeansOf(problem.points, groups);
    std::vector<char> alive(groups.size(), 1);
    MergeOne(problem.points, &groups, &means, &alive, from);
    groups = Alive(std::move(groups), alive);
  }
  return groups;
}

}  // namespace

absl::Status Validate(const MergeSplitOptions& options) {
  if (options.max_iterations < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("merge_split: max_iterations is %d, need >= 1",
                        options.max_iterations));
  }
  if (options.seed_trials < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "merge_split: seed_trials is %d, need >= 1", options.seed_trials));
  }
  return absl::OkStatus();
}

Groups MergeSmall(PointsView points, Groups groups, int64_t lower) {
  std::vector<std::vector<float>> means = MeansOf(points, groups);
  std::vector<char> alive(groups.size(), 1);
  size_t left = groups.size();
  for (size_t c = 0; c < groups.size() && left > 1; ++c) {
    if (static_cast<int64_t>(groups[c].size()) >= lower) continue;
    MergeOne(points, &groups, &means, &alive, c);
    --left;
  }
  return Alive(std::move(groups), alive);
}

Groups SplitLarge(Groups groups, int64_t upper, runtime::Rng rng) {
  const size_t before = groups.size();
  for (size_t c = 0; c < before; ++c) {
    const auto size = static_cast<int64_t>(groups[c].size());
    if (size <= upper) continue;
    std::vector<int64_t> members = std::move(groups[c]);
    runtime::Rng order = rng.Fork("split", c);
    runtime::Shuffle(order, std::span<int64_t>(members));
    const int64_t parts = (size + upper - 1) / upper;
    for (int64_t part = 0; part < parts; ++part) {
      std::vector<int64_t> some(members.begin() + size * part / parts,
                                members.begin() + size * (part + 1) / parts);
      std::sort(some.begin(), some.end());
      if (part == 0) {
        groups[c] = std::move(some);
      } else {
        groups.push_back(std::move(some));
      }
    }
  }
  return groups;
}

MergeSplitClusterer::MergeSplitClusterer(const MergeSplitOptions& options)
    : options_(options) {
  MUSTER_CHECK(Validate(options).ok());
}

ClustererTraits MergeSplitClusterer::traits() const {
  return {.means = true,
          .max_copies = std::numeric_limits<int64_t>::max(),
          .exact_count = false};
}

absl::StatusOr<Clustering> MergeSplitClusterer::Cluster(
    const ClusteringProblem& problem, runtime::Rng rng,
    const runtime::Runtime& runtime) const {
  MUSTER_RETURN_IF_ERROR(ValidateFor(*this, problem));
  const int64_t n = problem.points.size, p = problem.copies;
  Clustering result{.copies = p, .guaranteed_sizes = problem.sizes};
  MUSTER_ASSIGN_OR_RETURN(
      const std::vector<int64_t> seeds,
      SeedKMeansPlusPlus(problem.points, problem.num_clusters, {},
                         {.trials = options_.seed_trials}, rng.Fork("seed"),
                         runtime));
  PointSet centers = SelectPoints(problem.points, seeds);
  std::vector<int32_t> clusters(static_cast<size_t>(n * p)), before;
  result.converged = false;
  while (!result.converged && result.iterations < options_.max_iterations) {
    if (!runtime::ReportProgress(runtime, {.phase = "merge_split: Lloyd",
                                           .done = result.iterations,
                                           .total = options_.max_iterations})) {
      if (result.iterations > 0) break;
      return absl::CancelledError("merge_split: stopped before it began");
    }
    before = clusters;
    PackedCenters(centers.View()).Nearest(problem.points, p, clusters, runtime);
    result.converged = result.iterations++ > 0 && clusters == before;
    if (!result.converged) {
      UpdateCentroids(problem.points, clusters, p, &centers, runtime);
    }
  }

  Groups groups(static_cast<size_t>(problem.num_clusters));
  for (int64_t j = 0; j < n; ++j) {
    for (int64_t r = 0; r < p; ++r) groups[clusters[j * p + r]].push_back(j);
  }
  // Nobody's cluster is small whatever the bounds.
  groups = MergeSmall(problem.points, std::move(groups),
                      std::max<int64_t>(problem.sizes.lower, 1));
  groups = SplitLarge(std::move(groups), std::min(problem.sizes.upper, n),
                      rng.Fork("split"));
  groups = AdjustCount(problem, std::move(groups), rng.Fork("adjust"));

  const auto k = static_cast<int64_t>(groups.size());
  result.centers.dimension = problem.points.dimension;
  for (const std::vector<float>& mean : MeansOf(problem.points, groups)) {
    result.centers.values.insert(result.centers.values.end(), mean.begin(),
                                 mean.end());
  }
  result.clusters.assign(static_cast<size_t>(n * p), -1);
  std::vector<int64_t> filled(static_cast<size_t>(n), 0);
  for (int64_t c = 0; c < k; ++c) {
    for (const int64_t j : groups[c]) {
      result.clusters[j * p + filled[j]++] = static_cast<int32_t>(c);
    }
  }
  if (RepairSizes(problem.points, result.centers.View(), problem.objective, p,
                  problem.sizes, &result.clusters) > 0) {
    UpdateCentroids(problem.points, result.clusters, p, &result.centers,
                    runtime);
  }
  Finish(problem, &result, runtime);
  return result;
}

}  // namespace muster::dispatch
