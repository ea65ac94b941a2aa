#include "muster/tools/dispatch/input.h"

#include <algorithm>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/dispatch/background_task.h"
#include "muster/tools/dispatch/command.h"

namespace muster::tools::dispatch {
namespace {

// Where the number of rows stands in an IDX header.
constexpr size_t kCountOffset = 4;

void AppendBigEndian(int64_t number, std::string* out) {
  for (int shift = 24; shift >= 0; shift -= 8) {
    *out += static_cast<char>(number >> shift & 0xff);
  }
}

// The header of no images (bytes) of these sizes; of labels, if there are none.
std::string IdxHeader(std::span<const int64_t> sizes) {
  constexpr char kUnsignedByte = 8;
  std::string header = {0, 0, kUnsignedByte,
                        static_cast<char>(1 + sizes.size())};
  AppendBigEndian(0, &header);
  for (const int64_t size : sizes) AppendBigEndian(size, &header);
  return header;
}

std::string WithCount(const std::string& header, int64_t rows) {
  std::string count;
  AppendBigEndian(rows, &count);
  std::string result = header;
  result.replace(kCountOffset, count.size(), count);
  return result;
}

absl::Status CheckFormat(const InputOptions& options,
                         models::RowFormat format) {
  const absl::string_view csv_flag = FirstCsvFlag(options.reader.csv);
  absl::string_view flag, files;
  if (format != models::RowFormat::kIdx &&
      !options.reader.idx_labels_path.empty()) {
    flag = "labels";
    files = "IDX";
  } else if (format != models::RowFormat::kCsv && !csv_flag.empty()) {
    flag = csv_flag;
    files = "CSV";
  } else {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "--", flag, " is for ", files, " files, ", options.path, " is ",
      models::RowFormatName(format), ": leave it out, or name the --format"));
}

}  // namespace

absl::string_view FirstCsvFlag(const models::CsvOptions& options) {
  const models::CsvOptions standard;
  if (!options.label_column.empty()) return "label_column";
  if (!options.ignored_columns.empty()) return "ignore";
  if (options.header != standard.header) return "header";
  if (options.delimiter != standard.delimiter) return "delimiter";
  if (options.missing != standard.missing) return "missing";
  return "";
}

Input::Input(InputOptions options, models::RowReader reader,
             std::shared_ptr<Teller> teller)
    : options_(std::move(options)),
      reader_(std::move(reader)),
      teller_(std::move(teller)),
      rows_left_(options_.max_rows == 0 ? std::numeric_limits<int64_t>::max()
                                        : options_.max_rows) {}

absl::StatusOr<std::unique_ptr<Input>> Input::Open(
    InputOptions options, BadRowListener listener,
    const runtime::Runtime& runtime) {
  const auto teller = std::make_shared<Teller>();
  teller->listener = std::move(listener);
  models::RowReaderOptions reader_options = options.reader;
  reader_options.on_bad_row = [path = options.path,
                               teller](const models::BadRow& row) {
    const std::lock_guard<std::mutex> lock(teller->mutex);
    if (teller->listener == nullptr) return;
    teller->listener(
        absl::StrCat(path, ", line ", row.number, ": ", row.reason));
  };
  using Opened = absl::StatusOr<models::RowReader>;
  const auto opened = std::make_shared<std::optional<Opened>>();
  BackgroundTask opening([opened, path = options.path, reader_options] {
    *opened = models::RowReader::Open(path, reader_options);
  });
  if (!opening.Wait(runtime)) return StoppedError();
  MUSTER_RETURN_IF_ERROR((*opened)->status());
  MUSTER_RETURN_IF_ERROR(CheckFormat(options, (**opened)->format()));
  return absl::WrapUnique(
      new Input(std::move(options), *std::move(**opened), teller));
}

void Input::StopTelling() {
  const std::lock_guard<std::mutex> lock(teller_->mutex);
  teller_->listener = nullptr;
}

absl::StatusOr<bool> Input::NextBatch(int64_t max_rows, RowBatch* batch) {
  const int64_t wanted = std::min(max_rows, rows_left_);
  if (wanted == 0) return false;
  MUSTER_ASSIGN_OR_RETURN(
      const int64_t rows,
      reader_.NextBatch(wanted, batch, /*keep_texts=*/true));
  rows_left_ -= rows;
  return rows > 0;
}

std::vector<ShardFileKind> Input::ShardFiles() const {
  if (reader_.format() != models::RowFormat::kIdx) {
    const std::string& header = reader_.header();
    return {{.extension =
                 absl::StrCat(".", models::RowFormatName(reader_.format())),
             .prologue = header.empty() ? "" : header + "\n",
             .separator = "\n"}};
  }
  std::vector<ShardFileKind> files = {
      {.extension = "-images.idx",
       .prologue = IdxHeader(reader_.image_sizes()),
       .final_prologue = WithCount}};
  if (reader_.has_labels()) {
    files.push_back({.extension = "-labels.idx",
                     .prologue = IdxHeader({}),
                     .final_prologue = WithCount});
  }
  return files;
}

void Input::Records(const RowBatch& batch, int64_t row, char* label_byte,
                    std::vector<absl::string_view>* records) const {
  records->assign(1, batch.texts[row]);
  if (reader_.format() == models::RowFormat::kIdx && reader_.has_labels()) {
    *label_byte =
        static_cast<char>(static_cast<unsigned char>(batch.rows.labels[row]));
    records->emplace_back(label_byte, 1);
  }
}

}  // namespace muster::tools::dispatch
