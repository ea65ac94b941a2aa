#include "muster/dispatch/score_kernel.h"

#include <algorithm>
#include <cstring>

#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define MUSTER_DISPATCH_X86 1
#include <immintrin.h>
#endif

namespace muster::dispatch {
namespace {

// Sums longer than this are folded into the score: fewer roundings in a row.
constexpr int64_t kFold = 512;
// Points that one call of a squared distance kernel takes.
constexpr int kDirectRows = 4;
static_assert(kFold % kTilePiece == 0);

// Four floats, as every compiler for every machine has them.
using Float4 = float __attribute__((vector_size(16)));

MUSTER_ALWAYS_INLINE Float4 Load4(const float* from) {
  Float4 value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

// Two rows against one panel: 8 accumulators of 4 lanes.
template <int kRows>
MUSTER_ALWAYS_INLINE void BaselineTile(const float* tile, int64_t rows,
                                       int64_t dimension, const PanelRow* panel,
                                       const PanelRow& bias, float* scores,
                                       int64_t stride) {
  for (int64_t fold = 0; fold < dimension; fold += kFold) {
    Float4 sums[kRows][4] = {};
    const int64_t fold_end = std::min(dimension, fold + kFold);
    for (int64_t begin = fold; begin < fold_end; begin += kTilePiece) {
      const float* x = tile + begin * rows;
      const int64_t end = std::min(kTilePiece, dimension - begin);
      for (int64_t m = 0; m < end; ++m) {
        const float* c = panel[begin + m].lanes.data();
#pragma GCC unroll 2
        for (int i = 0; i < kRows; ++i) {
          const float value = x[i * kTilePiece + m];
#pragma GCC unroll 4
          for (int v = 0; v < 4; ++v) sums[i][v] += value * Load4(c + 4 * v);
        }
      }
    }
#pragma GCC unroll 2
    for (int i = 0; i < kRows; ++i) {
      float* out = scores + i * stride;
#pragma GCC unroll 4
      for (int v = 0; v < 4; ++v) {
        const Float4 base =
            Load4(fold == 0 ? bias.lanes.data() + 4 * v : out + 4 * v);
        const Float4 score = base - sums[i][v];
        std::memcpy(out + 4 * v, &score, sizeof(score));
      }
    }
  }
}

#ifdef MUSTER_DISPATCH_X86

#ifdef __clang__
#define MUSTER_AVX2 __attribute__((target("avx2,fma")))
#define MUSTER_AVX512 __attribute__((target("avx512f")))
#else
// -O3 keeps the accumulators in registers.
#define MUSTER_AVX2 __attribute__((target("avx2,fma"), optimize("O3")))
#define MUSTER_AVX512 __attribute__((target("avx512f"), optimize("O3")))
#endif

template <int kRows>
MUSTER_AVX2 inline void Avx2Tile(const float* tile, int64_t rows,
                                 int64_t dimension, const PanelRow* panel,
                                 const PanelRow& bias, float* scores,
                                 int64_t stride) {
  for (int64_t fold = 0; fold < dimension; fold += kFold) {
    __m256 sums[kRows][2];
    for (int i = 0; i < kRows; ++i) {
      sums[i][0] = sums[i][1] = _mm256_setzero_ps();
    }
    const int64_t fold_end = std::min(dimension, fold + kFold);
    for (int64_t begin = fold; begin < fold_end; begin += kTilePiece) {
      const float* x = tile + begin * rows;
      const int64_t end = std::min(kTilePiece, dimension - begin);
      for (int64_t m = 0; m < end; ++m) {
        const float* c = panel[begin + m].lanes.data();
        const __m256 c0 = _mm256_load_ps(c);
        const __m256 c1 = _mm256_load_ps(c + 8);
#pragma GCC unroll 6
        for (int i = 0; i < kRows; ++i) {
          const __m256 value = _mm256_broadcast_ss(x + i * kTilePiece + m);
          sums[i][0] = _mm256_fmadd_ps(value, c0, sums[i][0]);
          sums[i][1] = _mm256_fmadd_ps(value, c1, sums[i][1]);
        }
      }
    }
    for (int i = 0; i < kRows; ++i) {
      float* out = scores + i * stride;
      const float* base = fold == 0 ? bias.lanes.data() : out;
      const __m256 b0 = _mm256_loadu_ps(base);
      const __m256 b1 = _mm256_loadu_ps(base + 8);
      _mm256_storeu_ps(out, _mm256_sub_ps(b0, sums[i][0]));
      _mm256_storeu_ps(out + 8, _mm256_sub_ps(b1, sums[i][1]));
    }
  }
}

// kPanels neighbouring panels at once.
template <int kRows, int kPanels>
MUSTER_AVX512 inline void Avx512Tile(const float* tile, int64_t dimension,
                                     const PanelRow* panels,
                                     const PanelRow* bias, float* scores,
                                     int64_t stride) {
  for (int64_t fold = 0; fold < dimension; fold += kFold) {
    __m512 sums[kRows][kPanels];
    for (int i = 0; i < kRows; ++i) {
      for (int q = 0; q < kPanels; ++q) sums[i][q] = _mm512_setzero_ps();
    }
    const int64_t fold_end = std::min(dimension, fold + kFold);
    for (int64_t begin = fold; begin < fold_end; begin += kTilePiece) {
      const float* x = tile + begin * kRows;
      const int64_t end = std::min(kTilePiece, dimension - begin);
      for (int64_t m = 0; m < end; ++m) {
        __m512 c[kPanels];
        for (int q = 0; q < kPanels; ++q) {
          c[q] = _mm512_load_ps(panels[q * dimension + begin + m].lanes.data());
        }
#pragma GCC unroll 12
        for (int i = 0; i < kRows; ++i) {
          const __m512 value = _mm512_set1_ps(x[i * kTilePiece + m]);
          for (int q = 0; q < kPanels; ++q) {
            sums[i][q] = _mm512_fmadd_ps(value, c[q], sums[i][q]);
          }
        }
      }
    }
    for (int i = 0; i < kRows; ++i) {
      for (int q = 0; q < kPanels; ++q) {
        float* out = scores + i * stride + q * kPanelLanes;
        const float* base = fold == 0 ? bias[q].lanes.data() : out;
        _mm512_storeu_ps(out, _mm512_sub_ps(_mm512_loadu_ps(base), sums[i][q]));
      }
    }
  }
}

template <int kRows>
MUSTER_AVX2 void Avx2Scores(const float* tile, int64_t dimension,
                            const PanelRow* panels, const PanelRow* bias,
                            int64_t num_panels, float* scores, int64_t stride) {
  constexpr int kStep = kRows == 12 ? 6 : kRows == 8 ? 4 : kRows;
  for (int64_t q = 0; q < num_panels; ++q) {
    for (int i = 0; i < kRows; i += kStep) {
      Avx2Tile<kStep>(tile + i * kTilePiece, kRows, dimension,
                      panels + q * dimension, bias[q],
                      scores + i * stride + q * kPanelLanes, stride);
    }
  }
}

template <int kRows>
MUSTER_AVX512 void Avx512Scores(const float* tile, int64_t dimension,
                                const PanelRow* panels, const PanelRow* bias,
                                int64_t num_panels, float* scores,
                                int64_t stride) {
  int64_t q = 0;
  for (; q + 2 <= num_panels; q += 2) {
    Avx512Tile<kRows, 2>(tile, dimension, panels + q * dimension, bias + q,
                         scores + q * kPanelLanes, stride);
  }
  if (q < num_panels) {
    Avx512Tile<kRows, 1>(tile, dimension, panels + q * dimension, bias + q,
                         scores + q * kPanelLanes, stride);
  }
}

#endif  // MUSTER_DISPATCH_X86

template <int kRows>
void BaselineScores(const float* tile, int64_t dimension,
                    const PanelRow* panels, const PanelRow* bias,
                    int64_t num_panels, float* scores, int64_t stride) {
  constexpr int kStep = kRows == 1 ? 1 : 2;
  for (int64_t q = 0; q < num_panels; ++q) {
    for (int i = 0; i < kRows; i += kStep) {
      BaselineTile<kStep>(tile + i * kTilePiece, kRows, dimension,
                          panels + q * dimension, bias[q],
                          scores + i * stride + q * kPanelLanes, stride);
    }
  }
}

using ScoreFunction = void (*)(const float*, int64_t, const PanelRow*,
                               const PanelRow*, int64_t, float*, int64_t);
// For 1, 2, 4, 8 and 12 rows.
using ScoreFunctions = std::array<ScoreFunction, 5>;

constexpr ScoreFunctions kBaseline = {BaselineScores<1>, BaselineScores<2>,
                                      BaselineScores<4>, BaselineScores<8>,
                                      BaselineScores<12>};

ScoreFunctions PickFunctions() {
#ifdef MUSTER_DISPATCH_X86
  if (__builtin_cpu_supports("avx512f")) {
    return {Avx512Scores<1>, Avx512Scores<2>, Avx512Scores<4>, Avx512Scores<8>,
            Avx512Scores<12>};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return {Avx2Scores<1>, Avx2Scores<2>, Avx2Scores<4>, Avx2Scores<8>,
            Avx2Scores<12>};
  }
#endif
  return kBaseline;
}

int RowsIndex(int64_t rows) {
  switch (rows) {
    case 1:
      return 0;
    case 2:
      return 1;
    case 4:
      return 2;
    case 8:
      return 3;
    default:
      MUSTER_CHECK(rows == kTileRows);
      return 4;
  }
}

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

int64_t PaddedTileRows(int64_t count) {
  return count <= 2 ? count : count <= 4 ? 4 : count <= 8 ? 8 : kTileRows;
}

int64_t ScoreRoundings(int64_t dimension) {
  // A product and a sum for each coordinate of a fold where there is no fused
  // multiply-add (the product's rounding is not carried on: 1 in all), and a
  // subtraction for each fold.
  return std::min(dimension, kFold) + 1 + (dimension + kFold - 1) / kFold;
}

void ComputeScores(const float* tile, int64_t rows, int64_t dimension,
                   const PanelRow* panels, const PanelRow* bias,
                   int64_t num_panels, float* scores, int64_t stride) {
  static const ScoreFunctions functions = PickFunctions();
  functions[RowsIndex(rows)](tile, dimension, panels, bias, num_panels, scores,
                             stride);
}

void ComputeScoresBaseline(const float* tile, int64_t rows, int64_t dimension,
                           const PanelRow* panels, const PanelRow* bias,
                           int64_t num_panels, float* scores, int64_t stride) {
  kBaseline[RowsIndex(rows)](tile, dimension, panels, bias, num_panels, scores,
                             stride);
}

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
