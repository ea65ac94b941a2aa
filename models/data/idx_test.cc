#include "muster/models/data/idx.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/data/test_files.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::AnyOf;
using ::testing::HasSubstr;

// Two images of 1 x 2 pixels: (0, 255), (51, 0).
const IdxTensor kImages = {.sizes = {2, 1, 2}, .bytes = {0, 255, 51, 0}};
const IdxTensor kLabels = {.sizes = {2}, .bytes = {7, 3}};

TEST(IdxTest, WorkedExample) {
  const std::string bytes(
      "\0\0\x08\x03\0\0\0\x02\0\0\0\x01\0\0\0\x02\0\xff\x33\0", 20);
  EXPECT_EQ(FormatIdx(kImages), bytes);
  const auto tensor = ParseIdx(bytes, "f");
  ASSERT_THAT(tensor, IsOk());
  EXPECT_EQ(*tensor, kImages);
}

TEST(IdxTest, ImagesBecomeRows) {
  const auto data = ImagesToDataset(kImages, kLabels);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(*data, (SparseDataset{.num_features = 2,
                                  .row_begin = {0, 1, 2},
                                  .columns = {1, 0},
                                  .values = {1.0f, 0.2f},
                                  .labels = {7, 3}}));
  const auto first = ImagesToDataset(kImages, kLabels, 1);
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->labels, std::vector<double>{7});
  EXPECT_EQ(first->num_entries(), 1);
}

TEST(IdxTest, ReadsPlainAndCompressedFiles) {
  for (bool compressed : {false, true}) {
    const std::string images = FormatIdx(kImages);
    const std::string labels = FormatIdx(kLabels);
    const std::string images_path =
        WriteTestFile("images", compressed ? Gzip(images) : images);
    const std::string labels_path =
        WriteTestFile("labels", compressed ? Gzip(labels) : labels);
    const auto data = ReadIdxDataset(images_path, labels_path);
    ASSERT_THAT(data, IsOk());
    EXPECT_EQ(*data, *ImagesToDataset(kImages, kLabels));
    // The wrong way round.
    EXPECT_THAT(ReadIdxDataset(labels_path, images_path),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AnyOf(HasSubstr("label file may stand"))));
  }
}

TEST(IdxTest, EmptyTensorsAreRead) {
  const IdxTensor empty = {.sizes = {0, 28, 28}, .bytes = {}};
  EXPECT_EQ(*ParseIdx(FormatIdx(empty), "f"), empty);
  const auto data = ImagesToDataset(empty, {.sizes = {0}, .bytes = {}});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->num_rows(), 0);
}

TEST(IdxTest, ErrorsSayWhatIsWrong) {
  const std::string good = FormatIdx(kImages);
  const auto expect = [](const std::string& bytes, absl::StatusCode code,
                         const char* message) {
    EXPECT_THAT(ParseIdx(bytes, "f"), StatusIs(code, HasSubstr(message)));
  };
  constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  expect("", kDataLoss,
         "f: the IDX magic number needs 4 bytes, the file has 0");
  expect(good.substr(0, 3), kDataLoss, "the file has 3");
  expect(good.substr(0, 9), kDataLoss, "the IDX header needs 16 bytes");
  expect(good.substr(0, 19), kDataLoss, "2 x 1 x 2 bytes does not fit the 3");
  expect(good + "x", kDataLoss, "1 bytes follow the 4 of the tensor");
  std::string bad = good;
  bad[0] = 1;
  expect(bad, kInvalid, "magic number 0x01000803");
  bad = good;
  bad[2] = 0x0d;
  expect(bad, kInvalid, "element type 0x0d, expected 0x08");
  bad = good;
  bad[3] = 9;
  expect(bad, kInvalid, "9 dimensions, expected 1 to 8");
  bad[3] = 0;
  expect(bad, kInvalid, "0 dimensions");
  // 2^32 - 1 in each of three dimensions: no overflow, no allocation.
  bad = good;
  for (int i = 4; i < 16; ++i) bad[i] = '\xff';
  expect(bad, kDataLoss, "4294967295 x 4294967295 x 4294967295");
}

