#include "muster/tools/dispatch/fit_command.h"

#include <algorithm>
#include <filesystem>
#include <memory>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/dispatch/clusterer.h"
#include "muster/dispatch/clusterers.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/projected_router.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/router_file.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/command_line.h"
#include "muster/tools/dispatch/batch_reader.h"
#include "muster/tools/dispatch/fit_report.h"
#include "muster/tools/dispatch/row_sample.h"
#include "muster/tools/dispatch/shard_writer.h"

namespace muster::tools::dispatch {
namespace {

constexpr int64_t kBatchRows = 4096;
constexpr int64_t kMaxSampled = 100'000'000;
constexpr int64_t kMaxDenseFeatures = 1024;
constexpr int64_t kDefaultDimensions = 128;
constexpr int64_t kMaxDimensions = 65'536;

bool IsPartition(absl::string_view clusterer) {
  const auto table = lib::PartitionTable();
  return std::any_of(table.begin(), table.end(), [&](const auto& entry) {
    return entry.name == clusterer;
  });
}

// Points that the clusterer takes at most; 0: any number.
absl::StatusOr<int64_t> MaxPoints(const lib::FitOptions& options) {
  if (IsPartition(options.clusterer)) return 0;
  MUSTER_ASSIGN_OR_RETURN(
      const std::unique_ptr<lib::Clusterer> clusterer,
      lib::CreateClusterer(options.clusterer, options.clusterer_options));
  return clusterer->traits().max_points;
}

// What one pass over the file gives.
struct Sampled {
  // Those to cluster and those that weigh them, then those to check.
  std::vector<SampledRow> rows = {};
  int64_t num_fit = 0;       // of the first two
  int64_t num_features = 0;  // of all rows read, or as asked for
  int64_t rows_read = 0;
  int64_t bad_rows = 0;
};

absl::Status CheckEnough(const lib::FitOptions& options, int64_t num_rows) {
  if (options.weighing_points > 0 && num_rows <= options.sample_size) {
    return InvalidFlag("sample", absl::StrCat(options.sample_size),
                       absl::StrCat("less than the file's ", num_rows,
                                    " rows with --weights_sample"),
                       "others weigh those of the sample");
  }
  if (options.num_groups > std::min(num_rows, options.sample_size) &&
      !IsPartition(options.clusterer)) {
    return InvalidFlag(
        "groups", absl::StrCat(options.num_groups),
        absl::StrCat("at most ", num_rows, ", the rows to cluster"),
        "give a file of more rows");
  }
  return absl::OkStatus();
}

absl::StatusOr<Sampled> ReadSample(const FitCommandOptions& options,
                                   const CommandContext& context) {
  MUSTER_ASSIGN_OR_RETURN(const int64_t max_points, MaxPoints(options.fit));
  MUSTER_ASSIGN_OR_RETURN(
      const std::shared_ptr<Input> input,
      Input::Open(options.input, BadRowPrinter(&context), context.runtime));
  BatchReader reader(input, kBatchRows, context.runtime);
  const int64_t fit_rows =
      options.fit.sample_size + options.fit.weighing_points;
  RowSample sample(fit_rows + options.check_rows,
                   runtime::Rng(options.fit.seed).Fork("row_sample"));
  Sampled sampled;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const RowBatch* batch, reader.Next());
    if (batch == nullptr) break;
    for (int64_t row = 0; row < batch->rows.num_rows(); ++row) {
      sample.Add(batch->rows.RowColumns(row), batch->rows.RowValues(row));
    }
    if (max_points > 0 && max_points < options.fit.sample_size &&
        sample.rows_seen() > max_points) {
      return InvalidFlag(
          "sample", absl::StrCat(options.fit.sample_size),
          absl::StrCat("at most ", max_points, " for ", options.fit.clusterer),
          "or choose another --clusterer");
    }
    if (!runtime::ReportProgress(context.runtime, {.phase = "read",
                                                   .done = reader.bytes_read(),
                                                   .total = input->bytes()})) {
      return StoppedError();
    }
  }
  sampled.num_features = input->reader().num_features();
  sampled.rows_read = sample.rows_seen();
  sampled.bad_rows = input->reader().num_bad_rows();
  sampled.rows = sample.Take();
  sampled.num_fit =
      std::min(fit_rows, static_cast<int64_t>(sampled.rows.size()));
  if (sampled.rows.empty() || sampled.num_features == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.input.path, ": has no ",
                     sampled.rows.empty() ? "rows" : "features in any row"));
  }
  MUSTER_RETURN_IF_ERROR(CheckEnough(options.fit, sampled.num_fit));
  return sampled;
}

