#include "muster/models/data/libsvm.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
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
using ::testing::HasSubstr;

constexpr char kText[] =
    "+1 2:0.5 4:-3 # a comment 9:9\n"
    "\n"
    "# only a comment\n"
    "-1.5e0\t1:1\r\n"
    "0";

SparseDataset Expected() {
  return {.num_features = 4,
          .row_begin = {0, 2, 3, 3},
          .columns = {1, 3, 0},
          .values = {0.5f, -3, 1},
          .labels = {1, -1.5, 0}};
}

TEST(LibsvmTest, WorkedExample) {
  const auto data = ParseLibsvm(kText, "text");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(*data, Expected());
}

TEST(LibsvmTest, ReadsPlainAndCompressedFiles) {
  for (bool compressed : {false, true}) {
    const std::string path =
        WriteTestFile(compressed ? "small.gz" : "small.libsvm",
                      compressed ? Gzip(kText) : kText);
    const auto data = ReadLibsvm(path);
    ASSERT_THAT(data, IsOk());
    EXPECT_EQ(*data, Expected());
  }
}

TEST(LibsvmTest, OptionsFixTheWidthAndCutRows) {
  EXPECT_EQ(ParseLibsvm(kText, "text", {.num_features = 7})->num_features, 7);
  const auto first = ParseLibsvm(kText, "text", {.max_rows = 1});
  ASSERT_THAT(first, IsOk());
  EXPECT_EQ(first->labels, std::vector<double>{1});
  EXPECT_THAT(
      ParseLibsvm(kText, "text", {.num_features = 3}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("text, line 1: index '4' is above the number of "
                         "features, 3")));
  EXPECT_THAT(ParseLibsvm(kText, "text", {.num_features = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_features is -1")));
  EXPECT_THAT(
      ParseLibsvm(kText, "text", {.max_rows = 0}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("max_rows is 0")));
}

TEST(LibsvmTest, MalformedLinesSayWhereAndWhat) {
  const struct {
    const char* line;
    const char* message;
  } cases[] = {
      {"abc 1:2", "f, line 2: label 'abc' is not a number"},
      {"1,2 1:2", "f, line 2: label '1,2' is not a number"},
      {"1:2 2:3", "f, line 2: label '1:2' is not a number"},
      {"nan 1:2", "f, line 2: label 'nan' is not finite"},
      {"++1 1:2", "f, line 2: label '++1' is not a number"},
      {"+-1 1:2", "f, line 2: label '+-1' is not a number"},
      {"1e999 1:2", "f, line 2: label '1e999' is beyond the range"},
      {"1 2", "f, line 2: token '2' has no ':', expected <index>:<value>"},
      {"1 qid:3 1:1", "f, line 2: token 'qid:3' is a ranking group"},
      {"1 :3", "f, line 2: index of ':3' is not a whole number"},
      {"1 x:3", "f, line 2: index of 'x:3' is not a whole number"},
      {"1 -1:3", "f, line 2: index of '-1:3' is not a whole number"},
      {"1 1.5:3", "f, line 2: index of '1.5:3' is not a whole number"},
      {"1 0:3", "f, line 2: index of '0:3' is 0, indices count from 1"},
      {"1 2:3 2:4", "f, line 2: index 2 follows 2, indices must increase"},
      {"1 3:3 2:4", "f, line 2: index 2 follows 3, indices must increase"},
      {"1 2147483648:1", "f, line 2: index '2147483648' is above the number"},
      {"1 99999999999999999999:1", "is above the number of features"},
      {"1 1:", "f, line 2: value '' of index 1 is not a number"},
      {"1 1:2:3", "f, line 2: value '2:3' of index 1 is not a number"},
      {"1 1:0x10", "f, line 2: value '0x10' of index 1 is not a number"},
      {"1 1:inf", "f, line 2: value 'inf' of index 1 is not finite"},
      {"1 1:-nan", "f, line 2: value '-nan' of index 1 is not finite"},
      {"1 1:1e39", "f, line 2: value '1e39' of index 1 is beyond the range"},
      {"1 1:1e400", "f, line 2: value '1e400' of index 1 is beyond the range"},
      {"1 1:\x01\xff",
       "f, line 2: value '\\x01\\xff' of index 1 is not a number"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(
        ParseLibsvm(absl::StrCat("1 1:1\n", c.line, "\n"), "f"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(c.message)))
        << c.line;
  }
}

TEST(LibsvmTest, UnderflowReadsAsZero) {
  const auto data = ParseLibsvm("1 1:1e-400 2:-1e-60", "f");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->values, (std::vector<float>{0, -0.0f}));
}

TEST(LibsvmTest, FilesWithoutRowsAreErrors) {
  for (const char* text : {"", "\n\n", "# nothing\n"}) {
    EXPECT_THAT(
        ParseLibsvm(text, "f"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("f: no rows")));
  }
  EXPECT_THAT(ReadLibsvm(absl::StrCat(::testing::TempDir(), "/absent")),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("absent")));
}

TEST(LibsvmTest, TruncatedGzipIsDataLoss) {
  std::string text;
  for (int i = 1; i < 5000; ++i) absl::StrAppend(&text, "1 ", i, ":", i, "\n");
  std::string bytes = Gzip(text);
  bytes.resize(bytes.size() / 2);
  EXPECT_THAT(ReadLibsvm(WriteTestFile("cut.gz", bytes)),
              StatusIs(absl::StatusCode::kDataLoss, HasSubstr("cut.gz")));
}

SparseDataset RandomData(runtime::Rng rng) {
  SparseDataset data;
  data.num_features = 1 + runtime::UniformInt(rng, 30);
  const int64_t rows = 1 + runtime::UniformInt(rng, 8);
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t j = 0; j < data.num_features; ++j) {
      if (runtime::UniformInt(rng, 3) != 0) continue;
      data.columns.push_back(static_cast<int32_t>(j));
      // Magnitudes from 1e-30 to 1e30.
      const double exponent = 60 * runtime::Uniform01(rng) - 30;
      data.values.push_back(
          static_cast<float>(runtime::Normal(rng) * std::pow(10.0, exponent)));
    }
    data.row_begin.push_back(data.num_entries());
    data.labels.push_back(runtime::Normal(rng) * 1e5);
  }
  return data;
}

