#include "muster/dispatch/fit.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/hash_router.h"
#include "muster/dispatch/locality_hash.h"
#include "muster/dispatch/nearest_sample_router.h"
#include "muster/dispatch/partition_tree.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/random_router.h"
#include "muster/dispatch/router_checks.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/dispatch/tree_router.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

using RouterOr = absl::StatusOr<std::unique_ptr<Router>>;

// Seconds since construction or the last lap.
class Stopwatch {
 public:
  double Lap() {
    const auto now = std::chrono::steady_clock::now();
    const std::chrono::duration<double> lap = now - start_;
    start_ = now;
    return lap.count();
  }

 private:
  std::chrono::steady_clock::time_point start_ =
      std::chrono::steady_clock::now();
};

absl::Status NeedOneCopy(const FitOptions& options, absl::string_view name) {
  if (options.copies == 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "copies is %d, but the partition %s puts each point into one group: "
      "choose a clusterer for replication",
      options.copies, name));
}

template <CutDirection kDirection>
RouterOr FitTree(PointsView sample, const FitOptions& options,
                 const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(NeedOneCopy(options, "tree"));
  MUSTER_ASSIGN_OR_RETURN(
      PartitionTree tree,
      BuildPartitionTree(sample, options.num_groups, kDirection,
                         runtime::Rng(options.seed).Fork("partition_tree"),
                         runtime));
  return TreeRouter::Create(std::move(tree));
}

RouterOr FitHash(PointsView sample, const FitOptions& options,
                 const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(NeedOneCopy(options, "lsh"));
  MUSTER_ASSIGN_OR_RETURN(
      LocalityHash hash,
      FitLocalityHash(sample, options.num_groups, options.hash_directions,
                      runtime::Rng(options.seed).Fork("locality_hash"),
                      runtime));
  return HashRouter::Create(std::move(hash));
}

RouterOr FitRandom(PointsView sample, const FitOptions& options,
                   const runtime::Runtime&) {
  return RandomRouter::Create({.dimension = sample.dimension,
                               .num_groups = options.num_groups,
                               .copies = options.copies,
                               .seed = options.seed});
}

constexpr PartitionEntry kPartitions[] = {
    {"random", "groups at random: ignores the data", FitRandom},
    {"kd_tree_partition",
     "balanced partition tree: medians of random coordinates",
     FitTree<CutDirection::kAxis>},
    {"pca_tree", "balanced partition tree along principal directions",
     FitTree<CutDirection::kPrincipal>},
    {"projection_tree", "balanced partition tree along random directions",
     FitTree<CutDirection::kRandom>},
    {"lsh", "locality-sensitive hashing, bins modulo k", FitHash},
};

constexpr absl::string_view kRouters[] = {"auto", "price", "nearest", "center"};

absl::Status ValidateTraits(const Clusterer& clusterer,
                            const FitOptions& options) {
  const ClustererTraits traits = clusterer.traits();
  const bool takes = options.objective == Objective::kKMedian  ? traits.median
                     : options.objective == Objective::kKMeans ? traits.means
                                                               : traits.center;
  if (!takes) {
    return absl::InvalidArgumentError(
        absl::StrFormat("objective is %s, which the clusterer %s does not take",
                        ObjectiveName(options.objective), clusterer.name()));
  }
  if (options.copies < traits.min_copies ||
      options.copies > traits.max_copies) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "copies is %d, but the clusterer %s takes %d to %d", options.copies,
        clusterer.name(), traits.min_copies, traits.max_copies));
  }
  if (options.router == "price" && !traits.prices) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "router is price, but the clusterer %s gives no prices: choose "
        "nearest, or the clusterer balanced",
        clusterer.name()));
  }
  return absl::OkStatus();
}

// Draws the sample into `result` and returns its points; `points` themselves
// when they are few enough.
PointsView DrawSample(PointsView points, const FitOptions& options,
                      FitResult* result, PointSet* storage) {
  if (points.size <= options.sample_size) {
    result->sample_rows.resize(static_cast<size_t>(points.size));
    for (int64_t j = 0; j < points.size; ++j) result->sample_rows[j] = j;
    return points;
  }
  runtime::Rng rng = runtime::Rng(options.seed).Fork("sample");
  runtime::SampleWithoutReplacement(rng, points.size, options.sample_size,
                                    &result->sample_rows);
  std::sort(result->sample_rows.begin(), result->sample_rows.end());
  *storage = SelectPoints(points, result->sample_rows);
  return storage->View();
}

}  // namespace

