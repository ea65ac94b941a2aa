#include "muster/models/data/row_reader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/csv.h"
#include "muster/models/data/idx.h"
#include "muster/models/data/libsvm.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/data/test_files.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::IsOkAndHolds;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Two images of 1 x 3 pixels and their labels.
std::string Images() {
  return FormatIdx({.sizes = {2, 1, 3}, .bytes = {0, 255, 0, 51, 0, 102}});
}
std::string Labels() { return FormatIdx({.sizes = {2}, .bytes = {7, 9}}); }

struct AllRows {
  std::vector<DataRow> rows = {};
  std::vector<std::pair<int64_t, std::string>> bad = {};
  absl::Status status = absl::OkStatus();
};

AllRows ReadAll(const std::string& path, RowReaderOptions options) {
  AllRows all;
  options.on_bad_row = [&](const BadRow& bad) {
    all.bad.emplace_back(bad.number, bad.reason);
  };
  auto reader = RowReader::Open(path, options);
  if (!reader.ok()) {
    all.status = reader.status();
    return all;
  }
  while (true) {
    DataRow row;
    const auto more = reader->Next(&row);
    all.status = more.status();
    if (!more.ok() || !*more) break;
    all.rows.push_back(row);
  }
  EXPECT_EQ(reader->num_rows(), static_cast<int64_t>(all.rows.size()));
  EXPECT_EQ(reader->num_bad_rows(), static_cast<int64_t>(all.bad.size()));
  DataRow row;
  EXPECT_THAT(reader->Next(&row), IsOkAndHolds(false));
  return all;
}

TEST(RowReaderTest, LibsvmRows) {
  const std::string text = "# head\n+1 2:0.5 4:0\n\n-1\r\n2 1:3 # tail";
  for (bool compressed : {false, true}) {
    const std::string path = WriteTestFile(absl::StrCat("rows", compressed),
                                           compressed ? Gzip(text) : text);
    const AllRows all = ReadAll(path, {});
    ASSERT_THAT(all.status, IsOk());
    ASSERT_EQ(all.rows.size(), 3U);
    EXPECT_EQ(all.rows[0].number, 2);
    EXPECT_EQ(all.rows[0].label, 1);
    EXPECT_EQ(all.rows[0].columns, (std::vector<int32_t>{1, 3}));
    EXPECT_EQ(all.rows[0].values, (std::vector<float>{0.5F, 0}));
    EXPECT_EQ(all.rows[0].text, "+1 2:0.5 4:0");
    EXPECT_EQ(all.rows[1].number, 4);
    EXPECT_TRUE(all.rows[1].columns.empty());
    EXPECT_EQ(all.rows[2].text, "2 1:3 # tail");
  }
}

TEST(RowReaderTest, CsvRows) {
  const std::string with_header =
      WriteTestFile("header.csv", "\n x,y,t\n1,0,3\n\n0,0,4\n");
  auto reader = RowReader::Open(with_header, {.csv = {.label_column = "t"}});
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ(reader->format(), RowFormat::kCsv);
  EXPECT_EQ(reader->header(), " x,y,t");
  EXPECT_EQ(reader->num_features(), 2);
  EXPECT_TRUE(reader->has_labels());
  DataRow row;
  EXPECT_THAT(reader->Next(&row), IsOkAndHolds(true));
  EXPECT_EQ(row.number, 3);
  EXPECT_EQ(row.label, 3);
  EXPECT_EQ(row.columns, std::vector<int32_t>{0});
  EXPECT_THAT(reader->Next(&row), IsOkAndHolds(true));
  EXPECT_EQ(row.number, 5);
  EXPECT_TRUE(row.columns.empty());
  EXPECT_THAT(reader->Next(&row), IsOkAndHolds(false));
  // Without a header the first line is a row.
  const AllRows plain = ReadAll(WriteTestFile("plain.csv", "1,2\n3,4\n"), {});
  ASSERT_EQ(plain.rows.size(), 2U);
  EXPECT_EQ(plain.rows[0].number, 1);
  EXPECT_EQ(plain.rows[0].text, "1,2");
  EXPECT_EQ(plain.rows[0].label, 0);
}

