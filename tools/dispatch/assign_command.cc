#include "muster/tools/dispatch/assign_command.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/dispatch/online_balancer.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/models/data/csv.h"
#include "muster/models/data/row_reader.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/command_line.h"
#include "muster/tools/dispatch/batch_reader.h"
#include "muster/tools/dispatch/manifest.h"
#include "muster/tools/dispatch/row_router.h"
#include "muster/tools/dispatch/shard_writer.h"

namespace muster::tools::dispatch {
namespace {

constexpr int64_t kMaxBatchRows = 1 << 20;
constexpr int64_t kMaxBufferMib = 1 << 20;

bool WantsGzip(const AssignOptions& options, const Input& input) {
  return options.compression == "gzip" ||
         (options.compression == "auto" && input.is_gzip());
}

// What one run goes through.
class Assignment {
 public:
  Assignment(const AssignOptions& options, const CommandContext& context,
             RowRouter router, std::shared_ptr<Input> input,
             std::unique_ptr<ShardWriter> writer)
      : options_(options),
        context_(context),
        router_(std::move(router)),
        input_(std::move(input)),
        writer_(std::move(writer)) {}

  // Call first.
  absl::Status StartBalancer();
  absl::Status Stream();
  absl::Status Finish();

 private:
  absl::Status Route(const RowBatch& batch, std::span<int32_t> groups);
  // An error where a number of rows was promised and the loads are outside of
  // its bounds for want of rows.
  absl::Status CheckLoads() const;
  // After the writer's Finish, which gives `bytes`.
  Manifest MakeManifest(const std::vector<std::vector<int64_t>>& bytes) const;
  // What became of the bounds.
  void PrintOnline();
  absl::Status Write(const RowBatch& batch, std::span<const int32_t> groups);

  const AssignOptions& options_;
  const CommandContext& context_;
  const RowRouter router_;
  const std::shared_ptr<Input> input_;
  const std::unique_ptr<ShardWriter> writer_;
  std::optional<lib::OnlineBalancer> balancer_;  // online
  lib::PointSet points_;                         // scratch
  int64_t rows_ = 0;
  std::chrono::steady_clock::time_point begin_ =
      std::chrono::steady_clock::now();
};

absl::Status Assignment::StartBalancer() {
  if (!options_.online) return absl::OkStatus();
  const lib::PriceRouter* router = router_.price_router();
  if (router == nullptr) {
    return absl::InvalidArgumentError(absl::StrCat(
        "--online needs a price router, ", options_.router, " is of kind ",
        std::string(router_.router().kind()), "; fit it with --rule=price"));
  }
  const int64_t most = lib::OnlineBalancer::LongestStream(
      router_.router().copies(), router_.router().num_groups());
  if (options_.expected_rows > most) {
    return InvalidFlag("expected_rows", absl::StrCat(options_.expected_rows),
                       absl::StrCat("at most ", most),
                       "0 if the number is not known");
  }
  MUSTER_ASSIGN_OR_RETURN(
      balancer_,
      lib::OnlineBalancer::Create(router->state(),
                                  {.lower_factor = options_.lower_factor,
                                   .upper_factor = options_.upper_factor,
                                   .total_points = options_.expected_rows}));
  return absl::OkStatus();
}

absl::Status Assignment::Route(const RowBatch& batch,
                               std::span<int32_t> groups) {
  if (!balancer_.has_value()) {
    return router_.Route(batch, groups, context_.runtime);
  }
  if (const int64_t expected = options_.expected_rows;
      expected > 0 && rows_ + batch.rows.num_rows() > expected) {
    return absl::FailedPreconditionError(absl::StrCat(
        "--expected_rows=", expected, ", but ", options_.input.path,
        " has more rows; give their number, or 0 if it is not known"));
  }
  MUSTER_RETURN_IF_ERROR(router_.MakePoints(batch, context_.runtime, &points_));
  return balancer_->Assign(points_.View(), groups, context_.runtime);
}

absl::Status Assignment::Stream() {
  const int64_t copies = router_.router().copies();
  BatchReader reader(input_, options_.batch_rows, context_.runtime);
  std::vector<int32_t> groups;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const RowBatch* batch, reader.Next());
    if (batch == nullptr) break;
    groups.resize(static_cast<size_t>(batch->rows.num_rows() * copies));
    MUSTER_RETURN_IF_ERROR(Route(*batch, groups));
    MUSTER_RETURN_IF_ERROR(Write(*batch, groups));
    rows_ += batch->rows.num_rows();
    if (!runtime::ReportProgress(context_.runtime,
                                 {.phase = "assign",
                                  .done = reader.bytes_read(),
                                  .total = input_->bytes()})) {
      return StoppedError();
    }
  }
  if (rows_ == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat(options_.input.path, ": has no rows"));
  }
  return absl::OkStatus();
}

