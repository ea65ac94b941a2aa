#ifndef MUSTER_MODELS_VECTOR_OPS_H_
#define MUSTER_MODELS_VECTOR_OPS_H_

// The few vector kernels that the models share. Every sum has one order that is
// fixed by the length alone: four partial sums, lane l taking the elements l, l
// + 4, l + 8, ..., folded as (s0 + s1) + (s2 + s3), then the up to three last
// elements one by one. The bits are therefore those of the same source on any
// machine with IEEE doubles, whatever the width of its vector registers.

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

#include "muster/runtime/check.h"

namespace muster::models {

namespace internal {
// Four doubles; the compiler maps them to the registers at hand (two of SSE2,
// one of AVX).
typedef double Lanes __attribute__((vector_size(32)));
constexpr size_t kLanes = 4;

inline void LoadLanes(const double* from, Lanes* to) {
  std::memcpy(to, from, sizeof(Lanes));
}
inline void StoreLanes(const Lanes& from, double* to) {
  std::memcpy(to, &from, sizeof(Lanes));
}
}  // namespace internal

// sum_i a_i b_i. The lengths must be equal (DCHECKed, here and below).
inline double Dot(std::span<const double> a, std::span<const double> b) {
  MUSTER_DCHECK_EQ(a.size(), b.size());
  const size_t whole = a.size() - a.size() % internal::kLanes;
  internal::Lanes sums = {0, 0, 0, 0};
  for (size_t i = 0; i < whole; i += internal::kLanes) {
    internal::Lanes x, y;
    internal::LoadLanes(a.data() + i, &x);
    internal::LoadLanes(b.data() + i, &y);
    sums += x * y;
  }
  double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (size_t i = whole; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

// sum_i a_i^2.
inline double SquaredNorm(std::span<const double> a) { return Dot(a, a); }

// y <- y + scale x.
inline void AddScaled(double scale, std::span<const double> x,
                      std::span<double> y) {
  MUSTER_DCHECK_EQ(x.size(), y.size());
  const size_t whole = x.size() - x.size() % internal::kLanes;
  for (size_t i = 0; i < whole; i += internal::kLanes) {
    internal::Lanes a, b;
    internal::LoadLanes(x.data() + i, &a);
    internal::LoadLanes(y.data() + i, &b);
    b += a * scale;
    internal::StoreLanes(b, y.data() + i);
  }
  for (size_t i = whole; i < x.size(); ++i) y[i] += scale * x[i];
}

// y <- scale y.
inline void Scale(double scale, std::span<double> y) {
  for (double& value : y) value *= scale;
}

// sum_j values_j x[columns_j]: the inner product of a sparse row and a dense
// vector, in the order of the row. Every column must be below x.size().
inline double SparseDot(std::span<const int32_t> columns,
                        std::span<const float> values,
                        std::span<const double> x) {
  MUSTER_DCHECK_EQ(columns.size(), values.size());
  double sum = 0;
  for (size_t j = 0; j < columns.size(); ++j) {
    sum += static_cast<double>(values[j]) * x[columns[j]];
  }
  return sum;
}

// y[columns_j] <- y[columns_j] + scale values_j for every j.
inline void SparseAddScaled(double scale, std::span<const int32_t> columns,
                            std::span<const float> values,
                            std::span<double> y) {
  MUSTER_DCHECK_EQ(columns.size(), values.size());
  for (size_t j = 0; j < columns.size(); ++j) {
    y[columns[j]] += scale * static_cast<double>(values[j]);
  }
}

}  // namespace muster::models

#endif  // MUSTER_MODELS_VECTOR_OPS_H_
