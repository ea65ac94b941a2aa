#ifndef MUSTER_DISPATCH_HASH_CHAIN_H_
#define MUSTER_DISPATCH_HASH_CHAIN_H_

// A hash of a sequence of words as a chain of SplitMix64 steps: begin with 0
// and extend by each word in turn. Not for keys that an adversary chooses. The
// values are part of router files: they do not change.

#include <cstdint>

namespace muster::dispatch {

inline uint64_t ExtendHash(uint64_t hash, uint64_t word) {
  // The increment and the finaliser, a bijection of 64 bits.
  uint64_t bits = hash + 0x9E3779B97F4A7C15 + word;
  bits = (bits ^ (bits >> 30)) * 0xBF58476D1CE4E5B9;
  bits = (bits ^ (bits >> 27)) * 0x94D049BB133111EB;
  return bits ^ (bits >> 31);
}

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_HASH_CHAIN_H_
