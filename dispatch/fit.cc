#include "muster/dispatch/fit.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <limits>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "muster/dispatch/balanced_assignment.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/forest_router.h"
#include "muster/dispatch/hash_router.h"
#include "muster/dispatch/kd_tree_router.h"
#include "muster/dispatch/locality_hash.h"
#include "muster/dispatch/nearest_sample_router.h"
#include "muster/dispatch/partition_tree.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/projected_router.h"
#include "muster/dispatch/random_router.h"
#include "muster/dispatch/router_checks.h"
#include "muster/dispatch/sample_extension.h"
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
  MUSTER_ASSIGN_OR_RETURN(
      PartitionTree tree,
      BuildPartitionTree(sample, options.num_groups, kDirection,
                         runtime::Rng(options.seed).Fork("partition_tree"),
                         runtime));
  return TreeRouter::Create(std::move(tree));
}

RouterOr FitHash(PointsView sample, const FitOptions& options,
                 const runtime::Runtime& runtime) {
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
    {"random", "groups at random: ignores the data", FitRandom,
     /*any_copies=*/true},
    {"kd_tree_partition",
     "balanced partition tree: medians of random coordinates",
     FitTree<CutDirection::kAxis>},
    {"pca_tree", "balanced partition tree along principal directions",
     FitTree<CutDirection::kPrincipal>},
    {"projection_tree", "balanced partition tree along random directions",
     FitTree<CutDirection::kRandom>},
    {"lsh", "locality-sensitive hashing, bins modulo k", FitHash},
};

// A kd-tree is faster than a scan of 10,000 sample points up to about d = 5
// (router_benchmark).
constexpr int64_t kMostForKdTree = 5;

constexpr absl::string_view kRouters[] = {"auto",   "price",   "nearest",
                                          "forest", "kd_tree", "center"};

bool Takes(const ClustererTraits& traits, Objective objective) {
  return objective == Objective::kKMedian  ? traits.median
         : objective == Objective::kKMeans ? traits.means
                                           : traits.center;
}

bool Takes(const ClustererTraits& traits, const FitOptions& options) {
  return Takes(traits, options.objective) &&
         options.copies >= traits.min_copies &&
         options.copies <= traits.max_copies &&
         (options.weighing_points == 0 || traits.weights);
}

// "; balanced, exact do", of the members that take what `options` ask for.
std::string WhoDoes(const FitOptions& options) {
  std::vector<std::string> names;
  for (const ClustererEntry& entry : ClustererTable()) {
    const auto clusterer = entry.create(options.clusterer_options);
    if (clusterer.ok() && Takes((*clusterer)->traits(), options)) {
      names.emplace_back(entry.name);
    }
  }
  if (names.empty()) return "; no clusterer does";
  return absl::StrCat("; ", absl::StrJoin(names, ", "),
                      names.size() == 1 ? " does" : " do");
}

// "2 or more", "1 to 3".
std::string CopiesTaken(const ClustererTraits& traits) {
  return traits.max_copies == std::numeric_limits<int64_t>::max()
             ? absl::StrCat(traits.min_copies, " or more")
             : absl::StrCat(traits.min_copies, " to ", traits.max_copies);
}

absl::Status ValidateTraits(const Clusterer& clusterer,
                            const FitOptions& options) {
  const ClustererTraits traits = clusterer.traits();
  const std::string name(clusterer.name());
  if (!Takes(traits, options.objective)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "objective is %s, which the clusterer %s does not take%s",
        std::string(ObjectiveName(options.objective)), name, WhoDoes(options)));
  }
  if (options.copies < traits.min_copies ||
      options.copies > traits.max_copies) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "copies is %d, but the clusterer %s takes %s, not %d%s", options.copies,
        name, CopiesTaken(traits), options.copies, WhoDoes(options)));
  }
  if (options.router == "price" && !traits.prices &&
      options.objective == Objective::kKCenter) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "router is price, but the clusterer %s gives no prices for k-center: "
        "choose nearest",
        name));
  }
  if (options.weighing_points > 0 && !traits.weights) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "weighing_points is %d, but the clusterer %s takes no weights%s",
        options.weighing_points, name, WhoDoes(options)));
  }
  return absl::OkStatus();
}

