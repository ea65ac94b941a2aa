#include "muster/runtime/appendable_file.h"

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_matchers.h"

namespace muster::runtime {
namespace {

using ::testing::HasSubstr;

std::string TempPath(const std::string& name) {
  return testing::TempDir() + "/appendable_file_test_" + name;
}

TEST(AppendableFileTest, GrowsAndFlushes) {
  const std::string path = TempPath("grows");
  absl::StatusOr<AppendableFile> file = AppendableFile::Open(path);
  ASSERT_THAT(file, IsOk());
  EXPECT_THAT(file->Append("a,b\n"), IsOk());
  EXPECT_EQ(file->bytes(), 4);
  EXPECT_THAT(ReadFile(path), IsOkAndHolds(""));
  EXPECT_THAT(file->Flush(), IsOk());
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("a,b\n"));
  EXPECT_THAT(file->Append("1,2\n"), IsOk());
  EXPECT_THAT(file->Sync(), IsOk());
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("a,b\n1,2\n"));
  EXPECT_THAT(file->Close(), IsOk());
  EXPECT_THAT(file->Close(), IsOk());
}

TEST(AppendableFileTest, LargeAppendsKeepTheirOrder) {
  const std::string path = TempPath("large");
  std::string expected;
  {
    absl::StatusOr<AppendableFile> file = AppendableFile::Open(path);
    ASSERT_THAT(file, IsOk());
    AppendableFile moved = *std::move(file);
    for (const size_t size : {10, 65'526, 1, 200'000, 7, 65'536, 65'535, 2}) {
      const std::string data(size, static_cast<char>('a' + size % 26));
      ASSERT_THAT(moved.Append(data), IsOk());
      expected += data;
    }
    EXPECT_EQ(moved.bytes(), static_cast<int64_t>(expected.size()));
  }
  EXPECT_TRUE(ReadFile(path).value() == expected);
}

TEST(AppendableFileTest, ReopeningCutsBackToTheRecordedSize) {
  const std::string path = TempPath("resume");
  int64_t recorded = 0;
  {
    absl::StatusOr<AppendableFile> file = AppendableFile::Open(path);
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT(file->Append("kept\n"), IsOk());
    recorded = file->bytes();
    ASSERT_THAT(file->Append("written after the checkpoint\n"), IsOk());
  }
  {
    absl::StatusOr<AppendableFile> file = AppendableFile::Open(path, recorded);
    ASSERT_THAT(file, IsOk());
    EXPECT_EQ(file->bytes(), recorded);
    ASSERT_THAT(file->Append("new\n"), IsOk());
  }
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("kept\nnew\n"));
  EXPECT_THAT(AppendableFile::Open(path, 1000),
              StatusIs(absl::StatusCode::kDataLoss,
                       HasSubstr("has 9 bytes, but 1000 were recorded")));
  EXPECT_THAT(ReadFile(path), IsOkAndHolds("kept\nnew\n"));
  ASSERT_THAT(AppendableFile::Open(path), IsOk());
  EXPECT_THAT(ReadFile(path), IsOkAndHolds(""));
}

TEST(AppendableFileTest, ErrorsNameThePath) {
  EXPECT_THAT(AppendableFile::Open("/nonexistent/a.csv"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("the directory /nonexistent does not exist")));
  EXPECT_THAT(AppendableFile::Open(testing::TempDir()),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("cannot be opened")));
}

}  // namespace
}  // namespace muster::runtime
