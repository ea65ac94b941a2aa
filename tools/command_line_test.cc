#include "muster/tools/command_line.h"

#include <string>
#include <vector>

#include "gflags/gflags.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

DEFINE_int64(rounds, 7, "rounds of the test");
DEFINE_double(rate, 0.5, "rate of the test");
DEFINE_bool(fast, false, "whether the test is fast");
DEFINE_string(out_dir, "", "folder of the test");

namespace muster::tools {
namespace {

using runtime::IsOkAndHolds;
using runtime::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class CommandLineTest : public ::testing::Test {
 protected:
  static absl::StatusOr<bool> Parse(std::vector<const char*> arguments) {
    arguments.insert(arguments.begin(), "program");
    return ParseFlags(static_cast<int>(arguments.size()), arguments.data());
  }
  static auto Invalid(const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  }

  gflags::FlagSaver saver_;
};

TEST_F(CommandLineTest, ReadsEveryForm) {
  EXPECT_THAT(
      Parse({"--rounds=12", "--rate", "0.25", "-fast", "--out-dir=a=b"}),
      IsOkAndHolds(false));
  EXPECT_EQ(FLAGS_rounds, 12);
  EXPECT_EQ(FLAGS_rate, 0.25);
  EXPECT_TRUE(FLAGS_fast);
  EXPECT_EQ(FLAGS_out_dir, "a=b");
  EXPECT_THAT(Parse({"--nofast"}), IsOkAndHolds(false));
  EXPECT_FALSE(FLAGS_fast);
  EXPECT_THAT(Parse({"--rounds=1", "-h", "--nonsense"}), IsOkAndHolds(true));
}

TEST_F(CommandLineTest, MistakesNameFlagValueBoundAndMend) {
  EXPECT_THAT(Parse({"--round=3"}), Invalid("unknown flag --round; did you "
                                            "mean --rounds? --help"));
  EXPECT_THAT(Parse({"--nonsense"}), Invalid("--nonsense; --help lists"));
  EXPECT_THAT(Parse({"--rounds=many"}),
              Invalid("--rounds=many: must be a whole number; for instance "
                      "--rounds=7"));
  EXPECT_THAT(Parse({"--rate=fast"}), Invalid("must be a number"));
  EXPECT_THAT(Parse({"--rounds"}), Invalid("--rounds: no value"));
  EXPECT_THAT(Parse({"--fast=maybe"}), Invalid("must be true or false"));
  EXPECT_THAT(Parse({"rounds"}), Invalid("unexpected argument 'rounds'"));
}

// Commands of one program have flags of their own.
TEST_F(CommandLineTest, AFlagOfAnotherCommandIsNamedAsThat) {
  const auto parse = [](std::vector<const char*> arguments) {
    return ParseFlags(static_cast<int>(arguments.size()), arguments.data(),
                      {"rounds", "fast"}, "run");
  };
  EXPECT_THAT(parse({"program", "--rounds=3", "--fast"}), IsOkAndHolds(false));
  EXPECT_THAT(parse({"program", "--rate=3"}),
              Invalid("--rate does not go with run, which takes --rounds, "
                      "--fast"));
  EXPECT_THAT(parse({"program", "--roun=3"}),
              Invalid("did you mean --rounds?"));
}

TEST_F(CommandLineTest, NearestNamesAreTwoLettersAwayOrLonger) {
  const std::vector<std::string> known = {"assign", "fit", "stats"};
  EXPECT_THAT(NearestNames("fits", known), ElementsAre("fit"));
  EXPECT_THAT(NearestNames("asign", known), ElementsAre("assign"));
  EXPECT_THAT(NearestNames("sta", known), ElementsAre("stats"));
  EXPECT_THAT(NearestNames("train", known), IsEmpty());
}

TEST_F(CommandLineTest, HelpNamesTypeMeaningAndDefault) {
  std::string help;
  for (const auto& flag : ProgramFlags()) help += FlagHelp(flag);
  EXPECT_THAT(help, AllOf(HasSubstr("  --rounds=int64 "),
                          HasSubstr("rounds of the test (default: 7)"),
                          HasSubstr("  --fast "), HasSubstr("default: \"\"")));
  EXPECT_THAT(help, ::testing::Not(HasSubstr("tab_completion")));
}

}  // namespace
}  // namespace muster::tools
