// The squared distances of score_kernel.h.

#include <algorithm>
#include <array>
#include <cstring>

#include "muster/dispatch/score_kernel.h"
#include "muster/runtime/vectorize.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define MUSTER_DISPATCH_X86 1
#endif

namespace muster::dispatch {
namespace {

// Points that one call of a kernel takes.
constexpr int kDirectRows = 4;

using Float4 = float __attribute__((vector_size(16)));

// Four points (repeats allowed), kRows at a time, against one panel; sums has
// kPanelLanes floats for each point.
template <typename Vector, int kRows>
MUSTER_ALWAYS_INLINE void DirectTile(const float* const* points,
                                     int64_t dimension, const PanelRow* panel,
                                     float* sums) {
  constexpr int kLanes = sizeof(Vector) / sizeof(float);
  constexpr int kVectors = kPanelLanes / kLanes;
  for (int row = 0; row < kDirectRows; row += kRows) {
    Vector totals[kRows][kVectors] = {};
    for (int64_t m = 0; m < dimension; ++m) {
      const float* c = panel[m].lanes.data();
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        Vector center;
        std::memcpy(&center, c + v * kLanes, sizeof(center));
#pragma GCC unroll 4
        for (int i = 0; i < kRows; ++i) {
          const Vector difference = points[row + i][m] - center;
          totals[i][v] += difference * difference;
        }
      }
    }
#pragma GCC unroll 4
    for (int i = 0; i < kRows; ++i) {
#pragma GCC unroll 4
      for (int v = 0; v < kVectors; ++v) {
        std::memcpy(sums + (row + i) * kPanelLanes + v * kLanes, &totals[i][v],
                    sizeof(Vector));
      }
    }
  }
}

void BaselineDirect(const float* const* points, int64_t dimension,
                    const PanelRow* panel, float* sums) {
  DirectTile<Float4, 2>(points, dimension, panel, sums);
}

#ifdef MUSTER_DISPATCH_X86
using Float8 = float __attribute__((vector_size(32)));

// AVX2 alone has no fused multiply-add that could change the bits.
__attribute__((target("avx2"))) void Avx2Direct(const float* const* points,
                                                int64_t dimension,
                                                const PanelRow* panel,
                                                float* sums) {
  DirectTile<Float8, 4>(points, dimension, panel, sums);
}
#endif

using DirectFunction = void (*)(const float* const*, int64_t, const PanelRow*,
                                float*);

DirectFunction PickDirect() {
#ifdef MUSTER_DISPATCH_X86
  if (__builtin_cpu_supports("avx2")) return Avx2Direct;
#endif
  return BaselineDirect;
}

}  // namespace

void ComputeSquaredDistances(const float* points, int64_t num_points,
                             int64_t dimension, const PanelRow* panels,
                             int64_t num_centers, float* distances) {
  const int64_t num_panels = (num_centers + kPanelLanes - 1) / kPanelLanes;
  static const DirectFunction direct = PickDirect();
  std::array<float, kDirectRows * kPanelLanes> sums;
  for (int64_t q = 0; q < num_panels; ++q) {
    const int64_t lanes = std::min(kPanelLanes, num_centers - q * kPanelLanes);
    for (int64_t begin = 0; begin < num_points; begin += kDirectRows) {
      const int64_t rows = std::min<int64_t>(kDirectRows, num_points - begin);
      std::array<const float*, kDirectRows> x;
      for (int64_t i = 0; i < kDirectRows; ++i) {
        x[i] = points + (begin + std::min(i, rows - 1)) * dimension;
      }
      direct(x.data(), dimension, panels + q * dimension, sums.data());
      for (int64_t i = 0; i < rows; ++i) {
        std::copy_n(sums.begin() + i * kPanelLanes, lanes,
                    distances + (begin + i) * num_centers + q * kPanelLanes);
      }
    }
  }
}

}  // namespace muster::dispatch
