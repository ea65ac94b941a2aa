#include "muster/benchmarks/harness/command_line.h"

#include <cstdlib>
#include <string>
#include <vector>

#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"
#include "muster/tools/command_line.h"

DEFINE_int64(rounds, 7, "rounds of the test");
DEFINE_double(rate, 0.5, "rate of the test");

namespace muster::benchmarks {
namespace {

using runtime::IsOk;
using runtime::IsOkAndHolds;
using runtime::StatusIs;
using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Key;
using ::testing::Not;
using ::testing::Pair;

class CommandLineTest : public ::testing::Test {
 protected:
  static absl::StatusOr<bool> Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "program");
    return tools::ParseFlags(static_cast<int>(arguments.size()),
                             arguments.data());
  }
  static absl::StatusOr<CommonFlags> Read(std::vector<const char*> arguments) {
    const auto help = Parse(std::move(arguments));
    if (!help.ok()) return help.status();
    return ReadCommonFlags({.name = "example",
                            .default_seeds = 3,
                            .quick_seeds = 2,
                            .full_seeds = 10});
  }

  gflags::FlagSaver saver_;
};

TEST_F(CommandLineTest, ReadsEveryForm) {
  EXPECT_THAT(Parse({"--rounds=12", "--rate", "0.25", "-quick"}),
              IsOkAndHolds(false));
  EXPECT_EQ(FLAGS_rounds, 12);
  EXPECT_EQ(FLAGS_rate, 0.25);
  const auto flags = Read({"--noquick", "--full", "--data-dir=/data"});
  ASSERT_THAT(flags, IsOk());
  EXPECT_EQ(flags->effort, Effort::kFull);
  EXPECT_EQ(flags->seeds, 10);
  EXPECT_EQ(flags->data_dir, "/data");
  EXPECT_THAT(Parse({"--help"}), IsOkAndHolds(true));
}

TEST_F(CommandLineTest, Defaults) {
  const auto flags = Read({});
  ASSERT_THAT(flags, IsOk());
  EXPECT_EQ(flags->seed, 1u);
  EXPECT_EQ(flags->seeds, 3);
  EXPECT_EQ(flags->threads, 0);
  EXPECT_THAT(flags->out, ::testing::EndsWith("/out/example"));
  EXPECT_EQ(flags->ByEffort(1, 2, 3), 2);
}

// `bazel run` starts programs elsewhere and says where it was called.
TEST_F(CommandLineTest, PathsAreThoseOfTheCall) {
  setenv("BUILD_WORKING_DIRECTORY", "/call/folder", 1);
  setenv("MUSTER_DATA", "sets/", 1);
  const auto flags = Read({"--out=../x"});
  unsetenv("BUILD_WORKING_DIRECTORY");
  unsetenv("MUSTER_DATA");
  ASSERT_THAT(flags, IsOk());
  EXPECT_EQ(flags->out, "/call/x");
  EXPECT_EQ(flags->data_dir, "/call/folder/sets");
}

TEST_F(CommandLineTest, SizesExcludeEachOther) {
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(Read({"--quick", "--full"}), invalid("exclude each other"));
}

TEST_F(CommandLineTest, SeedsAndThreadsHaveBounds) {
  EXPECT_THAT(Read({"--seeds=-1"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--seeds=-1: must be between 0 and")));
  EXPECT_THAT(Read({"--seeds=1", "--threads=100000"}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("--threads=100000: must be between 0 and")));
}

TEST_F(CommandLineTest, ResultFlagsAreThoseThatShapeResults) {
  ASSERT_THAT(Parse({"--rounds=5", "--out=/x", "--threads=3"}), IsOk());
  const auto flags = ResultFlags();
  EXPECT_THAT(flags, Contains(Pair("rounds", "5")));
  EXPECT_THAT(flags, Contains(Key("seed")));
  for (const char* name : {"out", "threads", "data_dir", "resume", "help"}) {
    EXPECT_THAT(flags, Not(Contains(Key(name))));
  }
}

TEST_F(CommandLineTest, HelpSaysAll) {
  const std::string help = HelpText({.name = "example",
                                     .title = "a title",
                                     .source = "Table 9",
                                     .claims = "one thing",
                                     .examples = "run it"});
  EXPECT_THAT(help, AllOf(HasSubstr("example: a title"), HasSubstr("Table 9"),
                          HasSubstr("  one thing"), HasSubstr("  run it"),
                          HasSubstr("--rounds=int64"),
                          HasSubstr("(default: 7)"), HasSubstr("--resume")));
  EXPECT_THAT(help, HasSubstr("claims.csv"));
  EXPECT_THAT(help, Not(HasSubstr("tab_completion")));
}

}  // namespace
}  // namespace muster::benchmarks
