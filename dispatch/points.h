#ifndef MUSTER_DISPATCH_POINTS_H_
#define MUSTER_DISPATCH_POINTS_H_

// Points of R^d, as every clusterer and router sees them: n rows of d floats,
// row-major, without gaps. Sparse data becomes such points by a random
// projection (random_projection.h).
//
// Nothing here is thread-unsafe: views are read only.

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {

// Points owned by someone else, who must outlive the view.
struct PointsView {
  const float* values = nullptr;  // size x dimension, row-major
  int64_t size = 0;
  int64_t dimension = 0;

  std::span<const float> Point(int64_t i) const {
    return {values + i * dimension, static_cast<size_t>(dimension)};
  }
  // Asks memory for point i, which is read soon: kPrefetchAhead points ahead of
  // a loop over scattered points, whose time is memory's otherwise. Long rows
  // are left to the processor, which sees them coming. (Always inline, or g++
  // 12 takes this for a function without effect and drops the call.)
  static constexpr size_t kPrefetchAhead = 8;
  MUSTER_ALWAYS_INLINE void Prefetch(int64_t i) const {
    constexpr int64_t kFloatsPerLine = 64 / sizeof(float);
    constexpr int64_t kLongRow = 16 * kFloatsPerLine;
    if (dimension > kLongRow) return;
    for (int64_t m = 0; m < dimension; m += kFloatsPerLine) {
      __builtin_prefetch(values + i * dimension + m);
    }
  }
  // Points begin .. begin + count - 1.
  PointsView Slice(int64_t begin, int64_t count) const {
    return {values + begin * dimension, count, dimension};
  }
};

// Points that own their values.
struct PointSet {
  std::vector<float> values = {};  // size() x dimension, row-major
  int64_t dimension = 0;

  int64_t size() const {
    return dimension == 0 ? 0 : static_cast<int64_t>(values.size()) / dimension;
  }
  PointsView View() const { return {values.data(), size(), dimension}; }
  std::span<const float> Point(int64_t i) const { return View().Point(i); }

  friend bool operator==(const PointSet&, const PointSet&) = default;
};

// InvalidArgument for an empty set, dimension < 1, or a value that is not
// finite: names `what` ("points", "sample"), the row (from 0), the column (from
// 0) and the value. O(n d).
absl::Status ValidatePoints(PointsView points, absl::string_view what);

// InvalidArgument unless both have the same dimension; names both.
absl::Status ValidateSameDimension(PointsView points, int64_t dimension,
                                   absl::string_view what);

// The points named by `indices`, in that order, repeats allowed; each in [0,
// size) (CHECKed).
PointSet SelectPoints(PointsView points, std::span<const int64_t> indices);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_POINTS_H_
