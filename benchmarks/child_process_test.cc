#include "muster/benchmarks/child_process.h"

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOkAndHolds;
using runtime::StatusIs;
using ::testing::ElementsAre;

ChildProcess Shell(const std::string& script,
                   std::vector<std::string>* lines = nullptr) {
  ChildProcess child = {.arguments = {"/bin/sh", "-c", script}};
  if (lines != nullptr) {
    child.on_line = [lines](absl::string_view line) {
      lines->emplace_back(line);
    };
  }
  return child;
}

TEST(ChildProcessTest, GivesTheExitCode) {
  EXPECT_THAT(RunChild(Shell("exit 0")), IsOkAndHolds(0));
  EXPECT_THAT(RunChild(Shell("exit 2")), IsOkAndHolds(2));
  EXPECT_THAT(RunChild(Shell("kill -KILL $$")), IsOkAndHolds(128 + SIGKILL));
}

TEST(ChildProcessTest, GivesTheLinesOfBothStreams) {
  std::vector<std::string> lines;
  EXPECT_THAT(RunChild(Shell("echo one; echo two >&2; printf 'a\\rb\\n\\nend'",
                             &lines)),
              IsOkAndHolds(0));
  EXPECT_THAT(lines, ElementsAre("one", "two", "a", "b", "end"));
}

TEST(ChildProcessTest, ChangesTheEnvironment) {
  setenv("MUSTER_TEST_KEPT", "kept", 1);
  setenv("MUSTER_TEST_CHANGED", "old", 1);
  std::vector<std::string> lines;
  ChildProcess child =
      Shell("echo $MUSTER_TEST_KEPT $MUSTER_TEST_CHANGED", &lines);
  child.environment = {"MUSTER_TEST_CHANGED=new"};
  EXPECT_THAT(RunChild(child), IsOkAndHolds(0));
  EXPECT_THAT(lines, ElementsAre("kept new"));
}

TEST(ChildProcessTest, PassesTheStopOn) {
  std::atomic<bool> stop = false;
  ChildProcess child =
      Shell("trap 'echo saved; exit 130' INT; echo ready; while :; do :; done");
  std::vector<std::string> lines;
  child.on_line = [&](absl::string_view line) {
    lines.emplace_back(line);
    stop = true;
  };
  child.stop = &stop;
  child.stop_signal = [] { return SIGINT; };
  EXPECT_THAT(RunChild(child), IsOkAndHolds(130));
  EXPECT_THAT(lines, ElementsAre("ready", "saved"));
}

TEST(ChildProcessTest, SaysThatItCannotStart) {
  EXPECT_THAT(RunChild({.arguments = {"/no/such/program"}}),
              StatusIs(absl::StatusCode::kInternal,
                       ::testing::HasSubstr("/no/such/program")));
}

}  // namespace
}  // namespace muster::benchmarks
