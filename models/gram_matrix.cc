#include "muster/models/gram_matrix.h"

#include <array>
#include <cstring>

#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::models {
namespace {

using internal::FourDoubles;

// Rows taken together, so that an element of the sum is read and written once
// for all of them.
constexpr int64_t kTogether = 4;

// Rows in double, padded with zeros to a multiple of four columns.
struct Panel {
  explicit Panel(int64_t dimension)
      : stride((dimension + 3) / 4 * 4), values(kTogether * stride) {}

  int64_t stride;
  std::vector<double> values;
  std::array<double, kTogether> factors = {};
  int64_t count = 0;
};

// sum <- sum + the panel's products; whole groups of four columns, so that the
// upper triangle receives some as well.
MUSTER_VECTORIZE_CLONES void AddPanel(const Panel& panel, int64_t dimension,
                                      double* sum) {
  const double* x0 = panel.values.data();
  const double* x1 = x0 + panel.stride;
  const double* x2 = x1 + panel.stride;
  const double* x3 = x2 + panel.stride;
  for (int64_t a = 0; a < dimension; ++a) {
    const double s0 = panel.factors[0] * x0[a];
    const double s1 = panel.factors[1] * x1[a];
    const double s2 = panel.factors[2] * x2[a];
    const double s3 = panel.factors[3] * x3[a];
    double* out = sum + a * dimension;
    int64_t b = 0;
    for (; b + 4 <= dimension && b <= a; b += 4) {
      FourDoubles y0;
      FourDoubles y1;
      FourDoubles y2;
      FourDoubles y3;
      FourDoubles total;
      std::memcpy(&y0, x0 + b, sizeof(y0));
      std::memcpy(&y1, x1 + b, sizeof(y1));
      std::memcpy(&y2, x2 + b, sizeof(y2));
      std::memcpy(&y3, x3 + b, sizeof(y3));
      std::memcpy(&total, out + b, sizeof(total));
      total += (y0 * s0 + y1 * s1) + (y2 * s2 + y3 * s3);
      std::memcpy(out + b, &total, sizeof(total));
    }
    for (; b <= a; ++b) {
      out[b] += (x0[b] * s0 + x1[b] * s1) + (x2[b] * s2 + x3[b] * s3);
    }
  }
}

void AddDense(const FeatureRows& rows, std::span<const double> factors,
              double* sum) {
  const int64_t dimension = rows.dimension();
  Panel panel(dimension);
  const auto flush = [&] {
    for (int64_t part = panel.count; part < kTogether; ++part) {
      panel.factors[part] = 0;
    }
    AddPanel(panel, dimension, sum);
    panel.count = 0;
  };
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    if (factors[row] == 0) continue;
    const float* from = rows.values + row * rows.num_features;
    double* to = panel.values.data() + panel.count * panel.stride;
    for (int64_t j = 0; j < rows.num_features; ++j) {
      to[j] = static_cast<double>(from[j]);
    }
    if (rows.bias != 0) to[rows.num_features] = rows.bias;
    panel.factors[panel.count++] = factors[row];
    if (panel.count == kTogether) flush();
  }
  if (panel.count > 0) flush();
}

void AddSparse(const FeatureRows& rows, std::span<const double> factors,
               double* sum) {
  const int64_t dimension = rows.dimension();
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    if (factors[row] == 0) continue;
    const int64_t begin = rows.row_begin[row];
    const int64_t count = rows.row_begin[row + 1] - begin;
    const float* values = rows.values + begin;
    const int32_t* columns = rows.columns + begin;
    for (int64_t a = 0; a < count; ++a) {
      const double scale = factors[row] * static_cast<double>(values[a]);
      double* out = sum + columns[a] * dimension;
      for (int64_t b = 0; b <= a; ++b) {
        out[columns[b]] += scale * static_cast<double>(values[b]);
      }
    }
    if (rows.bias != 0) {
      rows.AddScaled(row, factors[row] * rows.bias,
                     sum + rows.num_features * dimension);
    }
  }
}

}  // namespace

void AddOuterProducts(const FeatureRows& rows, std::span<const double> factors,
                      std::vector<double>* sum) {
  MUSTER_CHECK_EQ(static_cast<int64_t>(factors.size()), rows.num_rows);
  MUSTER_CHECK_EQ(static_cast<int64_t>(sum->size()),
                  rows.dimension() * rows.dimension());
  if (rows.dense()) {
    AddDense(rows, factors, sum->data());
  } else {
    AddSparse(rows, factors, sum->data());
  }
}

double OuterProductMultiplyAdds(const FeatureRows& rows, int64_t row) {
  const auto entries = static_cast<double>(rows.Entries(row));
  return entries * (entries + 1) / 2;
}

double OuterProductMultiplyAdds(const FeatureRows& rows) {
  double sum = 0;
  for (int64_t row = 0; row < rows.num_rows; ++row) {
    sum += OuterProductMultiplyAdds(rows, row);
  }
  return sum;
}

std::vector<double> GramMatrix(const FeatureRows& rows) {
  std::vector<double> sum(rows.dimension() * rows.dimension());
  AddOuterProducts(rows, std::vector<double>(rows.num_rows, 1.0), &sum);
  return sum;
}

}  // namespace muster::models
