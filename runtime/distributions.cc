#include "muster/runtime/distributions.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "muster/runtime/check.h"
#include "muster/runtime/math.h"
#include "muster/runtime/rng.h"

namespace muster::runtime {
namespace {

// shape >= 1. With d = shape - 1/3 and c = 1/sqrt(9 d), d (1 + c x)^3 for a
// normal x is nearly gamma; accepts with the ratio of the densities.
double GammaAtLeastOne(Rng& rng, double shape) {
  const double d = shape - 1.0 / 3.0;
  const double c = 1.0 / std::sqrt(9.0 * d);
  while (true) {
    const double x = Normal(rng);
    const double u = Uniform01(rng);
    const double root = 1.0 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (LogOfNormal(u) < 0.5 * x * x + d * (1.0 - v + Log(v))) return d * v;
  }
}

}  // namespace

double Gamma(Rng& rng, double shape) {
  MUSTER_CHECK(shape > 0 && shape <= std::numeric_limits<double>::max())
      << "shape is " << shape;
  if (shape >= 1) return GammaAtLeastOne(rng, shape);
  const double gamma = GammaAtLeastOne(rng, shape + 1.0);
  return gamma * Exp(LogOfNormal(Uniform01(rng)) / shape);
}

int64_t UniformInt(Rng& rng, int64_t n) {
  MUSTER_CHECK_GE(n, 1);
  const uint64_t range = static_cast<uint64_t>(n);
  unsigned __int128 product =
      static_cast<unsigned __int128>(rng.NextUint64()) * range;
  if (static_cast<uint64_t>(product) < range) {
    const uint64_t threshold = -range % range;
    while (static_cast<uint64_t>(product) < threshold) {
      product = static_cast<unsigned __int128>(rng.NextUint64()) * range;
    }
  }
  return static_cast<int64_t>(product >> 64);
}

void SampleWithoutReplacement(Rng& rng, int64_t n, int64_t count,
                              std::vector<int64_t>* sample) {
  MUSTER_CHECK_GE(count, 0);
  MUSTER_CHECK_LE(count, n);
  sample->clear();
  if (n / 8 < count) {
    sample->resize(static_cast<size_t>(n));
    std::iota(sample->begin(), sample->end(), int64_t{0});
    for (int64_t i = 0; i < count; ++i) {
      const int64_t j = i + UniformInt(rng, n - i);
      std::swap((*sample)[static_cast<size_t>(i)],
                (*sample)[static_cast<size_t>(j)]);
    }
    sample->resize(static_cast<size_t>(count));
    return;
  }
  // The same swaps on an array of which only the moved elements are stored.
  sample->reserve(static_cast<size_t>(count));
  absl::flat_hash_map<int64_t, int64_t> moved;
  moved.reserve(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i) {
    const int64_t j = i + UniformInt(rng, n - i);
    const auto at_i = moved.find(i);
    const int64_t value_i = at_i == moved.end() ? i : at_i->second;
    const auto [at_j, inserted] = moved.try_emplace(j, value_i);
    if (j == i) {
      sample->push_back(value_i);
    } else if (inserted) {
      sample->push_back(j);
    } else {
      sample->push_back(std::exchange(at_j->second, value_i));
    }
  }
}

absl::StatusOr<AliasTable> AliasTable::Create(std::span<const double> weights) {
  if (weights.empty()) {
    return absl::InvalidArgumentError(
        "weights are empty, but an alias table needs at least one");
  }
  const size_t n = weights.size();
  double sum = 0;
  for (size_t i = 0; i < n; ++i) {
    if (!(weights[i] >= 0) || std::isinf(weights[i])) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "weights[%d] is %.17g, but must be finite and at least 0", i,
          weights[i]));
    }
    sum += weights[i];
  }
  if (!(sum > 0) || std::isinf(sum)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the sum of the weights is %.17g, but must be positive and finite",
        sum));
  }
  std::vector<Cell> cells(n);
  std::vector<double> share(n);  // weight left, in units of the mean weight
  std::vector<size_t> below, above;
  for (size_t i = 0; i < n; ++i) {
    share[i] = weights[i] / sum * static_cast<double>(n);
    (share[i] < 1 ? below : above).push_back(i);
  }
  while (!below.empty() && !above.empty()) {
    const size_t small = below.back();
    const size_t large = above.back();
    below.pop_back();
    cells[small] = {share[small], static_cast<int64_t>(large)};
    share[large] = (share[large] + share[small]) - 1;
    if (share[large] < 1) {
      above.pop_back();
      below.push_back(large);
    }
  }
  for (const size_t i : above) cells[i] = {1, static_cast<int64_t>(i)};
  // Left over by rounding: their share is 1 up to rounding, unless the weight
  // is 0, which must never be drawn.
  size_t heaviest = 0;
  for (size_t i = 1; i < n; ++i) {
    if (weights[i] > weights[heaviest]) heaviest = i;
  }
  for (const size_t i : below) {
    cells[i] = {weights[i] > 0 ? 1.0 : 0.0, static_cast<int64_t>(heaviest)};
  }
  return AliasTable(std::move(cells));
}

int64_t AliasTable::Sample(Rng& rng) const {
  const int64_t index = UniformInt(rng, size());
  const Cell& cell = cells_[static_cast<size_t>(index)];
  return Uniform01(rng) < cell.keep ? index : cell.alias;
}

}  // namespace muster::runtime
