#include "muster/dispatch/hash_chain.h"

#include <vector>

#include "gtest/gtest.h"

namespace muster::dispatch {
namespace {

// The first outputs of SplitMix64 seeded with 0 (S. Vigna's reference code):
// each state is the increment added once more.
TEST(HashChainTest, IsSplitMix64) {
  EXPECT_EQ(ExtendHash(0, 0), 0xE220A8397B1DCDAF);
  EXPECT_EQ(ExtendHash(0x9E3779B97F4A7C15, 0), 0x6E789E6AA1B965F4);
  EXPECT_EQ(ExtendHash(0, 0x9E3779B97F4A7C15), 0x6E789E6AA1B965F4);
}

TEST(HashChainTest, DependsOnTheOrder) {
  EXPECT_NE(ExtendHash(ExtendHash(0, 1), 2), ExtendHash(ExtendHash(0, 2), 1));
}

TEST(HashChainTest, EqualPointsHashAlike) {
  const std::vector<float> point = {0.0F, 1.5F};
  EXPECT_EQ(HashPoint(point), HashPoint(std::vector<float>{-0.0F, 1.5F}));
  EXPECT_NE(HashPoint(point), HashPoint(std::vector<float>{1.5F, 0.0F}));
}

}  // namespace
}  // namespace muster::dispatch