std::span<const PartitionEntry> PartitionTable() { return kPartitions; }

absl::Status Validate(const FitOptions& options) {
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(options.num_groups));
  MUSTER_RETURN_IF_ERROR(ValidateCopies(options.copies, options.num_groups));
  if (options.sample_size < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sample_size is %d, need at least 1 (the paper: 10000)",
                        options.sample_size));
  }
  if (std::find(std::begin(kRouters), std::end(kRouters), options.router) ==
      std::end(kRouters)) {
    return absl::NotFoundError(
        absl::StrFormat("router is %s; clusterings have %s", options.router,
                        absl::StrJoin(kRouters, ", ")));
  }
  return absl::OkStatus();
}

RouterOr RouterOfClustering(absl::string_view kind, PointsView sample,
                            const Clustering& clustering, Objective objective) {
  if (kind == "auto") kind = clustering.prices.empty() ? "nearest" : "price";
  if (kind == "price") {
    if (clustering.prices.empty()) {
      return absl::InvalidArgumentError(
          "router is price, but the clustering has no prices: choose nearest, "
          "or the clusterer balanced");
    }
    return PriceRouter::Create({.centers = clustering.centers,
                                .prices = clustering.prices,
                                .copies = clustering.copies,
                                .squared = objective == Objective::kKMeans});
  }
  if (kind == "center") {
    return CenterRouter::Create(
        {.centers = clustering.centers, .copies = clustering.copies});
  }
  ClusteredSample clustered{
      .points = {.values = std::vector<float>(
                     sample.values,
                     sample.values + sample.size * sample.dimension),
                 .dimension = sample.dimension},
      .groups = clustering.clusters,
      .num_groups = clustering.num_clusters(),
      .copies = clustering.copies};
  if (kind == "nearest") {
    return NearestSampleRouter::Create(std::move(clustered));
  }
  return absl::NotFoundError(
      absl::StrFormat("router is %s; clusterings have %s", kind,
                      absl::StrJoin(kRouters, ", ")));
}

absl::StatusOr<FitResult> FitRouterBy(const Clusterer& clusterer,
                                      PointsView points,
                                      const FitOptions& options,
                                      const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(ValidateTraits(clusterer, options));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(points, "points"));
  FitResult result;
  Stopwatch watch;
  PointSet storage;
  const PointsView sample = DrawSample(points, options, &result, &storage);
  result.sample_seconds = watch.Lap();
  ClusteringProblem problem{.points = sample,
                            .num_clusters = options.num_groups,
                            .copies = options.copies,
                            .objective = options.objective};
  MUSTER_ASSIGN_OR_RETURN(
      problem.sizes,
      RelativeSizes(sample.size, options.num_groups, options.copies,
                    options.lower_factor, options.upper_factor));
  MUSTER_ASSIGN_OR_RETURN(
      result.clustering,
      clusterer.Cluster(problem, runtime::Rng(options.seed).Fork("clusterer"),
                        runtime));
  result.cluster_seconds = watch.Lap();
  MUSTER_ASSIGN_OR_RETURN(
      result.router, RouterOfClustering(options.router, sample,
                                        *result.clustering, options.objective));
  result.router_seconds = watch.Lap();
  return result;
}

absl::StatusOr<FitResult> FitRouter(PointsView points,
                                    const FitOptions& options,
                                    const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  for (const PartitionEntry& entry : kPartitions) {
    if (entry.name != options.clusterer) continue;
    if (options.router != "auto") {
      return absl::InvalidArgumentError(absl::StrFormat(
          "router is %s, but the partition %s has a router of its own: leave "
          "it at auto",
          options.router, entry.name));
    }
    MUSTER_RETURN_IF_ERROR(ValidatePoints(points, "points"));
    FitResult result;
    Stopwatch watch;
    PointSet storage;
    const PointsView sample = DrawSample(points, options, &result, &storage);
    result.sample_seconds = watch.Lap();
    MUSTER_ASSIGN_OR_RETURN(result.router, entry.fit(sample, options, runtime));
    result.cluster_seconds = watch.Lap();
    return result;
  }
  return absl::NotFoundError(absl::StrCat(
      "clusterer is ", options.clusterer, "; the partitions are ",
      absl::StrJoin(kPartitions, ", ",
                    [](std::string* out, const PartitionEntry& entry) {
                      absl::StrAppend(out, entry.name);
                    })));
}

}  // namespace muster::dispatch
