#include "muster/tools/call_folder.h"

#include <cstdlib>
#include <filesystem>

#include "gtest/gtest.h"

namespace muster::tools {
namespace {

TEST(CallFolderTest, PathsAreResolvedFromTheCall) {
  setenv("BUILD_WORKING_DIRECTORY", "/a/b", 1);
  EXPECT_EQ(CallFolder(), "/a/b");
  EXPECT_EQ(ResolvePath("c"), "/a/b/c");
  EXPECT_EQ(ResolvePath("../c/./d/"), "/a/c/d");
  EXPECT_EQ(ResolvePath("/x//y"), "/x/y");
  EXPECT_EQ(ResolvePath("/"), "/");
  unsetenv("BUILD_WORKING_DIRECTORY");
  EXPECT_EQ(ResolvePath("c"), (std::filesystem::current_path() / "c").string());
}

}  // namespace
}  // namespace muster::tools
