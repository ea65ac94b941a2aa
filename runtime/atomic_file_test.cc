#include "muster/runtime/atomic_file.h"

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_matchers.h"

namespace muster::runtime {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// A fresh directory for each test.
class AtomicFileTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "/atomic_file_test_XXXXXX";
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    directory_ = pattern;
  }

  std::string Path(const std::string& name) const {
    return directory_ + "/" + name;
  }

  std::vector<std::string> Names() const {
    std::vector<std::string> names;
    DIR* directory = opendir(directory_.c_str());
    while (const dirent* entry = readdir(directory)) {
      if (entry->d_name[0] != '.') names.push_back(entry->d_name);
    }
    closedir(directory);
    return names;
  }

  std::string directory_;
};

TEST_F(AtomicFileTest, WritesAndReplaces) {
  EXPECT_THAT(WriteFileAtomically(Path("a"), "first"), IsOk());
  EXPECT_THAT(ReadFile(Path("a")), IsOkAndHolds("first"));
  EXPECT_THAT(WriteFileAtomically(Path("a"), ""), IsOk());
  EXPECT_THAT(ReadFile(Path("a")), IsOkAndHolds(""));
  const std::string large(1'000'000, 'x');
  EXPECT_THAT(WriteFileAtomically(Path("a"), large), IsOk());
  EXPECT_TRUE(ReadFile(Path("a")).value() == large);
  EXPECT_THAT(Names(), ElementsAre("a"));
}

TEST_F(AtomicFileTest, NothingIsSeenBeforeCommit) {
  ASSERT_THAT(WriteFileAtomically(Path("a"), "old"), IsOk());
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(Path("a"));
  ASSERT_THAT(file, IsOk());
  ASSERT_THAT(file->Append(std::string(100'000, 'n')), IsOk());
  ASSERT_THAT(file->Append("ew"), IsOk());
  EXPECT_THAT(ReadFile(Path("a")), IsOkAndHolds("old"));
  AtomicFile moved = *std::move(file);
  EXPECT_THAT(moved.Commit(), IsOk());
  EXPECT_EQ(ReadFile(Path("a")).value().size(), 100'002u);
  EXPECT_THAT(Names(), ElementsAre("a"));
}

TEST_F(AtomicFileTest, NothingStaysWithoutCommit) {
  {
    absl::StatusOr<AtomicFile> file = AtomicFile::Create(Path("a"));
    ASSERT_THAT(file, IsOk());
    ASSERT_THAT(file->Append(std::string(100'000, 'x')), IsOk());
  }
  EXPECT_THAT(Names(), IsEmpty());
}

TEST_F(AtomicFileTest, TwoWritersDoNotMeet) {
  absl::StatusOr<AtomicFile> one = AtomicFile::Create(Path("a"));
  absl::StatusOr<AtomicFile> two = AtomicFile::Create(Path("a"));
  ASSERT_THAT(one, IsOk());
  ASSERT_THAT(two, IsOk());
  ASSERT_THAT(one->Append("one"), IsOk());
  ASSERT_THAT(two->Append("two"), IsOk());
  EXPECT_THAT(two->Commit(), IsOk());
  EXPECT_THAT(one->Commit(), IsOk());
  EXPECT_THAT(ReadFile(Path("a")), IsOkAndHolds("one"));
  EXPECT_THAT(Names(), ElementsAre("a"));
}

TEST_F(AtomicFileTest, ErrorsNameThePathAndLeaveNothing) {
  EXPECT_THAT(
      WriteFileAtomically(Path("missing/a"), "x"),
      StatusIs(absl::StatusCode::kNotFound,
               AllOf(HasSubstr(Path("missing/a")),
                     HasSubstr(absl::StrCat("the directory ", Path("missing"),
                                            " does not exist")))));
  ASSERT_EQ(mkdir(Path("folder").c_str(), 0777), 0);
  EXPECT_THAT(WriteFileAtomically(Path("folder"), "x"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("it is a directory")));
  EXPECT_THAT(Names(), ElementsAre("folder"));
}

// The target became a directory after the file was made: the rename fails.
TEST_F(AtomicFileTest, AFailedRenameLeavesNothing) {
  absl::StatusOr<AtomicFile> file = AtomicFile::Create(Path("a"));
  ASSERT_THAT(file, IsOk());
  ASSERT_EQ(mkdir(Path("a").c_str(), 0777), 0);
  EXPECT_THAT(file->Commit(), StatusIs(absl::StatusCode::kFailedPrecondition,
                                       HasSubstr("cannot be put in place")));
  EXPECT_THAT(Names(), ElementsAre("a"));
}

}  // namespace
}  // namespace muster::runtime
