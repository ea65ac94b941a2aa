#include "muster/models/data/row_reader.h"

#include <algorithm>
#include <array>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "muster/models/data/idx_stream.h"
#include "muster/models/data/libsvm.h"
#include "muster/models/data/lines.h"
#include "muster/models/data/number_field.h"
#include "muster/runtime/check.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/text_file.h"

namespace muster::models {

enum class Found { kRow, kBadRow, kEnd };

class RowReader::Source {
 public:
  virtual ~Source() = default;
  // Fills *row, given without features; of a bad row, number, text and *reason.
  virtual absl::StatusOr<Found> Next(DataRow* row, std::string* reason) = 0;
  virtual RowFormat format() const = 0;
  virtual int64_t num_features() const = 0;
  virtual bool has_labels() const = 0;
  virtual const runtime::InputFile& file() const = 0;

  const std::string& header() const { return header_; }
  std::span<const int64_t> image_sizes() const { return image_sizes_; }

 protected:
  std::string header_;
  std::vector<int64_t> image_sizes_;
};

namespace {

constexpr int64_t kMaxFeatures = std::numeric_limits<int32_t>::max();
// An image is read in pieces, so that a false header cannot ask for memory that
// the file does not fill.
constexpr int64_t kPieceBytes = int64_t{1} << 20;

absl::Status CheckWidth(absl::string_view path, int64_t expected,
                        int64_t found) {
  if (expected == 0 || expected == found) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s: the rows have %d features, expected %d", path, found, expected));
}

class LibsvmSource : public RowReader::Source {
 public:
  LibsvmSource(runtime::LineReader lines, int64_t num_features)
      : lines_(std::move(lines)), fixed_features_(num_features) {}

  absl::StatusOr<Found> Next(DataRow* row, std::string* reason) override {
    while (true) {
      MUSTER_ASSIGN_OR_RETURN(const bool more, NextLine(&lines_, &row->text));
      if (!more) return Found::kEnd;
      row->number = lines_.line_number();
      const absl::StatusOr<bool> parsed = ParseLibsvmLine(
          row->text, fixed_features_, &row->label, &row->columns, &row->values);
      if (!parsed.ok()) {
        *reason = std::string(parsed.status().message());
        return Found::kBadRow;
      }
      if (!*parsed) continue;
      if (!row->columns.empty()) {
        largest_ = std::max<int64_t>(largest_, row->columns.back() + 1);
      }
      return Found::kRow;
    }
  }
  RowFormat format() const override { return RowFormat::kLibsvm; }
  int64_t num_features() const override {
    return fixed_features_ > 0 ? fixed_features_ : largest_;
  }
  bool has_labels() const override { return true; }
  const runtime::InputFile& file() const override { return lines_.file(); }

 private:
  runtime::LineReader lines_;
  int64_t fixed_features_;
  int64_t largest_ = 0;
};

class CsvSource : public RowReader::Source {
 public:
  // Reads up to the first line with fields, at or after line `first_line`.
  static absl::StatusOr<std::unique_ptr<RowReader::Source>> Open(
      runtime::LineReader lines, int64_t first_line,
      const RowReaderOptions& options) {
    auto source = std::make_unique<CsvSource>(std::move(lines));
    std::string& line = source->header_;
    while (true) {
      MUSTER_ASSIGN_OR_RETURN(const bool more,
                              NextLine(&source->lines_, &line));
      if (!more) return source;
      if (source->lines_.line_number() < first_line) continue;
      if (line.find_first_not_of(" \t\r") != std::string::npos) break;
    }
    absl::StatusOr<CsvParser> parser = CsvParser::Create(line, options.csv);
    if (!parser.ok()) return source->lines_.Error(parser.status().message());
    MUSTER_RETURN_IF_ERROR(CheckWidth(
        source->lines_.path(), options.num_features, parser->num_features()));
    source->parser_ = *std::move(parser);
    source->values_.resize(source->parser_->num_features());
    if (!source->parser_->has_header()) {
      source->first_row_ = std::move(line);
      line.clear();
    }
    return source;
  }

  explicit CsvSource(runtime::LineReader lines) : lines_(std::move(lines)) {}

