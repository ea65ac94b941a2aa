#include "muster/models/data/csv.h"

#include <gtest/gtest.h>

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

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

constexpr char kText[] =
    "\xef\xbb\xbf"
    "age, weight ,\"body \"\"height\"\", m\",class\r\n"
    "\n"
    "31,+80.5,1.83,1\r\n"
    " 7 ,\"25\", -1e-1 ,-2";

TEST(CsvTest, WorkedExample) {
  const auto data = ParseCsv(kText, "text", {.label_column = "class"});
  ASSERT_THAT(data, IsOk());
  const DenseDataset expected = {.num_features = 3,
                                 .values = {31, 80.5F, 1.83F, 7, 25, -0.1F},
                                 .labels = {1, -2}};
  EXPECT_EQ(*data, expected);
}

TEST(CsvTest, ReadsPlainAndCompressedFiles) {
  for (bool compressed : {false, true}) {
    const std::string path =
        WriteTestFile(compressed ? "small.csv.gz" : "small.csv",
                      compressed ? Gzip(kText) : kText);
    const auto data = ReadCsv(path, {.label_column = "class"});
    ASSERT_THAT(data, IsOk());
    EXPECT_EQ(*data, *ParseCsv(kText, "text", {.label_column = "class"}));
  }
  EXPECT_THAT(ReadCsv("/no/such.csv"), StatusIs(absl::StatusCode::kNotFound));
}

TEST(CsvTest, FirstLineSettlesTheColumns) {
  const auto named = CsvParser::Create(
      "id,x,y,t", {.label_column = "t", .ignored_columns = {"id"}});
  ASSERT_THAT(named, IsOk());
  EXPECT_TRUE(named->has_header());
  EXPECT_TRUE(named->has_labels());
  EXPECT_EQ(named->feature_names(), (std::vector<std::string>{"x", "y"}));
  const auto numbered = CsvParser::Create(
      "1;abc;3",
      {.delimiter = ';', .label_column = "-1", .ignored_columns = {"1"}});
  ASSERT_THAT(numbered, IsOk());
  EXPECT_FALSE(numbered->has_header());
  EXPECT_EQ(numbered->feature_names(), std::vector<std::string>{"column 0"});
  double label = 0;
  std::vector<float> values(1);
  EXPECT_TRUE(*numbered->ParseLine("1;abc;3", &label, values));
  EXPECT_EQ(values[0], 1);
  EXPECT_EQ(label, 3);
  EXPECT_FALSE(*numbered->ParseLine("  ", &label, values));
  // Names of an index column, as data frames write them.
  EXPECT_TRUE(CsvParser::Create(",a,b", {})->has_header());
  EXPECT_FALSE(CsvParser::Create("NA,?", {})->has_header());
  EXPECT_FALSE(CsvParser::Create("a,7", {})->has_header());
  EXPECT_TRUE(
      CsvParser::Create("0,7", {.header = CsvHeader::kPresent})->has_header());
  EXPECT_FALSE(
      CsvParser::Create("a,b", {.header = CsvHeader::kAbsent})->has_header());
  // A name comes before a number.
  EXPECT_EQ(CsvParser::Create(
                "1,0", {.header = CsvHeader::kPresent, .label_column = "0"})
                ->feature_names(),
            std::vector<std::string>{"1"});
}

TEST(CsvTest, MissingValues) {
  const char text[] = "x,y\n1,\nNA,2\n\"\",n/a\nnull,?\n NaN,-0\n";
  const auto data = ParseCsv(text, "f", {.missing = CsvMissing::kZero});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->values, (std::vector<float>{1, 0, 0, 2, 0, 0, 0, 0, 0, 0}));
  EXPECT_THAT(ParseCsv(text, "f"),
              StatusIs(kInvalid, HasSubstr("f, line 2: column 1 ('y'): the "
                                           "value '' is missing; give it")));
  EXPECT_THAT(ParseCsv("x,t\n1,na", "f",
                       {.label_column = "t", .missing = CsvMissing::kZero}),
              StatusIs(kInvalid, HasSubstr("line 2: column 1 ('t'): the label "
                                           "'na' is missing; remove the row")));
}

