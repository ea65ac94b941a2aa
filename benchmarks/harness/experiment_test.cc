#include "muster/benchmarks/harness/experiment.h"

#include <filesystem>
#include <fstream>
#include <memory>
#include <string>
#include <vector>

#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_matchers.h"
#include "nlohmann/json.hpp"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::IsOkAndHolds;
using runtime::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

namespace fs = std::filesystem;

class ExperimentTest : public ::testing::Test {
 protected:
  ExperimentTest()
      : root_(
            fs::path(
                ::testing::TempDir() + "/experiment_" +
                ::testing::UnitTest::GetInstance()->current_test_info()->name())
                .lexically_normal()
                .string()),
        out_(root_ + "/out") {
    fs::remove_all(root_);
    fs::create_directories(root_);
  }

  absl::StatusOr<std::unique_ptr<Experiment>> TryStart(
      std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"program", "--out=" + out_});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    return Experiment::Start(
        static_cast<int>(argv.size()), argv.data(),
        {.name = "example", .title = "a title", .source = "Table 1"});
  }
  std::unique_ptr<Experiment> Start(std::vector<std::string> arguments = {}) {
    auto experiment = TryStart(std::move(arguments));
    EXPECT_THAT(experiment, IsOk());
    return *std::move(experiment);
  }
  nlohmann::json Read(const std::string& name) {
    return nlohmann::json::parse(
        runtime::ReadFile(out_ + "/" + name).value_or("null"));
  }

  gflags::FlagSaver saver_;
  const std::string root_;
  const std::string out_;
};

TEST_F(ExperimentTest, WritesWhatItWasGiven) {
  const auto experiment = Start({"--seed=7", "--seeds=3"});
  EXPECT_EQ(experiment->flags().seed, 7u);
  Table table("t", {"policy", "x"});
  table.AddRow({"ATA", 0.5});
  experiment->AddTable(table);
  Table timings("seconds", {"phase", "seconds"});
  timings.AddRow({"fit", 0.25});
  experiment->AddTimings(timings);
  experiment->Note("a note");
  experiment->AddFile("more/trace.json", "{}");
  experiment->claims().JudgeTrue({"c", "Table 1", "holds"}, true);
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 0);
  EXPECT_THAT(runtime::ReadFile(out_ + "/results.csv"),
              IsOkAndHolds(std::string("table,row,column,value,status\n"
                                       "t,0,policy,ATA,complete\n"
                                       "t,0,x,0.5,complete\n")));
  EXPECT_THAT(runtime::ReadFile(out_ + "/more/trace.json"),
              IsOkAndHolds(std::string("{}")));
  EXPECT_EQ(Read("results.json")["seed"], 7);
  EXPECT_EQ(Read("results.json")["seeds"], 3);
  EXPECT_EQ(Read("results.json")["notes"][0], "a note");
  EXPECT_EQ(Read("results.json")["claims"][0]["verdict"], "pass");
  EXPECT_TRUE(Read("results.json")["provenance"].contains("compiler"));
  EXPECT_EQ(Read("run.json")["exit_code"], 0);
  EXPECT_GE(Read("run.json")["wall_seconds"], 0);
  EXPECT_EQ(Read("run.json")["timings"][0]["rows"][0][1], 0.25);
  EXPECT_FALSE(Read("results.json").contains("timings"));
}

TEST_F(ExperimentTest, AFailedClaimIsExitCodeTwo) {
  const auto experiment = Start();
  experiment->claims().JudgeTrue({"c", "Table 1", "holds"}, false);
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 2);
  EXPECT_THAT(runtime::ReadFile(out_ + "/claims.csv"),
              IsOkAndHolds(HasSubstr("c,Table 1,holds,holds,0,,,1,fail\n")));
}

TEST_F(ExperimentTest, AnErrorWritesNothing) {
  const auto experiment = Start();
  experiment->AddTable(Table("t", {"x"}));
  EXPECT_EQ(experiment->Finish(absl::InvalidArgumentError("B = 0")), 1);
  EXPECT_FALSE(fs::exists(out_));
}

TEST_F(ExperimentTest, AnInvalidFigureWritesNothing) {
  const auto experiment = Start();
  experiment->AddFigure({.name = "f"});
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 1);
  EXPECT_FALSE(fs::exists(out_ + "/results.json"));
}