  absl::StatusOr<Found> Next(DataRow* row, std::string* reason) override {
    if (!parser_.has_value()) return Found::kEnd;
    while (true) {
      if (first_row_.has_value()) {
        row->text = *std::move(first_row_);
        first_row_.reset();
      } else {
        MUSTER_ASSIGN_OR_RETURN(const bool more, NextLine(&lines_, &row->text));
        if (!more) return Found::kEnd;
      }
      row->number = lines_.line_number();
      const absl::StatusOr<bool> parsed =
          parser_->ParseLine(row->text, &row->label, values_);
      if (!parsed.ok()) {
        *reason = std::string(parsed.status().message());
        return Found::kBadRow;
      }
      if (!*parsed) continue;
      for (size_t j = 0; j < values_.size(); ++j) {
        if (values_[j] == 0) continue;
        row->columns.push_back(static_cast<int32_t>(j));
        row->values.push_back(values_[j]);
      }
      return Found::kRow;
    }
  }
  RowFormat format() const override { return RowFormat::kCsv; }
  int64_t num_features() const override {
    return parser_.has_value() ? parser_->num_features() : 0;
  }
  bool has_labels() const override {
    return parser_.has_value() && parser_->has_labels();
  }
  const runtime::InputFile& file() const override { return lines_.file(); }

 private:
  runtime::LineReader lines_;
  std::optional<CsvParser> parser_;  // none in a file without lines
  std::optional<std::string> first_row_;
  std::vector<float> values_;
};

class IdxSource : public RowReader::Source {
 public:
  static absl::StatusOr<std::unique_ptr<RowReader::Source>> Open(
      absl::string_view path, const RowReaderOptions& options) {
    MUSTER_ASSIGN_OR_RETURN(IdxStream images, IdxStream::Open(path));
    if (images.sizes.size() < 2) {
      return absl::InvalidArgumentError(absl::StrCat(
          path,
          ": has 1 dimension, images need at least 2 (rows, pixels); it may be "
          "the label file"));
    }
    std::optional<IdxStream> labels;
    if (!options.idx_labels_path.empty()) {
      MUSTER_ASSIGN_OR_RETURN(labels, IdxStream::Open(options.idx_labels_path));
      if (labels->sizes.size() != 1 || labels->sizes[0] != images.sizes[0]) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "%s holds %s labels, expected one for each of the %d images of %s",
            options.idx_labels_path, absl::StrJoin(labels->sizes, " x "),
            images.sizes[0], path));
      }
    }
    auto source =
        std::make_unique<IdxSource>(std::move(images), std::move(labels));
    MUSTER_RETURN_IF_ERROR(source->CountPixels());
    MUSTER_RETURN_IF_ERROR(
        CheckWidth(path, options.num_features, source->pixels_));
    return source;
  }

  IdxSource(IdxStream images, std::optional<IdxStream> labels)
      : images_(std::move(images)), labels_(std::move(labels)) {
    image_sizes_.assign(images_.sizes.begin() + 1, images_.sizes.end());
  }

  absl::StatusOr<Found> Next(DataRow* row, std::string*) override {
    if (number_ == images_.sizes[0]) {
      MUSTER_RETURN_IF_ERROR(images_.CheckEnd());
      if (labels_.has_value()) MUSTER_RETURN_IF_ERROR(labels_->CheckEnd());
      return Found::kEnd;
    }
    row->number = ++number_;
    MUSTER_RETURN_IF_ERROR(ReadImage(&row->text));
    for (int64_t j = 0; j < pixels_; ++j) {
      const auto level = static_cast<uint8_t>(row->text[j]);
      if (level == 0) continue;
      row->columns.push_back(static_cast<int32_t>(j));
      row->values.push_back(static_cast<float>(level / 255.0));
    }
    row->label = 0;
    if (!labels_.has_value()) return Found::kRow;
    std::array<char, 1> label;
    MUSTER_ASSIGN_OR_RETURN(const int64_t count, labels_->file.Read(label));
    if (count == 0) return CutShort(labels_->file.path());
    row->label = static_cast<uint8_t>(label[0]);
    return Found::kRow;
  }
  RowFormat format() const override { return RowFormat::kIdx; }
  int64_t num_features() const override { return pixels_; }
  bool has_labels() const override { return labels_.has_value(); }
  const runtime::InputFile& file() const override { return images_.file; }

 private:
  absl::Status CountPixels() {
    pixels_ = 1;
    for (int64_t size : image_sizes_) {
      if (size == 0 || pixels_ > kMaxFeatures / size) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "%s: images of %s pixels, must be at least 1 and below 2^31",
            images_.file.path(), absl::StrJoin(image_sizes_, " x ")));
      }
      pixels_ *= size;
    }
    return absl::OkStatus();
  }

  absl::Status ReadImage(std::string* bytes) {
    bytes->clear();
    for (int64_t size = 0; size < pixels_;) {
      const int64_t piece = std::min(kPieceBytes, pixels_ - size);
      bytes->resize(size + piece);
      MUSTER_ASSIGN_OR_RETURN(
          const int64_t count,
          ReadFully(images_.file, std::span(*bytes).subspan(size)));
      if (count < piece) return CutShort(images_.file.path());
      size += piece;
    }
    return absl::OkStatus();
  }

  absl::Status CutShort(absl::string_view path) const {
    return absl::DataLossError(absl::StrFormat(
        "%s: ends in row %d of %d; it was cut short, fetch it again", path,
        number_, images_.sizes[0]));
  }

  IdxStream images_;
  std::optional<IdxStream> labels_;
  int64_t pixels_ = 1;
  int64_t number_ = 0;
};

