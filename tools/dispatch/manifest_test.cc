#include "muster/tools/dispatch/manifest.h"

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/str_replace.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/models/data/csv.h"
#include "muster/runtime/status_matchers.h"

namespace muster::tools::dispatch {
namespace {

namespace fs = std::filesystem;
using runtime::IsOk;
using runtime::StatusIs;
using ::testing::HasSubstr;

Manifest Example() {
  return {.format = "idx",
          .input = "images.gz",
          .router = "a.router",
          .router_kind = "price",
          .router_crc32 = "0123abcd",
          .copies = 2,
          .rows = 4,
          .bad_rows = 1,
          .online = true,
          .shards = {{.files = {"a", "b"}, .bytes = {5, 3}, .rows = 4},
                     {.files = {"c", "d"}, .bytes = {0, 0}, .rows = 3},
                     {.files = {"e", "f"}, .bytes = {0, 0}, .rows = 1}}};
}

std::string Folder(const std::string& manifest) {
  const std::string folder = ::testing::TempDir() + "/shards";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(folder + "/manifest.json") << manifest;
  std::ofstream(folder + "/a") << "12345";
  std::ofstream(folder + "/b") << "123";
  for (const char* name : {"/c", "/d", "/e", "/f"}) {
    std::ofstream(folder + name);
  }
  return folder;
}

TEST(ManifestTest, ComesBack) {
  const std::string text = FormatManifest(Example());
  const auto read = ReadShardFolder(Folder(text));
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(FormatManifest(*read), text);
  EXPECT_EQ(read->shards[0].rows, 4);
  EXPECT_EQ(read->shards[1].files[1], "d");
  EXPECT_TRUE(read->online);
}

TEST(ManifestTest, DamageIsNamed) {
  const std::string text = FormatManifest(Example());
  const auto error = [&](const std::string& from, const std::string& to,
                         const std::string& message) {
    const std::string changed = absl::StrReplaceAll(text, {{from, to}});
    EXPECT_NE(changed, text);
    EXPECT_THAT(ParseManifest(changed, "m"),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)))
        << changed;
  };
  error("\"copies\"", "\"copies2\"", "m: copies is missing");
  error("\"rows\": 3", "\"rows\": -3", "m, shard 1: rows is not a whole");
  error("\"rows\": 3", "\"rows\": 18446744073709551615", "rows is not a whole");
  error("\"bytes\": 5", "\"bytes\": \"5\"", "m, shard 0: bytes is not a whole");
  error("\"name\": \"c\"", "\"name\": \"../c\"", "'../c' is not a file name");
  error("\"name\": \"c\"", "\"name\": \"..\"", "'..' is not a file name");
  error("\"online\": true", "\"online\": 1", "online is not true or false");
  error("{", "[", "m: is not JSON");
  EXPECT_THAT(ParseManifest("[]", "m"), StatusIs(absl::StatusCode::kDataLoss,
                                                 HasSubstr("not an object")));
  EXPECT_THAT(
      ParseManifest(
          absl::StrReplaceAll(text, {{"\"version\": 1", "\"version\": 2"}}),
          "m"),
      StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("version 2")));
}