TEST(CsvTest, TabsAreFieldsOrBlanks) {
  const auto data = ParseCsv("1\t\t 3\n", "f",
                             {.delimiter = '\t', .missing = CsvMissing::kZero});
  ASSERT_THAT(data, IsOk());
  EXPECT_EQ(data->values, (std::vector<float>{1, 0, 3}));
  EXPECT_EQ(ParseCsv("1,\t2\t\n", "f")->values, (std::vector<float>{1, 2}));
}

TEST(CsvTest, MalformedLinesSayWhereAndWhat) {
  const struct {
    const char* line;
    const char* message;
  } cases[] = {
      {"1,2",
       "f, line 3: the line has 2 fields, the first one of the file has "
       "3"},
      {"1,2,3,", "f, line 3: the line has 4 fields"},
      {"1,b,3", "f, line 3: column 1 ('y'): 'b' is not a number"},
      {"1,0x1,3", "column 1 ('y'): '0x1' is not a number"},
      {"1,2 3,3", "column 1 ('y'): '2 3' is not a number"},
      {"inf,2,3", "column 0 ('x'): 'inf' is not finite"},
      {"1,1e39,3", "column 1 ('y'): '1e39' is beyond the range"},
      {"1,2,cat",
       "column 2 ('t'): label 'cat' is not a number; number the "
       "classes"},
      {"1,2,1e999", "column 2 ('t'): label '1e999' is beyond the range"},
      {"1,\"2,3", "f, line 3: column 1: a quote is not closed on this line"},
      {"1,\"2\"x,3", "column 1: 'x' follows the closing quote"},
      {"1,2\",3", "column 1 ('y'): '2\"' is not a number"},
      {"1,\x01\xff,3", "column 1 ('y'): '\\x01\\xff' is not a number"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(ParseCsv(absl::StrCat("x,y,t\n1,2,3\n", c.line, "\n7,8,9\n"),
                         "f", {.label_column = "t"}),
                StatusIs(kInvalid, HasSubstr(c.message)))
        << c.line;
  }
}

TEST(CsvTest, ColumnsThatDoNotExist) {
  const auto create = [](const char* line, const CsvOptions& options) {
    return CsvParser::Create(line, options).status();
  };
  EXPECT_THAT(create("a,b", {.label_column = "c"}),
              StatusIs(kInvalid, HasSubstr("label column 'c' is not a column "
                                           "of the header")));
  EXPECT_THAT(create("1,2", {.label_column = "c"}),
              StatusIs(kInvalid, HasSubstr("there is no header with names")));
  EXPECT_THAT(create("1,2", {.label_column = "2"}),
              StatusIs(kInvalid, HasSubstr("label column 2 is outside the 2 "
                                           "columns")));
  EXPECT_THAT(create("1,2", {.label_column = "-3"}),
              StatusIs(kInvalid, HasSubstr("-3 is outside")));
  EXPECT_THAT(create("a,a", {.label_column = "a"}),
              StatusIs(kInvalid, HasSubstr("is the name of several columns")));
  EXPECT_THAT(create("a,b", {.ignored_columns = {"x"}}),
              StatusIs(kInvalid, HasSubstr("ignored column 'x'")));
  EXPECT_THAT(create("a,b", {.label_column = "a", .ignored_columns = {"a"}}),
              StatusIs(kInvalid, HasSubstr("is the label column")));
  EXPECT_THAT(create("a", {.label_column = "a"}),
              StatusIs(kInvalid, HasSubstr("no column is left for features: of "
                                           "1, one is the label")));
  EXPECT_THAT(create("a,\"b", {}),
              StatusIs(kInvalid, HasSubstr("a quote is not closed")));
}

TEST(CsvTest, BadOptionsAndFilesWithoutRows) {
  for (char delimiter : {'"', ' ', '1', 'e', '.', '-', '+', '\n', '\r', '\0'}) {
    EXPECT_THAT(Validate(CsvOptions{.delimiter = delimiter}),
                StatusIs(kInvalid, HasSubstr("delimiter is")));
  }
  EXPECT_THAT(Validate(CsvOptions{.max_rows = 0}),
              StatusIs(kInvalid, HasSubstr("max_rows is 0")));
  EXPECT_EQ(ParseCsv("1\n2\n3\n", "f", {.max_rows = 2})->num_rows(), 2);
  EXPECT_THAT(ParseCsv("", "f"), StatusIs(kInvalid, HasSubstr("f: no rows")));
  EXPECT_THAT(ParseCsv("a,b\n\n", "f"),
              StatusIs(kInvalid, HasSubstr("f: no rows")));
}

TEST(CsvTest, WhatIsWrittenIsReadBack) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t instance = 0; instance < 200; ++instance) {
    runtime::Rng rng = root.Fork("round trip", instance);
    DenseDataset data = {.num_features = 1 + runtime::UniformInt(rng, 5)};
    const int64_t rows = 1 + runtime::UniformInt(rng, 6);
    for (int64_t row = 0; row < rows; ++row) {
      data.labels.push_back(runtime::Normal(rng));
      for (int64_t j = 0; j < data.num_features; ++j) {
        data.values.push_back(
            static_cast<float>(runtime::Normal(rng) *
                               runtime::Exp(runtime::Uniform(rng, -80, 80))));
      }
    }
    const auto read = ParseCsv(FormatCsv(data), "f", {.label_column = "label"});
    ASSERT_THAT(read, IsOk());
    EXPECT_EQ(*read, data);
  }
  const float largest = std::numeric_limits<float>::max();
  const DenseDataset ends = {.num_features = 2,
                             .values = {largest, -largest},
                             .labels = {std::numeric_limits<double>::max()}};
  const auto read = ParseCsv(FormatCsv(ends), "f", {.label_column = "label"});
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(*read, ends);
}

