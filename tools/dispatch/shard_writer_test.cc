#include "muster/tools/dispatch/shard_writer.h"

#include <sys/resource.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"
#include "muster/tools/dispatch/manifest.h"

namespace muster::tools::dispatch {
namespace {

namespace fs = std::filesystem;
using runtime::IsOk;
using runtime::IsOkAndHolds;
using runtime::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ShardWriterTest : public ::testing::Test {
 protected:
  ShardWriterTest() : root_(::testing::TempDir() + "/shard_writer") {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }
  ~ShardWriterTest() override { fs::remove_all(root_); }

  ShardWriterOptions Options(int64_t num_shards) const {
    return {.folder = root_ + "/out",
            .num_shards = num_shards,
            .files = {
                {.extension = ".csv", .prologue = "x,y\n", .separator = "\n"}}};
  }
  // Names in the folder of the test.
  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(root_)) {
      names.push_back(entry.path().filename().string());
    }
    return names;
  }
  static absl::Status Append(ShardWriter& writer, int64_t shard,
                             absl::string_view record) {
    return writer.Append(shard, {&record, 1});
  }
  absl::StatusOr<std::string> Read(const std::string& name) const {
    return runtime::ReadFile(root_ + "/out/" + name);
  }

  std::string root_;
};

TEST_F(ShardWriterTest, RowsGoToTheirShards) {
  auto writer = ShardWriter::Create(Options(3));
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT(Append(**writer, 2, "1,2"), IsOk());
  ASSERT_THAT(Append(**writer, 0, "3,4"), IsOk());
  ASSERT_THAT(Append(**writer, 2, "5,6"), IsOk());
  EXPECT_FALSE(fs::exists(root_ + "/out"));
  const auto bytes = (*writer)->Finish();
  ASSERT_THAT(bytes, IsOk());
  EXPECT_THAT(*bytes,
              ElementsAre(ElementsAre(8), ElementsAre(4), ElementsAre(12)));
  ASSERT_THAT((*writer)->AddFile("manifest.json", "{}"), IsOk());
  ASSERT_THAT((*writer)->Commit(), IsOk());
  EXPECT_EQ((*writer)->rows(2), 2);
  EXPECT_THAT(Read("shard-00002-of-00003.csv"),
              IsOkAndHolds("x,y\n1,2\n5,6\n"));
  EXPECT_THAT(Read("shard-00001-of-00003.csv"), IsOkAndHolds("x,y\n"));
  EXPECT_THAT(Read("manifest.json"), IsOkAndHolds("{}"));
  EXPECT_THAT(Names(), ElementsAre("out"));
}

std::string CountHeader(const std::string& prologue, int64_t rows) {
  std::string header = prologue;
  header.back() = static_cast<char>('0' + rows);
  return header;
}

TEST_F(ShardWriterTest, HeadersCountRowsPlainAndGzip) {
  for (const bool gzip : {false, true}) {
    fs::remove_all(root_ + "/out");
    auto writer =
        ShardWriter::Create({.folder = root_ + "/out",
                             .num_shards = 2,
                             .files = {{.extension = "-a",
                                        .prologue = "a?",
                                        .final_prologue = CountHeader},
                                       {.extension = "-b"}},
                             .gzip = gzip});
    ASSERT_THAT(writer, IsOk());
    const std::vector<absl::string_view> records = {"12345", "x"};
    ASSERT_THAT((*writer)->Append(1, records), IsOk());
    ASSERT_THAT((*writer)->Append(1, records), IsOk());
    const auto bytes = (*writer)->Finish();
    ASSERT_THAT(bytes, IsOk());
    ASSERT_THAT((*writer)->Commit(), IsOk());
    const std::string end = gzip ? ".gz" : "";
    EXPECT_THAT(Read("shard-00001-of-00002-a" + end),
                IsOkAndHolds("a21234512345"));
    EXPECT_THAT(Read("shard-00000-of-00002-a" + end), IsOkAndHolds("a0"));
    EXPECT_THAT(Read("shard-00001-of-00002-b" + end), IsOkAndHolds("xx"));
    EXPECT_EQ(static_cast<int64_t>(
                  fs::file_size(root_ + "/out/shard-00001-of-00002-a" + end)),
              (*bytes)[1][0]);
  }
}

