#ifndef MUSTER_DISPATCH_LANE_SUMS_H_
#define MUSTER_DISPATCH_LANE_SUMS_H_

// Dot products and squared distances of two float vectors, fast for one pair at
// a time: where trees descend and leaves are scanned.
//
// Sixteen partial sums, coordinate m going to sum m mod 16, folded by halves:
// one fixed order of float operations, so the same bits on every machine.
// Relative error of the squared distance: LaneError(d).

#include <cstdint>
#include <span>

namespace muster::dispatch {

// sum_m x_m y_m. Equal lengths (CHECKed), here as below.
float LaneDot(std::span<const float> x, std::span<const float> y);

// The same for projections that are compared: what overflows is the largest
// float of its sign, and infinity less infinity 0, so that the order is total.
float FiniteLaneDot(std::span<const float> x, std::span<const float> y);

// sum_m (x_m - y_m)^2.
float LaneSquaredDistance(std::span<const float> x, std::span<const float> y);

// |LaneSquaredDistance - exact| <= LaneError(d) exact, short of overflow and
// underflow: a difference, its square and d / 16 + 5 sums are rounded.
constexpr double LaneError(int64_t dimension) {
  return (static_cast<double>(dimension) / 16 + 9) * 0x1p-24;
}

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_LANE_SUMS_H_