TEST(RowReaderTest, IdxRows) {
  const std::string images = WriteTestFile("images", Images());
  const std::string labels = WriteTestFile("labels", Gzip(Labels()));
  for (bool labelled : {false, true}) {
    auto reader =
        RowReader::Open(images, {.idx_labels_path = labelled ? labels : ""});
    ASSERT_THAT(reader, IsOk());
    EXPECT_EQ(reader->format(), RowFormat::kIdx);
    EXPECT_EQ(reader->has_labels(), labelled);
    EXPECT_EQ(reader->num_features(), 3);
    EXPECT_TRUE(
        std::ranges::equal(reader->image_sizes(), std::vector<int64_t>{1, 3}));
    RowBatch batch;
    EXPECT_THAT(reader->NextBatch(10, &batch, true), IsOkAndHolds(2));
    if (labelled) {
      EXPECT_EQ(batch.rows, *ReadIdxDataset(images, labels));
    }
    EXPECT_EQ(batch.numbers, (std::vector<int64_t>{1, 2}));
    EXPECT_EQ(batch.texts[0], std::string("\0\xff\0", 3));
    EXPECT_THAT(reader->NextBatch(10, &batch), IsOkAndHolds(0));
  }
}

TEST(RowReaderTest, BatchesAreTheRows) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t instance = 0; instance < 20; ++instance) {
    runtime::Rng rng = root.Fork("batch", instance);
    SparseDataset data = {.num_features = 9};
    const int64_t num_rows = 1 + runtime::UniformInt(rng, 40);
    for (int64_t row = 0; row < num_rows; ++row) {
      for (int32_t j = 0; j < 9; ++j) {
        if (runtime::UniformInt(rng, 3) != 0) continue;
        data.columns.push_back(j);
        data.values.push_back(static_cast<float>(runtime::Normal(rng)));
      }
      data.row_begin.push_back(data.num_entries());
      data.labels.push_back(runtime::Normal(rng));
    }
    const std::string path = WriteTestFile("batches", FormatLibsvm(data));
    auto reader = RowReader::Open(
        path, {.format = RowFormat::kLibsvm, .num_features = 9});
    ASSERT_THAT(reader, IsOk());
    SparseDataset joined = {.num_features = 9};
    RowBatch batch;
    const int64_t size = 1 + runtime::UniformInt(rng, 12);
    while (*reader->NextBatch(size, &batch, true) > 0) {
      EXPECT_LE(batch.rows.num_rows(), size);
      EXPECT_THAT(Validate(batch.rows), IsOk());
      for (int64_t row = 0; row < batch.rows.num_rows(); ++row) {
        const auto columns = batch.rows.RowColumns(row);
        const auto values = batch.rows.RowValues(row);
        joined.columns.insert(joined.columns.end(), columns.begin(),
                              columns.end());
        joined.values.insert(joined.values.end(), values.begin(), values.end());
        joined.row_begin.push_back(joined.num_entries());
        joined.labels.push_back(batch.rows.labels[row]);
        EXPECT_EQ(ParseLibsvm(batch.texts[row], "t")->labels[0],
                  batch.rows.labels[row]);
      }
    }
    EXPECT_EQ(joined, data);
    EXPECT_EQ(reader->num_features(), 9);
  }
}