TEST_F(ExperimentTest, IncompleteResultsAreMarkedEverywhere) {
  const auto experiment = Start();
  Table table("t", {"x"});
  table.AddRow({1});
  experiment->AddTable(table);
  experiment->claims().JudgeTrue({"c", "Table 1", "holds"}, false);
  experiment->MarkIncomplete();
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 0);
  EXPECT_EQ(Read("results.json")["incomplete"], true);
  EXPECT_EQ(Read("run.json")["incomplete"], true);
  EXPECT_THAT(runtime::ReadFile(out_ + "/results.csv"),
              IsOkAndHolds(HasSubstr("t,0,x,1,incomplete\n")));
  EXPECT_THAT(
      runtime::ReadFile(out_ + "/claims.csv"),
      IsOkAndHolds(AllOf(HasSubstr("incomplete"), HasSubstr(",skipped\n"))));
}

TEST_F(ExperimentTest, DataFilesAreFoundAndTheirChecksumsKept) {
  fs::create_directories(root_ + "/data/libsvm");
  std::ofstream(root_ + "/data/libsvm/a9a") << "abc";
  const auto experiment = Start({"--data_dir=" + root_ + "/data"});
  EXPECT_THAT(experiment->DataFile("libsvm/a9a"),
              IsOkAndHolds(root_ + "/data/libsvm/a9a"));
  EXPECT_THAT(experiment->DataFile("libsvm/b"),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("get it by: ./bazelw run //tools/data -- "
                                 "fetch libsvm/b --data_dir " +
                                 root_ + "/data")));
  EXPECT_THAT(
      experiment->DataFile("bow/20news/20news.train.labels.gz"),
      StatusIs(absl::StatusCode::kNotFound,
               AllOf(HasSubstr("no address serves 20news as it is: make it by "
                               "hand as told by ./bazelw run //tools/data -- "
                               "list 20news"),
                     Not(HasSubstr("fetch")))));
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 0);
  EXPECT_EQ(Read("results.json")["data_sha256"]["libsvm/a9a"],
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(Read("results.json")["missing_data"][1], "libsvm/b");
}

TEST_F(ExperimentTest, CheckpointsAreReadOnlyWhenResuming) {
  {
    const auto experiment = Start({"--seed=1"});
    EXPECT_THAT(experiment->Save("x", "bytes"), IsOk());
    EXPECT_THAT(experiment->Load("x"), StatusIs(absl::StatusCode::kNotFound));
  }
  {
    const auto experiment = Start({"--seed=1", "--resume"});
    EXPECT_THAT(experiment->Load("x"), IsOkAndHolds(std::string("bytes")));
    EXPECT_THAT(experiment->Forget("x"), IsOk());
    EXPECT_THAT(experiment->Load("x"), StatusIs(absl::StatusCode::kNotFound));
  }
}

TEST_F(ExperimentTest, ResumeWithOtherFlagsBeginsAnewAndSaysSo) {
  EXPECT_THAT(Start({"--seed=1"})->Save("x", "of seed 1"), IsOk());
  ::testing::internal::CaptureStderr();
  const auto other = Start({"--seed=2", "--resume"});
  EXPECT_THAT(::testing::internal::GetCapturedStderr(),
              AllOf(HasSubstr("note: --resume begins anew"),
                    HasSubstr("other flags or by another build")));
  EXPECT_THAT(other->Load("x"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(other->Save("x", "of seed 2"), IsOk());
  // Both are kept.
  ::testing::internal::CaptureStderr();
  EXPECT_THAT(Start({"--seed=1", "--resume"})->Load("x"),
              IsOkAndHolds(std::string("of seed 1")));
  EXPECT_THAT(Start({"--seed=2", "--resume"})->Load("x"),
              IsOkAndHolds(std::string("of seed 2")));
  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "");
}

// Two folders with files of the same name, in turn.
TEST_F(ExperimentTest, ResumeOnOtherDataIsRefused) {
  for (const char* folder : {"/one", "/two", "/none"}) {
    fs::create_directories(root_ + folder);
  }
  std::ofstream(root_ + "/one/d") << "1";
  std::ofstream(root_ + "/two/d") << "2";
  const auto flag = [&](const std::string& folder) {
    return "--data_dir=" + root_ + folder;
  };
  {
    const auto experiment = Start({flag("/one")});
    EXPECT_THAT(experiment->Save("before", "no data"), IsOk());
    EXPECT_THAT(experiment->DataFile("d"), IsOk());
    EXPECT_THAT(experiment->Save("x", "of one"), IsOk());
  }
  EXPECT_THAT(
      TryStart({flag("/two"), "--resume"}),
      StatusIs(absl::StatusCode::kFailedPrecondition,
               AllOf(HasSubstr("d in --data_dir=" + root_ + "/two is another"),
                     HasSubstr("leave --resume out to begin anew"))));
  EXPECT_THAT(TryStart({flag("/none"), "--resume"}),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("there is no d in --data_dir=")));
  EXPECT_THAT(Start({flag("/one"), "--resume"})->Load("x"),
              IsOkAndHolds(std::string("of one")));
  // Begun anew on other data: nothing of the former is left to be mixed in.
  {
    const auto experiment = Start({flag("/two"), "--noresume"});
    EXPECT_THAT(experiment->Save("before", "no data"), IsOk());
  }
  const auto resumed = Start({flag("/two"), "--resume"});
  EXPECT_THAT(resumed->Load("before"), IsOkAndHolds(std::string("no data")));
  EXPECT_THAT(resumed->Load("x"), StatusIs(absl::StatusCode::kNotFound));
}

