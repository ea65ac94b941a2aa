#ifndef MUSTER_MODELS_MULTINOMIAL_CLASSIFIER_H_
#define MUSTER_MODELS_MULTINOMIAL_CLASSIFIER_H_

// Multinomial logistic regression, trained: the minimum of the objective of
// softmax.h, found by L-BFGS (lbfgs.h), with any finite labels. One joint
// problem instead of one against all, so its scores are comparable and give
// probabilities.

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/lbfgs.h"
#include "muster/models/linear_classifier.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

struct MultinomialOptions {
  // lambda >= 0 against the mean loss, on intercepts too. 0 has no minimum when
  // the classes can be separated. Default: of the order 1/m that is usual.
  double l2 = 1e-4;
  // Ends when ||grad f|| <= tolerance max(1, f); > 0. Above the minimum f is
  // then at most tolerance^2 max(1, f)^2 / (2 lambda), mostly far less.
  double tolerance = 1e-4;
  // Iterations at most, >= 1.
  int64_t max_iterations = 500;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const MultinomialOptions& options);

// Immutable, thread-safe.
class MultinomialClassifier {
 public:
  explicit MultinomialClassifier(LinearClassifier scores)
      : scores_(std::move(scores)) {}

  // Scores, labels and predictions: of two classes there is one score, the
  // logarithm of the odds of the larger label.
  const LinearClassifier& scores() const { return scores_; }
  const std::vector<double>& classes() const { return scores_.classes(); }

  // The probability of each class, into classes().size() elements (CHECKed).
  // Rows as in LinearClassifier::Scores.
  void Probabilities(std::span<const float> row,
                     std::span<double> probabilities) const;
  void Probabilities(std::span<const int32_t> columns,
                     std::span<const float> values,
                     std::span<double> probabilities) const;

  double Predict(std::span<const float> row) const {
    return scores_.Predict(row);
  }
  double Predict(std::span<const int32_t> columns,
                 std::span<const float> values) const {
    return scores_.Predict(columns, values);
  }

  friend bool operator==(const MultinomialClassifier&,
                         const MultinomialClassifier&) = default;

 private:
  LinearClassifier scores_;
};

// Trains on valid data; labels may be any finite numbers, at most 64 of them.
// InvalidArgument for bad options, invalid data, data without rows, or more
// classes; Cancelled when runtime.stop ends the training, while an observer
// that ends it gets the weights so far. Data of one class gives a classifier
// that always answers it. Sums run on `runtime`'s threads with the same bits
// for any number of them; progress is that of MinimizeLbfgs. `result`, if not
// null, says how the training ended (for one class: at once). Memory: a copy of
// the data, and 25 vectors of weights, plus up to 32 in the sums over rows.
absl::StatusOr<MultinomialClassifier> TrainMultinomialClassifier(
    const SparseDataset& data, const MultinomialOptions& options,
    const runtime::Runtime& runtime = {}, LbfgsResult* result = nullptr);
absl::StatusOr<MultinomialClassifier> TrainMultinomialClassifier(
    const DenseDataset& data, const MultinomialOptions& options,
    const runtime::Runtime& runtime = {}, LbfgsResult* result = nullptr);

}  // namespace muster::models

#endif  // MUSTER_MODELS_MULTINOMIAL_CLASSIFIER_H_
