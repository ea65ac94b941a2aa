#ifndef MUSTER_BENCHMARKS_DISPATCH_LABELED_ROWS_H_
#define MUSTER_BENCHMARKS_DISPATCH_LABELED_ROWS_H_

// Rows with labels: a whole data set, and a batch of it on its way to a worker.
//
// A row has two sides. Its *point* is what routers see, always dense. Its
// *features* are what the learner sees: the point itself, or a sparse row of
// which the point is a projection.

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "muster/dispatch/points.h"
#include "muster/models/data/sparse_dataset.h"

namespace muster::benchmarks {

struct LabeledData {
  // The points, and the labels of both sides.
  models::DenseDataset points = {};
  // The learner's rows, when they are not the points: as many.
  std::optional<models::SparseDataset> features = std::nullopt;

  int64_t num_rows() const { return points.num_rows(); }
  int64_t num_features() const {
    return features.has_value() ? features->num_features : points.num_features;
  }
  std::span<const double> labels() const { return points.labels; }
  dispatch::PointsView View() const {
    return {points.values.data(), points.num_rows(), points.num_features};
  }
};

// The features and labels of some rows, in one of the two forms: dense, with
// num_features values a row, or sparse, as models::SparseDataset.
struct LabeledRows {
  int64_t num_features = 0;
  bool sparse = false;
  std::vector<int64_t> row_begin = {};  // sparse: num_rows + 1
  std::vector<int32_t> columns = {};    // sparse
  std::vector<float> values = {};
  std::vector<double> labels = {};

  int64_t num_rows() const { return static_cast<int64_t>(labels.size()); }
  // Stored values: what a product with a weight vector costs.
  int64_t num_entries() const { return static_cast<int64_t>(values.size()); }

  static void Fields(auto& self, auto&& visit) {
    visit(self.num_features, self.sparse, self.row_begin, self.columns,
          self.values, self.labels);
  }
};

// The rows of `data` named by `rows`, in that order, each in range (CHECKed).
LabeledRows TakeRows(const LabeledData& data, std::span<const int64_t> rows);

// Adds the rows named by `rows` (in range) to the end of `to`, which is empty
// or of the same form (CHECKed).
void AppendRows(const LabeledRows& from, std::span<const int64_t> rows,
                LabeledRows* to);

// The same rows as data sets of the learner, of the matching form (CHECKed).
models::DenseDataset ToDenseDataset(LabeledRows rows);
models::SparseDataset ToSparseDataset(LabeledRows rows);

// The distinct labels in ascending order.
std::vector<double> DistinctLabels(std::span<const double> labels);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_LABELED_ROWS_H_
