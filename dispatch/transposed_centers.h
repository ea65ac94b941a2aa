#ifndef MUSTER_DISPATCH_TRANSPOSED_CENTERS_H_
#define MUSTER_DISPATCH_TRANSPOSED_CENTERS_H_

// All squared distances of a point in the arithmetic of the definition
// (squared_distance.h), for rules that need every one of them exactly. Who
// needs the nearest alone is faster with packed_centers.h.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/points.h"

namespace muster::dispatch {

// Copies k centres of R^d, coordinate by coordinate. Immutable: thread-safe.
class TransposedCenters {
 public:
  explicit TransposedCenters(PointsView centers);

  // squares[c] := SquaredDistance(x, centre c), the same bits. Lengths d and k
  // (CHECKed). O(k d), several centres at a time.
  void SquaredDistances(std::span<const float> x,
                        std::span<double> squares) const;

 private:
  int64_t dimension_;
  int64_t num_centers_;
  std::vector<float> values_;  // d x k
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_TRANSPOSED_CENTERS_H_