TEST(ManifestTest, CsvOptionsComeBack) {
  Manifest manifest = Example();
  EXPECT_FALSE(ParseManifest(FormatManifest(manifest), "m")->csv.has_value());
  manifest.csv = models::CsvOptions{.delimiter = '\xa7',
                                    .header = models::CsvHeader::kPresent,
                                    .label_column = "y",
                                    .ignored_columns = {"id", "name"},
                                    .missing = models::CsvMissing::kZero};
  const std::string text = FormatManifest(manifest);
  const auto read = ParseManifest(text, "m");
  ASSERT_THAT(read, IsOk());
  ASSERT_TRUE(read->csv.has_value());
  EXPECT_EQ(read->csv->delimiter, '\xa7');
  EXPECT_EQ(read->csv->header, models::CsvHeader::kPresent);
  EXPECT_EQ(read->csv->label_column, "y");
  EXPECT_EQ(read->csv->ignored_columns, manifest.csv->ignored_columns);
  EXPECT_EQ(read->csv->missing, models::CsvMissing::kZero);
  EXPECT_EQ(FormatManifest(*read), text);
  const auto error = [&](const std::string& from, const std::string& to,
                         const std::string& message) {
    EXPECT_THAT(ParseManifest(absl::StrReplaceAll(text, {{from, to}}), "m"),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  };
  error("167", "256", "m, csv: delimiter is not a byte");
  error("167", "34", "m, csv: ");  // a quote
  error("\"id\"", "7",
        "m, csv: ignored_columns is not of texts or arrays of bytes");
  error("\"header\"", "\"heading\"", "m, csv: header is missing");
}

TEST(ManifestTest, NamesThatAreNoUtf8ComeBack) {
  Manifest manifest = Example();
  manifest.csv = models::CsvOptions{
      .header = models::CsvHeader::kPresent,
      .label_column =
          "gr\xf6\xdf"
          "e",
      .ignored_columns = {"\xff", "na\xc3\xafve", "[1, 2]", ""}};
  const std::string text = FormatManifest(manifest);
  const auto read = ParseManifest(text, "m");
  ASSERT_THAT(read, IsOk());
  EXPECT_EQ(read->csv->label_column, manifest.csv->label_column);
  EXPECT_EQ(read->csv->ignored_columns, manifest.csv->ignored_columns);
  EXPECT_EQ(FormatManifest(*read), text);
  EXPECT_THAT(text, HasSubstr("na\xc3\xafve"));
  const auto error = [&](const std::string& old, const std::string& changed) {
    return ParseManifest(absl::StrReplaceAll(text, {{old, changed}}), "m")
        .status();
  };
  EXPECT_THAT(error("246", "256"),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("label_column is neither text nor an array")));
}

TEST(ManifestTest, SumsAreBoundedAndRight) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  const auto error = [](const Manifest& manifest, const std::string& message) {
    EXPECT_THAT(ParseManifest(FormatManifest(manifest), "m"),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr(message)));
  };
  Manifest manifest = Example();
  manifest.rows = kHuge;
  error(manifest, "shards of 8 rows together, of 9223372036854775807 rows");
  manifest.shards[0].rows = manifest.shards[1].rows = kHuge;
  error(manifest, "more than 9223372036854775807 rows");
  manifest.shards[1].rows = manifest.shards[2].rows = 0;
  manifest.copies = 1;
  EXPECT_THAT(ParseManifest(FormatManifest(manifest), "m"), IsOk());
  manifest = Example();
  manifest.shards[0].bytes = {kHuge, 1};
  error(manifest, "more than 9223372036854775807 bytes");
  manifest = Example();
  manifest.copies = 0;
  error(manifest, "copies is 0, with 3 shards");
  manifest.copies = 4;
  error(manifest, "copies is 4, with 3 shards");
  manifest.copies = kHuge;
  error(manifest, "copies is 9223372036854775807");
  manifest = Example();
  manifest.shards[0].rows = 5;
  error(manifest, "shard 0 of 5 rows, of 4");
  manifest = Example();
  manifest.shards[2].rows = 2;
  error(manifest, "shards of 9 rows together, of 4 rows times 2 copies");
  manifest.rows = 0;
  error(manifest, "rows is 0");
  manifest = Example();
  manifest.shards[2].files[0] = "a";
  error(manifest, "shard 2: a second file 'a'");
  manifest.shards[2].files[0] = "manifest.json";
  error(manifest, "a second file 'manifest.json'");
}

TEST(ManifestTest, FilesAreLookedAt) {
  const std::string folder = Folder(FormatManifest(Example()));
  std::ofstream(folder + "/b", std::ios::app) << "4";
  EXPECT_THAT(ReadShardFolder(folder),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("b: 4 bytes, manifest.json says 3")));
  fs::remove(folder + "/b");
  EXPECT_THAT(ReadShardFolder(folder),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("lists it")));
  EXPECT_THAT(ReadShardFolder(folder + "/none"),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("manifest")));
}

}  // namespace
}  // namespace muster::tools::dispatch
