#include "muster/models/feature_rows.h"

#include <algorithm>

namespace muster::models {
namespace {

constexpr int64_t kMaxBlocks = 32;
constexpr int64_t kMinRowsPerBlock = 2048;

template <bool kDense>
MUSTER_ALWAYS_INLINE void Multiply(const FeatureRows& rows, int64_t begin,
                                   int64_t end, const double* w, double* out) {
  for (int64_t row = begin; row < end; ++row) {
    out[row - begin] = rows.DotAs<kDense>(row, w);
  }
}

template <bool kDense>
MUSTER_ALWAYS_INLINE void Add(const FeatureRows& rows, int64_t begin,
                              int64_t end, const double* factors, double* sum) {
  for (int64_t row = begin; row < end; ++row) {
    const double factor = factors[row - begin];
    if (factor != 0) rows.AddScaledAs<kDense>(row, factor, sum);
  }
}

template <bool kDense>
MUSTER_ALWAYS_INLINE void AddGram(const FeatureRows& rows, int64_t begin,
                                  int64_t end, const double* factors,
                                  const double* v, double* sum) {
  for (int64_t row = begin; row < end; ++row) {
    const double factor = factors[row - begin];
    if (factor == 0) continue;
    rows.AddScaledAs<kDense>(row, factor * rows.DotAs<kDense>(row, v), sum);
  }
}

MUSTER_VECTORIZE_CLONES void MultiplyDense(const FeatureRows& rows,
                                           int64_t begin, int64_t end,
                                           const double* w, double* out) {
  Multiply<true>(rows, begin, end, w, out);
}

MUSTER_VECTORIZE_CLONES void AddDense(const FeatureRows& rows, int64_t begin,
                                      int64_t end, const double* factors,
                                      double* sum) {
  Add<true>(rows, begin, end, factors, sum);
}

MUSTER_VECTORIZE_CLONES void AddGramDense(const FeatureRows& rows,
                                          int64_t begin, int64_t end,
                                          const double* factors,
                                          const double* v, double* sum) {
  AddGram<true>(rows, begin, end, factors, v, sum);
}

}  // namespace

std::vector<runtime::Block> CutRows(int64_t num_rows, int64_t min_rows) {
  return runtime::CutBlocks(
      num_rows, std::max(min_rows, (num_rows + kMaxBlocks - 1) / kMaxBlocks));
}

std::vector<runtime::Block> CutFeatureRows(const FeatureRows& rows) {
  return CutRows(rows.num_rows, kMinRowsPerBlock);
}

void MultiplyRows(const FeatureRows& rows, int64_t begin, int64_t end,
                  const double* w, double* out) {
  if (rows.dense()) {
    MultiplyDense(rows, begin, end, w, out);
  } else {
    Multiply<false>(rows, begin, end, w, out);
  }
}

void AddRows(const FeatureRows& rows, int64_t begin, int64_t end,
             const double* factors, double* sum) {
  if (rows.dense()) {
    AddDense(rows, begin, end, factors, sum);
  } else {
    Add<false>(rows, begin, end, factors, sum);
  }
}

void AddGramProduct(const FeatureRows& rows, int64_t begin, int64_t end,
                    const double* factors, const double* v, double* sum) {
  if (rows.dense()) {
    AddGramDense(rows, begin, end, factors, v, sum);
  } else {
    AddGram<false>(rows, begin, end, factors, v, sum);
  }
}

}  // namespace muster::models
