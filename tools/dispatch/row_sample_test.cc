#include "muster/tools/dispatch/row_sample.h"

#include <algorithm>
#include <cstdint>
#include <set>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/rng.h"

namespace muster::tools::dispatch {
namespace {

std::vector<SampledRow> Sample(int64_t capacity, int64_t rows, uint64_t seed) {
  RowSample sample(capacity, runtime::Rng(seed));
  for (int64_t row = 0; row < rows; ++row) {
    const auto column = static_cast<int32_t>(row);
    const auto value = static_cast<float>(2 * row);
    sample.Add({&column, 1}, {&value, 1});
  }
  EXPECT_EQ(sample.rows_seen(), rows);
  return sample.Take();
}

TEST(RowSampleTest, AShortStreamIsKeptWhole) {
  const std::vector<SampledRow> rows = Sample(10, 7, 1);
  std::set<int64_t> seen;
  for (const SampledRow& row : rows) {
    seen.insert(row.row);
    EXPECT_THAT(row.columns, ::testing::ElementsAre(row.row));
    EXPECT_THAT(row.values, ::testing::ElementsAre(2.0f * row.row));
  }
  EXPECT_EQ(seen.size(), 7u);
  EXPECT_TRUE(Sample(10, 0, 1).empty());
}

// Each of 20 rows is among the 5 with probability 1/4, and first with 1/20:
// counts over 4000 streams lie within 5 standard deviations.
TEST(RowSampleTest, EveryRowIsEquallyLikelyAndInAnyPlace) {
  constexpr int64_t kStreams = 4000;
  std::vector<int64_t> kept(20, 0), first(20, 0);
  for (uint64_t seed = 0; seed < kStreams; ++seed) {
    const std::vector<SampledRow> rows = Sample(5, 20, seed);
    ASSERT_EQ(rows.size(), 5u);
    ++first[rows[0].row];
    for (const SampledRow& row : rows) ++kept[row.row];
  }
  for (int i = 0; i < 20; ++i) {
    EXPECT_NEAR(kept[i], kStreams / 4.0, 5 * 27.4);    // sqrt(4000 3/16)
    EXPECT_NEAR(first[i], kStreams / 20.0, 5 * 13.8);  // sqrt(4000 19/400)
  }
}

TEST(RowSampleTest, SameSeedSameRows) {
  const auto rows = [](uint64_t seed) {
    std::vector<int64_t> result;
    for (const SampledRow& row : Sample(50, 1000, seed)) {
      result.push_back(row.row);
    }
    return result;
  };
  EXPECT_EQ(rows(3), rows(3));
  EXPECT_NE(rows(3), rows(4));
}

}  // namespace
}  // namespace muster::tools::dispatch
