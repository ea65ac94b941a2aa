#include "muster/dispatch/score_kernel.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <limits>

#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

#if defined(__x86_64__) && defined(__GNUC__)
#define MUSTER_DISPATCH_X86 1
#include <immintrin.h>
#endif

namespace muster::dispatch {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
// Sums longer than this are folded into the score: fewer roundings in a row.
constexpr int64_t kFold = 512;
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

// The two least of 16 firsts and their seconds, by halves.
MUSTER_ALWAYS_INLINE void ReduceTwo(float* a, float* b, float* first,
                                    float* second) {
  for (int width = kPanelLanes / 2; width >= 1; width /= 2) {
    for (int l = 0; l < width; ++l) {
      const float larger = a[l] < a[l + width] ? a[l + width] : a[l];
      const float next = b[l] < b[l + width] ? b[l] : b[l + width];
      b[l] = larger < next ? larger : next;
      a[l] = a[l] < a[l + width] ? a[l] : a[l + width];
    }
  }
  *first = a[0];
  *second = b[0];
}

#ifdef MUSTER_DISPATCH_X86

#ifdef __clang__
#define MUSTER_AVX2 __attribute__((target("avx2,fma")))
#define MUSTER_AVX512 __attribute__((target("avx512f,avx2,fma")))
#else
// -O3 keeps the accumulators in registers.
#define MUSTER_AVX2 __attribute__((target("avx2,fma"), optimize("O3")))
#define MUSTER_AVX512 \
  __attribute__((target("avx512f,avx2,fma"), optimize("O3")))
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

// The first 8 lanes of a panel whose others are padding.
template <int kRows>
MUSTER_AVX512 inline void Avx512HalfTile(const float* tile, int64_t dimension,
                                         const PanelRow* panel,
                                         const PanelRow& bias, float* scores,
                                         int64_t stride) {
  for (int64_t fold = 0; fold < dimension; fold += kFold) {
    __m256 sums[kRows];
    for (int i = 0; i < kRows; ++i) sums[i] = _mm256_setzero_ps();
    const int64_t fold_end = std::min(dimension, fold + kFold);
    for (int64_t begin = fold; begin < fold_end; begin += kTilePiece) {
      const float* x = tile + begin * kRows;
      const int64_t end = std::min(kTilePiece, dimension - begin);
      for (int64_t m = 0; m < end; ++m) {
        const __m256 c = _mm256_load_ps(panel[begin + m].lanes.data());
#pragma GCC unroll 12
        for (int i = 0; i < kRows; ++i) {
          sums[i] = _mm256_fmadd_ps(_mm256_broadcast_ss(x + i * kTilePiece + m),
                                    c, sums[i]);
        }
      }
    }
    for (int i = 0; i < kRows; ++i) {
      float* out = scores + i * stride;
      const float* base = fold == 0 ? bias.lanes.data() : out;
      _mm256_storeu_ps(out, _mm256_sub_ps(_mm256_loadu_ps(base), sums[i]));
      _mm256_storeu_ps(out + 8, _mm256_load_ps(bias.lanes.data() + 8));
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
  if (q < num_panels && bias[q].lanes[8] == kInfinity) {
    Avx512HalfTile<kRows>(tile, dimension, panels + q * dimension, bias[q],
                          scores + q * kPanelLanes, stride);
  } else if (q < num_panels) {
    Avx512Tile<kRows, 1>(tile, dimension, panels + q * dimension, bias + q,
                         scores + q * kPanelLanes, stride);
  }
}

MUSTER_AVX2 float Avx2Least(const float* scores, int64_t size) {
  __m256 least = _mm256_loadu_ps(scores);
  for (int64_t i = 8; i < size; i += 8) {
    least = _mm256_min_ps(least, _mm256_loadu_ps(scores + i));
  }
  __m128 half = _mm_min_ps(_mm256_castps256_ps128(least),
                           _mm256_extractf128_ps(least, 1));
  half = _mm_min_ps(half, _mm_movehl_ps(half, half));
  return _mm_cvtss_f32(_mm_min_ss(half, _mm_movehdup_ps(half)));
}

MUSTER_AVX2 void Avx2LeastTwo(const float* scores, int64_t size, float* first,
                              float* second) {
  alignas(64) float a_lanes[kPanelLanes], b_lanes[kPanelLanes];
  for (int half = 0; half < 16; half += 8) {
    __m256 a = _mm256_loadu_ps(scores + half);
    __m256 b = _mm256_set1_ps(kInfinity);
    for (int64_t i = half + 16; i < size; i += 16) {
      const __m256 score = _mm256_loadu_ps(scores + i);
      b = _mm256_min_ps(b, _mm256_max_ps(a, score));
      a = _mm256_min_ps(a, score);
    }
    _mm256_store_ps(a_lanes + half, a);
    _mm256_store_ps(b_lanes + half, b);
  }
  ReduceTwo(a_lanes, b_lanes, first, second);
}

MUSTER_AVX2 int64_t Avx2UpTo(const float* scores, int64_t size, float threshold,
                             int32_t* positions) {
  const __m256 bound = _mm256_set1_ps(threshold);
  int64_t count = 0;
  for (int64_t i = 0; i < size; i += 8) {
    auto hits = static_cast<unsigned>(_mm256_movemask_ps(
        _mm256_cmp_ps(_mm256_loadu_ps(scores + i), bound, _CMP_LE_OQ)));
    for (; hits != 0; hits &= hits - 1) {
      positions[count++] = static_cast<int32_t>(i) + std::countr_zero(hits);
    }
  }
  return count;
}

// With a mask of ones: the plain forms set off g++ 12's warnings about
// uninitialised variables in its own header.
constexpr __mmask16 kAllLanes = 0xFFFF;
MUSTER_AVX512 inline __m512 Min512(__m512 a, __m512 b) {
  return _mm512_maskz_min_ps(kAllLanes, a, b);
}

MUSTER_AVX512 float Avx512Least(const float* scores, int64_t size) {
  __m512 least = _mm512_loadu_ps(scores);
  for (int64_t i = 16; i < size; i += 16) {
    least = Min512(least, _mm512_loadu_ps(scores + i));
  }
  float lanes[kPanelLanes];
  _mm512_storeu_ps(lanes, least);
  __m128 four =
      _mm_min_ps(_mm_min_ps(_mm_loadu_ps(lanes), _mm_loadu_ps(lanes + 4)),
                 _mm_min_ps(_mm_loadu_ps(lanes + 8), _mm_loadu_ps(lanes + 12)));
  four = _mm_min_ps(four, _mm_movehl_ps(four, four));
  return _mm_cvtss_f32(_mm_min_ss(four, _mm_shuffle_ps(four, four, 1)));
}

MUSTER_AVX512 inline __m512 Max512(__m512 a, __m512 b) {
  return _mm512_maskz_max_ps(kAllLanes, a, b);
}

// The lanes (a, b) with the lanes (x, y): the two least of each.
MUSTER_AVX512 inline void MergeTwo(__m512 x, __m512 y, __m512* a, __m512* b) {
  *b = Min512(Min512(*b, y), Max512(*a, x));
  *a = Min512(*a, x);
}

MUSTER_AVX512 void Avx512LeastTwo(const float* scores, int64_t size,
                                  float* first, float* second) {
  __m512 a = _mm512_loadu_ps(scores);
  __m512 b = _mm512_set1_ps(kInfinity);
  for (int64_t i = 16; i < size; i += 16) {
    const __m512 score = _mm512_loadu_ps(scores + i);
    b = Min512(b, Max512(a, score));
    a = Min512(a, score);
  }
  constexpr int kHalves = 0b01001110, kPairs = 0b10110001;
#define MUSTER_SHUFFLE(shuffle, order)                     \
  MergeTwo(_mm512_maskz_##shuffle(kAllLanes, a, a, order), \
           _mm512_maskz_##shuffle(kAllLanes, b, b, order), &a, &b)
  MUSTER_SHUFFLE(shuffle_f32x4, kHalves);
  MUSTER_SHUFFLE(shuffle_f32x4, kPairs);
  MUSTER_SHUFFLE(shuffle_ps, kHalves);
  MUSTER_SHUFFLE(shuffle_ps, kPairs);
#undef MUSTER_SHUFFLE
  *first = _mm512_cvtss_f32(a);
  *second = _mm512_cvtss_f32(b);
}

MUSTER_AVX512 int64_t Avx512UpTo(const float* scores, int64_t size,
                                 float threshold, int32_t* positions) {
  const __m512 bound = _mm512_set1_ps(threshold);
  int64_t count = 0;
  for (int64_t i = 0; i < size; i += 16) {
    unsigned hits =
        _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + i), bound, _CMP_LE_OQ);
    for (; hits != 0; hits &= hits - 1) {
      positions[count++] = static_cast<int32_t>(i) + std::countr_zero(hits);
    }
  }
  return count;
}

#endif  // MUSTER_DISPATCH_X86

float BaselineLeast(const float* scores, int64_t size) {
  return *std::min_element(scores, scores + size);
}

void BaselineLeastTwo(const float* scores, int64_t size, float* first,
                      float* second) {
  float a[kPanelLanes], b[kPanelLanes];
  std::copy_n(scores, kPanelLanes, a);
  std::fill_n(b, kPanelLanes, kInfinity);
  for (int64_t i = kPanelLanes; i < size; i += kPanelLanes) {
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      const float score = scores[i + l];
      b[l] = std::min(b[l], std::max(a[l], score));
      a[l] = std::min(a[l], score);
    }
  }
  ReduceTwo(a, b, first, second);
}

int64_t BaselineUpTo(const float* scores, int64_t size, float threshold,
                     int32_t* positions) {
  int64_t count = 0;
  for (int64_t i = 0; i < size; ++i) {
    positions[count] = static_cast<int32_t>(i);
    count += static_cast<int64_t>(scores[i] <= threshold);
  }
  return count;
}

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

// What one kind of processor runs.
struct Kernels {
  std::array<ScoreFunction, 5> scores;  // for 1, 2, 4, 8 and 12 rows
  float (*least)(const float*, int64_t);
  void (*least_two)(const float*, int64_t, float*, float*);
  int64_t (*up_to)(const float*, int64_t, float, int32_t*);
};

constexpr Kernels kBaseline = {
    .scores = {BaselineScores<1>, BaselineScores<2>, BaselineScores<4>,
               BaselineScores<8>, BaselineScores<12>},
    .least = BaselineLeast,
    .least_two = BaselineLeastTwo,
    .up_to = BaselineUpTo};

Kernels PickKernels() {
#ifdef MUSTER_DISPATCH_X86
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx2") &&
      __builtin_cpu_supports("fma")) {
    return {.scores = {Avx512Scores<1>, Avx512Scores<2>, Avx512Scores<4>,
                       Avx512Scores<8>, Avx512Scores<12>},
            .least = Avx512Least,
            .least_two = Avx512LeastTwo,
            .up_to = Avx512UpTo};
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) {
    return {.scores = {Avx2Scores<1>, Avx2Scores<2>, Avx2Scores<4>,
                       Avx2Scores<8>, Avx2Scores<12>},
            .least = Avx2Least,
            .least_two = Avx2LeastTwo,
            .up_to = Avx2UpTo};
  }
#endif
  return kBaseline;
}

