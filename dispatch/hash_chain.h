#ifndef MUSTER_DISPATCH_HASH_CHAIN_H_
#define MUSTER_DISPATCH_HASH_CHAIN_H_

// A hash of a sequence of words as a chain of SplitMix64 steps: begin with 0
// and extend by each word in turn. Not for keys that an adversary chooses. The
// values are part of router files: they do not change.

#include <bit>
#include <cstdint>
#include <span>

namespace muster::dispatch {

inline uint64_t ExtendHash(uint64_t hash, uint64_t word) {
  // The increment and the finaliser, a bijection of 64 bits.
  uint64_t bits = hash + 0x9E3779B97F4A7C15 + word;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

// Of the coordinates; equal points have the same, 0 and -0 are equal.
inline uint64_t HashPoint(std::span<const float> point) {
  uint64_t hash = 0;
  for (const float value : point) {
    // + 0.0f turns -0 into 0.
    hash = ExtendHash(hash, std::bit_cast<uint32_t>(value + 0.0f));
  }
  return hash;
}

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_HASH_CHAIN_H_
