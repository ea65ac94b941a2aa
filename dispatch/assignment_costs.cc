#include "muster/dispatch/assignment_costs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/dispatch/distances.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Block;

// Centres of a panel: two registers of eight floats.
constexpr int64_t kPanel = 16;
// Points whose sums are held in registers together.
constexpr int64_t kGroup = 4;
// Coordinates summed in float before the partial sum is added to the total:
// bounds the rounding error in high dimension.
constexpr int64_t kChunk = 64;

using Floats8 = float __attribute__((vector_size(32), aligned(4), may_alias));

// out (count x stride) +=, or = if `first`, sum over `width` coordinates of
// (x - c)^2. x: count rows (a multiple of kGroup) of x_stride floats; panels:
// num_panels of `panel_stride` floats each, coordinate-major.
MUSTER_VECTORIZE_CLONES
void AddSquares(const float* x, int64_t x_stride, int64_t count,
                const float* panels, int64_t num_panels, int64_t panel_stride,
                int64_t width, bool first, float* out, int64_t stride) {
  for (int64_t panel = 0; panel < num_panels; ++panel) {
    const float* const c = panels + panel * panel_stride;
    for (int64_t j = 0; j < count; j += kGroup) {
      const float* const x0 = x + j * x_stride;
      Floats8 low[kGroup] = {}, high[kGroup] = {};
      for (int64_t m = 0; m < width; ++m) {
        const Floats8 c_low = *reinterpret_cast<const Floats8*>(c + m * kPanel);
        const Floats8 c_high =
            *reinterpret_cast<const Floats8*>(c + m * kPanel + 8);
#pragma GCC unroll 4
        for (int64_t g = 0; g < kGroup; ++g) {
          const float value = x0[g * x_stride + m];
          const Floats8 d_low = value - c_low;
          const Floats8 d_high = value - c_high;
          low[g] += d_low * d_low;
          high[g] += d_high * d_high;
        }
      }
#pragma GCC unroll 4
      for (int64_t g = 0; g < kGroup; ++g) {
        float* const to = out + (j + g) * stride + panel * kPanel;
        Floats8& to_low = *reinterpret_cast<Floats8*>(to);
        Floats8& to_high = *reinterpret_cast<Floats8*>(to + 8);
        to_low = first ? low[g] : to_low + low[g];
        to_high = first ? high[g] : to_high + high[g];
      }
    }
  }
}

MUSTER_VECTORIZE_CLONES
void Roots(float* values, int64_t size) {
  for (int64_t m = 0; m < size; ++m) values[m] = std::sqrt(values[m]);
}

// reduced, centers := the `length` least of row - prices, ascending, ties to
// the lower index. `size` is a multiple of kPanel.
MUSTER_VECTORIZE_CLONES
void SelectLeast(const float* row, const float* prices, int64_t size,
                 int64_t length, float* reduced, int32_t* centers) {
  for (int64_t e = 0; e < length; ++e) {
    reduced[e] = std::numeric_limits<float>::infinity();
    centers[e] = 0;
  }
  float worst = reduced[length - 1];
  float values[kPanel];
  for (int64_t begin = 0; begin < size; begin += kPanel) {
    int any = 0;
    for (int64_t q = 0; q < kPanel; ++q) {
      values[q] = row[begin + q] - prices[begin + q];
      any |= values[q] < worst ? 1 : 0;
    }
    if (any == 0) continue;
    for (int64_t q = 0; q < kPanel; ++q) {
      const float value = values[q];
      if (!(value < worst)) continue;
      int64_t e = length - 1;
      for (; e > 0 && value < reduced[e - 1]; --e) {
        reduced[e] = reduced[e - 1];
        centers[e] = centers[e - 1];
      }
      reduced[e] = value;
      centers[e] = static_cast<int32_t>(begin + q);
      worst = reduced[length - 1];
    }
  }
}

int64_t RoundUp(int64_t value, int64_t step) {
  return (value + step - 1) / step * step;
}

}  // namespace

double CoordinateScale(PointsView points, PointsView centers) {
  float largest = 0;
  for (const PointsView& view : {points, centers}) {
    const int64_t count = view.size * view.dimension;
    for (int64_t m = 0; m < count; ++m) {
      largest = std::max(largest, std::abs(view.values[m]));
    }
  }
  return largest == 0 ? 1 : std::ldexp(1.0, -(std::ilogb(largest) + 1));
}

