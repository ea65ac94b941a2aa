#ifndef MUSTER_MODELS_DATA_LIBSVM_H_
#define MUSTER_MODELS_DATA_LIBSVM_H_

// LIBSVM text (also SVMlight's): one row per line,
//
//   <label> <index>:<value> <index>:<value> ...   # comment
//
// Indices count from 1 and increase within a line; the label is a number;
// tokens are parted by spaces or tabs; empty lines, everything from '#' on and
// a byte order mark are skipped. Files may be gzip-compressed (recognised by
// content). Source: the LIBSVM data page and README of C.-C. Chang, C.-J. Lin.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/sparse_dataset.h"

namespace muster::models {

struct LibsvmOptions {
  // Number of features of the result. 0: the largest index of the file. Else a
  // larger index is an error; give it for test sets, whose largest index may be
  // below the training set's. In [0, 2^31 - 1].
  int64_t num_features = 0;
  // Stop after that many rows. >= 1. A prefix for quick runs.
  int64_t max_rows = std::numeric_limits<int64_t>::max();
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const LibsvmOptions& options);

// Reads `path`. Errors: NotFound and DataLoss (truncated gzip) of the file
// itself; InvalidArgument "<path>, line <line>: ..." naming the token, what was
// expected and how to mend it, for a malformed, non-finite or out-of-range
// label, index or value, an index of 0 (file counts from 0) or one that does
// not increase, a `qid:` token, and for a file without rows. Values are rounded
// to float; one that underflows reads as 0 and one beyond the largest float is
// an error. Memory: the result and one line.
absl::StatusOr<SparseDataset> ReadLibsvm(absl::string_view path,
                                         const LibsvmOptions& options = {});

// The same from text in memory; `name` takes the place of the path in errors.
absl::StatusOr<SparseDataset> ParseLibsvm(absl::string_view text,
                                          absl::string_view name,
                                          const LibsvmOptions& options = {});

// One line of the format: appends its entries to columns and values (of equal
// size) and returns true; or false for a line without a row. `num_features` as
// in LibsvmOptions. Errors are as above without the place, and leave columns
// and values as they were.
absl::StatusOr<bool> ParseLibsvmLine(absl::string_view line,
                                     int64_t num_features, double* label,
                                     std::vector<int32_t>* columns,
                                     std::vector<float>* values);

// The text of `data` (valid, as of Validate): ParseLibsvm gives `data` back bit
// for bit when given its num_features. Integral labels and values are written
// as integers.
std::string FormatLibsvm(const SparseDataset& data);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_LIBSVM_H_
