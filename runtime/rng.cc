#include "muster/runtime/rng.h"

#include <cstdint>

#include "absl/strings/string_view.h"

namespace muster::runtime {
namespace {

// Odd, so that multiplying is a bijection; the upper bits of the fractional
// parts of the golden ratio and of sqrt(3).
constexpr uint64_t kStepI = 0x9E3779B97F4A7C15;
constexpr uint64_t kStepJ = 0xBB67AE8584CAA73B;
// Fractional parts of sqrt(5) and sqrt(7): keep the steps of a chain apart.
constexpr uint64_t kAddI = 0x3C6EF372FE94F82B;
constexpr uint64_t kAddJ = 0xA54FF53A5F1D36F1;

constexpr uint64_t Mix(uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EB;
  return x ^ (x >> 31);
}

constexpr uint64_t Hash(absl::string_view tag) {
  uint64_t hash = 0xCBF29CE484222325;
  for (const char c : tag) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x00000100000001B3;
  }
  return hash;
}

}  // namespace

Rng Rng::Fork(absl::string_view tag, uint64_t i, uint64_t j) const {
  uint64_t stream = Mix(stream_ + Hash(tag));
  stream = Mix(stream + kStepI * i + kAddI);
  stream = Mix(stream + kStepJ * j + kAddJ);
  return Rng(seed_, stream, 0);
}

}  // namespace muster::runtime