// Empties the sample: both forms at a time are not needed.
lib::SparseRows TakeRows(Sampled* sampled) {
  lib::SparseRows rows{.num_columns = sampled->num_features};
  rows.row_begin.reserve(sampled->rows.size() + 1);
  for (SampledRow& row : sampled->rows) {
    rows.columns.insert(rows.columns.end(), row.columns.begin(),
                        row.columns.end());
    rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
    rows.row_begin.push_back(static_cast<int64_t>(rows.values.size()));
    row = {};
  }
  return rows;
}

// Dimensions that rows are projected to; 0: they are not.
int64_t Dimensions(const FitCommandOptions& options, int64_t num_features) {
  if (options.project >= 0) return options.project;
  return num_features > kMaxDenseFeatures ? kDefaultDimensions : 0;
}

void PrintClustering(const lib::Clustering& clustering,
                     const FitCommandOptions& options, int64_t num_points,
                     const CommandContext& context) {
  std::vector<int64_t> sizes = clustering.sizes;
  const lib::LoadSpread spread =
      lib::SpreadOfLoads(std::move(sizes), num_points);
  context.print(Line("sizes", SpreadText(spread)));
  context.print(Line("cost", CostText(clustering, options.fit.objective)));
  if (!clustering.converged) {
    context.warn("the clusterer stopped at its limit before it had converged");
  }
}

// Loads to expect on the whole file, from rows that the clusterer has not seen.
absl::Status PrintExpectedLoads(const lib::Router& router,
                                lib::PointsView points,
                                const CommandContext& context) {
  if (points.size == 0) return absl::OkStatus();
  std::vector<int32_t> groups(
      static_cast<size_t>(points.size * router.copies()));
  MUSTER_RETURN_IF_ERROR(router.Route(points, groups, context.runtime));
  const lib::LoadSpread spread =
      lib::MeasureLoads(groups, router.copies(), router.num_groups());
  context.print(Line("loads", SpreadText(spread)));
  context.print(Line(
      "", absl::StrFormat("expected on all rows, from %s others; each within "
                          "+-%.2g with 95 %%",
                          Thousands(points.size),
                          ShareError(spread, router.copies()))));
  return absl::OkStatus();
}

// The router of rows as they are in files.
absl::StatusOr<std::unique_ptr<lib::Router>> FrontedBy(
    const lib::RandomProjection& projection,
    std::unique_ptr<lib::Router> router) {
  if (projection.options().dimension == 0 &&
      !projection.options().unit_length) {
    return router;
  }
  return lib::ProjectedRouter::Create(projection, std::move(router));
}