TEST(RowReaderTest, BadRowsAreToldAndSkippedUpToTheLimit) {
  const std::string path = WriteTestFile(
      "bad.libsvm", "1 1:1\n2 0:1\nx 1:1\n3 2:2\n4 4:nan\n5 1:1\n");
  const AllRows all = ReadAll(path, {.max_bad_rows = 3});
  EXPECT_THAT(all.status, IsOk());
  ASSERT_EQ(all.rows.size(), 3U);
  EXPECT_EQ(all.rows[1].number, 4);
  ASSERT_EQ(all.bad.size(), 3U);
  EXPECT_EQ(all.bad[0].first, 2);
  EXPECT_THAT(all.bad[0].second, HasSubstr("index of '0:1' is 0"));
  EXPECT_EQ(all.bad[1].first, 3);
  EXPECT_THAT(all.bad[1].second, HasSubstr("label 'x' is not a number"));
  EXPECT_THAT(all.bad[2].second, HasSubstr("value 'nan' of index 4"));

  const AllRows two = ReadAll(path, {.max_bad_rows = 2});
  EXPECT_THAT(two.status,
              StatusIs(kInvalid, HasSubstr("bad.libsvm, line 5: value 'nan'")));
  EXPECT_THAT(two.status,
              StatusIs(kInvalid, HasSubstr("bad row 3 of at most 2")));
  EXPECT_EQ(two.bad.size(), 3U);
  EXPECT_EQ(two.rows.size(), 2U);

  const AllRows none = ReadAll(path, {});
  EXPECT_THAT(none.status, StatusIs(kInvalid, HasSubstr("line 2: index of")));
  EXPECT_EQ(none.rows.size(), 1U);
}

TEST(RowReaderTest, BadCsvRowsNameColumns) {
  const std::string path =
      WriteTestFile("bad.csv", "a,b\n1,2\n3\n4,x\n5,\n\"6,7\n8,9\n");
  const AllRows all = ReadAll(path, {.max_bad_rows = 100});
  ASSERT_EQ(all.bad.size(), 4U);
  EXPECT_THAT(all.bad[0].second, HasSubstr("has 1 fields"));
  EXPECT_THAT(all.bad[1].second, HasSubstr("column 1 ('b'): 'x'"));
  EXPECT_THAT(all.bad[2].second, HasSubstr("is missing"));
  EXPECT_THAT(all.bad[3].second, HasSubstr("a quote is not closed"));
  ASSERT_EQ(all.rows.size(), 2U);
  EXPECT_EQ(all.rows[1].number, 7);
}

TEST(RowReaderTest, WidthMustBeTheOneAskedFor) {
  const std::string libsvm = WriteTestFile("width.libsvm", "1 3:1\n");
  EXPECT_THAT(ReadAll(libsvm, {.num_features = 2}).status,
              StatusIs(kInvalid, HasSubstr("index '3' is above the number of "
                                           "features, 2")));
  const std::string csv = WriteTestFile("width.csv", "1,2,3\n");
  EXPECT_THAT(ReadAll(csv, {.num_features = 2}).status,
              StatusIs(kInvalid, HasSubstr("the rows have 3 features, expected "
                                           "2")));
  const std::string idx = WriteTestFile("width.idx", Images());
  EXPECT_THAT(ReadAll(idx, {.num_features = 784}).status,
              StatusIs(kInvalid, HasSubstr("the rows have 3 features, expected "
                                           "784")));
}