// A header of any length, and shards without rows: every file is gzip, which no
// bytes at all would not be.
TEST_F(ShardWriterTest, EveryGzipFileIsOne) {
  for (const std::string& prologue :
       {std::string(), std::string("x\n"), std::string(70'000, 'x') + "\n"}) {
    fs::remove_all(root_ + "/out");
    auto writer = ShardWriter::Create({.folder = root_ + "/out",
                                       .num_shards = 2,
                                       .files = {{.prologue = prologue}},
                                       .gzip = true});
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT(Append(**writer, 1, "row"), IsOk());
    const auto bytes = (*writer)->Finish();
    ASSERT_THAT(bytes, IsOk());
    EXPECT_GE((*bytes)[0][0], 18);  // header and end of a gzip member
    ASSERT_THAT((*writer)->Commit(), IsOk());
    const std::string name = root_ + "/out/shard-00000-of-00002.gz";
    EXPECT_EQ(static_cast<int64_t>(fs::file_size(name)), (*bytes)[0][0]);
    const auto file = runtime::InputFile::Open(name);
    ASSERT_THAT(file, IsOk());
    EXPECT_TRUE(file->is_gzip());
    EXPECT_THAT(Read("shard-00000-of-00002.gz"), IsOkAndHolds(prologue));
    EXPECT_THAT(Read("shard-00001-of-00002.gz"),
                IsOkAndHolds(prologue + "row"));
  }
}

// Many shards, few open files and little memory: buffers fill and are flushed.
TEST_F(ShardWriterTest, GeneratedRowsComeBackInOrder) {
  constexpr int64_t kShards = 100;
  rlimit limit;
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &limit), 0);
  const rlim_t old = limit.rlim_cur;
  limit.rlim_cur = 64;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
  for (const bool gzip : {false, true}) {
    fs::remove_all(root_ + "/out");
    ShardWriterOptions options = Options(kShards);
    options.gzip = gzip;
    options.buffer_bytes = 1;  // the least buffers: 4 KiB each
    auto writer = ShardWriter::Create(options);
    ASSERT_THAT(writer, IsOk());
    std::vector<std::string> expected(kShards, "x,y\n");
    runtime::Rng rng = runtime::Rng(runtime::TestSeed()).Fork("rows");
    for (int64_t row = 0; row < 20'000; ++row) {
      const int64_t shard =
          runtime::UniformInt(rng, 1 + runtime::UniformInt(rng, kShards));
      const std::string record = absl::StrCat(row, ",", row * row);
      expected[shard] += record + "\n";
      ASSERT_THAT(Append(**writer, shard, record), IsOk());
    }
    const std::string longest(3 << 20, '7');
    ASSERT_THAT(Append(**writer, 7, longest), IsOk());
    expected[7] += longest + "\n";
    ASSERT_THAT((*writer)->Finish(), IsOk());
    ASSERT_THAT((*writer)->Commit(), IsOk());
    for (int64_t shard = 0; shard < kShards; ++shard) {
      ASSERT_THAT(Read((*writer)->FileName(shard, 0)),
                  IsOkAndHolds(expected[shard]));
    }
  }
  limit.rlim_cur = old;
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &limit), 0);
}

TEST_F(ShardWriterTest, WhatIsNotCommittedLeavesNothing) {
  {
    auto writer = ShardWriter::Create(Options(3));
    ASSERT_THAT(writer, IsOk());
    ASSERT_THAT(Append(**writer, 2, "1,2"), IsOk());
    ASSERT_THAT((*writer)->Finish(), IsOk());
    EXPECT_EQ(Names().size(), 1u);
  }
  EXPECT_THAT(Names(), IsEmpty());
}

// A run of one row into the shards of `options`, with their manifest.
absl::Status WriteOneRow(const ShardWriterOptions& options,
                         absl::string_view record) {
  auto writer = ShardWriter::Create(options);
  if (!writer.ok()) return writer.status();
  EXPECT_THAT((*writer)->Append(0, {&record, 1}), IsOk());
  const auto bytes = (*writer)->Finish();
  EXPECT_THAT(bytes, IsOk());
  Manifest manifest{.rows = 1};
  for (int64_t shard = 0; shard < options.num_shards; ++shard) {
    manifest.shards.push_back({.files = {(*writer)->FileName(shard, 0)},
                               .bytes = (*bytes)[shard],
                               .rows = (*writer)->rows(shard)});
  }
  EXPECT_THAT((*writer)->AddFile(kManifestName, FormatManifest(manifest)),
              IsOk());
  return (*writer)->Commit();
}