// Begun anew on the same data, what is not yet saved again can still be had.
TEST_F(ExperimentTest, BeginningAnewKeepsBlobsOfTheSameData) {
  EXPECT_THAT(Start()->Save("x", "bytes"), IsOk());
  EXPECT_THAT(Start()->Save("y", "bytes"), IsOk());
  EXPECT_THAT(Start({"--resume"})->Load("x"),
              IsOkAndHolds(std::string("bytes")));
}

// A complete run, then one in the same folder that is cut short.
TEST_F(ExperimentTest, NothingOfAnEarlierRunStaysBesideTheResults) {
  {
    const auto experiment = Start({"--figures=false"});
    experiment->AddTable(Table("old", {"x"}));
    experiment->AddFile("old.trace.json", "{}");
    experiment->AddFigure(
        {.name = "old_figure",
         .title = "t",
         .panels = {{.title = "p",
                     .x = {.label = "x"},
                     .y = {.label = "y"},
                     .series = {{.label = "s", .x = {1, 2}, .y = {1, 2}}}}}});
    ASSERT_EQ(experiment->Finish(absl::OkStatus()), 0);
    ASSERT_TRUE(fs::exists(out_ + "/old_figure.figure.json"));
  }
  // As if they had been drawn.
  std::ofstream(out_ + "/old_figure.svg") << "<svg/>";
  std::ofstream(out_ + "/mine.txt") << "the user's own";
  const auto experiment = Start();
  experiment->AddTable(Table("new", {"x"}));
  experiment->MarkIncomplete();
  EXPECT_EQ(experiment->Finish(absl::OkStatus()), 0);
  std::vector<std::string> names;
  for (const auto& entry : fs::recursive_directory_iterator(out_)) {
    names.push_back(fs::relative(entry.path(), out_).string());
  }
  EXPECT_THAT(names, ::testing::UnorderedElementsAre(
                         "tables", "tables/new.csv", "results.csv",
                         "results.json", "claims.csv", "run.json", "mine.txt"));
}

TEST_F(ExperimentTest, StartNamesWhatIsWrong) {
  EXPECT_THAT(TryStart({"--threads=-1"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--threads=-1: must be between 0 and 1024")));
  std::ofstream(root_ + "/file") << "x";
  EXPECT_THAT(TryStart({"--threads=0", "--out=" + root_ + "/file/out"}),
              StatusIs(absl::StatusCode::kPermissionDenied,
                       HasSubstr("cannot write there")));
}

TEST_F(ExperimentTest, RunExperimentGivesTheExitCodes) {
  std::string name = "program", help = "--help", wrong = "--sed=1",
              out = "--out=" + out_;
  const auto run = [&](std::vector<char*> argv) {
    argv.insert(argv.begin(), name.data());
    return RunExperiment(static_cast<int>(argv.size()), argv.data(),
                         {.name = "example"}, [](Experiment& experiment) {
                           experiment.claims().JudgeTrue({"c"}, true);
                           return absl::OkStatus();
                         });
  };
  EXPECT_EQ(run({help.data()}), 0);
  EXPECT_EQ(run({wrong.data()}), 1);
  EXPECT_EQ(run({out.data()}), 0);
}

}  // namespace
}  // namespace muster::benchmarks