AssignmentCosts::AssignmentCosts(PointsView points, PointsView centers,
                                 Objective objective, double scale)
    : points_(points), centers_(centers), objective_(objective), scale_(scale) {
  MUSTER_CHECK(points.dimension == centers.dimension);
  MUSTER_CHECK(objective != Objective::kKCenter);
  const bool means = objective == Objective::kKMeans;
  unit_ = means ? 1 / (scale * scale) : 1 / scale;
  const int64_t d = points.dimension, k = centers.size;
  row_stride_ = RoundUp(k, kPanel);
  // A difference and its square round by 3 u, the sum of a chunk by kChunk u,
  // the sum of chunks by their number; the root halves that and adds 1 u.
  constexpr double kUnitRoundoff = 1.0 / (1 << 24);
  const double roundings = static_cast<double>(std::min(d, kChunk)) +
                           static_cast<double>(d) / kChunk + 5;
  relative_error_ = roundings * kUnitRoundoff;
  // Squares below the least normal float.
  const double least = std::ldexp(static_cast<double>(d + 1), -126);
  absolute_error_ = means ? least : std::sqrt(least);
  panels_.assign(static_cast<size_t>(row_stride_ * d), 0.0F);
  for (int64_t i = 0; i < k; ++i) {
    for (int64_t m = 0; m < d; ++m) {
      panels_[(i / kPanel) * kPanel * d + m * kPanel + i % kPanel] =
          static_cast<float>(centers.values[i * d + m] * scale);
    }
  }
}

double AssignmentCosts::Exact(int64_t point, int64_t center) const {
  const double squared =
      SquaredDistance(points_.Point(point), centers_.Point(center));
  return objective_ == Objective::kKMeans ? squared * (scale_ * scale_)
                                          : std::sqrt(squared) * scale_;
}

void AssignmentCosts::Rows(int64_t begin, int64_t count, Scratch* scratch,
                           std::span<float> rows) const {
  MUSTER_CHECK(count <= kMaxRows);
  const int64_t d = points_.dimension;
  const int64_t padded = RoundUp(count, kGroup);
  MUSTER_CHECK(static_cast<int64_t>(rows.size()) >= padded * row_stride_);
  scratch->points.resize(static_cast<size_t>(kMaxRows * d));
  float* const x = scratch->points.data();
  // In double: a scale above 2^127 is no float.
  const float* const from = points_.values + begin * d;
  for (int64_t m = 0; m < count * d; ++m) {
    x[m] = static_cast<float>(from[m] * scale_);
  }
  std::fill(x + count * d, x + padded * d, 0.0F);
  for (int64_t first = 0; first < d; first += kChunk) {
    AddSquares(x + first, d, padded, panels_.data() + first * kPanel,
               row_stride_ / kPanel, kPanel * d, std::min(kChunk, d - first),
               first == 0, rows.data(), row_stride_);
  }
  if (objective_ == Objective::kKMedian) {
    Roots(rows.data(), count * row_stride_);
  }
  const int64_t k = centers_.size;
  for (int64_t j = 0; j < count; ++j) {
    std::fill(rows.begin() + j * row_stride_ + k,
              rows.begin() + (j + 1) * row_stride_,
              std::numeric_limits<float>::infinity());
  }
}

void BuildCandidateLists(const AssignmentCosts& costs,
                         std::span<const double> prices, int64_t length,
                         const runtime::Runtime& runtime,
                         CandidateLists* lists) {
  const int64_t n = costs.num_points(), k = costs.num_centers();
  MUSTER_CHECK(1 <= length && length <= k);
  const int64_t stride = costs.row_stride();
  std::vector<float> base(static_cast<size_t>(stride), 0.0F);
  lists->base.resize(static_cast<size_t>(k));
  for (int64_t i = 0; i < k; ++i) {
    base[i] = static_cast<float>(prices[i]);
    lists->base[i] = base[i];
  }
  lists->length = length;
  lists->reduced.resize(static_cast<size_t>(n * length));
  lists->centers.resize(static_cast<size_t>(n * length));
  const auto blocks = runtime::CutBlocks(n, 16 * AssignmentCosts::kMaxRows);
  runtime::ParallelForBlocks(runtime, blocks, [&](int64_t, Block block) {
    AssignmentCosts::Scratch scratch;
    std::vector<float> rows(
        static_cast<size_t>(AssignmentCosts::kMaxRows * stride));
    for (int64_t begin = block.begin; begin < block.end;
         begin += AssignmentCosts::kMaxRows) {
      const int64_t count =
          std::min(AssignmentCosts::kMaxRows, block.end - begin);
      costs.Rows(begin, count, &scratch, rows);
      for (int64_t j = 0; j < count; ++j) {
        const int64_t at = (begin + j) * length;
        SelectLeast(rows.data() + j * stride, base.data(), stride, length,
                    lists->reduced.data() + at, lists->centers.data() + at);
      }
    }
  });
}

}  // namespace muster::dispatch
