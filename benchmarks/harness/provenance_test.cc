#include "muster/benchmarks/harness/provenance.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOkAndHolds;
using runtime::StatusIs;

TEST(ProvenanceTest, KnowsTheMachineAndTheBuild) {
  const Machine machine = ThisMachine();
  EXPECT_FALSE(machine.cpu.empty());
  EXPECT_GE(machine.cores, 1);
  EXPECT_GT(machine.memory_bytes, int64_t{1} << 20);
  EXPECT_THAT(machine.os, ::testing::HasSubstr("Linux"));
  EXPECT_THAT(Compiler(), ::testing::MatchesRegex("(gcc|clang) [0-9]+.*"));
  EXPECT_THAT(BuildMode(), ::testing::MatchesRegex("(opt|debug).*"));
}

TEST(ProvenanceTest, TheCommitCanBeGiven) {
  setenv("MUSTER_COMMIT", "abc123", 1);
  EXPECT_EQ(Commit(), "abc123");
  unsetenv("MUSTER_COMMIT");
  setenv("BUILD_WORKSPACE_DIRECTORY", "/no/such/folder's", 1);
  EXPECT_EQ(Commit(), "unknown");
  unsetenv("BUILD_WORKSPACE_DIRECTORY");
  EXPECT_EQ(Commit(), "unknown");
}

TEST(ProvenanceTest, FindsRunfiles) {
  const std::string root = ::testing::TempDir() + "/tree.runfiles";
  std::filesystem::create_directories(root + "/muster/p");
  std::ofstream(root + "/muster/p/file") << "x";
  setenv("RUNFILES_DIR", root.c_str(), 1);
  EXPECT_THAT(Runfile("p/file"), IsOkAndHolds(root + "/muster/p/file"));
  EXPECT_THAT(Runfile("p/none"),
              StatusIs(absl::StatusCode::kNotFound,
                       ::testing::HasSubstr("cannot find p/none")));
}

}  // namespace
}  // namespace muster::benchmarks
