#include "muster/tools/dispatch/stats_command.h"

#include <algorithm>
#include <memory>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/dispatch/router.h"
#include "muster/models/data/row_reader.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/dispatch/batch_reader.h"
#include "muster/tools/dispatch/manifest.h"
#include "muster/tools/dispatch/row_router.h"

namespace muster::tools::dispatch {
namespace {

constexpr int64_t kBatchRows = 4096;
// Shards shown one by one without --all.
constexpr int64_t kFewShards = 32;
constexpr int64_t kExtremes = 8;

// A line per shard, or the fullest and the emptiest of many.
void PrintLoads(const lib::LoadSpread& spread, bool all,
                const CommandContext& context) {
  const auto num_shards = static_cast<int64_t>(spread.loads.size());
  std::vector<int64_t> order(spread.loads.size());
  std::iota(order.begin(), order.end(), 0);
  const bool some = !all && num_shards > kFewShards;
  if (some) {
    std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
      return spread.loads[a] > spread.loads[b];
    });
  }
  int64_t total = 0;
  for (const int64_t load : spread.loads) total += load;
  const double mean =
      static_cast<double>(total) / static_cast<double>(num_shards);
  context.print(absl::StrFormat("%8s %14s %10s", "shard", "rows", "of mean"));
  for (int64_t i = 0; i < num_shards; ++i) {
    if (some && i == kExtremes) {
      context.print(absl::StrFormat("%8s %14s %10s", "...", "...", "..."));
      i = num_shards - kExtremes;
    }
    const int64_t load = spread.loads[order[i]];
    context.print(absl::StrFormat("%8d %14s %10.3f", order[i], Thousands(load),
                                  static_cast<double>(load) / mean));
  }
}

void PrintRouter(const RowRouter& router, const CommandContext& context) {
  const lib::Router& rule = router.router();
  context.print(
      Line("router",
           absl::StrFormat("%s, k = %d, p = %d, %d dimensions, crc32 %s",
                           std::string(rule.kind()), rule.num_groups(),
                           rule.copies(), rule.dimension(), router.crc32())));
}

absl::Status RouterStats(const StatsOptions& options,
                         const CommandContext& context) {
  MUSTER_ASSIGN_OR_RETURN(const RowRouter router,
                          RowRouter::Load(options.router));
  PrintRouter(router, context);
  if (options.input.path.empty()) return absl::OkStatus();
  InputOptions input_options = options.input;
  input_options.reader.num_features = router.num_features();
  MUSTER_ASSIGN_OR_RETURN(
      const std::shared_ptr<Input> input,
      Input::Open(input_options, BadRowPrinter(&context), context.runtime));
  BatchReader reader(input, kBatchRows, context.runtime);
  std::vector<int64_t> loads(static_cast<size_t>(router.router().num_groups()),
                             0);
  int64_t rows = 0;
  std::vector<int32_t> groups;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const RowBatch* batch, reader.Next());
    if (batch == nullptr) break;
    groups.resize(
        static_cast<size_t>(batch->rows.num_rows() * router.router().copies()));
    MUSTER_RETURN_IF_ERROR(router.Route(*batch, groups, context.runtime));
    for (const int32_t group : groups) ++loads[group];
    rows += batch->rows.num_rows();
    if (!runtime::ReportProgress(context.runtime, {.phase = "stats",
                                                   .done = reader.bytes_read(),
                                                   .total = input->bytes()})) {
      return StoppedError();
    }
  }
  if (rows == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(options.input.path, ": has no rows"));
  }
  context.print(
      Line("rows", absl::StrFormat("%s, %s bad", Thousands(rows),
                                   Thousands(input->reader().num_bad_rows()))));
  const lib::LoadSpread spread = lib::SpreadOfLoads(std::move(loads), rows);
  context.print(Line("loads", SpreadText(spread)));
  PrintLoads(spread, options.all, context);
  return absl::OkStatus();
}