TEST_F(ShardWriterTest, AFormerRunsFolderIsReplacedOnlyIfAsked) {
  const auto write = [&](const std::string& record, bool overwrite) {
    ShardWriterOptions options = Options(record == "2" ? 2 : 1);
    options.overwrite = overwrite;
    return WriteOneRow(options, record);
  };
  fs::create_directories(root_ + "/out");  // an empty folder is no obstacle
  ASSERT_THAT(write("1", false), IsOk());
  EXPECT_THAT(write("2", false), StatusIs(absl::StatusCode::kAlreadyExists,
                                          HasSubstr("--overwr")));
  EXPECT_THAT(Read("shard-00000-of-00001.csv"), IsOkAndHolds("x,y\n1\n"));
  ASSERT_THAT(write("2", true), IsOk());
  EXPECT_THAT(Read("shard-00000-of-00002.csv"), IsOkAndHolds("x,y\n2\n"));
  ASSERT_THAT(write("3", true), IsOk());
  EXPECT_THAT(Read("shard-00000-of-00001.csv"), IsOkAndHolds("x,y\n3\n"));
  EXPECT_FALSE(fs::exists(root_ + "/out/shard-00000-of-00002.csv"));
  EXPECT_THAT(Names(), ElementsAre("out"));
  // A folder that this program did not write is never replaced.
  fs::remove(root_ + "/out/manifest.json");
  EXPECT_THAT(write("3", true), StatusIs(absl::StatusCode::kAlreadyExists,
                                         HasSubstr("no shards")));
  fs::remove_all(root_ + "/out");
  std::ofstream(root_ + "/out") << "a file";
  EXPECT_THAT(write("3", true), StatusIs(absl::StatusCode::kAlreadyExists,
                                         HasSubstr("not a fol")));
}

TEST_F(ShardWriterTest, WhatNoRunWroteIsNeverRemoved) {
  ShardWriterOptions options = Options(1);
  options.overwrite = true;
  const auto refused = [&](const std::string& message) {
    return StatusIs(absl::StatusCode::kAlreadyExists, HasSubstr(message));
  };
  // A manifest.json of something else.
  fs::create_directories(root_ + "/out");
  std::ofstream(root_ + "/out/manifest.json") << R"({"name": "my extension"})";
  std::ofstream(root_ + "/out/precious.js") << "precious";
  EXPECT_THAT(WriteOneRow(options, "1"), refused("version is missing"));
  EXPECT_THAT(Read("precious.js"), IsOkAndHolds("precious"));
  // A file beside the shards, before and during a run.
  fs::remove_all(root_ + "/out");
  ASSERT_THAT(WriteOneRow(options, "1"), IsOk());
  auto writer = ShardWriter::Create(options);
  ASSERT_THAT(writer, IsOk());
  ASSERT_THAT((*writer)->Finish(), IsOk());
  std::ofstream(root_ + "/out/notes") << "precious";
  EXPECT_THAT((*writer)->Commit(), refused("holds 'notes'"));
  writer->reset();
  EXPECT_THAT(WriteOneRow(options, "2"), refused("holds 'notes'"));
  EXPECT_THAT(Read("notes"), IsOkAndHolds("precious"));
  EXPECT_THAT(Read("shard-00000-of-00001.csv"), IsOkAndHolds("x,y\n1\n"));
  fs::remove(root_ + "/out/notes");
  fs::create_directories(root_ + "/out/folder/within");
  EXPECT_THAT(WriteOneRow(options, "2"), refused("holds 'folder'"));
  EXPECT_THAT(Names(), ElementsAre("out"));
}

TEST_F(ShardWriterTest, ErrorsNameTheFieldOrTheFolder) {
  const auto error = [&](ShardWriterOptions options,
                         const std::string& message) {
    EXPECT_THAT(
        ShardWriter::Create(std::move(options)),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  error(Options(0), "num_shards is 0, must be in [1, 99999]");
  error(Options(100'000), "num_shards is 100000");
  ShardWriterOptions options = Options(1);
  options.gzip_level = 0;
  error(options, "gzip_level is 0");
  options = Options(1);
  options.buffer_bytes = 0;
  error(options, "buffer_bytes is 0");
  options = Options(1);
  options.files.clear();
  error(options, "at least one file");
  options = Options(1);
  options.folder = root_ + "/none/out";
  EXPECT_THAT(ShardWriter::Create(options),
              StatusIs(absl::StatusCode::kNotFound, HasSubstr("/none/out")));
}

}  // namespace
}  // namespace muster::tools::dispatch
