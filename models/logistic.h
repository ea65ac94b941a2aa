#ifndef MUSTER_MODELS_LOGISTIC_H_
#define MUSTER_MODELS_LOGISTIC_H_

// L2-regularised logistic regression over the rows (a_i, y_i), y_i in {-1, +1},
// i = 1..m, of a sparse data set:
//
//   f(x) = 1/m sum_i ln(1 + exp(-y_i a_i'x)) + lambda / 2 ||x||^2,   x in R^d.
//
// No intercept: add a constant feature for one. Features are floats, all else
// double. Exponentials and logarithms are those of runtime/math.h.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

struct LogisticOptions {
  // lambda > 0 makes f strongly convex; 0 is allowed. Default: arbitrary, of
  // the order 1/m that is usual for a9a (m = 32561).
  double l2 = 1e-4;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const LogisticOptions& options);

class LogisticRegression {
 public:
  // `data` is shared, not copied, and must be valid (as of Validate) with at
  // least one row. Labels are -1 and +1, or 0 and 1 (0 stands for -1);
  // InvalidArgument names the first row with another one.
  static absl::StatusOr<LogisticRegression> Create(
      std::shared_ptr<const SparseDataset> data,
      const LogisticOptions& options = {});

  int64_t dimension() const { return data_->num_features; }
  int64_t num_rows() const { return data_->num_rows(); }
  const SparseDataset& data() const { return *data_; }
  double l2() const { return options_.l2; }
  // +1 or -1.
  double sign(int64_t row) const { return data_->labels[row] > 0 ? 1.0 : -1.0; }

  // The zero vector.
  std::vector<double> InitialPoint() const;

  // f(x). O(entries + d), in blocks of rows on `runtime`'s threads, folded in
  // order: the bits do not depend on the threads. Spans have length d here and
  // below (CHECKed).
  double Objective(std::span<const double> x,
                   const runtime::Runtime& runtime = {}) const;
  // grad f(x). O(entries + d blocks), threads as above; memory d doubles for
  // each of up to 32 blocks.
  void Gradient(std::span<const double> x, std::span<double> gradient,
                const runtime::Runtime& runtime = {}) const;

  // The mean of the gradients of `samples` >= 1 rows drawn uniformly with
  // replacement, plus lambda x: unbiased for grad f(x). O(entries of the rows +
  // d). The bits are a function of x, samples and rng.
  void StochasticGradient(std::span<const double> x, int64_t samples,
                          runtime::Rng rng, std::span<double> gradient) const;

  // E ||g - grad f(x)||^2 for one row drawn uniformly, exactly. O(entries + d).
  double GradientVariance(std::span<const double> x,
                          const runtime::Runtime& runtime = {}) const;

  // L of grad f: lambda_max(A'A) / (4 m) + lambda, by power iteration from a
  // fixed start until the estimate grows by less than a relative 1e-6 (at most
  // 1000 products with A'A); it approaches L from below.
  double Smoothness() const;
  // max_i ||a_i||^2 / 4 + lambda: L of every row's own loss, >= Smoothness().
  double RowSmoothness() const;

 private:
  LogisticRegression(std::shared_ptr<const SparseDataset> data,
                     const LogisticOptions& options)
      : data_(std::move(data)), options_(options) {}

  // d/dz ln(1 + exp(-y z)) at z = a_row'x.
  double LossDerivative(int64_t row, std::span<const double> x) const;

  std::shared_ptr<const SparseDataset> data_;
  LogisticOptions options_;
};

}  // namespace muster::models

#endif  // MUSTER_MODELS_LOGISTIC_H_
