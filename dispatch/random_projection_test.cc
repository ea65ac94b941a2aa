#include "muster/dispatch/random_projection.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::testing::AllOf;
using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

void Add(const std::vector<int32_t>& columns, const std::vector<float>& values,
         SparseRows* rows) {
  rows->columns.insert(rows->columns.end(), columns.begin(), columns.end());
  rows->values.insert(rows->values.end(), values.begin(), values.end());
  rows->row_begin.push_back(static_cast<int64_t>(rows->columns.size()));
}

SparseRows RandomRows(Rng rng, int64_t n, int64_t num_columns,
                      int64_t entries) {
  SparseRows rows{.num_columns = num_columns};
  for (int64_t r = 0; r < n; ++r) {
    std::vector<int64_t> drawn;
    Rng draws = rng.Fork("columns", static_cast<uint64_t>(r));
    runtime::SampleWithoutReplacement(draws, num_columns, entries, &drawn);
    std::sort(drawn.begin(), drawn.end());
    std::vector<float> values;
    for (int64_t i = 0; i < entries; ++i) {
      values.push_back(static_cast<float>(runtime::Normal(rng)));
    }
    Add({drawn.begin(), drawn.end()}, values, &rows);
  }
  return rows;
}

PointSet Project(const RandomProjectionOptions& options, const SparseRows& rows,
                 int threads = 1) {
  const auto projection = RandomProjection::Create(options);
  EXPECT_THAT(projection, IsOk());
  auto points = projection->Project(rows.View(), {.threads = threads});
  EXPECT_THAT(points, IsOk());
  return *std::move(points);
}

double SquaredNorm(std::span<const float> x) {
  double sum = 0;
  for (const float value : x) sum += static_cast<double>(value) * value;
  return sum;
}

TEST(SparseRowsTest, SelectsRowsInTheOrderAsked) {
  SparseRows rows{.num_columns = 9};
  Add({1, 3}, {2, 4}, &rows);
  Add({}, {}, &rows);
  Add({8}, {5}, &rows);
  const SparseRows selected =
      SelectRows(rows.View(), std::vector<int64_t>{2, 1, 2, 0});
  EXPECT_EQ(selected.num_columns, 9);
  EXPECT_THAT(selected.row_begin, ElementsAre(0, 1, 1, 2, 4));
  EXPECT_THAT(selected.columns, ElementsAre(8, 8, 1, 3));
  EXPECT_THAT(selected.values, ElementsAre(5, 5, 2, 4));
}

TEST(RandomProjectionTest, WithoutDimensionRowsBecomeDense) {
  SparseRows rows{.num_columns = 4};
  Add({1, 3}, {2, 4}, &rows);
  Add({}, {}, &rows);
  const PointSet points = Project({.num_features = 4, .dimension = 0}, rows);
  EXPECT_THAT(points.values, ElementsAre(0, 2, 0, 4, 0, 0, 0, 0));
  const PointSet unit =
      Project({.num_features = 4, .dimension = 0, .unit_length = true}, rows);
  EXPECT_THAT(unit.values,
              ElementsAre(0, static_cast<float>(2 / std::sqrt(20.0)), 0,
                          static_cast<float>(4 / std::sqrt(20.0)), 0, 0, 0, 0));
}

// Column m of R has entries +-1/2 for d' = 4, and R is linear.
TEST(RandomProjectionTest, ColumnsAreSigns) {
  SparseRows rows{.num_columns = 1000};
  Add({7}, {1}, &rows);
  Add({999}, {1}, &rows);
  Add({7, 999}, {2, -3}, &rows);
  Add({}, {}, &rows);
  const PointSet points = Project({.num_features = 1000, .dimension = 4}, rows);
  for (int64_t m = 0; m < 4; ++m) {
    const float a = points.Point(0)[m], b = points.Point(1)[m];
    EXPECT_EQ(std::abs(a), 0.5f);
    EXPECT_EQ(std::abs(b), 0.5f);
    EXPECT_EQ(points.Point(2)[m], 2 * a - 3 * b);
    EXPECT_EQ(points.Point(3)[m], 0);
  }
}

// Signs are even and columns uncorrelated: over 500 columns and 300 outputs the
// sum of signs has sd sqrt(150000); products of neighbouring columns likewise.
TEST(RandomProjectionTest, SignsAreRandom) {
  SparseRows rows{.num_columns = 500};
  for (int32_t m = 0; m < 500; ++m) Add({m}, {1}, &rows);
  const PointSet points =
      Project({.num_features = 500, .dimension = 300}, rows);
  double sum = 0, products = 0;
  for (int64_t m = 0; m < 500; ++m) {
    for (int64_t i = 0; i < 300; ++i) {
      const double sign = points.Point(m)[i] > 0 ? 1 : -1;
      sum += sign;
      if (m > 0) products += points.Point(m - 1)[i] > 0 ? sign : -sign;
    }
  }
  EXPECT_LT(std::abs(sum), 5 * std::sqrt(150000.0));
  EXPECT_LT(std::abs(products), 5 * std::sqrt(150000.0));
}