// Whether the line looks like LIBSVM's: see RowFormat::kAuto.
bool LooksLikeLibsvm(absl::string_view line) {
  line = line.substr(0, line.find('#'));
  absl::string_view first, second;
  if (!NextToken(&line, &first)) return false;
  if (NextToken(&line, &second)) return absl::StrContains(second, ':');
  double number = 0;
  return ReadNumber(first, &number) == NumberError::kNone;
}

struct Sniffed {
  RowFormat format = RowFormat::kAuto;
  int64_t line_number = 1;  // of the line that tells
};

absl::StatusOr<Sniffed> Sniff(absl::string_view path) {
  // Before any line: an image file may hold few line ends or none.
  MUSTER_ASSIGN_OR_RETURN(const bool is_idx, HasIdxMagic(path));
  if (is_idx) return Sniffed{.format = RowFormat::kIdx};
  MUSTER_ASSIGN_OR_RETURN(runtime::LineReader lines,
                          runtime::LineReader::Open(path));
  std::string line;
  while (true) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, NextLine(&lines, &line));
    if (!more) break;
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string::npos || line[first] == '#') continue;
    return Sniffed{
        .format = LooksLikeLibsvm(line) ? RowFormat::kLibsvm : RowFormat::kCsv,
        .line_number = lines.line_number()};
  }
  return absl::InvalidArgumentError(absl::StrCat(
      path, ": has no line from which to tell its format; name the format"));
}

}  // namespace

absl::string_view RowFormatName(RowFormat format) {
  switch (format) {
    case RowFormat::kLibsvm:
      return "libsvm";
    case RowFormat::kCsv:
      return "csv";
    case RowFormat::kIdx:
      return "idx";
    default:
      return "auto";
  }
}

absl::StatusOr<RowFormat> ParseRowFormat(absl::string_view name) {
  for (RowFormat format : {RowFormat::kAuto, RowFormat::kLibsvm,
                           RowFormat::kCsv, RowFormat::kIdx}) {
    if (name == RowFormatName(format)) return format;
  }
  return absl::InvalidArgumentError(
      absl::StrCat("the format ", QuotedField(name),
                   " is not known; auto, libsvm, csv and idx are"));
}

absl::StatusOr<RowFormat> SniffRowFormat(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(const Sniffed sniffed, Sniff(path));
  return sniffed.format;
}

absl::Status Validate(const RowReaderOptions& options) {
  if (options.num_features < 0 || options.num_features > kMaxFeatures) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "RowReaderOptions.num_features is %d, must be in [0, %d] (0: the "
        "file's)",
        options.num_features, kMaxFeatures));
  }
  if (options.max_bad_rows < 0) {
    return absl::InvalidArgumentError(
        absl::StrFormat("RowReaderOptions.max_bad_rows is %d, must be >= 0",
                        options.max_bad_rows));
  }
  if (!options.idx_labels_path.empty() && options.format != RowFormat::kIdx &&
      options.format != RowFormat::kAuto) {
    return absl::InvalidArgumentError(
        "RowReaderOptions.idx_labels_path is for the format idx alone");
  }
  return Validate(options.csv);
}