const Kernels& Best() {
  static const Kernels kernels = PickKernels();
  return kernels;
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
  Best().scores[RowsIndex(rows)](tile, dimension, panels, bias, num_panels,
                                 scores, stride);
}

void ComputeScoresBaseline(const float* tile, int64_t rows, int64_t dimension,
                           const PanelRow* panels, const PanelRow* bias,
                           int64_t num_panels, float* scores, int64_t stride) {
  kBaseline.scores[RowsIndex(rows)](tile, dimension, panels, bias, num_panels,
                                    scores, stride);
}

float LeastScore(const float* scores, int64_t size) {
  return Best().least(scores, size);
}

void LeastTwoScores(const float* scores, int64_t size, float* first,
                    float* second) {
  Best().least_two(scores, size, first, second);
}

void LeastByLane(const float* scores, int64_t size, float* least) {
  std::copy_n(scores, kPanelLanes, least);
  for (int64_t i = kPanelLanes; i < size; i += kPanelLanes) {
    for (int64_t l = 0; l < kPanelLanes; ++l) {
      least[l] = std::min(least[l], scores[i + l]);
    }
  }
}

int64_t ScoresUpTo(const float* scores, int64_t size, float threshold,
                   int32_t* positions) {
  return Best().up_to(scores, size, threshold, positions);
}

}  // namespace muster::dispatch