absl::Status Assignment::Write(const RowBatch& batch,
                               std::span<const int32_t> groups) {
  const int64_t copies = router_.router().copies();
  std::vector<absl::string_view> records;
  char label_byte = 0;
  for (int64_t row = 0; row < batch.rows.num_rows(); ++row) {
    input_->Records(batch, row, &label_byte, &records);
    for (int64_t copy = 0; copy < copies; ++copy) {
      MUSTER_RETURN_IF_ERROR(
          writer_->Append(groups[row * copies + copy], records));
    }
  }
  return absl::OkStatus();
}

std::string LoadsOutside(const lib::OnlineBalancer& balancer) {
  const lib::SizeBounds bounds = balancer.present_bounds();
  return absl::StrFormat("%s of %s shards are outside of [%s, %s] rows",
                         Thousands(balancer.groups_outside()),
                         Thousands(balancer.num_groups()),
                         Thousands(bounds.lower), Thousands(bounds.upper));
}

absl::Status Assignment::CheckLoads() const {
  const int64_t expected = options_.expected_rows;
  if (!balancer_.has_value() || expected == 0 || rows_ == expected) {
    return absl::OkStatus();
  }
  const std::string promise =
      absl::StrCat("--expected_rows=", expected, ", but ", options_.input.path,
                   " has ", rows_, " rows");
  if (balancer_->groups_outside() == 0) {
    context_.warn(absl::StrCat(promise, "; the loads are within the bounds"));
    return absl::OkStatus();
  }
  return absl::FailedPreconditionError(
      absl::StrCat(promise, " and ", LoadsOutside(*balancer_),
                   "; give their number, or 0 if it is not known"));
}

void Assignment::PrintOnline() {
  context_.print(
      Line("online", absl::StrFormat("%s of %s copies sent past a full group",
                                     Thousands(balancer_->diverted()),
                                     Thousands(rows_ * balancer_->copies()))));
  if (balancer_->groups_outside() == 0) return;
  context_.print(Line(
      "", absl::StrCat(LoadsOutside(*balancer_), ": they hold at row ",
                       Thousands(balancer_->window_end()),
                       "; with --expected_rows=", rows_, " they hold here")));
}

Manifest Assignment::MakeManifest(
    const std::vector<std::vector<int64_t>>& bytes) const {
  const models::RowReader& reader = input_->reader();
  Manifest manifest{
      .format = std::string(models::RowFormatName(reader.format())),
      .input = options_.input.path,
      .router = options_.router,
      .router_kind = std::string(router_.router().kind()),
      .router_crc32 = router_.crc32(),
      .copies = router_.router().copies(),
      .rows = rows_,
      .bad_rows = reader.num_bad_rows(),
      .online = options_.online};
  if (reader.format() == models::RowFormat::kCsv) {
    manifest.csv = options_.input.reader.csv;
    manifest.csv->header = reader.header().empty()
                               ? models::CsvHeader::kAbsent
                               : models::CsvHeader::kPresent;
  }
  for (int64_t shard = 0; shard < writer_->num_shards(); ++shard) {
    ShardEntry entry{.bytes = bytes[shard], .rows = writer_->rows(shard)};
    for (size_t file = 0; file < bytes[shard].size(); ++file) {
      entry.files.push_back(
          writer_->FileName(shard, static_cast<int64_t>(file)));
    }
    manifest.shards.push_back(std::move(entry));
  }
  return manifest;
}

