#ifndef MUSTER_MODELS_DATA_ROW_READER_H_
#define MUSTER_MODELS_DATA_ROW_READER_H_

// Rows of a file of any size, one after another, in constant memory: LIBSVM
// text (libsvm.h), CSV (csv.h) or IDX images (idx.h), plain or gzip-compressed.
// A byte order mark before the text is dropped.
//
//   MUSTER_ASSIGN_OR_RETURN(RowReader reader, RowReader::Open(path, options));
//   DataRow row;
//   while (true) {
//     MUSTER_ASSIGN_OR_RETURN(const bool more, reader.Next(&row));
//     if (!more) break;
//     ...
//   }
//
// A text row that cannot be read is *bad*: it is told with its line number and
// the reason and skipped, up to a limit. Damage of the file itself (gzip, an
// IDX file cut short) is not of a row and ends the reading.

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/csv.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/input_file.h"

namespace muster::models {

enum class RowFormat {
  // By the content: IDX by its first bytes; else by the first line that is
  // neither empty nor a '#' comment, LIBSVM if its second token has a ':' or it
  // is a single number, else CSV, which then begins at that line: name the
  // format of a file whose header begins with '#'. The file is opened
  // several times: name the format of a pipe.
  kAuto,
  kLibsvm,
  kCsv,
  kIdx,
};

// "auto", "libsvm", "csv", "idx"; InvalidArgument lists them for other text.
absl::string_view RowFormatName(RowFormat format);
absl::StatusOr<RowFormat> ParseRowFormat(absl::string_view name);

// What kAuto stands for on this file. Errors: those of the file;
// InvalidArgument when it has no line to judge by.
absl::StatusOr<RowFormat> SniffRowFormat(absl::string_view path);

struct BadRow {
  int64_t number = 0;  // of the line, from 1
  std::string reason;  // with the column where there is one
};

struct RowReaderOptions {
  RowFormat format = RowFormat::kAuto;
  // The number of features, >= 0. 0: the file's (LIBSVM: whatever it holds).
  // Else a LIBSVM row with a larger index is bad, and a CSV or IDX file of
  // another width is an error of Open.
  int64_t num_features = 0;
  // For CSV files; its max_rows is not used.
  CsvOptions csv = {};
  // For IDX files: the file of labels. Empty: there are none, labels are 0.
  std::string idx_labels_path = "";
  // Bad rows to skip at most, >= 0; the next one is an error.
  int64_t max_bad_rows = 0;
  // Called for each bad row, the one too many among them; may be empty.
  std::function<void(const BadRow&)> on_bad_row = nullptr;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const RowReaderOptions& options);

struct DataRow {
  int64_t number = 0;  // of the line (text) or the image, from 1
  double label = 0;
  // The features that are not 0, in order; LIBSVM keeps zeros that the file
  // writes.
  std::vector<int32_t> columns = {};
  std::vector<float> values = {};  // finite
  // The row as it stands in the file: the line without its end, or the image's
  // bytes. Written again, it makes the same row.
  std::string text = "";
};

// Rows in one piece.
struct RowBatch {
  // num_features is that of the reader.
  SparseDataset rows = {};
  std::vector<int64_t> numbers = {};
  std::vector<std::string> texts = {};
};

// Movable, thread-compatible.
class RowReader {
 public:
  // Errors: those of Validate, of opening the files, of an IDX header, of a
  // number of labels other than images, of the CSV header and columns, and of a
  // width other than num_features. A file without rows is not an error here
  // (except for kAuto).
  static absl::StatusOr<RowReader> Open(absl::string_view path,
                                        const RowReaderOptions& options = {});

  RowReader(RowReader&&) noexcept;
  RowReader& operator=(RowReader&&) noexcept;
  ~RowReader();

  // True and the next good row, or false at the end. InvalidArgument "path,
  // line 7: reason; it is bad row 4 of at most 3" when the limit is passed;
  // DataLoss for a damaged file. After an error the reader is at an end.
  absl::StatusOr<bool> Next(DataRow* row);

  // Replaces *batch by the next rows, at most `max_rows` >= 1 (CHECKed), and
  // returns their number: 0 at the end. `keep_texts` fills batch->texts. When
  // an error comes after some rows, they are lost.
  absl::StatusOr<int64_t> NextBatch(int64_t max_rows, RowBatch* batch,
                                    bool keep_texts = false);

  // Never kAuto.
  RowFormat format() const;
  // Of the file, or the largest index of the rows so far for LIBSVM without
  // RowReaderOptions.num_features.
  int64_t num_features() const;
  // True if rows have labels of their own.
  bool has_labels() const;
  // The line above the rows of a CSV file; empty if there is none.
  const std::string& header() const;
  // Pixels of an IDX image by dimension, slowest first; empty for others.
  std::span<const int64_t> image_sizes() const;

  // The file as bytes, with what was read ahead: for progress.
  const runtime::InputFile& file() const;

  // Good and bad rows so far.
  int64_t num_rows() const { return num_rows_; }
  int64_t num_bad_rows() const { return num_bad_rows_; }

  // Where rows come from; one for each format.
  class Source;

 private:
  RowReader(std::string path, RowReaderOptions options,
            std::unique_ptr<Source> source);

  std::string path_;
  RowReaderOptions options_;
  std::unique_ptr<Source> source_;
  int64_t num_rows_ = 0;
  int64_t num_bad_rows_ = 0;
  bool ended_ = false;
};

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_ROW_READER_H_
