#include "muster/benchmarks/dispatch/labeled_rows.h"

#include <cstdint>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/models/data/sparse_dataset.h"

namespace muster::benchmarks {
namespace {

using ::testing::ElementsAre;

// Rows (1, 2), (3, 4), (5, 6) with labels 0, 1, 2.
LabeledData Dense() {
  LabeledData data;
  data.points = {
      .num_features = 2, .values = {1, 2, 3, 4, 5, 6}, .labels = {0, 1, 2}};
  return data;
}

// The same points, learnt from the rows {3: 7}, {}, {0: 8, 3: 9}.
LabeledData Sparse() {
  LabeledData data = Dense();
  data.features = models::SparseDataset{.num_features = 4,
                                        .row_begin = {0, 1, 1, 3},
                                        .columns = {3, 0, 3},
                                        .values = {7, 8, 9},
                                        .labels = {0, 1, 2}};
  return data;
}

TEST(LabeledRowsTest, TakesDenseRows) {
  const LabeledRows rows = TakeRows(Dense(), std::vector<int64_t>{2, 0});
  EXPECT_EQ(rows.num_rows(), 2);
  EXPECT_EQ(rows.num_entries(), 4);
  const models::DenseDataset data = ToDenseDataset(rows);
  EXPECT_EQ(data.num_features, 2);
  EXPECT_THAT(data.values, ElementsAre(5, 6, 1, 2));
  EXPECT_THAT(data.labels, ElementsAre(2, 0));
}

TEST(LabeledRowsTest, TakesSparseRowsWithEmptyOnes) {
  const LabeledData data = Sparse();
  EXPECT_EQ(data.num_features(), 4);
  const std::vector<int64_t> rows = {1, 2, 0};
  const models::SparseDataset taken = ToSparseDataset(TakeRows(data, rows));
  EXPECT_EQ(taken, models::SelectRows(*data.features, rows));
}

TEST(LabeledRowsTest, AppendsInOrder) {
  for (const LabeledData& data : {Dense(), Sparse()}) {
    const LabeledRows all = TakeRows(data, std::vector<int64_t>{0, 1, 2});
    LabeledRows part;
    AppendRows(all, std::vector<int64_t>{2}, &part);
    AppendRows(all, std::vector<int64_t>{}, &part);
    AppendRows(all, std::vector<int64_t>{0, 1}, &part);
    const LabeledRows expected = TakeRows(data, std::vector<int64_t>{2, 0, 1});
    EXPECT_EQ(part.values, expected.values);
    EXPECT_EQ(part.columns, expected.columns);
    EXPECT_EQ(part.row_begin, expected.row_begin);
    EXPECT_EQ(part.labels, expected.labels);
  }
}

TEST(LabeledRowsTest, NoRowsAreEmptyDataSets) {
  EXPECT_EQ(ToSparseDataset(TakeRows(Sparse(), {})).num_rows(), 0);
  EXPECT_EQ(ToDenseDataset(TakeRows(Dense(), {})).num_rows(), 0);
}

TEST(LabeledRowsTest, LabelsAreSortedAndDistinct) {
  EXPECT_THAT(DistinctLabels(std::vector<double>{2, -1, 2, 0}),
              ElementsAre(-1, 0, 2));
}

}  // namespace
}  // namespace muster::benchmarks