// The rows of the sample among n: all, or a random choice, ascending.
std::vector<int64_t> DrawSample(int64_t n, const FitOptions& options) {
  std::vector<int64_t> rows;
  if (n <= options.sample_size) {
    rows.resize(static_cast<size_t>(n));
    std::iota(rows.begin(), rows.end(), 0);
    return rows;
  }
  runtime::Rng rng = runtime::Rng(options.seed).Fork("sample");
  runtime::SampleWithoutReplacement(rng, n, options.sample_size, &rows);
  std::sort(rows.begin(), rows.end());
  return rows;
}

RouterOr PriceRouterOf(PointsView sample, const Clustering& clustering,
                       const FitOptions& options,
                       std::span<const double> weights,
                       const runtime::Runtime& runtime) {
  std::vector<double> prices = clustering.prices;
  if (prices.empty()) {
    AssignmentProblem problem{.points = sample,
                              .centers = clustering.centers.View(),
                              .copies = clustering.copies,
                              .objective = options.objective,
                              .weights = weights};
    // The clustering may have other than num_groups clusters.
    MUSTER_ASSIGN_OR_RETURN(
        problem.sizes,
        RelativeSizes(sample.size, clustering.num_clusters(), clustering.copies,
                      options.lower_factor, options.upper_factor));
    MUSTER_ASSIGN_OR_RETURN(BalancedAssignment assignment,
                            AssignBalanced(problem, {}, runtime));
    prices = std::move(assignment.prices);
  }
  return PriceRouter::Create(
      {.centers = clustering.centers,
       .prices = std::move(prices),
       .copies = clustering.copies,
       .squared = options.objective == Objective::kKMeans});
}

absl::Status CheckRouterName(absl::string_view name) {
  if (std::find(std::begin(kRouters), std::end(kRouters), name) !=
      std::end(kRouters)) {
    return absl::OkStatus();
  }
  return absl::NotFoundError(
      absl::StrFormat("router is %s; clusterings have %s", name,
                      absl::StrJoin(kRouters, ", ")));
}

const PartitionEntry* FindPartition(absl::string_view name) {
  for (const PartitionEntry& entry : kPartitions) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

}  // namespace

std::span<const PartitionEntry> PartitionTable() { return kPartitions; }

namespace {

absl::Status ValidatePartition(const PartitionEntry& entry,
                               const FitOptions& options) {
  if (options.router != "auto") {
    return absl::InvalidArgumentError(absl::StrFormat(
        "router is %s, but the partition %s has a router of its own: leave it "
        "at auto",
        options.router, std::string(entry.name)));
  }
  if (options.weighing_points > 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "weighing_points is %d, but the partition %s takes no weights",
        options.weighing_points, std::string(entry.name)));
  }
  return entry.any_copies ? absl::OkStatus() : NeedOneCopy(options, entry.name);
}

// NotFound with the names of clusterers and partitions.
absl::StatusOr<std::unique_ptr<Clusterer>> CreateByName(
    const FitOptions& options) {
  auto clusterer =
      CreateClusterer(options.clusterer, options.clusterer_options);
  if (!absl::IsNotFound(clusterer.status())) return clusterer;
  return absl::NotFoundError(absl::StrCat(
      std::string(clusterer.status().message()), ", and the partitions ",
      absl::StrJoin(kPartitions, ", ",
                    [](std::string* out, const PartitionEntry& entry) {
                      absl::StrAppend(out, entry.name);
                    })));
}

// All but the clusterer.
absl::Status ValidateCommon(const FitOptions& options) {
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(options.num_groups));
  MUSTER_RETURN_IF_ERROR(ValidateCopies(options.copies, options.num_groups));
  if (options.weighing_points < 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "weighing_points is %d, need a number >= 0", options.weighing_points));
  }
  if (options.sample_size < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("sample_size is %d, need at least 1 (the paper: 10000)",
                        options.sample_size));
  }
  MUSTER_RETURN_IF_ERROR(RelativeSizes(/*num_points=*/1, /*num_clusters=*/1,
                                       /*copies=*/1, options.lower_factor,
                                       options.upper_factor)
                             .status());
  MUSTER_RETURN_IF_ERROR(Validate(options.forest));
  return CheckRouterName(options.router);
}

}  // namespace

