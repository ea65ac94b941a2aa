#include "muster/runtime/rng.h"

#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/container/flat_hash_set.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

using ::testing::ElementsAre;

// Published with the Random123 library.
TEST(PhiloxTest, GivesTheKnownAnswers) {
  EXPECT_THAT(Philox4x32({0, 0, 0, 0}, {0, 0}),
              ElementsAre(0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8));
  constexpr uint32_t kOnes = 0xffffffff;
  EXPECT_THAT(Philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
              ElementsAre(0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd));
  EXPECT_THAT(Philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                         {0xa4093822, 0x299f31d0}),
              ElementsAre(0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1));
}

TEST(PhiloxTest, IsAConstantExpression) {
  static_assert(Philox4x32({0, 0, 0, 0}, {0, 0})[0] == 0x6627e8d5);
  static_assert(Rng(0).NextUint64() == 0xe169c58d6627e8d5);
}

// The third known answer, laid out as (position, stream) and seed.
TEST(RngTest, PutsPositionStreamAndSeedWhereDocumented) {
  const BlockBits bits =
      PhiloxBlock(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88);
  EXPECT_EQ(bits.first, 0x94fdccebd16cfe09);
  EXPECT_EQ(bits.second, 0x24126ea15001e420);
}

TEST(RngTest, HandsOutTheHalvesOfEachBlockInTurn) {
  Rng rng = Rng(5).Fork("stream", 1, 2).At(7);
  Rng blocks = rng;
  for (int i = 0; i < 3; ++i) {
    const std::array<uint32_t, 4> w = blocks.NextBlock();
    EXPECT_EQ(rng.NextUint64(), uint64_t{w[1]} << 32 | w[0]);
    EXPECT_EQ(rng.NextUint64(), uint64_t{w[3]} << 32 | w[2]);
  }
  EXPECT_EQ(rng.position(), 10u);
}

TEST(RngTest, NextBlockDropsAnUnusedHalf) {
  Rng rng(5);
  rng.NextUint64();
  EXPECT_EQ(rng.NextBlock(), Rng(5).At(1).NextBlock());
  EXPECT_EQ(rng.NextUint64(), Rng(5).At(2).NextUint64());
}

TEST(RngTest, IsAValue) {
  Rng rng = Rng(9).Fork("a");
  rng.NextUint64();
  Rng copy = rng;
  EXPECT_EQ(copy.NextUint64(), rng.NextUint64());
  EXPECT_EQ(copy.At(3).NextUint64(), rng.At(3).NextUint64());
}

TEST(RngTest, ForkForgetsThePositionAndKeepsTheSeed) {
  Rng rng(9);
  const uint64_t before = rng.Fork("a", 1).NextUint64();
  rng.NextUint64();
  EXPECT_EQ(rng.Fork("a", 1).NextUint64(), before);
  EXPECT_EQ(rng.Fork("a", 1).seed(), 9u);
  EXPECT_EQ(rng.Fork("a", 1).position(), 0u);
}

// Every stored result depends on these: change them only knowingly.
TEST(RngTest, StreamsAndOutputsArePinned) {
  EXPECT_EQ(Rng(1).stream(), 0u);
  EXPECT_EQ(Rng(1).Fork("").stream(), 0x1c52a170559e64b4);
  EXPECT_EQ(Rng(1).Fork("task_duration", 3).stream(), 0x4995f040b63dd17e);
  EXPECT_EQ(Rng(1).Fork("task_duration", 3, 4).stream(), 0x3b9ffef48e03d398);
  EXPECT_EQ(Rng(1).Fork("a").Fork("b", ~uint64_t{0}, 7).stream(),
            0x45870402bba59173);
  EXPECT_EQ(Rng(1).Fork("task_duration", 3).At(12).NextUint64(),
            0x08b564fb07e92842);
  EXPECT_EQ(Rng(2).Fork("task_duration", 3).At(12).NextUint64(),
            0xa2012574a4dc56e0);
}

TEST(RngTest, NamesThatLookAlikeGiveDifferentStreams) {
  const Rng root(1);
  const std::vector<uint64_t> streams = {
      root.stream(),
      root.Fork("").stream(),
      root.Fork("a").stream(),
      root.Fork("b").stream(),
      root.Fork("ab").stream(),
      root.Fork("ba").stream(),
      root.Fork("a").Fork("b").stream(),
      root.Fork("b").Fork("a").stream(),
      root.Fork("a", 1, 2).stream(),
      root.Fork("a", 2, 1).stream(),
      root.Fork("a", 1).Fork("a", 2).stream(),
      root.Fork("a", 2).Fork("a", 1).stream(),
      root.Fork("a", 0, 1).stream(),
      root.Fork("a", 1, 0).stream(),
      root.Fork("a").Fork("").stream(),
      root.Fork("").Fork("a").stream()};
  const absl::flat_hash_set<uint64_t> distinct(streams.begin(), streams.end());
  EXPECT_EQ(distinct.size(), streams.size());
}

