#ifndef MUSTER_MODELS_DATA_CSV_H_
#define MUSTER_MODELS_DATA_CSV_H_

// Tables of numbers as text: one row per line, fields parted by a delimiter.
//
//   age,weight,"body height",class
//   31,80.5,1.83,1
//
// A field may stand in double quotes, within which the delimiter is an ordinary
// character and "" a quote (RFC 4180); line breaks within quotes are not read,
// so that a missing quote spoils one line and not the file. Blanks around a
// field, empty lines, a byte order mark and "\r" before the line's end are
// skipped. Every column that is not the label or ignored is a feature, in
// order, and must hold finite numbers. Files may be gzip-compressed (recognised
// by content).

#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/sparse_dataset.h"

namespace muster::models {

enum class CsvHeader {
  kAuto,     // the first line is a header if none of its fields is a number
  kPresent,  // the first line names the columns
  kAbsent,   // columns have numbers only
};

enum class CsvMissing {
  kError,  // a missing value makes its row an error
  kZero,   // reads as 0
};

struct CsvOptions {
  // Any byte but a quote, a blank ' ', '\r', '\n' and those of numbers
  // (digits, letters, '+', '-', '.'); '\t' and ';' are common.
  char delimiter = ',';
  CsvHeader header = CsvHeader::kAuto;
  // The column with the label: a name of the header, else a number from 0, or
  // from -1 for the last. Empty: there is none, labels are 0.
  std::string label_column = "";
  // Columns that are not read (identifiers, text), named likewise.
  std::vector<std::string> ignored_columns = {};
  // What to do with a feature that is empty, "NA", "N/A", "NaN", "null" or "?"
  // (letters of either case). A missing label is always an error.
  CsvMissing missing = CsvMissing::kError;
  // Stop after that many rows. >= 1.
  int64_t max_rows = std::numeric_limits<int64_t>::max();
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const CsvOptions& options);

// The meaning of each column, settled by the first line; then rows line by
// line.
class CsvParser {
 public:
  // Errors: those of Validate; InvalidArgument for a quote that is not closed,
  // a label or ignored column that does not exist or is named twice by the
  // header, a column that is both, and no column left for features.
  static absl::StatusOr<CsvParser> Create(absl::string_view first_line,
                                          const CsvOptions& options);

  // True if the first line is not a row.
  bool has_header() const { return has_header_; }
  bool has_labels() const { return label_ >= 0; }
  int64_t num_features() const { return num_features_; }
  // Of the features: from the header, else "column 3" (from 0).
  const std::vector<std::string>& feature_names() const { return names_; }

  // Reads a line into `values` (num_features(), CHECKed) and *label (0 without
  // a label column); false for an empty line. InvalidArgument "column 2
  // ('age'):
  // ..." (from 0) says what is wrong with which field and how to mend it; or
  // that the line has fewer or more fields than the first one.
  absl::StatusOr<bool> ParseLine(absl::string_view line, double* label,
                                 std::span<float> values) const;

 private:
  CsvParser() = default;

  absl::Status Error(int64_t column, absl::string_view what) const;
  absl::Status ParseFeature(absl::string_view field, int64_t column,
                            float* value) const;
  absl::Status ParseLabel(absl::string_view field, double* label) const;

  CsvOptions options_;
  bool has_header_ = false;
  std::vector<std::string> columns_;  // names of all columns, "" without header
  std::vector<char> is_feature_;      // of each column
  int64_t label_ = -1;
  int64_t num_features_ = 0;
  std::vector<std::string> names_;
};

// Reads `path`. Errors: NotFound and DataLoss (truncated gzip) of the file
// itself; InvalidArgument "<path>, line <line>: ..." of CsvParser; a file
// without rows. Memory: the result and one line.
absl::StatusOr<DenseDataset> ReadCsv(absl::string_view path,
                                     const CsvOptions& options = {});

// The same from text in memory; `name` takes the place of the path in errors.
absl::StatusOr<DenseDataset> ParseCsv(absl::string_view text,
                                      absl::string_view name,
                                      const CsvOptions& options = {});

// The text of `data`: header "label,x0,x1,...", then the rows; ParseCsv with
// label_column "label" gives `data` back bit for bit.
std::string FormatCsv(const DenseDataset& data);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_CSV_H_
