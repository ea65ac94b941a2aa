#include "muster/benchmarks/harness/data_files.h"

#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::IsOkAndHolds;
using runtime::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

// SHA-256 of "abc".
constexpr char kAbc[] =
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

class DataFilesTest : public ::testing::Test {
 protected:
  DataFilesTest()
      : folder_(
            ::testing::TempDir() + "/data_files_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
    std::filesystem::create_directories(folder_ + "/set");
    std::ofstream(folder_ + "/set/x") << "abc";
  }
  const std::string folder_;
};

TEST_F(DataFilesTest, NotesWhatIsThereAndWhatIsNot) {
  DataFiles files(folder_);
  EXPECT_THAT(files.Find("set/x"), IsOkAndHolds(folder_ + "/set/x"));
  EXPECT_THAT(files.Find("set/y"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("no data file set/y in --data_dir=")));
  EXPECT_EQ(files.checksums(), (DataChecksums{{"set/x", kAbc}}));
  EXPECT_THAT(files.missing(), ElementsAre("set/y"));
}

TEST_F(DataFilesTest, WithoutAFolderAllIsMissing) {
  DataFiles files("");
  EXPECT_THAT(
      files.Find("set/x"),
      StatusIs(absl::StatusCode::kNotFound,
               HasSubstr("neither --data_dir nor $MUSTER_DATA is set")));
  EXPECT_THAT(files.checksums(), IsEmpty());
}

TEST_F(DataFilesTest, ComparesWithWhatWas) {
  const DataFiles files(folder_);
  EXPECT_THAT(files.CheckUnchanged({}), IsOk());
  EXPECT_THAT(files.CheckUnchanged({{"set/x", kAbc}}), IsOk());
  EXPECT_THAT(
      files.CheckUnchanged({{"set/x", std::string(64, '0')}}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("set/x in --data_dir="),
                     HasSubstr("is another file (its SHA-256 begins with "
                               "ba7816bf8f01, not with 000000000000)"))));
  EXPECT_THAT(files.CheckUnchanged({{"set/x", kAbc}, {"set/y", kAbc}}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("there is no set/y")));
}

}  // namespace
}  // namespace muster::benchmarks
