#ifndef MUSTER_MODELS_GRAM_MATRIX_H_
#define MUSTER_MODELS_GRAM_MATRIX_H_

// Sums of outer products of rows, sum_i f_i x_i x_i', as Newton's method needs
// them: X'X and its changes.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/models/feature_rows.h"

namespace muster::models {

// sum <- sum + sum_i factors_i x_i x_i' over the rows whose factor is not 0,
// with one factor for each row. `sum` is dimension^2 numbers, row-major, of
// which the lower triangle is kept up to date and the rest is scratch.
// O(entries^2) a row, in the order of the rows: one thread, the same bits
// always.
void AddOuterProducts(const FeatureRows& rows, std::span<const double> factors,
                      std::vector<double>* sum);

// What AddOuterProducts does with all rows or with one.
double OuterProductMultiplyAdds(const FeatureRows& rows);
double OuterProductMultiplyAdds(const FeatureRows& rows, int64_t row);

// X'X, lower triangle.
std::vector<double> GramMatrix(const FeatureRows& rows);

}  // namespace muster::models

#endif  // MUSTER_MODELS_GRAM_MATRIX_H_