TEST(RowReaderTest, FormatIsToldByContent) {
  const struct {
    std::string text;
    RowFormat format;
  } cases[] = {
      {"1 2:3\n", RowFormat::kLibsvm},
      {"\n# a,b\n+1\t1:1", RowFormat::kLibsvm},
      {"-1\n", RowFormat::kLibsvm},
      {"-1 # alone\n", RowFormat::kLibsvm},
      {"1,2\n", RowFormat::kCsv},
      {"a,b\n", RowFormat::kCsv},
      {"a\tb\n", RowFormat::kCsv},
      {"time: 3, 4\n", RowFormat::kCsv},
      {"name\n", RowFormat::kCsv},
      {Images(), RowFormat::kIdx},
      {Gzip(Images()), RowFormat::kIdx},
      {Gzip("1 1:1"), RowFormat::kLibsvm},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(SniffRowFormat(WriteTestFile("sniff", c.text)),
                IsOkAndHolds(c.format))
        << c.text;
  }
  EXPECT_THAT(SniffRowFormat(WriteTestFile("sniff", "\n#\n")),
              StatusIs(kInvalid, HasSubstr("no line from which to tell")));
  for (RowFormat format : {RowFormat::kAuto, RowFormat::kLibsvm,
                           RowFormat::kCsv, RowFormat::kIdx}) {
    EXPECT_THAT(ParseRowFormat(RowFormatName(format)), IsOkAndHolds(format));
  }
  EXPECT_THAT(ParseRowFormat("xml"),
              StatusIs(kInvalid, HasSubstr("'xml' is not known; auto, libsvm, "
                                           "csv and idx are")));
}

// An image file is told by three bytes, not by a line, which may be all of it:
// damage further on is not met.
TEST(RowReaderTest, ImagesAreToldWithoutReadingALine) {
  constexpr int64_t kRows = 1000;
  IdxTensor images = {.sizes = {kRows, 28, 28}, .bytes = {}};
  runtime::Rng rng(1);
  for (int64_t i = 0; i < kRows * 28 * 28; ++i) {
    images.bytes.push_back(
        static_cast<uint8_t>('\n' + 1 + runtime::UniformInt(rng, 200)));
  }
  const std::string plain = FormatIdx(images);
  ASSERT_EQ(plain.find('\n'), std::string::npos);
  const std::string compressed = Gzip(plain);
  for (const std::string& bytes : {plain, compressed}) {
    const std::string path = WriteTestFile("no line", bytes);
    EXPECT_THAT(SniffRowFormat(path), IsOkAndHolds(RowFormat::kIdx));
    EXPECT_EQ(ReadAll(path, {}).rows.size(), size_t{kRows});
  }
  const std::string half = WriteTestFile(
      "half", absl::string_view(compressed).substr(0, compressed.size() / 2));
  EXPECT_THAT(SniffRowFormat(half), IsOkAndHolds(RowFormat::kIdx));
  // Damage of the magic bytes themselves is told with its line.
  const std::string begun =
      WriteTestFile("begun", absl::string_view(compressed).substr(0, 10));
  EXPECT_THAT(SniffRowFormat(begun), StatusIs(absl::StatusCode::kDataLoss,
                                              HasSubstr("begun, line 1: ")));
}

constexpr char kByteOrderMark[] = "\xef\xbb\xbf";

// What tells the format is read as that format.
TEST(RowReaderTest, AByteOrderMarkIsNoneOfTheText) {
  for (const char* text :
       {"1 2:3\n-1 1:2\n", "\n1 2:3\n-1 1:2\n", "# a comment\n1 2:3\n-1 1:2\n",
        "a,b\n0,3\n2,0\n", "0,3\n2,0\n", "# a, b\n\na,b\n0,3\n2,0\n"}) {
    for (const bool marked : {false, true}) {
      const AllRows all =
          ReadAll(WriteTestFile("mark", (marked ? kByteOrderMark : "") +
                                            std::string(text)),
                  {});
      ASSERT_THAT(all.status, IsOk()) << text;
      ASSERT_EQ(all.rows.size(), 2U) << text;
      EXPECT_EQ(all.rows[0].columns, (std::vector<int32_t>{1})) << text;
      EXPECT_EQ(all.rows[0].values, (std::vector<float>{3})) << text;
      EXPECT_EQ(all.rows[1].columns, (std::vector<int32_t>{0})) << text;
      EXPECT_EQ(all.rows[1].values, (std::vector<float>{2})) << text;
    }
  }
}

