#include "muster/dispatch/assignment_curvature.h"

#include <algorithm>
#include <utility>

#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using PairSums = std::vector<std::pair<int64_t, double>>;

// The sum of weight / |S| over the points whose support S holds both centres,
// by ordered pair i k + i'. In a table of k^2 sums:
PairSums SumInTable(int64_t k, const Supports& supports) {
  std::vector<double> table(static_cast<size_t>(k * k), 0.0);
  for (int64_t j = 0; j < supports.size(); ++j) {
    const std::span<const int32_t> support = supports.Of(j);
    const double weight = supports.weights[j] / support.size();
    for (const int32_t a : support) {
      for (const int32_t b : support) table[a * k + b] += weight;
    }
  }
  PairSums sums;
  for (int64_t key = 0; key < k * k; ++key) {
    if (table[key] > 0 && key / k != key % k) {
      sums.emplace_back(key, table[key]);
    }
  }
  return sums;
}

// And by sorting, for many centres. There a support of more than four becomes a
// star, whose curvature is not below that of the complete graph.
PairSums SumBySorting(int64_t k, const Supports& supports) {
  PairSums entries, sums;
  for (int64_t j = 0; j < supports.size(); ++j) {
    const std::span<const int32_t> support = supports.Of(j);
    const bool star = support.size() > 4;
    const double weight =
        star ? supports.weights[j] : supports.weights[j] / support.size();
    for (size_t a = 0; a < (star ? 1 : support.size()); ++a) {
      for (size_t b = a + 1; b < support.size(); ++b) {
        entries.emplace_back(support[a] * k + support[b], weight);
        entries.emplace_back(support[b] * k + support[a], weight);
      }
    }
  }
  std::stable_sort(
      entries.begin(), entries.end(),
      [](const auto& x, const auto& y) { return x.first < y.first; });
  for (const auto& [key, weight] : entries) {
    if (sums.empty() || sums.back().first != key) sums.emplace_back(key, 0);
    sums.back().second += weight;
  }
  return sums;
}

void Multiply(const Laplacian& matrix, std::span<const double> x,
              std::span<double> y) {
  for (size_t i = 0; i < matrix.diagonal.size(); ++i) {
    double sum = matrix.diagonal[i] * x[i];
    for (int64_t e = matrix.row_begin[i]; e < matrix.row_begin[i + 1]; ++e) {
      sum -= matrix.weight[e] * x[matrix.column[e]];
    }
    y[i] = sum;
  }
}

double Dot(std::span<const double> x, std::span<const double> y) {
  double sum = 0;
  for (size_t i = 0; i < x.size(); ++i) sum += x[i] * y[i];
  return sum;
}

}  // namespace

Laplacian MakeLaplacian(int64_t k, const Supports& supports, double factor) {
  constexpr int64_t kMostInTable = 1024;
  Laplacian matrix;
  matrix.diagonal.assign(static_cast<size_t>(k), 0.0);
  matrix.row_begin.assign(static_cast<size_t>(k) + 1, 0);
  for (const auto& [key, weight] : k <= kMostInTable
                                       ? SumInTable(k, supports)
                                       : SumBySorting(k, supports)) {
    matrix.column.push_back(static_cast<int32_t>(key % k));
    matrix.weight.push_back(factor * weight);
    ++matrix.row_begin[key / k + 1];
    matrix.diagonal[key / k] += factor * weight;
  }
  for (int64_t i = 0; i < k; ++i) {
    matrix.row_begin[i + 1] += matrix.row_begin[i];
  }
  return matrix;
}

std::vector<double> Solve(const Laplacian& matrix,
                          std::span<const double> right) {
  constexpr int kMaxIterations = 200;
  constexpr double kReduction = 1e-3;
  const size_t k = right.size();
  std::vector<double> x(k, 0.0), residual(right.begin(), right.end());
  std::vector<double> scaled(k), direction(k), image(k);
  double product = 0, first = 0;
  for (int t = 0; t < kMaxIterations; ++t) {
    for (size_t i = 0; i < k; ++i) {
      MUSTER_DCHECK(matrix.diagonal[i] > 0);
      scaled[i] = residual[i] / matrix.diagonal[i];
    }
    const double next = Dot(residual, scaled);
    if (t == 0) first = next;
    if (!(next > first * kReduction * kReduction)) break;
    for (size_t i = 0; i < k; ++i) {
      direction[i] =
          t == 0 ? scaled[i] : scaled[i] + next / product * direction[i];
    }
    product = next;
    Multiply(matrix, direction, image);
    const double curvature = Dot(direction, image);
    if (!(curvature > 0)) break;
    const double step = product / curvature;
    for (size_t i = 0; i < k; ++i) {
      x[i] += step * direction[i];
      residual[i] -= step * image[i];
    }
  }
  return x;
}

}  // namespace muster::dispatch
