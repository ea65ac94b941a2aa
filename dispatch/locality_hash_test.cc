#include "muster/dispatch/locality_hash.h"

#include <cstdint>
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
using ::testing::HasSubstr;

PointSet NormalPoints(Rng rng, int64_t count, int64_t dimension, double mean) {
  PointSet points{.dimension = dimension};
  for (int64_t i = 0; i < count * dimension; ++i) {
    points.values.push_back(static_cast<float>(mean + runtime::Normal(rng)));
  }
  return points;
}

// u = 1 and w = 2: the bins are [2i, 2i + 2), without an offset.
TEST(LocalityHashTest, BinsAreCellsOfTheProjections) {
  const LocalityHash hash{
      .dimension = 1, .num_groups = 4, .directions = {1}, .width = 2};
  const auto bin = [&](float x) { return hash.BinOf(std::vector<float>{x}); };
  EXPECT_EQ(bin(0), bin(1.9f));
  EXPECT_NE(bin(0), bin(2));
  EXPECT_NE(bin(0), bin(-0.1f));
  EXPECT_EQ(bin(-0.1f), bin(-2));
  EXPECT_EQ(bin(-0.0f), bin(0));
  const PointSet line{.values = {-3, -1, 0, 1, 2, 3, 5}, .dimension = 1};
  EXPECT_EQ(CountBins(hash, line.View()), 5);  // [-4 [-2 [0 [2 [4
}

// Brief 7.4, 11: between 1.5k and 2.5k bins, around the origin (where fewer
// directions are used: 10 give 2^10 bins of any width) and away from it.
TEST(LocalityHashTest, WidthIsTunedToTwiceAsManyBinsAsGroups) {
  const Rng rng(runtime::TestSeed());
  for (const double mean : {0.0, 0.5, 20.0}) {
    for (const int64_t k : {4, 16, 64, 256}) {
      const PointSet points = NormalPoints(rng, 3000, 20, mean);
      const auto hash = FitLocalityHash(points.View(), k, 10, rng.Fork("hash"));
      ASSERT_THAT(hash, IsOk());
      const int64_t bins = CountBins(*hash, points.View());
      EXPECT_GE(bins, 3 * k / 2) << "k = " << k << ", mean = " << mean;
      EXPECT_LE(bins, 5 * k / 2) << "k = " << k << ", mean = " << mean;
      if (mean > 1) {
        EXPECT_EQ(hash->num_directions(), 10);
      }
    }
  }
}

TEST(LocalityHashTest, DegenerateSamplesHaveAHash) {
  const PointSet zeros{.values = std::vector<float>(30, 0.0f), .dimension = 3};
  const auto hash = FitLocalityHash(zeros.View(), 5, 10, Rng(1));
  ASSERT_THAT(hash, IsOk());
  EXPECT_EQ(CountBins(*hash, zeros.View()), 1);
  const PointSet huge{.values = {3e38f, -3e38f, 3e38f, 3e38f, 1, 2},
                      .dimension = 2};
  const auto large = FitLocalityHash(huge.View(), 2, 10, Rng(1));
  ASSERT_THAT(large, IsOk());
  EXPECT_GE(CountBins(*large, huge.View()), 1);
}

TEST(LocalityHashTest, SameBitsForAnyNumberOfThreads) {
  const PointSet points = NormalPoints(Rng(runtime::TestSeed()), 2000, 7, 1);
  const auto one =
      FitLocalityHash(points.View(), 30, 10, Rng(2), {.threads = 1});
  ASSERT_THAT(one, IsOk());
  for (const int threads : {2, 3, 8}) {
    const auto many =
        FitLocalityHash(points.View(), 30, 10, Rng(2), {.threads = threads});
    ASSERT_THAT(many, IsOk());
    EXPECT_EQ(many->width, one->width);
    EXPECT_EQ(many->directions, one->directions);
  }
}

TEST(LocalityHashTest, NamesWhatIsWrong) {
  const PointSet points{.values = {0, 1}, .dimension = 1};
  EXPECT_THAT(FitLocalityHash(points.View(), 0, 10, Rng(1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_groups is 0")));
  EXPECT_THAT(FitLocalityHash(points.View(), 2, 0, Rng(1)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("hash directions: 0")));
  EXPECT_THAT(
      Validate(LocalityHash{
          .dimension = 2, .num_groups = 2, .directions = {1, 2, 3}}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("directions")));
  EXPECT_THAT(
      Validate(LocalityHash{
          .dimension = 1, .num_groups = 2, .directions = {1}, .width = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("width is 0")));
}

}  // namespace
}  // namespace muster::dispatch
