#include "muster/models/data/shifted_images.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TestSeed;
using ::testing::HasSubstr;

// A 2 x 3 image with one bright pixel in the middle of its upper row: moved by
// at most one pixel up it is gone (three of the nine shifts), else it takes
// each place of the upper and the lower row once.
TEST(ShiftedImagesTest, WorkedExample) {
  const DenseDataset image = {
      .num_features = 6, .values = {0, 1, 0, 0, 0, 0}, .labels = {7}};
  const auto all = ShiftedImages(
      image, 9, {.height = 2, .width = 3, .max_shift = 1}, Rng(1));
  ASSERT_TRUE(all.ok()) << all.status();
  EXPECT_EQ(all->labels, std::vector<double>(9, 7));
  EXPECT_TRUE(std::ranges::equal(all->Row(0), image.values));
  std::vector<int64_t> places;  // of the bright pixel; 6: nowhere
  for (int64_t row = 0; row < 9; ++row) {
    const auto pixels = all->Row(row);
    places.push_back(std::ranges::find(pixels, 1.0F) - pixels.begin());
  }
  std::ranges::sort(places);
  EXPECT_EQ(places, (std::vector<int64_t>{0, 1, 2, 3, 4, 5, 6, 6, 6}));
}

TEST(ShiftedImagesTest, SparseIsDenseAndRowsDoNotDependOnTheirNumber) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 30; ++instance) {
    Rng rng = root.Fork("images", instance);
    const ShiftedImagesOptions options = {
        .height = 1 + runtime::UniformInt(rng, 5),
        .width = 1 + runtime::UniformInt(rng, 5),
        .max_shift = 1 + runtime::UniformInt(rng, 3)};
    const int64_t rows = 1 + runtime::UniformInt(rng, 4);
    DenseDataset dense = {.num_features = options.height * options.width};
    for (int64_t row = 0; row < rows; ++row) {
      dense.labels.push_back(static_cast<double>(row));
      for (int64_t j = 0; j < dense.num_features; ++j) {
        dense.values.push_back(static_cast<float>(runtime::UniformInt(rng, 3)));
      }
    }
    const int64_t side = 2 * options.max_shift + 1;
    const auto from_dense =
        ShiftedImages(dense, rows * side * side, options, Rng(instance));
    const auto from_sparse = ShiftedImages(ToSparse(dense), rows * side * side,
                                           options, Rng(instance));
    ASSERT_TRUE(from_dense.ok() && from_sparse.ok());
    EXPECT_TRUE(Validate(*from_sparse).ok());
    EXPECT_EQ(ToSparse(*from_dense), *from_sparse);
    const int64_t few = 1 + runtime::UniformInt(rng, rows * side * side);
    const auto prefix = ShiftedImages(dense, few, options, Rng(instance));
    EXPECT_TRUE(std::equal(prefix->values.begin(), prefix->values.end(),
                           from_dense->values.begin()));
    EXPECT_TRUE(std::equal(prefix->labels.begin(), prefix->labels.end(),
                           from_dense->labels.begin()));
  }
}

TEST(ShiftedImagesTest, CopiesOfAnImageAllDiffer) {
  DenseDataset image = {.num_features = 81, .labels = {0}};
  image.values.assign(81, 0.0F);
  image.values[40] = 1;  // the centre of 9 x 9: no shift loses it
  const auto all =
      ShiftedImages(image, 25, {.height = 9, .width = 9}, Rng(TestSeed()));
  std::set<std::vector<float>> seen;
  for (int64_t row = 0; row < 25; ++row) {
    seen.insert({all->Row(row).begin(), all->Row(row).end()});
  }
  EXPECT_EQ(seen.size(), 25U);
}

TEST(ShiftedImagesTest, BadArgumentsAreNamed) {
  const DenseDataset image = {
      .num_features = 4, .values = {0, 1, 0, 0}, .labels = {0}};
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(ShiftedImages(image, 1, {}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("28 x 28 = 784 pixels, the images "
                                           "have 4")));
  EXPECT_THAT(ShiftedImages(image, 1, {.height = 0, .width = 2}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("height is 0")));
  EXPECT_THAT(ShiftedImages(image, 1, {.height = 2, .width = 2, .max_shift = 0},
                            Rng(1)),
              StatusIs(kInvalid, HasSubstr("max_shift is 0")));
  EXPECT_THAT(ShiftedImages(image, 26, {.height = 2, .width = 2}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("num_rows is 26, must be in "
                                           "[0, 25]")));
  EXPECT_THAT(ShiftedImages(image, -1, {.height = 2, .width = 2}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("num_rows is -1")));
}

}  // namespace
}  // namespace muster::models
