#include "muster/benchmarks/harness/sha256.h"

#include <cstdio>
#include <fstream>
#include <string>

#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::benchmarks {
namespace {

using runtime::IsOkAndHolds;
using runtime::StatusIs;

// FIPS 180-4's examples, and the million letters of its test set.
TEST(Sha256Test, PublishedAnswers) {
  EXPECT_EQ(Sha256Hex(""),
            "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(Sha256Hex("abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(
      Sha256Hex("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"),
      "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(Sha256Hex(std::string(1'000'000, 'a')),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// Pieces of any size give the digest of the whole, past every block boundary.
TEST(Sha256Test, PiecesAreTheWhole) {
  std::string text;
  for (int i = 0; i < 300; ++i) text.push_back(static_cast<char>(i * 7));
  for (size_t size = 0; size <= text.size(); ++size) {
    const std::string whole = text.substr(0, size);
    Sha256 hash;
    for (size_t at = 0; at < size; at += 1 + at % 67) {
      hash.Update(whole.substr(at, 1 + at % 67));
    }
    ASSERT_EQ(hash.HexDigest(), Sha256Hex(whole)) << size;
  }
}

TEST(Sha256Test, OfAFile) {
  const std::string path = ::testing::TempDir() + "/abc";
  std::ofstream(path) << "abc";
  EXPECT_THAT(Sha256OfFile(path),
              IsOkAndHolds(std::string("ba7816bf8f01cfea414140de5dae2223"
                                       "b00361a396177a9cb410ff61f20015ad")));
  EXPECT_THAT(Sha256OfFile(path + ".missing"),
              StatusIs(absl::StatusCode::kNotFound, ::testing::_));
}

}  // namespace
}  // namespace muster::benchmarks