absl::Status CheckGroups(const lib::FitOptions& options) {
  if (options.num_groups < 1 || options.num_groups > kMaxSampled) {
    return InvalidFlag("groups", absl::StrCat(options.num_groups),
                       absl::StrCat("in [1, ", kMaxSampled, "]"),
                       "one group for each learner");
  }
  if (options.num_groups > options.sample_size &&
      !IsPartition(options.clusterer)) {
    return InvalidFlag("groups", absl::StrCat(options.num_groups),
                       absl::StrCat("at most --sample=", options.sample_size),
                       "give a larger --sample");
  }
  if (options.copies < 1 || options.copies > options.num_groups) {
    return InvalidFlag(
        "copies", absl::StrCat(options.copies),
        absl::StrCat("in [1, --groups=", options.num_groups, "]"),
        "each row goes to so many groups");
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const FitCommandOptions& options) {
  if (options.input.path.empty()) {
    return absl::InvalidArgumentError(
        "--input is missing: name the file to sample");
  }
  if (options.out.empty()) {
    return absl::InvalidArgumentError(
        "--out is missing: name the router file to write");
  }
  if (options.fit.sample_size < 1 || options.fit.sample_size > kMaxSampled) {
    return InvalidFlag("sample", absl::StrCat(options.fit.sample_size),
                       absl::StrCat("in [1, ", kMaxSampled, "]"),
                       "the paper's is 10000");
  }
  if (options.fit.weighing_points < 0 ||
      options.fit.weighing_points > kMaxSampled) {
    return InvalidFlag("weights_sample",
                       absl::StrCat(options.fit.weighing_points),
                       absl::StrCat("in [0, ", kMaxSampled, "]"),
                       "0: all rows of the sample count alike");
  }
  if (options.check_rows < 0 || options.check_rows > kMaxSampled) {
    return InvalidFlag("check", absl::StrCat(options.check_rows),
                       absl::StrCat("in [0, ", kMaxSampled, "]"),
                       "0 leaves the estimate out");
  }
  if (options.project < -1 || options.project > kMaxDimensions) {
    return InvalidFlag("project", absl::StrCat(options.project),
                       absl::StrCat("-1 or in [0, ", kMaxDimensions, "]"),
                       "-1 projects rows of more than 1024 features, 0 never");
  }
  MUSTER_RETURN_IF_ERROR(
      CheckFactors(options.fit.lower_factor, options.fit.upper_factor));
  MUSTER_RETURN_IF_ERROR(CheckGroups(options.fit));
  const absl::Status status = Validate(options.fit);
  if (status.ok()) return status;
  return absl::Status(
      status.code(),
      absl::StrCat("--clusterer=", options.fit.clusterer, " --objective=",
                   std::string(lib::ObjectiveName(options.fit.objective)),
                   " --copies=", options.fit.copies,
                   " --rule=", options.fit.router,
                   " --weights_sample=", options.fit.weighing_points, ": ",
                   std::string(status.message())));
}

absl::Status RunFit(const FitCommandOptions& options,
                    const CommandContext& context) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  // Whether a file can be written there: before hours of reading.
  MUSTER_RETURN_IF_ERROR(runtime::AtomicFile::Create(options.out).status());
  MUSTER_ASSIGN_OR_RETURN(Sampled sampled, ReadSample(options, context));
  context.print(Line("rows", absl::StrFormat("%s read, %s bad, %s features",
                                             Thousands(sampled.rows_read),
                                             Thousands(sampled.bad_rows),
                                             Thousands(sampled.num_features))));
  if (options.fit.num_groups > kMaxShards) {
    context.warn(absl::StrCat("dispatch assign writes at most ", kMaxShards,
                              " shards: this router will be for programs that "
                              "use the library alone"));
  }
  if (const int64_t d = Dimensions(options, sampled.num_features); d > 0) {
    context.print(Line("projected", absl::StrFormat("to %d dimensions", d)));
  }
  MUSTER_ASSIGN_OR_RETURN(
      const lib::RandomProjection projection,
      lib::RandomProjection::Create(
          {.num_features = sampled.num_features,
           .dimension = Dimensions(options, sampled.num_features),
           .unit_length = options.unit_length,
           .seed = options.fit.seed}));
  MUSTER_ASSIGN_OR_RETURN(
      const lib::PointSet points,
      projection.Project(TakeRows(&sampled).View(), context.runtime));
  const lib::PointsView others =
      points.View().Slice(sampled.num_fit, points.size() - sampled.num_fit);
  MUSTER_ASSIGN_OR_RETURN(
      lib::FitResult fit,
      lib::FitRouter(points.View().Slice(0, sampled.num_fit), options.fit,
                     context.runtime));
  const auto num_clustered = static_cast<int64_t>(fit.sample_rows.size());
  context.print(Line(
      "fit",
      absl::StrFormat("%s -> %s router, k = %d, p = %d, on %s rows",
                      options.fit.clusterer, std::string(fit.router->kind()),
                      fit.router->num_groups(), fit.router->copies(),
                      Thousands(num_clustered))));
  if (options.fit.weighing_points > 0) {
    context.print(Line(
        "weighed",
        absl::StrFormat("by %s other rows",
                        Thousands(sampled.num_fit - options.fit.sample_size))));
  }
  if (fit.clustering.has_value()) {
    PrintClustering(*fit.clustering, options, num_clustered, context);
  }
  MUSTER_RETURN_IF_ERROR(PrintExpectedLoads(*fit.router, others, context));
  if (runtime::ShouldStop(context.runtime)) {
    return StoppedError();
  }
  MUSTER_ASSIGN_OR_RETURN(const std::unique_ptr<lib::Router> router,
                          FrontedBy(projection, std::move(fit.router)));
  MUSTER_RETURN_IF_ERROR(lib::SaveRouter(*router, options.out));
  std::error_code error;
  const auto bytes = std::filesystem::file_size(options.out, error);
  context.print(
      Line("router", absl::StrFormat("%s, %s", options.out,
                                     Bytes(static_cast<int64_t>(bytes)))));
  context.warn(absl::StrFormat("clustered in %.3g s", fit.cluster_seconds));
  return absl::OkStatus();
}

}  // namespace muster::tools::dispatch
