#include "muster/benchmarks/harness/checkpoint.h"

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
using ::testing::HasSubstr;

class CheckpointTest : public ::testing::Test {
 protected:
  CheckpointTest()
      : folder_(
            ::testing::TempDir() + "/checkpoint_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(folder_);
  }
  const std::string folder_;
};

TEST_F(CheckpointTest, GivesBackTheBytes) {
  CheckpointStore store(folder_, "f1");
  const std::string bytes("a\0b\nc\xff", 6);
  EXPECT_THAT(store.Load("x"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store.Save("x", bytes), IsOk());
  EXPECT_THAT(store.Save("empty", ""), IsOk());
  EXPECT_THAT(CheckpointStore(folder_, "f1").Load("x"), IsOkAndHolds(bytes));
  EXPECT_THAT(store.Load("empty"), IsOkAndHolds(std::string()));
  EXPECT_THAT(store.Save("x", "new"), IsOk());
  EXPECT_THAT(store.Load("x"), IsOkAndHolds(std::string("new")));
}

TEST_F(CheckpointTest, RefusesAnotherFingerprint) {
  EXPECT_THAT(CheckpointStore(folder_, "f1").Save("x", "bytes"), IsOk());
  EXPECT_THAT(CheckpointStore(folder_, "f2").Load("x"),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("other flags or by another build")));
}

TEST_F(CheckpointTest, NoticesDamage) {
  CheckpointStore store(folder_, "f1");
  EXPECT_THAT(store.Save("x", "some bytes"), IsOk());
  const std::string path = folder_ + "/x.checkpoint";
  const auto size = std::filesystem::file_size(path);
  std::filesystem::resize_file(path, size - 1);
  EXPECT_THAT(store.Load("x"), StatusIs(absl::StatusCode::kDataLoss,
                                        HasSubstr("checksum differs")));
  std::ofstream(path) << "something else";
  EXPECT_THAT(store.Load("x"), StatusIs(absl::StatusCode::kDataLoss,
                                        HasSubstr("not a checkpoint")));
}

TEST_F(CheckpointTest, ForgetsAndClears) {
  CheckpointStore store(folder_, "f1");
  EXPECT_THAT(store.Forget("x"), IsOk());
  EXPECT_THAT(store.Save("x", "1"), IsOk());
  EXPECT_THAT(store.Save("y", "2"), IsOk());
  EXPECT_THAT(store.Forget("x"), IsOk());
  EXPECT_THAT(store.Load("x"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(store.Load("y"), IsOk());
}

TEST_F(CheckpointTest, RecordsTheDataFiles) {
  CheckpointStore store(folder_, "f1");
  EXPECT_THAT(store.LoadData(), IsOkAndHolds(DataChecksums()));
  const DataChecksums checksums = {{"a/x.gz", std::string(64, '0')},
                                   {"name  with spaces", std::string(64, 'f')}};
  EXPECT_THAT(store.SaveData(checksums), IsOk());
  EXPECT_THAT(CheckpointStore(folder_, "f1").LoadData(),
              IsOkAndHolds(checksums));
  for (const std::string& damaged :
       {std::string(64, '0') + "  cut", std::string("0  short\n"),
        std::string(64, '0') + "\n"}) {
    std::ofstream(folder_ + "/data.sha256") << damaged;
    EXPECT_THAT(store.LoadData(), StatusIs(absl::StatusCode::kDataLoss,
                                           HasSubstr("data.sha256: damaged")));
  }
  EXPECT_THAT(store.Clear(), IsOk());
  EXPECT_THAT(store.LoadData(), IsOkAndHolds(DataChecksums()));
  EXPECT_FALSE(std::filesystem::exists(folder_));
}

TEST_F(CheckpointTest, SaysWhatIsWrong) {
  CheckpointStore store(folder_, "f1");
  EXPECT_THAT(store.Save("../x", "1"),
              StatusIs(absl::StatusCode::kInvalidArgument));
  std::ofstream(folder_ + ".file") << "x";
  EXPECT_THAT(
      CheckpointStore(folder_ + ".file/sub", "f1").Save("x", "1"),
      StatusIs(absl::StatusCode::kPermissionDenied, HasSubstr("cannot make")));
}

}  // namespace
}  // namespace muster::benchmarks