// Whatever bytes come, the answer is a status or finite rows of one width.
TEST(CsvTest, MutatedTextIsReadOrRefused) {
  const runtime::Rng root(runtime::TestSeed());
  const std::string pieces = "0123456789.,;\"\n\r\t -+eNA?x\xef\xbb\xbf";
  int64_t read = 0;
  for (uint64_t instance = 0; instance < 5000; ++instance) {
    runtime::Rng rng = root.Fork("mutation", instance);
    std::string text = "a,b,c\n1,2,3\n4,\"5\",6\n7,8,9\n";
    const int64_t edits = 1 + runtime::UniformInt(rng, 4);
    for (int64_t edit = 0; edit < edits; ++edit) {
      const auto size = static_cast<int64_t>(text.size());
      const int64_t at = runtime::UniformInt(rng, size);
      const char byte =
          pieces[runtime::UniformInt(rng, static_cast<int64_t>(pieces.size()))];
      switch (runtime::UniformInt(rng, 3)) {
        case 0:
          text[at] = byte;
          break;
        case 1:
          text.insert(at, 1, byte);
          break;
        default:
          text.erase(at, 1 + runtime::UniformInt(rng, 3));
      }
    }
    const auto data = ParseCsv(text, "f", {.label_column = "-1"});
    if (!data.ok()) {
      EXPECT_THAT(data, StatusIs(kInvalid));
      continue;
    }
    ++read;
    EXPECT_GE(data->num_rows(), 1);
    EXPECT_EQ(static_cast<int64_t>(data->values.size()),
              data->num_rows() * data->num_features);
    EXPECT_THAT(Validate(ToSparse(*data)), IsOk());
  }
  EXPECT_GT(read, 500);
}

}  // namespace
}  // namespace muster::models
