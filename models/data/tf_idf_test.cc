#include "muster/models/data/tf_idf.h"

#include <cmath>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/models/data/sparse_dataset.h"

namespace muster::models {
namespace {

// Three documents, four words:  w0 in all, w1 in one, w2 in two, w3 in none.
SparseDataset Counts() {
  return {.num_features = 4,
          .row_begin = {0, 2, 4, 6},
          .columns = {0, 1, 0, 2, 0, 2},
          .values = {1, 3, 1, 1, 2, 1},
          .labels = {0, 0, 0}};
}

TEST(TfIdfTest, RareWordsWeighMore) {
  const std::vector<double> idf = InverseDocumentFrequencies(Counts());
  ASSERT_EQ(idf.size(), 4u);
  EXPECT_DOUBLE_EQ(idf[0], 1);
  EXPECT_DOUBLE_EQ(idf[1], 1 + std::log(2.0));
  EXPECT_DOUBLE_EQ(idf[2], 1 + std::log(4.0 / 3));
  EXPECT_DOUBLE_EQ(idf[3], 1 + std::log(4.0));
}

// Row 0 is (1, (1 + ln 3)(1 + ln 2)) scaled to length 1.
TEST(TfIdfTest, WorkedExample) {
  SparseDataset data = Counts();
  ApplyTfIdf(InverseDocumentFrequencies(data), &data);
  const double second = (1 + std::log(3.0)) * (1 + std::log(2.0));
  const double length = std::sqrt(1 + second * second);
  EXPECT_FLOAT_EQ(data.values[0], static_cast<float>(1 / length));
  EXPECT_FLOAT_EQ(data.values[1], static_cast<float>(second / length));
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    double squares = 0;
    for (const float value : data.RowValues(row)) squares += value * value;
    EXPECT_NEAR(squares, 1, 1e-6);
  }
}

TEST(TfIdfTest, EmptyRowsStayEmpty) {
  SparseDataset data{.num_features = 2,
                     .row_begin = {0, 0, 1},
                     .columns = {1},
                     .values = {5},
                     .labels = {0, 0}};
  ApplyTfIdf(InverseDocumentFrequencies(data), &data);
  EXPECT_EQ(data.num_entries(), 1);
  EXPECT_FLOAT_EQ(data.values[0], 1);
}

}  // namespace
}  // namespace muster::models
