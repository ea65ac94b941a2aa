#include "muster/models/data/sparse_dataset.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "absl/strings/str_format.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

absl::Status ValidateShape(const SparseDataset& data) {
  if (data.num_features < 0 ||
      data.num_features > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "SparseDataset.num_features is %d, must be in [0, 2^31 - 1]",
        data.num_features));
  }
  if (data.columns.size() != data.values.size()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "SparseDataset has %d columns and %d values, must have one of each "
        "per entry",
        data.columns.size(), data.values.size()));
  }
  if (data.row_begin.size() != data.labels.size() + 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "SparseDataset.row_begin has %d elements for %d labels, must have one "
        "more than rows",
        data.row_begin.size(), data.labels.size()));
  }
  if (data.row_begin.front() != 0 ||
      data.row_begin.back() != data.num_entries()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "SparseDataset.row_begin runs from %d to %d, must run from 0 to the "
        "number of entries, %d",
        data.row_begin.front(), data.row_begin.back(), data.num_entries()));
  }
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    if (data.row_begin[row] > data.row_begin[row + 1]) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "SparseDataset.row_begin decreases after row %d (%d, then %d)", row,
          data.row_begin[row], data.row_begin[row + 1]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const SparseDataset& data) {
  MUSTER_RETURN_IF_ERROR(ValidateShape(data));
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    if (!std::isfinite(data.labels[row])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("SparseDataset.labels[%d] is %g, must be finite", row,
                          data.labels[row]));
    }
    int64_t previous = -1;
    for (int64_t e = data.row_begin[row]; e < data.row_begin[row + 1]; ++e) {
      if (data.columns[e] <= previous || data.columns[e] >= data.num_features) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "SparseDataset row %d has column %d after column %d, columns must "
            "increase and stay below %d",
            row, data.columns[e], previous, data.num_features));
      }
      previous = data.columns[e];
      if (!std::isfinite(data.values[e])) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "SparseDataset row %d column %d is %g, must be finite", row,
            data.columns[e], data.values[e]));
      }
    }
  }
  return absl::OkStatus();
}

SparseDataset SelectRows(const SparseDataset& data,
                         std::span<const int64_t> rows) {
  SparseDataset result;
  result.num_features = data.num_features;
  int64_t num_entries = 0;
  for (int64_t row : rows) {
    MUSTER_CHECK_GE(row, 0);
    MUSTER_CHECK_LT(row, data.num_rows());
    num_entries += data.row_begin[row + 1] - data.row_begin[row];
  }
  result.row_begin.reserve(rows.size() + 1);
  result.labels.reserve(rows.size());
  result.columns.reserve(num_entries);
  result.values.reserve(num_entries);
  for (int64_t row : rows) {
    const std::span<const int32_t> columns = data.RowColumns(row);
    const std::span<const float> values = data.RowValues(row);
    result.columns.insert(result.columns.end(), columns.begin(), columns.end());
    result.values.insert(result.values.end(), values.begin(), values.end());
    result.row_begin.push_back(result.num_entries());
    result.labels.push_back(data.labels[row]);
  }
  return result;
}

std::vector<std::vector<int64_t>> CutShards(const SparseDataset& data,
                                            int64_t num_shards,
                                            Sharding sharding) {
  MUSTER_CHECK_GE(num_shards, 1);
  const int64_t num_rows = data.num_rows();
  std::vector<std::vector<int64_t>> shards(num_shards);
  if (sharding == Sharding::kRoundRobin) {
    for (int64_t row = 0; row < num_rows; ++row) {
      shards[row % num_shards].push_back(row);
    }
    return shards;
  }
  std::vector<int64_t> order(num_rows);
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return data.labels[a] < data.labels[b];
  });
  const int64_t base = num_rows / num_shards;
  const int64_t longer = num_rows % num_shards;  // shards with one row more
  auto next = order.begin();
  for (int64_t shard = 0; shard < num_shards; ++shard) {
    const auto end = next + base + (shard < longer ? 1 : 0);
    shards[shard].assign(next, end);
    next = end;
  }
  return shards;
}

absl::Status ValidateShape(const DenseDataset& data) {
  // Without the product, which a false num_features may overflow.
  const auto num_values = static_cast<int64_t>(data.values.size());
  const int64_t num_rows = data.num_rows();
  const bool fits = num_rows == 0
                        ? num_values == 0
                        : num_values % num_rows == 0 &&
                              num_values / num_rows == data.num_features;
  if (fits && data.num_features >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "DenseDataset has %d values, must have num_rows x num_features = %d x %d",
      num_values, num_rows, data.num_features));
}

absl::Status Validate(const DenseDataset& data) {
  MUSTER_RETURN_IF_ERROR(ValidateShape(data));
  for (size_t e = 0; e < data.values.size(); ++e) {
    if (!std::isfinite(data.values[e])) {
      const auto at = static_cast<int64_t>(e);
      return absl::InvalidArgumentError(absl::StrFormat(
          "DenseDataset row %d column %d is %g, must be finite",
          at / data.num_features, at % data.num_features, data.values[e]));
    }
  }
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    if (!std::isfinite(data.labels[row])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("DenseDataset.labels[%d] is %g, must be finite", row,
                          data.labels[row]));
    }
  }
  return absl::OkStatus();
}

SparseDataset ToSparse(const DenseDataset& data) {
  MUSTER_CHECK_EQ(static_cast<int64_t>(data.values.size()),
                  data.num_rows() * data.num_features);
  SparseDataset result;
  result.num_features = data.num_features;
  result.labels = data.labels;
  const auto num_entries = static_cast<int64_t>(
      data.values.size() -
      std::count(data.values.begin(), data.values.end(), 0.0f));
  result.row_begin.reserve(data.num_rows() + 1);
  result.columns.reserve(num_entries);
  result.values.reserve(num_entries);
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    const std::span<const float> values = data.Row(row);
    for (int64_t j = 0; j < data.num_features; ++j) {
      if (values[j] == 0) continue;
      result.columns.push_back(static_cast<int32_t>(j));
      result.values.push_back(values[j]);
    }
    result.row_begin.push_back(result.num_entries());
  }
  return result;
}

DenseDataset ToDense(const SparseDataset& data) {
  DenseDataset result;
  result.num_features = data.num_features;
  result.labels = data.labels;
  result.values.assign(data.num_rows() * data.num_features, 0.0f);
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    for (int64_t e = data.row_begin[row]; e < data.row_begin[row + 1]; ++e) {
      result.values[row * data.num_features + data.columns[e]] = data.values[e];
    }
  }
  return result;
}

}  // namespace muster::models
