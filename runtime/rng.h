#ifndef MUSTER_RUNTIME_RNG_H_
#define MUSTER_RUNTIME_RNG_H_

// The random generator: Philox4x32-10 as a value.
//
// Philox is a counter-based generator: block(counter, key) is a pure function
// of 128 + 64 bits that gives 128 bits (J. Salmon, M. Moraes, R. Dror, D. Shaw,
// "Parallel random numbers: as easy as 1, 2, 3", SC 2011; 10 rounds). Here
//
//   key     = the seed                      (low word first)
//   counter = (position, stream)            (64 bits each, low word first)
//
// A *stream* is named by purpose and indices (task durations of worker 3, block
// 7 of round 12), never by thread or time; within it, block `position` can be
// read in any order. So results do not depend on who draws first, and two
// policies see the same durations. Fork() derives names:
//
//   Rng durations = Rng(seed).Fork("task_duration", worker);
//   double x = Exponential(durations.At(task));
//
// Streams. With Mix the finaliser of SplitMix64 (a bijection of 64 bits) and
// Hash the 64-bit FNV-1a hash of the tag's bytes, all modulo 2^64,
//
//   Fork(tag, i, j).stream() =
//       Mix(Mix(Mix(stream + Hash(tag)) + kStepI i + kAddI) + kStepJ j + kAddJ)
//
// Children of one stream and tag that differ in i alone, or in j alone, have
// different streams for certain; otherwise two of m streams coincide with
// probability about m^2 / 2^65 (3e-8 for a million).
//
// Not promised: cryptographic strength, and protection from drawing twice from
// one name. Thread-compatible; a copy is 40 bytes and independent of its
// original.

#include <array>
#include <cstdint>
#include <span>

#include "absl/strings/string_view.h"

namespace muster::runtime {

namespace internal_rng {
inline constexpr uint32_t kMultiplier0 = 0xD2511F53;
inline constexpr uint32_t kMultiplier1 = 0xCD9E8D57;
inline constexpr uint32_t kWeyl0 = 0x9E3779B9;
inline constexpr uint32_t kWeyl1 = 0xBB67AE85;
inline constexpr int kRounds = 10;
}  // namespace internal_rng

// One block of 128 random bits. Pure.
constexpr std::array<uint32_t, 4> Philox4x32(std::array<uint32_t, 4> counter,
                                             std::array<uint32_t, 2> key) {
#pragma GCC unroll 10  // a third off the time of a draw
  for (int round = 0; round < internal_rng::kRounds; ++round) {
    const uint64_t p0 = uint64_t{internal_rng::kMultiplier0} * counter[0];
    const uint64_t p1 = uint64_t{internal_rng::kMultiplier1} * counter[2];
    counter = {static_cast<uint32_t>(p1 >> 32) ^ counter[1] ^ key[0],
               static_cast<uint32_t>(p1),
               static_cast<uint32_t>(p0 >> 32) ^ counter[3] ^ key[1],
               static_cast<uint32_t>(p0)};
    key[0] += internal_rng::kWeyl0;
    key[1] += internal_rng::kWeyl1;
  }
  return counter;
}

// The two 64-bit halves of a block, in the order in which Rng hands them out.
struct BlockBits {
  uint64_t first;
  uint64_t second;
};

// Block `position` of stream `stream` under `seed`, as Rng computes it.
constexpr BlockBits PhiloxBlock(uint64_t seed, uint64_t stream,
                                uint64_t position) {
  const std::array<uint32_t, 4> w = Philox4x32(
      {static_cast<uint32_t>(position), static_cast<uint32_t>(position >> 32),
       static_cast<uint32_t>(stream), static_cast<uint32_t>(stream >> 32)},
      {static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32)});
  return {uint64_t{w[1]} << 32 | w[0], uint64_t{w[3]} << 32 | w[2]};
}

// Many blocks at once: first[m], second[m] = the halves of
// PhiloxBlock(seed, streams[m], positions[m]). All spans have one length
// (CHECKed); outputs may be the inputs (same element only). About 4 ns a block
// with AVX2, 7 ns with SSE2, against 17 ns one by one (rng_benchmark).
void PhiloxBatch(uint64_t seed, std::span<const uint64_t> streams,
                 std::span<const uint64_t> positions, std::span<uint64_t> first,
                 std::span<uint64_t> second);

namespace internal_rng {
// PhiloxBatch by the baseline instructions alone, so that a test on a newer
// machine reaches them.
void PhiloxBatchBaseline(uint64_t seed, std::span<const uint64_t> streams,
                         std::span<const uint64_t> positions,
                         std::span<uint64_t> first, std::span<uint64_t> second);
}  // namespace internal_rng

class Rng {
 public:
  // The root stream (0) of `seed`, position 0.
  explicit constexpr Rng(uint64_t seed) : seed_(seed) {}

  // The stream named by (this stream, tag, i, j), at position 0.
  Rng Fork(absl::string_view tag, uint64_t i = 0, uint64_t j = 0) const;

  // The same stream, at the start of block `position`.
  constexpr Rng At(uint64_t position) const {
    return Rng(seed_, stream_, position);
  }

  // The block at position(), and steps to the next. An unused half of the
  // block before is dropped.
  constexpr std::array<uint32_t, 4> NextBlock() {
    has_second_ = false;
    const BlockBits bits = PhiloxBlock(seed_, stream_, position_++);
    return {static_cast<uint32_t>(bits.first),
            static_cast<uint32_t>(bits.first >> 32),
            static_cast<uint32_t>(bits.second),
            static_cast<uint32_t>(bits.second >> 32)};
  }

  // 64 random bits: the two halves of each block in turn, words (1, 0) then
  // (3, 2), the first named being the upper.
  constexpr uint64_t NextUint64() {
    if (has_second_) {
      has_second_ = false;
      return second_;
    }
    const BlockBits bits = PhiloxBlock(seed_, stream_, position_++);
    second_ = bits.second;
    has_second_ = true;
    return bits.first;
  }

  constexpr uint64_t seed() const { return seed_; }
  constexpr uint64_t stream() const { return stream_; }
  // Index of the next block to be computed.
  constexpr uint64_t position() const { return position_; }

 private:
  constexpr Rng(uint64_t seed, uint64_t stream, uint64_t position)
      : seed_(seed), stream_(stream), position_(position) {}

  uint64_t seed_;
  uint64_t stream_ = 0;
  uint64_t position_ = 0;
  uint64_t second_ = 0;  // the block's other half, if has_second_
  bool has_second_ = false;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_RNG_H_
