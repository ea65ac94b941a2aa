#include "muster/benchmarks/harness/result_files.h"

#include <filesystem>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::IsOkAndHolds;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace fs = std::filesystem;

class ResultFilesTest : public ::testing::Test {
 protected:
  ResultFilesTest()
      : folder_(
            ::testing::TempDir() + "/result_files_" +
            ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }

  void Write(const std::string& name, const std::string& contents) {
    fs::create_directories(fs::path(folder_ + "/" + name).parent_path());
    ASSERT_THAT(runtime::WriteFileAtomically(folder_ + "/" + name, contents),
                IsOk());
  }
  std::vector<std::string> Files() {
    std::vector<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder_)) {
      names.push_back(fs::relative(entry.path(), folder_).string());
    }
    return names;
  }

  const std::string folder_;
};

TEST_F(ResultFilesTest, ListsWhatResultsSpeakOf) {
  EXPECT_THAT(ListedFiles(folder_), IsEmpty());
  Write("results.json",
        R"({"experiment": "e", "tables": [{"name": "t"}],
            "figures": [{"name": "f"}, 5], "files": ["more/x.json"]})");
  EXPECT_THAT(ListedFiles(folder_),
              ElementsAre("f.figure.json", "f.png", "f.svg", "more/x.json",
                          "tables/t.csv"));
}

TEST_F(ResultFilesTest, NeverNamesWhatIsNotTheResults) {
  Write("results.json",
        R"({"experiment": "e", "tables": [{"name": "../../t"}],
            "files": ["/etc/x", "../x", "a/../../x", ".", "", "a/",
                      "checkpoint/x", "./y"]})");
  EXPECT_THAT(ListedFiles(folder_), IsEmpty());
  Write("results.json", R"({"files": ["x"]})");  // another program's
  EXPECT_THAT(ListedFiles(folder_), IsEmpty());
  Write("results.json", "{");
  EXPECT_THAT(ListedFiles(folder_), IsEmpty());
}

TEST_F(ResultFilesTest, OldFilesGoAndOthersStay) {
  Write("results.json",
        R"({"experiment": "e", "tables": [{"name": "old"}, {"name": "kept"}],
            "figures": [{"name": "f"}], "files": ["more/x.json"]})");
  for (const char* name :
       {"tables/old.csv", "tables/kept.csv", "f.figure.json", "f.svg", "f.png",
        "more/x.json", "run.json", "log.txt"}) {
    Write(name, "old");
  }
  EXPECT_THAT(ReplaceResults(folder_, {{"tables/kept.csv", "new"},
                                       {"f.figure.json", "new"},
                                       {"results.json", "{}"},
                                       {"claims.csv", "new"}}),
              IsOk());
  EXPECT_THAT(Files(),
              UnorderedElementsAre("tables", "tables/kept.csv", "f.figure.json",
                                   "results.json", "claims.csv", "log.txt"));
  EXPECT_THAT(runtime::ReadFile(folder_ + "/tables/kept.csv"),
              IsOkAndHolds(std::string("new")));
}

// What stands in the way of a new file leaves the old results as they were.
TEST_F(ResultFilesTest, AnErrorRemovesNothing) {
  Write("results.json", R"({"experiment": "e", "tables": [{"name": "old"}]})");
  Write("tables/old.csv", "old");
  Write("run.json", "old");
  Write("blocked", "a file where a folder must be");
  EXPECT_FALSE(
      ReplaceResults(folder_, {{"blocked/x", ""}, {"results.json", "{}"}})
          .ok());
  EXPECT_THAT(Files(),
              UnorderedElementsAre("results.json", "tables", "tables/old.csv",
                                   "run.json", "blocked"));
}

}  // namespace
}  // namespace muster::benchmarks