TEST(IdxTest, ImagesAndLabelsMustBelongTogether) {
  EXPECT_THAT(ImagesToDataset(kImages, {.sizes = {1}, .bytes = {7}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("2 images but 1 labels")));
  EXPECT_THAT(ImagesToDataset(kImages, kImages),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the labels have 3 dimensions")));
  EXPECT_THAT(
      ImagesToDataset(kImages, kLabels, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_rows is 0")));
}

TEST(IdxTest, MutatedBytesNeverCrash) {
  int errors = 0;
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    runtime::Rng rng = root.Fork("case", seed);
    std::string bytes = FormatIdx(kImages);
    const int64_t mutations = 1 + runtime::UniformInt(rng, 3);
    for (int64_t m = 0; m < mutations && !bytes.empty(); ++m) {
      const int64_t at =
          runtime::UniformInt(rng, static_cast<int64_t>(bytes.size()));
      switch (runtime::UniformInt(rng, 3)) {
        case 0:
          bytes[at] = static_cast<char>(runtime::UniformInt(rng, 256));
          break;
        case 1:
          bytes.erase(at, 1);
          break;
        default:
          bytes.resize(at);
      }
    }
    const auto tensor = ParseIdx(bytes, "mutated");
    if (tensor.ok()) {
      EXPECT_EQ(FormatIdx(*tensor), bytes) << "seed " << seed;
      (void)ImagesToDataset(*tensor, kLabels);
    } else {
      ++errors;
    }
  }
  EXPECT_GT(errors, 1000);
}

TEST(IdxTest, RandomTensorsSurviveTheRoundTrip) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    runtime::Rng rng = root.Fork("case", seed);
    IdxTensor tensor;
    int64_t product = 1;
    const int64_t dimensions = 1 + runtime::UniformInt(rng, 4);
    for (int64_t i = 0; i < dimensions; ++i) {
      tensor.sizes.push_back(runtime::UniformInt(rng, 6));
      product *= tensor.sizes.back();
    }
    for (int64_t i = 0; i < product; ++i) {
      tensor.bytes.push_back(
          static_cast<uint8_t>(runtime::UniformInt(rng, 256)));
    }
    const auto back = ParseIdx(FormatIdx(tensor), "f");
    ASSERT_THAT(back, IsOk());
    EXPECT_EQ(*back, tensor);
  }
}

std::vector<int64_t> DigitCounts(const IdxTensor& labels) {
  std::vector<int64_t> counts(10);
  for (uint8_t label : labels.bytes) ++counts.at(label);
  return counts;
}

TEST(IdxRealDataTest, Mnist) {
  const std::string images_path =
      RealDataFile("mnist/train-images-idx3-ubyte.gz");
  if (images_path.empty()) GTEST_SKIP() << "set MUSTER_DATA to the data folder";
  const auto images = ReadIdx(images_path);
  ASSERT_THAT(images, IsOk());
  EXPECT_EQ(images->sizes, (std::vector<int64_t>{60000, 28, 28}));
  const double sum = static_cast<double>(
      std::accumulate(images->bytes.begin(), images->bytes.end(), int64_t{0}));
  EXPECT_NEAR(sum / static_cast<double>(images->bytes.size()) / 255, 0.1307,
              5e-5);
  const auto labels = ReadIdx(RealDataFile("mnist/train-labels-idx1-ubyte.gz"));
  ASSERT_THAT(labels, IsOk());
  EXPECT_EQ(DigitCounts(*labels),
            (std::vector<int64_t>{5923, 6742, 5958, 6131, 5842, 5421, 5918,
                                  6265, 5851, 5949}));
}

TEST(IdxRealDataTest, MnistTest) {
  const std::string images = RealDataFile("mnist/t10k-images-idx3-ubyte.gz");
  const std::string labels = RealDataFile("mnist/t10k-labels-idx1-ubyte.gz");
  if (images.empty() || labels.empty()) {
    GTEST_SKIP() << "set MUSTER_DATA to the data folder";
  }
  const auto data = ReadIdxDataset(images, labels);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->num_rows(), 10000);
  EXPECT_EQ(data->num_features, 784);
  EXPECT_EQ(DigitCounts(*ReadIdx(labels)),
            (std::vector<int64_t>{980, 1135, 1032, 1010, 982, 892, 958, 1028,
                                  974, 1009}));
}

}  // namespace
}  // namespace muster::models
