#ifndef MUSTER_MODELS_FEATURE_ROWS_H_
#define MUSTER_MODELS_FEATURE_ROWS_H_

// Rows of a dense or a sparse data set behind one face, with an optional
// constant feature at the end: what the linear classifiers train on.
//
// Products are computed in double. The order of each sum is fixed by the row's
// length alone (four partial sums and more, folded in order), so the bits are
// the same on every machine with IEEE doubles.

#include <cstdint>
#include <cstring>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/vectorize.h"

namespace muster::models {

namespace internal {

typedef double FourDoubles __attribute__((vector_size(32)));
typedef float FourFloats __attribute__((vector_size(16)));

// Four floats, widened.
MUSTER_ALWAYS_INLINE void WidenFour(const float* from, FourDoubles& to) {
  FourFloats narrow;
  std::memcpy(&narrow, from, sizeof(narrow));
  to = __builtin_convertvector(narrow, FourDoubles);
}

// sum_j values_j w_j over `size` elements.
MUSTER_ALWAYS_INLINE double DotOfDense(const float* values, int64_t size,
                                       const double* w) {
  FourDoubles sums[4] = {};
  FourDoubles x;
  FourDoubles y;
  int64_t j = 0;
  for (; j + 16 <= size; j += 16) {
    for (int part = 0; part < 4; ++part) {
      WidenFour(values + j + 4 * part, x);
      std::memcpy(&y, w + j + 4 * part, sizeof(y));
      sums[part] += x * y;
    }
  }
  for (; j + 4 <= size; j += 4) {
    WidenFour(values + j, x);
    std::memcpy(&y, w + j, sizeof(y));
    sums[0] += x * y;
  }
  const FourDoubles all = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  double sum = (all[0] + all[1]) + (all[2] + all[3]);
  for (; j < size; ++j) sum += static_cast<double>(values[j]) * w[j];
  return sum;
}

// w_j <- w_j + scale values_j.
MUSTER_ALWAYS_INLINE void AddScaledDense(double scale, const float* values,
                                         int64_t size, double* w) {
  FourDoubles x;
  FourDoubles y;
  int64_t j = 0;
  for (; j + 4 <= size; j += 4) {
    WidenFour(values + j, x);
    std::memcpy(&y, w + j, sizeof(y));
    y += x * scale;
    std::memcpy(w + j, &y, sizeof(y));
  }
  for (; j < size; ++j) w[j] += scale * static_cast<double>(values[j]);
}

// sum_e values_e w[columns_e] over `size` entries.
MUSTER_ALWAYS_INLINE double DotOfSparse(const float* values,
                                        const int32_t* columns, int64_t size,
                                        const double* w) {
  double sums[4] = {0, 0, 0, 0};
  int64_t e = 0;
  for (; e + 4 <= size; e += 4) {
    for (int lane = 0; lane < 4; ++lane) {
      sums[lane] +=
          static_cast<double>(values[e + lane]) * w[columns[e + lane]];
    }
  }
  double sum = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (; e < size; ++e) sum += static_cast<double>(values[e]) * w[columns[e]];
  return sum;
}

}  // namespace internal

// A view: the data set must outlive it.
struct FeatureRows {
  const float* values = nullptr;
  const int32_t* columns = nullptr;    // null for dense rows
  const int64_t* row_begin = nullptr;  // null for dense rows
  int64_t num_rows = 0;
  int64_t num_features = 0;  // of the data set
  // Value of a constant feature after these; 0: there is none.
  double bias = 0;

  static FeatureRows Of(const DenseDataset& data, double bias) {
    return {.values = data.values.data(),
            .num_rows = data.num_rows(),
            .num_features = data.num_features,
            .bias = bias};
  }
  static FeatureRows Of(const SparseDataset& data, double bias) {
    return {.values = data.values.data(),
            .columns = data.columns.data(),
            .row_begin = data.row_begin.data(),
            .num_rows = data.num_rows(),
            .num_features = data.num_features,
            .bias = bias};
  }

  bool dense() const { return row_begin == nullptr; }
  // Features with the constant one: the length of a weight vector.
  int64_t dimension() const { return num_features + (bias != 0 ? 1 : 0); }
  // Entries stored, of one row and of all.
  int64_t Entries(int64_t row) const {
    return dense() ? num_features : row_begin[row + 1] - row_begin[row];
  }
  int64_t num_entries() const {
    return dense() ? num_rows * num_features : row_begin[num_rows];
  }

  // The same for a layout that the caller knows, so that a loop has no branch.
  template <bool kDense>
  MUSTER_ALWAYS_INLINE double DotAs(int64_t row, const double* w) const {
    double sum;
    if constexpr (kDense) {
      sum = internal::DotOfDense(values + row * num_features, num_features, w);
    } else {
      const int64_t begin = row_begin[row];
      sum = internal::DotOfSparse(values + begin, columns + begin,
                                  row_begin[row + 1] - begin, w);
    }
    return bias == 0 ? sum : sum + bias * w[num_features];
  }
  template <bool kDense>
  MUSTER_ALWAYS_INLINE void AddScaledAs(int64_t row, double scale,
                                        double* w) const {
    if constexpr (kDense) {
      internal::AddScaledDense(scale, values + row * num_features, num_features,
                               w);
    } else {
      for (int64_t e = row_begin[row]; e < row_begin[row + 1]; ++e) {
        w[columns[e]] += scale * static_cast<double>(values[e]);
      }
    }
    if (bias != 0) w[num_features] += scale * bias;
  }

  // x_row' w, and w <- w + scale x_row; w has dimension() elements.
  double Dot(int64_t row, const double* w) const {
    return dense() ? DotAs<true>(row, w) : DotAs<false>(row, w);
  }
  void AddScaled(int64_t row, double scale, double* w) const {
    if (dense()) {
      AddScaledAs<true>(row, scale, w);
    } else {
      AddScaledAs<false>(row, scale, w);
    }
  }
  // ||x_row||^2.
  double SquaredNorm(int64_t row) const {
    const int64_t begin = dense() ? row * num_features : row_begin[row];
    double sum = bias * bias;
    for (int64_t e = begin; e < begin + Entries(row); ++e) {
      sum += static_cast<double>(values[e]) * static_cast<double>(values[e]);
    }
    return sum;
  }
};

// Blocks of rows for parallel loops: cut by the number of rows alone, at most
// 32 so that a vector for each takes little memory, of `min_rows` (>= 1) or
// more but for the last.
std::vector<runtime::Block> CutRows(int64_t num_rows, int64_t min_rows);
// Such blocks for the loops below.
std::vector<runtime::Block> CutFeatureRows(const FeatureRows& rows);

// out_i = x_i'w for the rows begin <= i < end; out starts at row `begin`.
void MultiplyRows(const FeatureRows& rows, int64_t begin, int64_t end,
                  const double* w, double* out);

// sum <- sum + sum_i factors_i x_i over the rows begin <= i < end; factors
// start at row `begin`. Rows whose factor is 0 are not read.
void AddRows(const FeatureRows& rows, int64_t begin, int64_t end,
             const double* factors, double* sum);

// sum <- sum + sum_i factors_i (x_i'v) x_i, likewise, reading each row once.
void AddGramProduct(const FeatureRows& rows, int64_t begin, int64_t end,
                    const double* factors, const double* v, double* sum);

}  // namespace muster::models

#endif  // MUSTER_MODELS_FEATURE_ROWS_H_