// Rows that are really in the files of a shard. *progress goes on by the bytes
// of its first file.
absl::StatusOr<int64_t> CountRows(const std::string& folder,
                                  const Manifest& manifest,
                                  const ShardEntry& entry,
                                  const StatsOptions& options,
                                  const CommandContext& context,
                                  runtime::Progress* progress) {
  InputOptions input_options = options.input;
  MUSTER_ASSIGN_OR_RETURN(input_options.reader.format,
                          models::ParseRowFormat(manifest.format));
  if (manifest.csv.has_value() &&
      FirstCsvFlag(options.input.reader.csv).empty()) {
    input_options.reader.csv = *manifest.csv;
  }
  input_options.path = absl::StrCat(folder, "/", entry.files[0]);
  if (entry.files.size() > 1) {
    input_options.reader.idx_labels_path =
        absl::StrCat(folder, "/", entry.files[1]);
  }
  input_options.reader.max_bad_rows = 0;
  MUSTER_ASSIGN_OR_RETURN(
      const std::unique_ptr<Input> input,
      Input::Open(input_options, /*listener=*/nullptr, context.runtime));
  const int64_t bytes_before = progress->done;
  RowBatch batch;
  int64_t rows = 0;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more,
                            input->NextBatch(kBatchRows, &batch));
    if (!more) return rows;
    rows += batch.rows.num_rows();
    progress->done = bytes_before + input->bytes_read();
    if (!runtime::ReportProgress(context.runtime, *progress)) {
      return StoppedError();
    }
  }
}

absl::Status VerifyShards(const StatsOptions& options, const Manifest& manifest,
                          const CommandContext& context) {
  runtime::Progress progress{.phase = "verify", .done = 0, .total = 0};
  for (const ShardEntry& entry : manifest.shards) {
    progress.total += entry.bytes[0];
  }
  for (const ShardEntry& entry : manifest.shards) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t rows,
                            CountRows(options.shards, manifest, entry, options,
                                      context, &progress));
    if (rows != entry.rows) {
      return absl::DataLossError(
          absl::StrCat(options.shards, "/", entry.files[0], ": ", rows,
                       " rows, ", kManifestName, " says ", entry.rows));
    }
  }
  return absl::OkStatus();
}

absl::Status ShardStats(const StatsOptions& options,
                        const CommandContext& context) {
  MUSTER_ASSIGN_OR_RETURN(const Manifest manifest,
                          ReadShardFolder(options.shards));
  std::vector<int64_t> loads;
  int64_t bytes = 0;
  for (const ShardEntry& entry : manifest.shards) {
    loads.push_back(entry.rows);
    for (const int64_t size : entry.bytes) bytes += size;
  }
  if (options.verify) {
    MUSTER_RETURN_IF_ERROR(VerifyShards(options, manifest, context));
  }
  context.print(Line(
      "shards",
      absl::StrFormat("%d of %s, %s%s", manifest.shards.size(), manifest.format,
                      Bytes(bytes), options.verify ? ", every row read" : "")));
  context.print(
      Line("from", absl::StrFormat("%s by %s (%s, crc32 %s%s)", manifest.input,
                                   manifest.router, manifest.router_kind,
                                   manifest.router_crc32,
                                   manifest.online ? ", online" : "")));
  context.print(Line(
      "rows", absl::StrFormat("%s, %s bad, p = %d", Thousands(manifest.rows),
                              Thousands(manifest.bad_rows), manifest.copies)));
  const lib::LoadSpread spread =
      lib::SpreadOfLoads(std::move(loads), manifest.rows);
  context.print(Line("loads", SpreadText(spread)));
  PrintLoads(spread, options.all, context);
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const StatsOptions& options) {
  if (options.shards.empty() == options.router.empty()) {
    return absl::InvalidArgumentError(
        "give either --shards=FOLDER or --router=FILE, the latter with or "
        "without --input=FILE");
  }
  if (!options.shards.empty() && !options.input.path.empty()) {
    return absl::InvalidArgumentError(
        "--input goes with --router, not with --shards");
  }
  if (!options.shards.empty() && options.input.max_rows > 0) {
    return absl::InvalidArgumentError(
        "--max_rows does not go with --shards, which are looked at whole");
  }
  if (options.verify && options.shards.empty()) {
    return absl::InvalidArgumentError("--verify goes with --shards");
  }
  return absl::OkStatus();
}

absl::Status RunStats(const StatsOptions& options,
                      const CommandContext& context) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return options.shards.empty() ? RouterStats(options, context)
                                : ShardStats(options, context);
}

}  // namespace muster::tools::dispatch
