#ifndef MUSTER_DISPATCH_FIT_H_
#define MUSTER_DISPATCH_FIT_H_

// From points to a router, in one call: the front door of the package.
//
//   FitOptions options{.clusterer = "balanced", .num_groups = 64};
//   MUSTER_ASSIGN_OR_RETURN(FitResult fit, FitRouter(points, options));
//   std::vector<int32_t> groups(points.size * options.copies);
//   MUSTER_RETURN_IF_ERROR(fit.router->Route(points, groups));
//   MUSTER_RETURN_IF_ERROR(SaveRouter(*fit.router, "groups.router"));
//
// Steps (Dick et al., AISTATS 2017, section 4): draw a sample; cluster it into
// k groups of bounded size, each point in p of them; make the rule that takes
// any point to its groups. A partition (random, trees, locality-sensitive
// hashing: the paper's baselines) has no clusters and brings its own router.

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clusterers.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/random_partition_forest.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct FitOptions {
  // A clusterer of the table (clusterers.h), or a partition (PartitionTable).
  std::string clusterer = "balanced";
  ClustererOptions clusterer_options = {};
  // "price"; "nearest" (exact), "forest" (approximate) or "kd_tree" (exact, d
  // <= 20), by the nearest neighbour in the sample; "center"; or "auto":
  // "price" when the clustering has prices, else the paper's rule, exact.
  // Partitions have routers of their own and need "auto".
  std::string router = "auto";
  int64_t num_groups = 8;  // k >= 1
  // p in [1, k]: groups per point. Partitions other than "random" need 1.
  int64_t copies = 1;
  // Group sizes within [lower_factor, upper_factor] n p / k on the sample.
  // Defaults: the paper's (section 5). 0 and 1 <= upper_factor as large as k:
  // no bounds.
  double lower_factor = 0.5;
  double upper_factor = 2;
  Objective objective = Objective::kKMeans;
  // Points drawn without replacement when there are more (paper: 10,000). Cost
  // of clustering against the noise of the cells.
  int64_t sample_size = 10000;
  // Points of a second sample, drawn from the rest, that weigh the first one
  // (sample_extension.h); as many as there are if there are fewer. 0: all
  // sample points count alike, as in the paper's experiments. Sample points
  // that are nobody's nearest are dropped. For clusterers that take weights.
  int64_t weighing_points = 0;
  ForestOptions forest = {};  // of the router "forest"
  // Directions t of "lsh" (paper: 10).
  int64_t hash_directions = 10;
  uint64_t seed = 1;
};

// InvalidArgument naming the field, also for what the clusterer's traits
// exclude, with those that take it; NotFound for an unknown clusterer or
// router, with those that exist. Only what depends on the points is left to
// FitRouter.
absl::Status Validate(const FitOptions& options);

struct FitResult {
  std::unique_ptr<Router> router = nullptr;
  // Of the sample; none for a partition.
  std::optional<Clustering> clustering = std::nullopt;
  // Rows of the points given, ascending; those that were weighed and kept.
  std::vector<int64_t> sample_rows = {};
  // With a second sample, what each of sample_rows stands for; mean 1.
  std::vector<double> sample_weights = {};
  double sample_seconds = 0;   // drawing the sample, and weighing it
  double cluster_seconds = 0;  // clustering it, or building the partition
  double router_seconds = 0;   // making the router
};

// As of Validate; InvalidArgument for points; else as of Clusterer::Cluster.
// The router's bits depend on the points and the options only, not on the
// threads.
absl::StatusOr<FitResult> FitRouter(PointsView points,
                                    const FitOptions& options,
                                    const runtime::Runtime& runtime = {});

// The same with a clusterer of one's own; options.clusterer is not read.
absl::StatusOr<FitResult> FitRouterBy(const Clusterer& clusterer,
                                      PointsView points,
                                      const FitOptions& options,
                                      const runtime::Runtime& runtime = {});

// FitRouter on projected rows: the router is a ProjectedRouter, which takes
// sparse rows. Only the rows of the sample are projected.
absl::StatusOr<FitResult> FitProjectedRouter(
    SparseRowsView rows, const RandomProjectionOptions& projection,
    const FitOptions& options, const runtime::Runtime& runtime = {});

// The router options.router on a clustering of `sample` for options.objective.
// `weights` are those of the sample, if it has some. InvalidArgument for
// "price" without prices after k-center.
absl::StatusOr<std::unique_ptr<Router>> RouterOfClustering(
    PointsView sample, const Clustering& clustering, const FitOptions& options,
    std::span<const double> weights = {}, const runtime::Runtime& runtime = {});

// The partitions: "random"; "kd_tree_partition" (random coordinates, medians:
// the paper's BPT), "pca_tree", "projection_tree" (partition_tree.h); "lsh"
// (locality_hash.h).
struct PartitionEntry {
  absl::string_view name;
  absl::string_view description;  // one line
  absl::StatusOr<std::unique_ptr<Router>> (*fit)(
      PointsView sample, const FitOptions& options,
      const runtime::Runtime& runtime);
  // Whether it takes copies other than 1.
  bool any_copies = false;
};
std::span<const PartitionEntry> PartitionTable();

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_FIT_H_
