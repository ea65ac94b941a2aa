#include "muster/tools/dispatch/gzip_member.h"

#include <fstream>
#include <string>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_matchers.h"

namespace muster::tools::dispatch {
namespace {

using runtime::IsOkAndHolds;

std::string WriteFile(const std::string& bytes) {
  const std::string path = ::testing::TempDir() + "/members.gz";
  std::ofstream(path, std::ios::binary) << bytes;
  return path;
}

TEST(GzipMemberTest, MembersAreReadAsOneFile) {
  std::string text;
  for (int i = 0; i < 5000; ++i) text += std::to_string(i * i) + "\n";
  for (const int level : {1, 6, 9}) {
    GzipMembers members(level);
    std::string bytes = StoredGzipMember("head\n");
    members.Append(text, &bytes);
    members.Append("", &bytes);
    members.Append("tail\n", &bytes);
    EXPECT_LT(bytes.size(), text.size() / 2);
    EXPECT_THAT(runtime::ReadFile(WriteFile(bytes)),
                IsOkAndHolds("head\n" + text + "tail\n"));
  }
}

// What makes a header at the front replaceable.
TEST(GzipMemberTest, AStoredMembersSizeDependsOnTheContentsSizeAlone) {
  const std::string zeros = StoredGzipMember(std::string(16, '\0'));
  const std::string others = StoredGzipMember("0123456789abcdef");
  EXPECT_EQ(zeros.size(), others.size());
  EXPECT_THAT(runtime::ReadFile(WriteFile(others)),
              IsOkAndHolds("0123456789abcdef"));
  EXPECT_THAT(runtime::ReadFile(WriteFile(StoredGzipMember(""))),
              IsOkAndHolds(""));
}

TEST(GzipMemberTest, BytesAreAFunctionOfContentAndLevel) {
  std::string first, second;
  GzipMembers(1).Append("some content", &first);
  GzipMembers members(1);
  members.Append("other content before it", &second);
  second.clear();
  members.Append("some content", &second);
  EXPECT_EQ(first, second);
}

}  // namespace
}  // namespace muster::tools::dispatch