TEST(LibsvmTest, FormattedDataReadsBackBitForBit) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    const SparseDataset data = RandomData(root.Fork("case", seed));
    const auto back = ParseLibsvm(FormatLibsvm(data), "f",
                                  {.num_features = data.num_features});
    ASSERT_THAT(back, IsOk()) << "seed " << seed;
    EXPECT_EQ(*back, data) << "seed " << seed;
  }
  EXPECT_EQ(FormatLibsvm(Expected()), "1 2:0.5 4:-3\n-1.5 1:1\n0\n");
  const float largest = std::numeric_limits<float>::max();
  const SparseDataset ends = {.num_features = 2,
                              .row_begin = {0, 2},
                              .columns = {0, 1},
                              .values = {largest, -largest},
                              .labels = {std::numeric_limits<double>::max()}};
  const auto back = ParseLibsvm(FormatLibsvm(ends), "f");
  ASSERT_THAT(back, IsOk());
  EXPECT_EQ(*back, ends);
}

// Whatever happens to the bytes, the answer is valid data or an error that
// names the file; it never crashes.
TEST(LibsvmTest, MutatedTextNeverCrashes) {
  int errors = 0;
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t seed = 1; seed <= 3000; ++seed) {
    runtime::Rng rng = root.Fork("case", seed);
    std::string text = FormatLibsvm(RandomData(rng.Fork("data")));
    const int64_t mutations = 1 + runtime::UniformInt(rng, 4);
    for (int64_t m = 0; m < mutations && !text.empty(); ++m) {
      const int64_t at =
          runtime::UniformInt(rng, static_cast<int64_t>(text.size()));
      switch (runtime::UniformInt(rng, 4)) {
        case 0:
          text[at] = static_cast<char>(runtime::UniformInt(rng, 256));
          break;
        case 1:
          text.erase(at, 1 + runtime::UniformInt(rng, 9));
          break;
        case 2:
          text.insert(at, 1, ":-e.# 0+\n\t"[runtime::UniformInt(rng, 10)]);
          break;
        default:
          text.resize(at);
      }
    }
    const auto data = ParseLibsvm(text, "mutated");
    if (data.ok()) {
      EXPECT_THAT(Validate(*data), IsOk()) << "seed " << seed;
    } else {
      ++errors;
      EXPECT_THAT(data, StatusIs(absl::StatusCode::kInvalidArgument,
                                 HasSubstr("mutated")))
          << "seed " << seed;
    }
  }
  EXPECT_GT(errors, 300);
}

TEST(LibsvmRealDataTest, A9a) {
  const std::string path = RealDataFile("libsvm/a9a.gz");
  if (path.empty()) GTEST_SKIP() << "set MUSTER_DATA to the data folder";
  const auto data = ReadLibsvm(path);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->num_rows(), 32561);
  EXPECT_EQ(data->num_features, 123);
  EXPECT_EQ(data->num_entries(), 451592);
  EXPECT_EQ(std::count(data->labels.begin(), data->labels.end(), 1.0), 7841);
  EXPECT_EQ(std::count(data->labels.begin(), data->labels.end(), -1.0),
            32561 - 7841);
}

TEST(LibsvmRealDataTest, A9aTest) {
  const std::string path = RealDataFile("libsvm/a9a.t.gz");
  if (path.empty()) GTEST_SKIP() << "set MUSTER_DATA to the data folder";
  const auto data = ReadLibsvm(path, {.num_features = 123});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->num_rows(), 16281);
  EXPECT_EQ(data->num_features, 123);
  EXPECT_EQ(data->num_entries(), 225731);
  EXPECT_EQ(std::count(data->labels.begin(), data->labels.end(), 1.0), 3846);
}

}  // namespace
}  // namespace muster::models
