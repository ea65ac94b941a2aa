#ifndef MUSTER_MODELS_SOFTMAX_H_
#define MUSTER_MODELS_SOFTMAX_H_

// Multinomial (softmax) regression over the rows (a_i, y_i), y_i in {0, ...,
// K - 1}, i = 1..m, of a sparse data set with D features:
//
//   f(W) = 1/m sum_i [ ln sum_k exp(z_ik) - z_i,y_i ] + lambda / 2 ||W||^2,
//   z_ik = sum_j a_ij W_jk + W_Dk,
//
// W has D + 1 rows of K: the last row holds the intercepts. As a vector x of
// length d = (D + 1) K, W_jk is x[j K + k], so that one feature touches one
// short run of memory. Features are floats, all else double. Convex, smooth.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

struct SoftmaxOptions {
  // K in [2, 64]. Default: the digits.
  int64_t num_classes = 10;
  // lambda >= 0, on intercepts too. Default: none, as in the usual MNIST runs.
  double l2 = 0;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const SoftmaxOptions& options);

class SoftmaxRegression {
 public:
  // `data` is shared, not copied, and must be valid (as of Validate) with at
  // least one row; labels are whole numbers in [0, K): InvalidArgument names
  // the first row with another one.
  static absl::StatusOr<SoftmaxRegression> Create(
      std::shared_ptr<const SparseDataset> data,
      const SoftmaxOptions& options = {});

  int64_t dimension() const {
    return (data_->num_features + 1) * num_classes();
  }
  int64_t num_classes() const { return options_.num_classes; }
  int64_t num_rows() const { return data_->num_rows(); }
  const SparseDataset& data() const { return *data_; }

  // The zero vector: every class equally likely, f = ln K.
  std::vector<double> InitialPoint() const;

  // f(x). O(entries K), in blocks of rows on `runtime`'s threads, folded in
  // order: the bits do not depend on the threads. Spans have length d here and
  // below (CHECKed).
  double Objective(std::span<const double> x,
                   const runtime::Runtime& runtime = {}) const;
  // grad f(x). O(entries K + d blocks), threads as above; memory d doubles for
  // each of up to 32 blocks.
  void Gradient(std::span<const double> x, std::span<double> gradient,
                const runtime::Runtime& runtime = {}) const;
  // Both in one pass over the rows, the same bits; returns f(x).
  double ObjectiveAndGradient(std::span<const double> x,
                              std::span<double> gradient,
                              const runtime::Runtime& runtime = {}) const;
  // The share of rows whose largest score is not their label's (ties go to the
  // lower class). Threads as above.
  double ErrorRate(std::span<const double> x,
                   const runtime::Runtime& runtime = {}) const;

  // The mean of the gradients of `samples` >= 1 rows drawn uniformly with
  // replacement, plus lambda x: unbiased for grad f(x). O(entries of the rows x
  // K + d). The bits are a function of x, samples and rng.
  void StochasticGradient(std::span<const double> x, int64_t samples,
                          runtime::Rng rng, std::span<double> gradient) const;
  // The same, returning the mean loss of the rows drawn (without the
  // regulariser): the training loss that a mini-batch run reports.
  double StochasticLossAndGradient(std::span<const double> x, int64_t samples,
                                   runtime::Rng rng,
                                   std::span<double> gradient) const;

  // An upper bound of L of grad f: (max_i ||a_i||^2 + 1) / 2 + lambda, as the
  // Hessian of the log-sum-exp has norm at most 1/2.
  double SmoothnessBound() const;

 private:
  SoftmaxRegression(std::shared_ptr<const SparseDataset> data,
                    const SoftmaxOptions& options)
      : data_(std::move(data)), options_(options) {}

  // z_row of K scores.
  void Scores(int64_t row, std::span<const double> x,
              std::span<double> scores) const;
  // Adds weight times the gradient of row's loss at x; returns that loss.
  double AddRowGradient(int64_t row, std::span<const double> x, double weight,
                        std::span<double> gradient) const;

  std::shared_ptr<const SparseDataset> data_;
  SoftmaxOptions options_;
};

}  // namespace muster::models

#endif  // MUSTER_MODELS_SOFTMAX_H_
