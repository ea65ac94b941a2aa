#include "muster/models/data/bag_of_words.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
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
using ::testing::AllOf;
using ::testing::Each;
using ::testing::HasSubstr;

// Document 2 and the last one have no words; word 3 does not occur.
constexpr char kText[] =
    "4\n5\n4\n"
    "1 1 2\n"
    "1 4 1\r\n"
    "3 2 7\n"
    "3\t5  1\n";

SparseDataset Expected() {
  return {.num_features = 5,
          .row_begin = {0, 2, 2, 4, 4},
          .columns = {0, 3, 1, 4},
          .values = {2, 1, 7, 1},
          .labels = {0, 0, 0, 0}};
}

TEST(BagOfWordsTest, WorkedExample) {
  const auto data = ParseBagOfWords(kText, "text");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(*data, Expected());
  EXPECT_THAT(Validate(*data), IsOk());
}

TEST(BagOfWordsTest, ReadsPlainAndCompressedFiles) {
  for (const bool compressed : {false, true}) {
    const std::string path =
        WriteTestFile("docword.txt", compressed ? Gzip(kText) : kText);
    const auto data = ReadBagOfWords(path);
    ASSERT_THAT(data, IsOk());
    EXPECT_EQ(*data, Expected());
  }
}

TEST(BagOfWordsTest, NoDocumentsAndNoEntries) {
  EXPECT_EQ(ParseBagOfWords("0\n0\n0\n", "text")->num_rows(), 0);
  const auto empty = ParseBagOfWords("3\n2\n0", "text");
  ASSERT_THAT(empty, IsOk());
  EXPECT_EQ(empty->num_rows(), 3);
  EXPECT_EQ(empty->num_entries(), 0);
}

TEST(BagOfWordsTest, GeneratedCountsComeBack) {
  const uint64_t seed = runtime::TestSeed();
  for (int round = 0; round < 200; ++round) {
    runtime::Rng rng = runtime::Rng(seed).Fork("bag", round);
    SparseDataset data{.num_features = 1 + runtime::UniformInt(rng, 20)};
    const int64_t num_rows = runtime::UniformInt(rng, 12);
    for (int64_t row = 0; row < num_rows; ++row) {
      for (int32_t word = 0; word < data.num_features; ++word) {
        if (runtime::Uniform01(rng) < 0.7) continue;
        data.columns.push_back(word);
        data.values.push_back(
            static_cast<float>(1 + runtime::UniformInt(rng, 1 << 20)));
      }
      data.row_begin.push_back(data.num_entries());
      data.labels.push_back(0);
    }
    const auto read = ParseBagOfWords(FormatBagOfWords(data), "text");
    ASSERT_THAT(read, IsOk());
    ASSERT_EQ(*read, data);
  }
}

TEST(BagOfWordsTest, ErrorsNameTheLine) {
  const auto error = [](const std::string& text, const std::string& message) {
    EXPECT_THAT(
        ParseBagOfWords(text, "f"),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)))
        << text;
  };
  error("4\nx\n1\n", "f, line 2: expected the number of words alone");
  error("4 5\n", "f, line 1: expected the number of documents alone");
  error("-4\n", "f, line 1: ");
  error("99999999999\n", "in [0, 2147483647], got '99999999999'");
  error("4\n5\n1\n5 1 1\n",
        "f, line 4: document '5' is not a whole number in "
        "[1, 4]");
  error("4\n5\n1\n0 1 1\n", "document '0'");
  error("4\n5\n1\n1 6 1\n", "word '6' is not a whole number in [1, 5]");
  error("4\n5\n1\n1 1 0\n", "count '0'");
  error("4\n5\n1\n1 1 1.5\n", "count '1.5'");
  error("4\n5\n1\n1 1\n", "count ''");
  error("4\n5\n1\n1 1 1 1\n", "'1' follows the count");
  error("4\n5\n2\n2 1 1\n1 1 1\n",
        "f, line 5: document 1, word 1 is out of "
        "order or given twice");
  error("4\n5\n2\n1 2 1\n1 2 1\n", "document 1, word 2 is out of order");
  error("2000000000\n5\n1\n1999999999 1 1\n", "no words in 1999999998");
}

TEST(BagOfWordsTest, WrongTotalsAreDataLoss) {
  const auto error = [](const std::string& text, const std::string& message) {
    EXPECT_THAT(ParseBagOfWords(text, "f"),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  };
  error("4\n5\n", "2 lines, expected");
  error("", "0 lines");
  error("4\n5\n2\n1 1 1\n", "1 entries, line 3 announces 2");
  error("4\n5\n1\n1 1 1\n1 2 1\n", "2 entries, line 3 announces 1");
  error("2000000000\n5\n1\n1 1 1\n", "announces 2000000000 documents");
}

// The limit is for all of them together, between entries and behind the last.
TEST(BagOfWordsTest, TenMillionEmptyDocumentsAreTheMost) {
  // One before the first entry, one before the second, the others behind it.
  const std::string text = "\n1\n2\n2 1 1\n4 1 1\n";
  const auto data = ParseBagOfWords("10000002" + text, "f");
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->num_rows(), 10'000'002);
  EXPECT_THAT(
      ParseBagOfWords("10000003" + text, "f"),
      StatusIs(absl::StatusCode::kDataLoss,
               HasSubstr("10000003 documents, of which 10000001 have no words, "
                         "expected at most 10000000")));
  // Gaps that are small each: a text of some kilobytes for 34 GB.
  std::string gaps = "2147483647\n1\n214\n";
  for (int i = 1; i <= 214; ++i) absl::StrAppend(&gaps, i, "0000000 1 1\n");
  EXPECT_THAT(
      ParseBagOfWords(gaps, "f"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("f, line 5: no words in 19999998 documents "
                         "before this one, expected at most 10000000")));
}

TEST(BagOfWordsTest, LabelsAreOnePerDocument) {
  SparseDataset data = Expected();
  ASSERT_THAT(ReadLabels(WriteTestFile("l", "+3\n1\r\n20\n-1"), &data), IsOk());
  EXPECT_EQ(data.labels, (std::vector<double>{3, 1, 20, -1}));
  const auto error = [&](const std::string& text, const std::string& message) {
    EXPECT_THAT(
        ReadLabels(WriteTestFile("l", text), &data),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  error("1\n2\n3\n", "3 labels for 4 documents");
  error("1\n2\n3\n4\n5\n", "line 5: a label too many, there are 4 documents");
  error("1\n\n3\n4\n", "line 2: label ''");
  error("1\nnan\n3\n4\n", "line 2: label 'nan' is not finite");
  error("1\n++1\n3\n4\n", "line 2: label '++1' is not a number");
  error("1\n1e999\n3\n4\n", "line 2: label '1e999' is beyond the range");
}

// Published: D = 11269, W = 61188, 1467345 entries, 20 classes; 7505 tests.
TEST(BagOfWordsTest, RealNewsgroups) {
  const std::string folder = "bow/20news/";
  const std::string path = RealDataFile(folder + "docword.20news.train.txt.gz");
  if (path.empty()) GTEST_SKIP() << "$MUSTER_DATA has no bow/20news";
  auto data = ReadBagOfWords(path);
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->num_rows(), 11269);
  EXPECT_EQ(data->num_features, 61188);
  EXPECT_EQ(data->num_entries(), 1467345);
  ASSERT_THAT(
      ReadLabels(RealDataFile(folder + "20news.train.labels.gz"), &*data),
      IsOk());
  EXPECT_THAT(data->labels, Each(AllOf(::testing::Ge(1), ::testing::Le(20))));
}

}  // namespace
}  // namespace muster::models