// 400,000 names on grids of indices: by chance two coincide with probability
// 4e-9, and their upper halves (32 bits) collide about 18.6 times.
TEST(RngTest, StreamsOfIndexGridsDoNotCollide) {
  absl::flat_hash_set<uint64_t> streams;
  absl::flat_hash_set<uint32_t> upper;
  for (const char* tag : {"task_duration", "task_duratioo"}) {
    for (uint64_t i = 0; i < 200; ++i) {
      for (uint64_t j = 0; j < 1000; ++j) {
        const uint64_t stream = Rng(1).Fork(tag, i << 20, j).stream();
        streams.insert(stream);
        upper.insert(static_cast<uint32_t>(stream >> 32));
      }
    }
  }
  EXPECT_EQ(streams.size(), 400'000u);
  // Poisson of mean 18.6: below 3 or above 50 with probability under 1e-6.
  EXPECT_GT(upper.size(), 400'000u - 50);
  EXPECT_LT(upper.size(), 400'000u - 2);
}

// Each of the 64 output bits is fair: 2^16 draws, |ones - 2^15| < 6.5 sigma.
// Flake rate over seeds: 128 x 8e-11.
TEST(RngTest, BitsAreFairAlongAStreamAndAcrossStreams) {
  const Rng root(TestSeed());
  constexpr int kDraws = 1 << 16;
  std::array<int, 64> along{};
  std::array<int, 64> across{};
  Rng rng = root.Fork("along");
  for (int draw = 0; draw < kDraws; ++draw) {
    const uint64_t a = rng.NextUint64();
    const uint64_t b = root.Fork("across", draw).NextUint64();
    for (int bit = 0; bit < 64; ++bit) {
      along[bit] += a >> bit & 1;
      across[bit] += b >> bit & 1;
    }
  }
  const double bound = 6.5 * std::sqrt(kDraws) / 2;
  for (int bit = 0; bit < 64; ++bit) {
    EXPECT_LT(std::abs(along[bit] - kDraws / 2), bound) << "bit " << bit;
    EXPECT_LT(std::abs(across[bit] - kDraws / 2), bound) << "bit " << bit;
  }
}

// Flipping one bit of the seed, an index or the position flips each output bit
// with probability 1/2: 192 flips x 64 bits, 6.5 sigma.
TEST(RngTest, InputBitsAvalanche) {
  const uint64_t seed = TestSeed();
  const auto draw = [](uint64_t s, uint64_t i, uint64_t position) {
    return Rng(s).Fork("tag", i).At(position).NextUint64();
  };
  const uint64_t base = draw(seed, 11, 22);
  int flipped = 0;
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t mask = uint64_t{1} << bit;
    flipped += std::popcount(base ^ draw(seed ^ mask, 11, 22));
    flipped += std::popcount(base ^ draw(seed, 11 ^ mask, 22));
    flipped += std::popcount(base ^ draw(seed, 11, 22 ^ mask));
  }
  constexpr int kBits = 3 * 64 * 64;
  EXPECT_LT(std::abs(flipped - kBits / 2), 6.5 * std::sqrt(kBits) / 2);
}

TEST(PhiloxBatchTest, GivesTheBitsOfSingleBlocks) {
  Rng rng(TestSeed());
  for (size_t size = 0; size < 70; ++size) {
    std::vector<uint64_t> streams(size), positions(size);
    for (uint64_t& stream : streams) stream = rng.NextUint64();
    for (uint64_t& position : positions) {
      position = rng.NextUint64() >> (rng.NextUint64() % 64);
    }
    const uint64_t seed = rng.NextUint64();
    std::vector<uint64_t> first(size), second(size);
    PhiloxBatch(seed, streams, positions, first, second);
    for (size_t m = 0; m < size; ++m) {
      const BlockBits bits = PhiloxBlock(seed, streams[m], positions[m]);
      ASSERT_EQ(first[m], bits.first) << size << " " << m;
      ASSERT_EQ(second[m], bits.second) << size << " " << m;
    }
    std::vector<uint64_t> first2(size), second2(size);
    internal_rng::PhiloxBatchBaseline(seed, streams, positions, first2,
                                      second2);
    ASSERT_EQ(first2, first);
    ASSERT_EQ(second2, second);
    // In place.
    PhiloxBatch(seed, streams, positions, streams, positions);
    ASSERT_EQ(streams, first);
    ASSERT_EQ(positions, second);
  }
}

TEST(PhiloxBatchDeathTest, RefusesSpansOfDifferentLength) {
  std::vector<uint64_t> three(3), four(4);
  EXPECT_DEATH(PhiloxBatch(1, three, three, three, four), "second.size\\(\\)");
}

}  // namespace
}  // namespace muster::runtime