absl::StatusOr<RowReader> RowReader::Open(absl::string_view path,
                                          const RowReaderOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  Sniffed found = {.format = options.format};
  if (found.format == RowFormat::kAuto) {
    MUSTER_ASSIGN_OR_RETURN(found, Sniff(path));
  }
  if (found.format == RowFormat::kIdx) {
    MUSTER_ASSIGN_OR_RETURN(auto source, IdxSource::Open(path, options));
    return RowReader(std::string(path), options, std::move(source));
  }
  MUSTER_ASSIGN_OR_RETURN(runtime::LineReader lines,
                          runtime::LineReader::Open(path));
  std::unique_ptr<Source> source;
  if (found.format == RowFormat::kCsv) {
    MUSTER_ASSIGN_OR_RETURN(
        source, CsvSource::Open(std::move(lines), found.line_number, options));
  } else {
    source =
        std::make_unique<LibsvmSource>(std::move(lines), options.num_features);
  }
  return RowReader(std::string(path), options, std::move(source));
}

RowReader::RowReader(std::string path, RowReaderOptions options,
                     std::unique_ptr<Source> source)
    : path_(std::move(path)),
      options_(std::move(options)),
      source_(std::move(source)) {}
RowReader::RowReader(RowReader&&) noexcept = default;
RowReader& RowReader::operator=(RowReader&&) noexcept = default;
RowReader::~RowReader() = default;

absl::StatusOr<bool> RowReader::Next(DataRow* row) {
  std::string reason;
  while (!ended_) {
    row->columns.clear();
    row->values.clear();
    const absl::StatusOr<Found> found = source_->Next(row, &reason);
    ended_ = !found.ok() || *found == Found::kEnd;
    if (!found.ok()) return found.status();
    if (*found == Found::kEnd) break;
    if (*found == Found::kRow) {
      ++num_rows_;
      return true;
    }
    ++num_bad_rows_;
    if (options_.on_bad_row) {
      options_.on_bad_row({.number = row->number, .reason = reason});
    }
    if (num_bad_rows_ > options_.max_bad_rows) {
      ended_ = true;
      const std::string limit =
          options_.max_bad_rows == 0
              ? ""
              : absl::StrFormat("; it is bad row %d of at most %d",
                                num_bad_rows_, options_.max_bad_rows);
      return absl::InvalidArgumentError(
          absl::StrCat(path_, ", line ", row->number, ": ", reason, limit));
    }
  }
  return false;
}

absl::StatusOr<int64_t> RowReader::NextBatch(int64_t max_rows, RowBatch* batch,
                                             bool keep_texts) {
  MUSTER_CHECK_GE(max_rows, 1);
  SparseDataset& rows = batch->rows;
  rows.row_begin.assign(1, 0);
  rows.columns.clear();
  rows.values.clear();
  rows.labels.clear();
  batch->numbers.clear();
  batch->texts.clear();
  DataRow row;
  while (rows.num_rows() < max_rows) {
    MUSTER_ASSIGN_OR_RETURN(const bool more, Next(&row));
    if (!more) break;
    rows.columns.insert(rows.columns.end(), row.columns.begin(),
                        row.columns.end());
    rows.values.insert(rows.values.end(), row.values.begin(), row.values.end());
    rows.labels.push_back(row.label);
    rows.row_begin.push_back(rows.num_entries());
    batch->numbers.push_back(row.number);
    if (keep_texts) batch->texts.push_back(row.text);
  }
  rows.num_features = source_->num_features();
  return rows.num_rows();
}

RowFormat RowReader::format() const { return source_->format(); }
int64_t RowReader::num_features() const { return source_->num_features(); }
bool RowReader::has_labels() const { return source_->has_labels(); }
const std::string& RowReader::header() const { return source_->header(); }
std::span<const int64_t> RowReader::image_sizes() const {
  return source_->image_sizes();
}

const runtime::InputFile& RowReader::file() const { return source_->file(); }

}  // namespace muster::models