absl::Status Assignment::Finish() {
  MUSTER_RETURN_IF_ERROR(CheckLoads());
  MUSTER_ASSIGN_OR_RETURN(const auto bytes, writer_->Finish());
  const Manifest manifest = MakeManifest(bytes);
  std::vector<int64_t> loads;
  int64_t total_bytes = 0;
  for (const ShardEntry& entry : manifest.shards) {
    loads.push_back(entry.rows);
    for (const int64_t size : entry.bytes) total_bytes += size;
  }
  MUSTER_RETURN_IF_ERROR(
      writer_->AddFile(kManifestName, FormatManifest(manifest)));
  MUSTER_RETURN_IF_ERROR(writer_->Commit());
  const std::chrono::duration<double> seconds =
      std::chrono::steady_clock::now() - begin_;
  context_.print(Line(
      "rows", absl::StrFormat("%s read, %s bad, p = %d", Thousands(rows_),
                              Thousands(manifest.bad_rows), manifest.copies)));
  context_.print(
      Line("loads", SpreadText(lib::SpreadOfLoads(std::move(loads), rows_))));
  if (balancer_.has_value()) PrintOnline();
  context_.print(
      Line("shards", absl::StrFormat("%d in %s, %s", writer_->num_shards(),
                                     options_.out, Bytes(total_bytes))));
  context_.warn(absl::StrFormat(
      "%.3g s, %s rows/s", seconds.count(),
      Thousands(static_cast<int64_t>(static_cast<double>(rows_) /
                                     std::max(seconds.count(), 1e-9)))));
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const AssignOptions& options) {
  const auto missing = [](absl::string_view flag, absl::string_view what) {
    return absl::InvalidArgumentError(
        absl::StrCat("--", flag, " is missing: name ", what));
  };
  if (options.input.path.empty()) return missing("input", "the file to assign");
  if (options.router.empty()) return missing("router", "the router file");
  if (options.out.empty()) return missing("out", "the folder of the shards");
  if (options.compression != "auto" && options.compression != "gzip" &&
      options.compression != "none") {
    return InvalidFlag("compression", options.compression, "auto, gzip or none",
                       "auto keeps the input's");
  }
  if (options.gzip_level < 1 || options.gzip_level > 9) {
    return InvalidFlag("gzip_level", absl::StrCat(options.gzip_level),
                       "in [1, 9]", "1 is fast, 9 is small");
  }
  if (options.buffer_mib < 1 || options.buffer_mib > kMaxBufferMib) {
    return InvalidFlag("buffer_mib", absl::StrCat(options.buffer_mib),
                       absl::StrCat("in [1, ", kMaxBufferMib, "]"),
                       "64 does for a thousand shards");
  }
  if (options.online) {
    MUSTER_RETURN_IF_ERROR(
        CheckFactors(options.lower_factor, options.upper_factor));
  }
  if (options.expected_rows < 0) {
    return InvalidFlag("expected_rows", absl::StrCat(options.expected_rows),
                       "at least 0", "0 if the number is not known");
  }
  if (options.batch_rows < 1 || options.batch_rows > kMaxBatchRows) {
    return InvalidFlag("batch_rows", absl::StrCat(options.batch_rows),
                       absl::StrCat("in [1, ", kMaxBatchRows, "]"),
                       "for instance --batch_rows=4096");
  }
  return absl::OkStatus();
}

absl::Status RunAssign(const AssignOptions& options,
                       const CommandContext& context) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_ASSIGN_OR_RETURN(RowRouter router, RowRouter::Load(options.router));
  if (const int64_t k = router.router().num_groups(); k > kMaxShards) {
    return absl::InvalidArgumentError(absl::StrCat(
        options.router, ": has ", k, " groups, shards are at most ", kMaxShards,
        "; fit it with fewer --groups"));
  }
  InputOptions input_options = options.input;
  input_options.reader.num_features = router.num_features();
  MUSTER_ASSIGN_OR_RETURN(
      std::shared_ptr<Input> input,
      Input::Open(input_options, BadRowPrinter(&context), context.runtime));
  MUSTER_ASSIGN_OR_RETURN(
      std::unique_ptr<ShardWriter> writer,
      ShardWriter::Create({.folder = options.out,
                           .num_shards = router.router().num_groups(),
                           .files = input->ShardFiles(),
                           .gzip = WantsGzip(options, *input),
                           .gzip_level = static_cast<int>(options.gzip_level),
                           .buffer_bytes = options.buffer_mib << 20,
                           .overwrite = options.overwrite}));
  Assignment assignment(options, context, std::move(router), std::move(input),
                        std::move(writer));
  MUSTER_RETURN_IF_ERROR(assignment.StartBalancer());
  MUSTER_RETURN_IF_ERROR(assignment.Stream());
  return assignment.Finish();
}

}  // namespace muster::tools::dispatch
