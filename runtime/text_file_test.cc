// Tests of input_file.h and text_file.h.

#include "muster/runtime/text_file.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string TempPath(const std::string& name) {
  return absl::StrCat(testing::TempDir(), "/text_file_test_", name);
}

std::string WriteTemp(const std::string& name, const std::string& content) {
  std::string path = TempPath(name);
  std::ofstream(path, std::ios::binary) << content;
  return path;
}

std::string Gzip(const std::string& content, int level = 6) {
  z_stream stream{};
  EXPECT_EQ(deflateInit2(&stream, level, Z_DEFLATED, MAX_WBITS + 16, 8,
                         Z_DEFAULT_STRATEGY),
            Z_OK);
  std::string result(deflateBound(&stream, content.size()) + 32, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(result.data());
  stream.avail_out = static_cast<uInt>(result.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  result.resize(stream.total_out);
  deflateEnd(&stream);
  return result;
}

// The lines up to the end or the first error, and that.
std::pair<std::vector<std::string>, absl::Status> ReadLines(
    const std::string& path) {
  std::vector<std::string> lines;
  absl::StatusOr<LineReader> reader = LineReader::Open(path);
  if (!reader.ok()) return {lines, reader.status()};
  std::string line;
  while (true) {
    const absl::StatusOr<bool> more = reader->Next(&line);
    if (!more.ok()) return {lines, more.status()};
    if (!*more) return {lines, absl::OkStatus()};
    lines.push_back(line);
    EXPECT_EQ(reader->line_number(), static_cast<int64_t>(lines.size()));
  }
}

std::vector<std::string> GoodLines(const std::string& content) {
  std::vector<std::string> result;
  for (const bool gzip : {false, true}) {
    auto [lines, status] =
        ReadLines(WriteTemp("lines", gzip ? Gzip(content) : content));
    EXPECT_THAT(status, IsOk());
    if (gzip) {
      EXPECT_EQ(lines, result);
    }
    result = lines;
  }
  return result;
}

TEST(LineReaderTest, SplitsAtNewlinesPlainAndGzip) {
  EXPECT_THAT(GoodLines(""), IsEmpty());
  EXPECT_THAT(GoodLines("\n"), ElementsAre(""));
  EXPECT_THAT(GoodLines("a"), ElementsAre("a"));
  EXPECT_THAT(GoodLines("a\n"), ElementsAre("a"));
  EXPECT_THAT(GoodLines("a\n\nb"), ElementsAre("a", "", "b"));
  EXPECT_THAT(GoodLines("a\r\nb\rc\r\n\r\n"), ElementsAre("a", "b\rc", ""));
  EXPECT_THAT(GoodLines("a\r"), ElementsAre("a\r"));
  EXPECT_THAT(GoodLines(std::string("a\0b\n", 4)),
              ElementsAre(std::string("a\0b", 3)));
}

TEST(LineReaderTest, ShortFilesThatBeginLikeGzipArePlain) {
  EXPECT_THAT(ReadLines(WriteTemp("short", "\x1f")).first, ElementsAre("\x1f"));
}

// Lines around the size of the buffers (64 KiB), and one far above.
TEST(LineReaderTest, LinesMayHaveAnyLength) {
  std::vector<std::string> lines;
  for (const size_t size : {65534, 65535, 65536, 65537, 131071, 0, 3'000'000}) {
    lines.push_back(std::string(size, 'x') + 'y');
  }
  for (const char* end : {"\n", "\r\n"}) {
    std::string content;
    for (const std::string& line : lines) content += line + end;
    EXPECT_EQ(GoodLines(content), lines);
  }
}

TEST(LineReaderTest, RandomTextReadsTheSamePlainAndCompressed) {
  Rng rng(TestSeed());
  for (int trial = 0; trial < 20; ++trial) {
    std::string content;
    std::vector<std::string> lines;
    for (int64_t n = UniformInt(rng, 2000); n > 0; --n) {
      std::string line;
      for (int64_t i = UniformInt(rng, 200); i > 0; --i) {
        line += static_cast<char>('a' + UniformInt(rng, 26));
      }
      content += line + "\n";
      lines.push_back(std::move(line));
    }
    EXPECT_EQ(GoodLines(content), lines);
  }
}

TEST(LineReaderTest, GzipMembersAreJoined) {
  const std::string path =
      WriteTemp("members", Gzip("a\nb") + Gzip("") + Gzip("c\nd\n"));
  EXPECT_THAT(ReadLines(path).first, ElementsAre("a", "bc", "d"));
}

// What a progress line shows: bytes of the file, not of its content.
TEST(LineReaderTest, KnowsHowMuchOfTheFileItHasTaken) {
  std::string text;
  for (int i = 0; i < 100'000; ++i) absl::StrAppend(&text, i, "\n");
  for (const std::string& content : {text, Gzip(text)}) {
    auto reader = LineReader::Open(WriteTemp("position", content));
    ASSERT_THAT(reader, IsOk());
    const auto size = static_cast<int64_t>(content.size());
    EXPECT_EQ(reader->file().file_bytes(), size);
    std::string line;
    ASSERT_THAT(reader->Next(&line), IsOkAndHolds(true));
    EXPECT_GT(reader->file().file_bytes_read(), 0);
    EXPECT_LT(reader->file().file_bytes_read(), size);
    while (*reader->Next(&line)) {
    }
    EXPECT_EQ(reader->file().file_bytes_read(), size);
  }
}

TEST(LineReaderTest, MissingFilesAndDirectoriesAreNamed) {
  EXPECT_THAT(LineReader::Open("/nonexistent/data.txt"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("/nonexistent/data.txt: cannot be opened")));
  EXPECT_THAT(LineReader::Open(testing::TempDir()),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr(testing::TempDir()),
                             HasSubstr("is a directory"))));
  EXPECT_THAT(ReadFile(testing::TempDir()),
              StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST(LineReaderTest, UserErrorsNameFileAndLine) {
  const std::string path = WriteTemp("error", "a\nb\n");
  absl::StatusOr<LineReader> reader = LineReader::Open(path);
  ASSERT_THAT(reader, IsOk());
  std::string line;
  ASSERT_THAT(reader->Next(&line), IsOkAndHolds(true));
  ASSERT_THAT(reader->Next(&line), IsOkAndHolds(true));
  EXPECT_THAT(reader->Error("value is -1, but must be positive"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       absl::StrCat(path,
                                    ", line 2: value is -1, but must be "
                                    "positive")));
}

// Every prefix of a gzip file gives an error, after whole lines of the text.
TEST(LineReaderTest, GzipCutAnywhereIsDataLoss) {
  std::string content;
  for (int i = 0; i < 100; ++i) content += absl::StrCat("line ", i * i, "\n");
  const std::string whole = Gzip(content);
  for (size_t size = 2; size < whole.size(); ++size) {
    const std::string path = WriteTemp("cut.gz", whole.substr(0, size));
    const auto [lines, status] = ReadLines(path);
    ASSERT_THAT(
        status,
        StatusIs(
            absl::StatusCode::kDataLoss,
            absl::StrCat(path, ", line ", lines.size() + 1,
                         ": the gzip data is cut short; fetch the file again")))
        << size;
    for (size_t i = 0; i < lines.size(); ++i) {
      ASSERT_EQ(lines[i], absl::StrCat("line ", i * i));
    }
    ASSERT_THAT(
        ReadFile(path),
        StatusIs(
            absl::StatusCode::kDataLoss,
            absl::StrCat(
                path, ": the gzip data is cut short; fetch the file again")));
  }
}

// Stored blocks (level 0) make the place of the damage predictable: everything
// before the trailer is given out, then the checksum fails in "line 4".
TEST(LineReaderTest, DamagedGzipIsDataLoss) {
  std::string bytes = Gzip("one\ntwo\nthree\n", 0);
  bytes[bytes.size() - 8] ^= 1;  // the CRC
  const std::string path = WriteTemp("damaged.gz", bytes);
  const auto [lines, status] = ReadLines(path);
  EXPECT_THAT(lines, ElementsAre("one", "two", "three"));
  EXPECT_THAT(status, StatusIs(absl::StatusCode::kDataLoss,
                               AllOf(HasSubstr(absl::StrCat(path, ", line 4")),
                                     HasSubstr("incorrect data check"))));
  const auto trailing =
      ReadLines(WriteTemp("trailing.gz", Gzip("a\n") + "xyz"));
  EXPECT_THAT(trailing.second, StatusIs(absl::StatusCode::kDataLoss,
                                        HasSubstr("line 2: the gzip data is "
                                                  "damaged")));
}

TEST(LineReaderTest, ErrorsRepeat) {
  const std::string whole = Gzip("a\nb\n");
  const std::string path =
      WriteTemp("repeat.gz", whole.substr(0, whole.size() - 1));
  absl::StatusOr<InputFile> file = InputFile::Open(path);
  ASSERT_THAT(file, IsOk());
  EXPECT_TRUE(file->is_gzip());
  std::vector<char> buffer(100);
  EXPECT_THAT(file->Read(buffer), IsOkAndHolds(4));
  const absl::Status error = file->Read(buffer).status();
  EXPECT_THAT(error, StatusIs(absl::StatusCode::kDataLoss));
  EXPECT_EQ(file->Read(buffer).status(), error);
}

TEST(ReadFileTest, GivesAllBytes) {
  Rng rng(TestSeed());
  for (const size_t size : {0, 1, 2, 65536, 262144, 262145, 1'000'000}) {
    std::string content(size, '\0');
    for (char& byte : content) byte = static_cast<char>(rng.NextUint64());
    EXPECT_TRUE(ReadFile(WriteTemp("all", content)).value() == content);
    EXPECT_TRUE(ReadFile(WriteTemp("all.gz", Gzip(content))).value() ==
                content);
  }
}

}  // namespace
}  // namespace muster::runtime
