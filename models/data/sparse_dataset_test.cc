#include "muster/models/data/sparse_dataset.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

//   row 0: . 5 .   label 3
//   row 1: . . .   label 1
//   row 2: 7 . 9   label 2
SparseDataset ThreeRows() {
  return {.num_features = 3,
          .row_begin = {0, 1, 1, 3},
          .columns = {1, 0, 2},
          .values = {5, 7, 9},
          .labels = {3, 1, 2}};
}

TEST(SparseDatasetTest, DenseFormHasTheSameRows) {
  const DenseDataset dense = ToDense(ThreeRows());
  EXPECT_EQ(dense.values, (std::vector<float>{0, 5, 0, 0, 0, 0, 7, 0, 9}));
  EXPECT_EQ(dense.labels, ThreeRows().labels);
  EXPECT_EQ(dense.Row(2)[2], 9);
  EXPECT_EQ(ToSparse(dense), ThreeRows());
}

TEST(SparseDatasetTest, SelectRowsKeepsOrderAndRepeats) {
  const SparseDataset data =
      SelectRows(ThreeRows(), std::vector<int64_t>{2, 1, 2});
  EXPECT_EQ(data.row_begin, (std::vector<int64_t>{0, 2, 2, 4}));
  EXPECT_EQ(data.columns, (std::vector<int32_t>{0, 2, 0, 2}));
  EXPECT_EQ(data.values, (std::vector<float>{7, 9, 7, 9}));
  EXPECT_EQ(data.labels, (std::vector<double>{2, 1, 2}));
  EXPECT_EQ(data.num_features, 3);
  EXPECT_EQ(SelectRows(ThreeRows(), {}).num_rows(), 0);
}

TEST(SparseDatasetTest, ShardsPartitionTheRows) {
  using Shards = std::vector<std::vector<int64_t>>;
  EXPECT_EQ(CutShards(ThreeRows(), 2, Sharding::kRoundRobin),
            (Shards{{0, 2}, {1}}));
  // By label: rows 1 (label 1), 2 (label 2), 0 (label 3).
  EXPECT_EQ(CutShards(ThreeRows(), 2, Sharding::kByLabel),
            (Shards{{1, 2}, {0}}));
  EXPECT_EQ(CutShards(ThreeRows(), 5, Sharding::kByLabel),
            (Shards{{1}, {2}, {0}, {}, {}}));
}

TEST(SparseDatasetTest, RandomDataSurvivesTheRoundTrip) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    runtime::Rng rng = root.Fork("case", seed);
    DenseDataset dense;
    dense.num_features = runtime::UniformInt(rng, 6);
    const int64_t rows = runtime::UniformInt(rng, 6);
    for (int64_t row = 0; row < rows; ++row) {
      dense.labels.push_back(runtime::Normal(rng));
      for (int64_t j = 0; j < dense.num_features; ++j) {
        dense.values.push_back(runtime::UniformInt(rng, 2) == 0
                                   ? 0
                                   : static_cast<float>(runtime::Normal(rng)));
      }
    }
    const SparseDataset sparse = ToSparse(dense);
    EXPECT_THAT(Validate(sparse), IsOk());
    EXPECT_EQ(ToDense(sparse), dense);
  }
}

TEST(SparseDatasetTest, ValidateNamesWhatIsWrong) {
  const auto expect = [](auto&& change, const char* text) {
    SparseDataset data = ThreeRows();
    change(data);
    EXPECT_THAT(Validate(data),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  EXPECT_THAT(Validate(ThreeRows()), IsOk());
  EXPECT_THAT(Validate(SparseDataset()), IsOk());
  expect([](auto& d) { d.num_features = -1; }, "num_features is -1");
  expect([](auto& d) { d.num_features = 2; }, "row 2 has column 2 after");
  expect([](auto& d) { d.values.pop_back(); }, "3 columns and 2 values");
  expect([](auto& d) { d.labels.pop_back(); }, "4 elements for 2 labels");
  expect([](auto& d) { d.row_begin = {0, 1, 1, 2}; }, "runs from 0 to 2");
  expect([](auto& d) { d.row_begin = {0, 2, 1, 3}; }, "decreases after row 1");
  expect([](auto& d) { d.columns[2] = 0; },
         "row 2 has column 0 after column 0");
  expect([](auto& d) { d.columns[0] = -1; }, "row 0 has column -1");
  expect([](auto& d) { d.values[1] = std::numeric_limits<float>::infinity(); },
         "row 2 column 0 is inf");
  expect(
      [](auto& d) { d.labels[1] = std::numeric_limits<double>::quiet_NaN(); },
      "labels[1] is nan");
}

TEST(SparseDatasetTest, ValidateNamesWhatIsWrongInDenseForm) {
  const auto expect = [](auto&& change, const char* text) {
    DenseDataset data = {
        .num_features = 2, .values = {1, 2, 3, 4}, .labels = {0, 1}};
    EXPECT_THAT(Validate(data), IsOk());
    change(data);
    EXPECT_THAT(Validate(data),
                StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text)));
  };
  EXPECT_THAT(Validate(DenseDataset()), IsOk());
  EXPECT_THAT(Validate(DenseDataset{.labels = {1, 2}}), IsOk());
  expect([](auto& d) { d.values.pop_back(); }, "has 3 values, must have");
  expect([](auto& d) { d.labels.push_back(1); }, "num_features = 3 x 2");
  expect([](auto& d) { d.labels.clear(); }, "num_features = 0 x 2");
  expect([](auto& d) { d.num_features = -1; }, "2 x -1");
  // 2 x 2^62 wraps to 0.
  expect(
      [](auto& d) {
        d.num_features = int64_t{1} << 62;
        d.values.clear();
      },
      "has 0 values");
  expect([](auto& d) { d.values[3] = -INFINITY; }, "row 1 column 1 is -inf");
  expect([](auto& d) { d.labels[1] = NAN; }, "labels[1] is nan");
}

}  // namespace
}  // namespace muster::models
