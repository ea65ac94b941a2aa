#include "muster/dispatch/lane_sums.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

constexpr size_t kLanes = 16;

MUSTER_ALWAYS_INLINE float Fold(float* lanes) {
  for (size_t half = kLanes / 2; half > 0; half /= 2) {
    for (size_t i = 0; i < half; ++i) lanes[i] += lanes[i + half];
  }
  return lanes[0];
}

MUSTER_VECTORIZE_CLONES float Dot(const float* x, const float* y,
                                  size_t length) {
  float lanes[kLanes] = {};
  size_t m = 0;
  for (; m + kLanes <= length; m += kLanes) {
    for (size_t i = 0; i < kLanes; ++i) lanes[i] += x[m + i] * y[m + i];
  }
  for (size_t i = 0; m + i < length; ++i) lanes[i] += x[m + i] * y[m + i];
  return Fold(lanes);
}

MUSTER_VECTORIZE_CLONES float SquaredDistanceOf(const float* x, const float* y,
                                                size_t length) {
  float lanes[kLanes] = {};
  size_t m = 0;
  for (; m + kLanes <= length; m += kLanes) {
    for (size_t i = 0; i < kLanes; ++i) {
      const float difference = x[m + i] - y[m + i];
      lanes[i] += difference * difference;
    }
  }
  for (size_t i = 0; m + i < length; ++i) {
    const float difference = x[m + i] - y[m + i];
    lanes[i] += difference * difference;
  }
  return Fold(lanes);
}

}  // namespace

float LaneDot(std::span<const float> x, std::span<const float> y) {
  MUSTER_CHECK_EQ(x.size(), y.size());
  return Dot(x.data(), y.data(), x.size());
}

float FiniteLaneDot(std::span<const float> x, std::span<const float> y) {
  const float dot = LaneDot(x, y);
  constexpr float kLargest = std::numeric_limits<float>::max();
  return std::isnan(dot) ? 0 : std::clamp(dot, -kLargest, kLargest);
}

float LaneSquaredDistance(std::span<const float> x, std::span<const float> y) {
  MUSTER_CHECK_EQ(x.size(), y.size());
  return SquaredDistanceOf(x.data(), y.data(), x.size());
}

}  // namespace muster::dispatch
