#include "muster/benchmarks/dispatch/labeled_rows.h"

#include <algorithm>
#include <utility>

#include "muster/runtime/check.h"

namespace muster::benchmarks {
namespace {

void AppendDense(std::span<const float> values, int64_t num_features,
                 std::span<const int64_t> rows, LabeledRows* to) {
  for (const int64_t row : rows) {
    const auto begin = values.begin() + row * num_features;
    to->values.insert(to->values.end(), begin, begin + num_features);
  }
}

void AppendSparse(std::span<const int64_t> row_begin,
                  std::span<const int32_t> columns,
                  std::span<const float> values, std::span<const int64_t> rows,
                  LabeledRows* to) {
  if (to->row_begin.empty()) to->row_begin.push_back(0);
  for (const int64_t row : rows) {
    const int64_t begin = row_begin[static_cast<size_t>(row)];
    const int64_t end = row_begin[static_cast<size_t>(row) + 1];
    to->columns.insert(to->columns.end(), columns.begin() + begin,
                       columns.begin() + end);
    to->values.insert(to->values.end(), values.begin() + begin,
                      values.begin() + end);
    to->row_begin.push_back(static_cast<int64_t>(to->values.size()));
  }
}

void AppendLabels(std::span<const double> labels, std::span<const int64_t> rows,
                  LabeledRows* to) {
  to->labels.reserve(to->labels.size() + rows.size());
  for (const int64_t row : rows) {
    MUSTER_CHECK(row >= 0 && row < static_cast<int64_t>(labels.size()))
        << "row " << row;
    to->labels.push_back(labels[static_cast<size_t>(row)]);
  }
}

}  // namespace

LabeledRows TakeRows(const LabeledData& data, std::span<const int64_t> rows) {
  LabeledRows taken;
  taken.num_features = data.num_features();
  taken.sparse = data.features.has_value();
  AppendLabels(data.labels(), rows, &taken);
  if (taken.sparse) {
    AppendSparse(data.features->row_begin, data.features->columns,
                 data.features->values, rows, &taken);
  } else {
    taken.values.reserve(rows.size() * static_cast<size_t>(taken.num_features));
    AppendDense(data.points.values, taken.num_features, rows, &taken);
  }
  return taken;
}

void AppendRows(const LabeledRows& from, std::span<const int64_t> rows,
                LabeledRows* to) {
  if (to->labels.empty()) {
    to->num_features = from.num_features;
    to->sparse = from.sparse;
  }
  MUSTER_CHECK_EQ(to->num_features, from.num_features);
  MUSTER_CHECK_EQ(to->sparse, from.sparse);
  AppendLabels(from.labels, rows, to);
  if (from.sparse) {
    AppendSparse(from.row_begin, from.columns, from.values, rows, to);
  } else {
    AppendDense(from.values, from.num_features, rows, to);
  }
}

models::DenseDataset ToDenseDataset(LabeledRows rows) {
  MUSTER_CHECK(!rows.sparse);
  models::DenseDataset data;
  data.num_features = rows.num_features;
  data.values = std::move(rows.values);
  data.labels = std::move(rows.labels);
  return data;
}

models::SparseDataset ToSparseDataset(LabeledRows rows) {
  MUSTER_CHECK(rows.sparse);
  models::SparseDataset data;
  data.num_features = rows.num_features;
  if (!rows.row_begin.empty()) data.row_begin = std::move(rows.row_begin);
  data.columns = std::move(rows.columns);
  data.values = std::move(rows.values);
  data.labels = std::move(rows.labels);
  return data;
}

std::vector<double> DistinctLabels(std::span<const double> labels) {
  std::vector<double> distinct(labels.begin(), labels.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  return distinct;
}

}  // namespace muster::benchmarks
