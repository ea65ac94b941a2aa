#ifndef MUSTER_MODELS_DATA_SPARSE_DATASET_H_
#define MUSTER_MODELS_DATA_SPARSE_DATASET_H_

// Rows of features, mostly zero, in compressed sparse row form: row r holds the
// entries row_begin[r] .. row_begin[r + 1] of `columns` and `values`. Features
// are floats, for their size; every model computes on them in double.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"

namespace muster::models {

struct SparseDataset {
  int64_t num_features = 0;
  std::vector<int64_t> row_begin = {0};  // num_rows + 1, ascending, from 0
  std::vector<int32_t> columns = {};     // from 0, increasing within a row
  std::vector<float> values = {};        // finite
  std::vector<double> labels = {};       // num_rows, finite

  int64_t num_rows() const { return static_cast<int64_t>(labels.size()); }
  int64_t num_entries() const { return static_cast<int64_t>(values.size()); }
  std::span<const int32_t> RowColumns(int64_t row) const {
    return std::span(columns).subspan(row_begin[row],
                                      row_begin[row + 1] - row_begin[row]);
  }
  std::span<const float> RowValues(int64_t row) const {
    return std::span(values).subspan(row_begin[row],
                                     row_begin[row + 1] - row_begin[row]);
  }

  friend bool operator==(const SparseDataset&, const SparseDataset&) = default;
};

// InvalidArgument naming the first row and field that break the description
// above. O(rows + entries). Readers return valid data; this is for data that a
// caller assembled.
absl::Status Validate(const SparseDataset& data);

// The rows of `data` named by `rows`, in that order, repeats allowed; every
// index in [0, num_rows) (CHECKed). O(rows + entries) of the result. A shard of
// one worker is made so.
SparseDataset SelectRows(const SparseDataset& data,
                         std::span<const int64_t> rows);

// Row numbers for `num_shards` >= 1 shards of sizes that differ by at most one,
// each in ascending order of the rows' positions.
enum class Sharding {
  kRoundRobin,  // row r to shard r mod num_shards: nearly the same law on each
  kByLabel,     // rows stably sorted by label, then cut: as unlike as can be
};
std::vector<std::vector<int64_t>> CutShards(const SparseDataset& data,
                                            int64_t num_shards,
                                            Sharding sharding);

// Rows of features, all stored: values[row * num_features + j].
struct DenseDataset {
  int64_t num_features = 0;
  std::vector<float> values = {};   // num_rows x num_features, finite
  std::vector<double> labels = {};  // num_rows, finite

  int64_t num_rows() const { return static_cast<int64_t>(labels.size()); }
  std::span<const float> Row(int64_t row) const {
    return std::span(values).subspan(row * num_features, num_features);
  }

  friend bool operator==(const DenseDataset&, const DenseDataset&) = default;
};

// InvalidArgument unless there are num_rows x num_features values. O(1).
absl::Status ValidateShape(const DenseDataset& data);

// InvalidArgument naming the first element that breaks the description above.
// O(rows num_features).
absl::Status Validate(const DenseDataset& data);

// The same rows in the other form; zeros are dropped, resp. filled in. The
// dense form takes 4 num_rows num_features bytes: the caller judges that.
SparseDataset ToSparse(const DenseDataset& data);
DenseDataset ToDense(const SparseDataset& data);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_SPARSE_DATASET_H_
