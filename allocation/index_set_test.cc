#include "muster/allocation/index_set.h"

#include <cstdint>
#include <iterator>
#include <set>

#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::allocation {
namespace {

TEST(IndexSetTest, SelectsByRank) {
  IndexSet set(200);
  for (const int32_t i : {130, 3, 64, 199, 63}) set.Insert(i);
  set.Insert(3);
  EXPECT_EQ(set.size(), 5);
  EXPECT_EQ(set.Select(0), 3);
  EXPECT_EQ(set.Select(1), 63);
  EXPECT_EQ(set.Select(2), 64);
  EXPECT_EQ(set.Select(4), 199);
  set.Erase(63);
  set.Erase(63);
  EXPECT_EQ(set.size(), 4);
  EXPECT_FALSE(set.Contains(63));
  EXPECT_EQ(set.Select(1), 64);
}

TEST(IndexSetTest, EqualsAStandardSet) {
  runtime::Rng rng = runtime::Rng(runtime::TestSeed()).Fork("index_set");
  for (const int32_t n : {1, 2, 63, 64, 65, 1000, 5000}) {
    IndexSet set(n);
    std::set<int32_t> expected;
    for (int step = 0; step < 3000; ++step) {
      const int32_t i = static_cast<int32_t>(runtime::UniformInt(rng, n));
      if (runtime::Uniform01(rng) < 0.6) {
        set.Insert(i);
        expected.insert(i);
      } else {
        set.Erase(i);
        expected.erase(i);
      }
      ASSERT_EQ(set.size(), static_cast<int64_t>(expected.size()));
      ASSERT_EQ(set.Contains(i), expected.count(i) == 1);
      if (!expected.empty()) {
        const int64_t rank = runtime::UniformInt(rng, set.size());
        ASSERT_EQ(set.Select(rank), *std::next(expected.begin(), rank));
      }
    }
  }
}

}  // namespace
}  // namespace muster::allocation