absl::Status Validate(const FitOptions& options) {
  MUSTER_RETURN_IF_ERROR(ValidateCommon(options));
  if (const PartitionEntry* entry = FindPartition(options.clusterer)) {
    return ValidatePartition(*entry, options);
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Clusterer> clusterer,
                          CreateByName(options));
  return ValidateTraits(*clusterer, options);
}

RouterOr RouterOfClustering(PointsView sample, const Clustering& clustering,
                            const FitOptions& options,
                            std::span<const double> weights,
                            const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(CheckRouterName(options.router));
  absl::string_view kind = options.router;
  if (kind == "auto") {
    kind = !clustering.prices.empty()           ? "price"
           : sample.dimension <= kMostForKdTree ? "kd_tree"
                                                : "nearest";
  }
  if (kind == "price") {
    return PriceRouterOf(sample, clustering, options, weights, runtime);
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
  if (kind == "forest") {
    return ForestRouter::Create(
        {.sample = std::move(clustered), .forest = options.forest}, runtime);
  }
  if (kind == "kd_tree") return KdTreeRouter::Create(std::move(clustered));
  return NearestSampleRouter::Create(std::move(clustered));
}

namespace {

// From the sample on; `watch` runs since the sample was drawn.
absl::Status FitBy(const Clusterer& clusterer, PointsView sample,
                   const FitOptions& options, const runtime::Runtime& runtime,
                   Stopwatch& watch, FitResult* result) {
  ClusteringProblem problem{.points = sample,
                            .num_clusters = options.num_groups,
                            .copies = options.copies,
                            .objective = options.objective,
                            .weights = result->sample_weights};
  MUSTER_ASSIGN_OR_RETURN(
      problem.sizes,
      RelativeSizes(sample.size, options.num_groups, options.copies,
                    options.lower_factor, options.upper_factor));
  MUSTER_ASSIGN_OR_RETURN(
      result->clustering,
      clusterer.Cluster(problem, runtime::Rng(options.seed).Fork("clusterer"),
                        runtime));
  result->cluster_seconds = watch.Lap();
  MUSTER_ASSIGN_OR_RETURN(
      result->router, RouterOfClustering(sample, *result->clustering, options,
                                         result->sample_weights, runtime));
  result->router_seconds = watch.Lap();
  return absl::OkStatus();
}

absl::Status FitByName(PointsView sample, const FitOptions& options,
                       const runtime::Runtime& runtime, Stopwatch& watch,
                       FitResult* result) {
  if (const PartitionEntry* entry = FindPartition(options.clusterer)) {
    MUSTER_ASSIGN_OR_RETURN(result->router,
                            entry->fit(sample, options, runtime));
    result->cluster_seconds = watch.Lap();
    return absl::OkStatus();
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<Clusterer> clusterer,
                          CreateByName(options));
  return FitBy(*clusterer, sample, options, runtime, watch, result);
}

// Up to options.weighing_points rows of [0, n) that are not among `taken`
// (ascending), ascending.
std::vector<int64_t> DrawSecondSample(int64_t n, std::span<const int64_t> taken,
                                      const FitOptions& options) {
  std::vector<int64_t> rest;
  auto next = taken.begin();
  for (int64_t row = 0; row < n; ++row) {
    if (next != taken.end() && *next == row) {
      ++next;
    } else {
      rest.push_back(row);
    }
  }
  const auto size = static_cast<int64_t>(rest.size());
  if (size <= options.weighing_points) return rest;
  runtime::Rng rng = runtime::Rng(options.seed).Fork("second_sample");
  std::vector<int64_t> rows;
  runtime::SampleWithoutReplacement(rng, size, options.weighing_points, &rows);
  for (int64_t& row : rows) row = rest[row];
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Weighs result->sample_rows of `points` and keeps those that stand for some.
absl::Status Weigh(PointsView points, const FitOptions& options,
                   const runtime::Runtime& runtime, FitResult* result) {
  const std::vector<int64_t> second =
      DrawSecondSample(points.size, result->sample_rows, options);
  if (second.empty()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "weighing_points is %d, but all %d points are in the first sample: "
        "give more points or a smaller sample_size",
        options.weighing_points, points.size));
  }
  MUSTER_ASSIGN_OR_RETURN(
      SampleWeights weights,
      WeighSample(SelectPoints(points, result->sample_rows).View(),
                  SelectPoints(points, second).View(), runtime));
  std::vector<int64_t> kept;
  for (const int64_t row : weights.rows) {
    kept.push_back(result->sample_rows[row]);
  }
  result->sample_rows = std::move(kept);
  result->sample_weights = std::move(weights.weights);
  return absl::OkStatus();
}

// Draws the sample of `points` and calls fit(sample, watch, result).
template <typename Fit>
absl::StatusOr<FitResult> FitOnSample(PointsView points,
                                      const FitOptions& options,
                                      const runtime::Runtime& runtime,
                                      Fit&& fit) {
  MUSTER_RETURN_IF_ERROR(ValidatePoints(points, "points"));
  Stopwatch watch;
  FitResult result{.sample_rows = DrawSample(points.size, options)};
  if (options.weighing_points > 0) {
    MUSTER_RETURN_IF_ERROR(Weigh(points, options, runtime, &result));
  }
  PointSet drawn;
  PointsView sample = points;
  if (static_cast<int64_t>(result.sample_rows.size()) < points.size) {
    drawn = SelectPoints(points, result.sample_rows);
    sample = drawn.View();
  }
  result.sample_seconds = watch.Lap();
  MUSTER_RETURN_IF_ERROR(fit(sample, watch, &result));
  return result;
}

}  // namespace