TEST(RowReaderTest, CommentsAboveACsvFileAreSkippedWhereTheFormatIsTold) {
  const std::string path =
      WriteTestFile("comment", "# written, by, hand\n\na,b\n1,2\nx,2\n");
  const AllRows all = ReadAll(path, {.max_bad_rows = 5});
  ASSERT_THAT(all.status, IsOk());
  ASSERT_EQ(all.rows.size(), 1U);
  EXPECT_EQ(all.rows[0].number, 4);
  auto reader = RowReader::Open(path);
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ(reader->header(), "a,b");
  EXPECT_EQ(reader->num_features(), 2);
  // By name, the first line is the header.
  const std::string named = WriteTestFile("named", "# a,b\n1,2\n");
  reader = RowReader::Open(named, {.format = RowFormat::kCsv});
  ASSERT_THAT(reader, IsOk());
  EXPECT_EQ(reader->header(), "# a,b");
}

TEST(RowReaderTest, FilesWithoutRows) {
  const std::string empty = WriteTestFile("empty", "");
  for (RowFormat format : {RowFormat::kLibsvm, RowFormat::kCsv}) {
    const AllRows all = ReadAll(empty, {.format = format});
    EXPECT_THAT(all.status, IsOk());
    EXPECT_TRUE(all.rows.empty());
  }
  EXPECT_THAT(ReadAll(empty, {}).status, StatusIs(kInvalid));
  const std::string idx =
      WriteTestFile("empty.idx", FormatIdx({.sizes = {0, 2}, .bytes = {}}));
  EXPECT_THAT(ReadAll(idx, {}).status, IsOk());
  EXPECT_THAT(ReadAll("/no/such/file", {}).status,
              StatusIs(absl::StatusCode::kNotFound));
}

TEST(RowReaderTest, DamagedFilesEndTheReading) {
  constexpr auto kDataLoss = absl::StatusCode::kDataLoss;
  const std::string images = Images();
  const std::string short_images = WriteTestFile(
      "short.idx", absl::string_view(images).substr(0, images.size() - 1));
  const AllRows cut = ReadAll(short_images, {.max_bad_rows = 9});
  EXPECT_THAT(cut.status, StatusIs(kDataLoss, HasSubstr("ends in row 2 of 2")));
  EXPECT_EQ(cut.rows.size(), 1U);
  EXPECT_THAT(ReadAll(WriteTestFile("long.idx", images + "x"), {}).status,
              StatusIs(kDataLoss, HasSubstr("bytes follow")));
  EXPECT_THAT(
      ReadAll(WriteTestFile("head.idx", images.substr(0, 9)), {}).status,
      StatusIs(kDataLoss, HasSubstr("the IDX header needs 16 bytes")));
  const std::string whole = WriteTestFile("whole.idx", images);
  const std::string labels = Labels();
  EXPECT_THAT(
      ReadAll(whole, {.idx_labels_path = WriteTestFile(
                          "short.labels", labels.substr(0, labels.size() - 1))})
          .status,
      StatusIs(kDataLoss, HasSubstr("short.labels: ends in row 2 of 2")));
  EXPECT_THAT(
      ReadAll(whole, {.idx_labels_path = WriteTestFile(
                          "three.labels",
                          FormatIdx({.sizes = {3}, .bytes = {1, 2, 3}}))})
          .status,
      StatusIs(kInvalid, HasSubstr("holds 3 labels, expected one for each of "
                                   "the 2 images")));
  EXPECT_THAT(ReadAll(WriteTestFile("only.labels", labels), {}).status,
              StatusIs(kInvalid, HasSubstr("it may be the label file")));
  // A gzip file cut in the middle of its rows.
  std::string text;
  runtime::Rng rng(1);
  for (int i = 0; i < 5000; ++i) {
    absl::StrAppend(&text, i, " 1:", runtime::Normal(rng), "\n");
  }
  const std::string compressed = Gzip(text);
  const AllRows half = ReadAll(
      WriteTestFile("half.gz", compressed.substr(0, compressed.size() / 2)),
      {.max_bad_rows = 100});
  EXPECT_THAT(half.status, StatusIs(kDataLoss, HasSubstr("half.gz, line ")));
  EXPECT_GT(half.rows.size(), 1000U);
}

