#ifndef MUSTER_RUNTIME_DISTRIBUTIONS_H_
#define MUSTER_RUNTIME_DISTRIBUTIONS_H_

// Random variates specified to the bit: every draw is a fixed function of the
// bits of an Rng, by the arithmetic of runtime/math.h. The distributions of the
// standard library differ between libraries, and absl::BitGen between runs.
//
// Each function says how many 64-bit outputs (NextUint64) it consumes. Draws
// with a varying number (Gamma, UniformInt) should take a stream of their own
// if anything else is drawn after them from fixed positions.

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/runtime/math.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/vectorize.h"

namespace muster::runtime {

// ((bits >> 12) + 0.5) 2^-52: one of the 2^52 midpoints of (0, 1), exactly.
// Symmetric about 1/2; never 0 or 1. Vectorises.
MUSTER_ALWAYS_INLINE double ToUnitOpen(uint64_t bits) {
  // 1 + m 2^-52 exactly; the difference is an odd multiple of 2^-53 below 1,
  // which is exact as well.
  return std::bit_cast<double>((bits >> 12) | 0x3ff0000000000000) -
         (1.0 - 0x1p-53);
}

// Uniform on (0, 1). One output.
inline double Uniform01(Rng& rng) { return ToUnitOpen(rng.NextUint64()); }

// Uniform on (low, high): low + (high - low) u. One output.
inline double Uniform(Rng& rng, double low, double high) {
  return low + (high - low) * Uniform01(rng);
}

// Exponential of mean 1: -Log(u). One output.
inline double Exponential(Rng& rng) { return -LogOfNormal(Uniform01(rng)); }

// Standard normal: InverseNormalCdf(u). One output; at most 8.21 in modulus.
inline double Normal(Rng& rng) { return InverseNormalCdf(Uniform01(rng)); }

// Gamma of the given shape (> 0, finite; CHECKed) and scale 1. Shape >= 1 by
// rejection from the cube of a normal (G. Marsaglia, W. Tsang, "A simple method
// for generating gamma variables", ACM TOMS 26, 2000), without their squeeze;
// shape < 1 is Gamma(shape + 1) u^(1/shape), which may underflow to 0 for tiny
// shapes. Two outputs a trial, at most 1.05 trials on average; one more output,
// drawn last, for shape < 1.
double Gamma(Rng& rng, double shape);

// Uniform on {0, ..., n - 1}, n >= 1 (CHECKed), without bias (D. Lemire, "Fast
// random integer generation in an interval", ACM TOMACS 29, 2019). One output,
// rarely more (with probability below n 2^-64 each time).
int64_t UniformInt(Rng& rng, int64_t n);

// All orders equally likely: for last = size - 1, ..., 1 swaps `last` with
// UniformInt(last + 1).
template <typename T>
void Shuffle(Rng& rng, std::span<T> values) {
  for (size_t last = values.size(); last-- > 1;) {
    const auto other =
        static_cast<size_t>(UniformInt(rng, static_cast<int64_t>(last) + 1));
    using std::swap;
    swap(values[last], values[other]);
  }
}

// `count` distinct members of {0, ..., n - 1} in random order, every ordered
// choice equally likely, into *sample. Needs 0 <= count <= n (CHECKed). The
// first `count` steps of a shuffle from the front: step i swaps i with
// i + UniformInt(n - i). Time O(count) expected, memory O(count) (O(n) bytes
// are touched only when n < 8 count).
void SampleWithoutReplacement(Rng& rng, int64_t n, int64_t count,
                              std::vector<int64_t>* sample);

// Draws an index with probability proportional to its weight in constant time:
// Walker's alias method with Vose's set-up (M. Vose, IEEE Trans. Softw. Eng.
// 17, 1991). The set-up is sequential and fixed, so the same weights give the
// same table and the same draws. Immutable; thread-safe.
class AliasTable {
 public:
  // InvalidArgument unless there is a weight, all are finite and >= 0, and
  // their sum is positive and finite. Time and memory O(n).
  static absl::StatusOr<AliasTable> Create(std::span<const double> weights);

  int64_t size() const { return static_cast<int64_t>(cells_.size()); }

  // UniformInt(size()) picks a cell, one more output decides within it. An
  // index of weight 0 is never drawn.
  int64_t Sample(Rng& rng) const;

 private:
  struct Cell {
    double keep;    // probability of the cell's own index
    int64_t alias;  // the other one
  };

  explicit AliasTable(std::vector<Cell> cells) : cells_(std::move(cells)) {}

  std::vector<Cell> cells_;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_DISTRIBUTIONS_H_