absl::StatusOr<FitResult> FitRouterBy(const Clusterer& clusterer,
                                      PointsView points,
                                      const FitOptions& options,
                                      const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(ValidateCommon(options));
  MUSTER_RETURN_IF_ERROR(ValidateTraits(clusterer, options));
  return FitOnSample(
      points, options, runtime,
      [&](PointsView sample, Stopwatch& watch, FitResult* result) {
        return FitBy(clusterer, sample, options, runtime, watch, result);
      });
}

absl::StatusOr<FitResult> FitRouter(PointsView points,
                                    const FitOptions& options,
                                    const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return FitOnSample(
      points, options, runtime,
      [&](PointsView sample, Stopwatch& watch, FitResult* result) {
        return FitByName(sample, options, runtime, watch, result);
      });
}

absl::StatusOr<FitResult> FitProjectedRouter(
    SparseRowsView rows, const RandomProjectionOptions& projection_options,
    const FitOptions& options, const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_ASSIGN_OR_RETURN(const RandomProjection projection,
                          RandomProjection::Create(projection_options));
  MUSTER_RETURN_IF_ERROR(ValidateSparseRows(rows, "rows"));
  if (options.weighing_points > 0) {
    return absl::InvalidArgumentError(
        "weighing_points: sparse rows are not weighed; project them first "
        "(RandomProjection) and fit on the points");
  }
  Stopwatch watch;
  FitResult result{.sample_rows = DrawSample(rows.size(), options)};
  MUSTER_ASSIGN_OR_RETURN(
      const PointSet sample,
      projection.Project(SelectRows(rows, result.sample_rows).View(), runtime));
  MUSTER_RETURN_IF_ERROR(ValidatePoints(sample.View(), "rows"));
  result.sample_seconds = watch.Lap();
  MUSTER_RETURN_IF_ERROR(
      FitByName(sample.View(), options, runtime, watch, &result));
  MUSTER_ASSIGN_OR_RETURN(
      result.router,
      ProjectedRouter::Create(projection, std::move(result.router)));
  return result;
}

}  // namespace muster::dispatch
