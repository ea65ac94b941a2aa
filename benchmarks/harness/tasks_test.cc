#include "muster/benchmarks/harness/tasks.h"

#include <atomic>
#include <csignal>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::StatusIs;
using ::testing::HasSubstr;

struct Value {
  double value = 0;
  static void Fields(auto& self, auto&& visit) { visit(self.value); }
};

class TasksTest : public ::testing::Test {
 protected:
  TasksTest()
      : out_(::testing::TempDir() + "/tasks_" +
             ::testing::UnitTest::GetInstance()->current_test_info()->name()) {
    std::filesystem::remove_all(out_);
  }

  std::unique_ptr<Experiment> Start(std::vector<std::string> arguments = {}) {
    arguments.insert(arguments.begin(), {"program", "--out=" + out_});
    std::vector<char*> argv;
    for (std::string& argument : arguments) argv.push_back(argument.data());
    auto experiment = Experiment::Start(static_cast<int>(argv.size()),
                                        argv.data(), {.name = "example"});
    EXPECT_THAT(experiment, IsOk());
    return *std::move(experiment);
  }

  // Ten tasks; `ran` counts how many were really run.
  std::vector<Task<Value>> TenTasks(std::atomic<int>* ran) {
    std::vector<Task<Value>> tasks;
    for (int i = 0; i < 10; ++i) {
      tasks.push_back({.name = absl::StrCat("t", i),
                       .work = static_cast<double>(1 + i * 7 % 5),
                       .run = [i, ran](TaskContext&) -> absl::StatusOr<Value> {
                         ++*ran;
                         return Value{1.0 / (i + 3)};
                       }});
    }
    return tasks;
  }

  gflags::FlagSaver saver_;
  const std::string out_;
};

TEST_F(TasksTest, ResultsAreInOrderForAnyNumberOfThreads) {
  for (const char* threads : {"1", "2", "3", "8"}) {
    const auto experiment = Start({absl::StrCat("--threads=", threads)});
    std::atomic<int> ran = 0;
    const auto results = RunTasks(*experiment, "s", TenTasks(&ran));
    ASSERT_THAT(results, IsOk());
    ASSERT_TRUE(results->complete());
    for (int i = 0; i < 10; ++i) EXPECT_EQ((*results)[i].value, 1.0 / (i + 3));
    EXPECT_EQ(ran, 10);
  }
}

TEST_F(TasksTest, ResumeRunsOnlyWhatIsMissing) {
  std::atomic<int> ran = 0;
  {
    const auto experiment = Start();
    std::vector<Task<Value>> tasks = TenTasks(&ran);
    tasks[6].run = [](TaskContext&) -> absl::StatusOr<Value> {
      return absl::InternalError("the machine went away");
    };
    EXPECT_THAT(RunTasks(*experiment, "s", tasks),
                StatusIs(absl::StatusCode::kInternal,
                         HasSubstr("task t6: the machine went away")));
  }
  const int before = ran;
  {
    const auto experiment = Start({"--resume"});
    const auto results = RunTasks(*experiment, "s", TenTasks(&ran));
    ASSERT_THAT(results, IsOk());
    for (int i = 0; i < 10; ++i) EXPECT_EQ((*results)[i].value, 1.0 / (i + 3));
    EXPECT_EQ(ran, 10);  // no task ran twice
    EXPECT_GT(before, 0);
  }
  // Without --resume all begin anew.
  const auto experiment = Start({"--noresume"});
  ASSERT_THAT(RunTasks(*experiment, "s", TenTasks(&ran)), IsOk());
  EXPECT_EQ(ran, 20);
}

TEST_F(TasksTest, TheErrorOfTheLowestIndexCounts) {
  for (int repetition = 0; repetition < 20; ++repetition) {
    const auto experiment = Start({"--threads=3"});
    std::atomic<int> ran = 0;
    std::vector<Task<Value>> tasks = TenTasks(&ran);
    for (const int i : {9, 4, 3}) {
      tasks[i].run = [i](TaskContext&) -> absl::StatusOr<Value> {
        return absl::DataLossError(absl::StrCat("error ", i));
      };
    }
    EXPECT_THAT(RunTasks(*experiment, "s", tasks),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("error 3")));
  }
}

// A task counts to 1000 and is stopped by a signal at 400; what it saved lets
// the next run go on from there.
TEST_F(TasksTest, ASignalStopsAndResumeContinuesInsideATask) {
  std::vector<int> begun_at;
  const auto make = [&begun_at](bool interrupt) {
    return std::vector<Task<Value>>{
        {.name = "count",
         .run = [&begun_at,
                 interrupt](TaskContext& context) -> absl::StatusOr<Value> {
           Value state;
           const auto saved = context.LoadState();
           if (saved.ok()) state = *runtime::Decode<Value>(*saved);
           begun_at.push_back(static_cast<int>(state.value));
           while (state.value < 1000) {
             ++state.value;
             if (interrupt && state.value == 400) std::raise(SIGTERM);
             if (context.Report(static_cast<int64_t>(state.value), 1000)) {
               continue;
             }
             EXPECT_TRUE(context.ShouldSave());
             std::string bytes;
             runtime::Encode(state, &bytes);
             EXPECT_THAT(context.SaveState(bytes), IsOk());
             return absl::CancelledError("stopped");
           }
           return state;
         }},
        {.name = "after", .work = 0.1, .run = [](TaskContext&) {
           return absl::StatusOr<Value>(Value{5});
         }}};
  };
  {
    const auto experiment = Start({"--threads=1"});
    const auto results = RunTasks(*experiment, "s", make(true));
    ASSERT_THAT(results, IsOk());
    EXPECT_FALSE(results->complete());
    EXPECT_FALSE(results->results[0].has_value());
    EXPECT_TRUE(experiment->stopped());
  }
  const auto experiment = Start({"--threads=1", "--resume"});
  const auto results = RunTasks(*experiment, "s", make(false));
  ASSERT_THAT(results, IsOk());
  EXPECT_TRUE(results->complete());
  EXPECT_EQ((*results)[0].value, 1000);
  EXPECT_THAT(begun_at, ::testing::ElementsAre(0, 400));
}

TEST_F(TasksTest, WrongTasksAreNamed) {
  const auto experiment = Start();
  std::atomic<int> ran = 0;
  std::vector<Task<Value>> tasks = TenTasks(&ran);
  tasks[1].name = "t0";
  EXPECT_THAT(RunTasks(*experiment, "s", tasks),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("two tasks of s are named t0")));
  tasks[1].name = "a/b";
  EXPECT_THAT(RunTasks(*experiment, "s", tasks),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("a/b")));
  tasks[1].name = "t1";
  tasks[1].work = 0;
  EXPECT_THAT(RunTasks(*experiment, "s", tasks),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("work = 0 must be > 0")));
  EXPECT_THAT(RunTasks(*experiment, "a b", TenTasks(&ran)),
              StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_EQ(ran, 0);
  EXPECT_THAT(RunTasks(*experiment, "none", std::vector<Task<Value>>()),
              IsOk());
}

}  // namespace
}  // namespace muster::benchmarks