// |R x|^2 / |x|^2 has mean 1 and variance at most 2 / d': the mean of 400 rows
// is within 5 sqrt(2 / 128 / 400), each within 8 sqrt(2 / 128) = 1.
TEST(RandomProjectionTest, KeepsLengths) {
  const SparseRows rows = RandomRows(Rng(runtime::TestSeed()), 400, 5000, 60);
  const PointSet points = Project({.num_features = 5000}, rows);
  double mean = 0;
  for (int64_t r = 0; r < 400; ++r) {
    const double ratio =
        SquaredNorm(points.Point(r)) / SquaredNorm(rows.View().Row(r).values);
    EXPECT_NEAR(ratio, 1, 1);
    mean += ratio / 400;
  }
  EXPECT_NEAR(mean, 1, 5 * std::sqrt(2.0 / 128 / 400));
}

TEST(RandomProjectionTest, UnitLengthForgetsTheScale) {
  SparseRows rows = RandomRows(Rng(runtime::TestSeed()), 20, 300, 10);
  const RandomProjectionOptions options{.num_features = 300,
                                        .unit_length = true};
  const PointSet points = Project(options, rows);
  for (float& value : rows.values) value *= 4;
  EXPECT_EQ(Project(options, rows), points);
}

TEST(RandomProjectionTest, HugeRowsStayFinite) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  SparseRows rows{.num_columns = 50};
  std::vector<int32_t> columns;
  for (int32_t m = 0; m < 50; ++m) columns.push_back(m);
  Add(columns, std::vector<float>(50, kLargest), &rows);
  for (const int64_t d : {0, 1, 200}) {
    const PointSet points = Project({.num_features = 50, .dimension = d}, rows);
    EXPECT_THAT(ValidatePoints(points.View(), "points"), IsOk());
  }
}

TEST(RandomProjectionTest, SameBitsForAnyThreadsOtherSignsForOtherSeeds) {
  const SparseRows rows = RandomRows(Rng(runtime::TestSeed()), 500, 900, 15);
  RandomProjectionOptions options{.num_features = 900, .dimension = 150};
  const PointSet points = Project(options, rows);
  for (const int threads : {2, 3, 8}) {
    EXPECT_EQ(Project(options, rows, threads), points);
  }
  options.seed = 2;
  EXPECT_NE(Project(options, rows), points);
}

TEST(RandomProjectionTest, NamesWhatIsWrong) {
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(RandomProjection::Create({}), invalid("num_features is 0"));
  EXPECT_THAT(RandomProjection::Create({.num_features = int64_t{1} << 31}),
              invalid("num_features is 2147483648"));
  EXPECT_THAT(RandomProjection::Create({.num_features = 1, .dimension = -1}),
              invalid("dimension is -1"));
  EXPECT_THAT(RandomProjection::Create(
                  {.num_features = 1, .dimension = kMaxProjectedDimension + 1}),
              invalid("dimension is 1048577"));
  EXPECT_THAT(RandomProjection::Create(
                  {.num_features = kMaxProjectedDimension + 1, .dimension = 0}),
              invalid("dimension 0 leaves 1048577"));
  const auto projection = RandomProjection::Create({.num_features = 5});
  ASSERT_THAT(projection, IsOk());
  const auto error = [&](const SparseRows& rows) {
    return projection->Project(rows.View()).status();
  };
  EXPECT_THAT(error({.num_columns = 4}),
              invalid("have 4 columns, the projection has 5"));
  EXPECT_THAT(error({.num_columns = 5,
                     .row_begin = {0, 1, 2},
                     .columns = {0, 5},
                     .values = {1, 1}}),
              invalid("row 1 has column 5"));
  EXPECT_THAT(error({.num_columns = 5,
                     .row_begin = {0, 2},
                     .columns = {3, 3},
                     .values = {1, 1}}),
              invalid("row 0 has column 3 after 3"));
  EXPECT_THAT(error({.num_columns = 5,
                     .row_begin = {0, 1},
                     .columns = {3},
                     .values = {std::numeric_limits<float>::quiet_NaN()}}),
              invalid("row 0, column 3"));
  EXPECT_THAT(error({.num_columns = 5,
                     .row_begin = {0, 2, 1},
                     .columns = {3, 4},
                     .values = {1, 1}}),
              invalid("row_begin entry 2 is 1"));
  EXPECT_THAT(error({.num_columns = 5,
                     .row_begin = {0, 3},
                     .columns = {3, 4},
                     .values = {1, 1}}),
              invalid("row_begin entry 1 is 3"));
  EXPECT_THAT(error({.num_columns = 5, .columns = {3}}),
              invalid("1 columns and 0 values"));
}

}  // namespace
}  // namespace muster::dispatch