// A header that promises 2^31 - 1 pixels costs no memory that the file does not
// fill; one of 2^27 images without pixels, which fill no file, no time.
TEST(RowReaderTest, FalseHeadersAreCheap) {
  std::string header = FormatIdx({.sizes = {1, 0}, .bytes = {}});
  header.replace(8, 4, std::string("\x7f\xff\xff\xff", 4));
  EXPECT_THAT(
      ReadAll(WriteTestFile("false.idx", header + "ab"), {}).status,
      StatusIs(absl::StatusCode::kDataLoss, HasSubstr("ends in row 1 of 1")));
  header.replace(8, 4, std::string("\xff\xff\xff\xff", 4));
  EXPECT_THAT(
      ReadAll(WriteTestFile("huge.idx", header), {}).status,
      StatusIs(kInvalid, HasSubstr("must be at least 1 and below 2^31")));
  header = FormatIdx({.sizes = {int64_t{1} << 27, 28, 0}, .bytes = {}});
  EXPECT_THAT(ReadAll(WriteTestFile("nothing.idx", header), {}).status,
              StatusIs(kInvalid, HasSubstr("images of 28 x 0 pixels, must be "
                                           "at least 1")));
}

TEST(RowReaderTest, BadOptionsAreNamed) {
  EXPECT_THAT(Validate(RowReaderOptions{.num_features = -1}),
              StatusIs(kInvalid, HasSubstr("num_features is -1")));
  EXPECT_THAT(Validate(RowReaderOptions{.max_bad_rows = -1}),
              StatusIs(kInvalid, HasSubstr("max_bad_rows is -1")));
  EXPECT_THAT(Validate(RowReaderOptions{.csv = {.delimiter = '1'}}),
              StatusIs(kInvalid, HasSubstr("delimiter")));
  EXPECT_THAT(Validate(RowReaderOptions{.format = RowFormat::kCsv,
                                        .idx_labels_path = "x"}),
              StatusIs(kInvalid, HasSubstr("idx_labels_path")));
}

// Whatever bytes come in whatever format, every row given out is valid and the
// end is a status.
TEST(RowReaderTest, MutatedFilesAreReadOrRefused) {
  const runtime::Rng root(runtime::TestSeed());
  const std::string seeds[] = {"1 1:2 3:4\n-1 2:5\n0\n", "a,b\n1,2\n3,4\n",
                               Images(), Gzip("1 1:2 3:4\n-1 2:5\n0\n")};
  for (uint64_t instance = 0; instance < 600; ++instance) {
    runtime::Rng rng = root.Fork("mutation", instance);
    std::string bytes = seeds[instance % 4];
    const int64_t edits = runtime::UniformInt(rng, 4);
    for (int64_t edit = 0; edit < edits && !bytes.empty(); ++edit) {
      const int64_t at =
          runtime::UniformInt(rng, static_cast<int64_t>(bytes.size()));
      if (runtime::UniformInt(rng, 4) == 0) {
        bytes.resize(at);
      } else {
        bytes[at] = static_cast<char>(runtime::UniformInt(rng, 256));
      }
    }
    const AllRows all =
        ReadAll(WriteTestFile("mutated", bytes), {.max_bad_rows = 2});
    for (const DataRow& row : all.rows) {
      SparseDataset one = {.num_features = INT32_MAX};
      one.columns = row.columns;
      one.values = row.values;
      one.row_begin.push_back(one.num_entries());
      one.labels = {row.label};
      EXPECT_THAT(Validate(one), IsOk());
    }
    if (edits == 0) {
      EXPECT_THAT(all.status, IsOk());
    }
  }
}

}  // namespace
}  // namespace muster::models
