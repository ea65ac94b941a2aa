#ifndef MUSTER_MODELS_LINEAR_CLASSIFIER_H_
#define MUSTER_MODELS_LINEAR_CLASSIFIER_H_

// Linear classification of any number of classes, one against all others:
//
//   score_k(x) = w_k'x (+ w_k0 bias),   prediction = argmax_k score_k(x),
//
// each w_k trained on the L2-regularised squared hinge or logistic loss with
// y = +1 for class k and -1 for the rest (linear_problem.h), as liblinear does.
// Two classes need one vector: a positive score means the larger label. Data of
// one class gives a classifier that always answers it.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/linear_problem.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

struct LinearClassifierOptions {
  // Squared hinge: the dispatching paper's learner.
  LinearLoss loss = LinearLoss::kSquaredHinge;
  // C > 0, finite: the weight of the losses against ||w||^2 / 2. Larger fits
  // closer and takes longer. Default: liblinear's; see cross_validation.h.
  double c = 1;
  // Value of a constant feature put after the others; <= 0: none. It is
  // regularised like the rest, so a larger value regularises the intercept
  // less. Default: none, as in liblinear and in the paper's experiments.
  double bias = 0;
  // How the problems are solved; all solvers reach the same minimum.
  LinearSolver solver = LinearSolver::kAuto;
  // Each problem ends at a relative duality gap of `tolerance` > 0: its
  // objective is then that close to the minimum, mostly much closer. Default:
  // accuracies do not move below it.
  double tolerance = 1e-3;
  // Passes or iterations at most, >= 1. A problem that needs more is not an
  // error; LinearTraining says so.
  int64_t max_iterations = 1000;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const LinearClassifierOptions& options);

// What training did, one element for each score, in order.
struct LinearTraining {
  std::vector<LinearSolution> solutions = {};
  // Of all solutions, and in what they share. The same for any number of
  // threads.
  double multiply_adds = 0;
  // The solver used (never kAuto).
  LinearSolver solver = LinearSolver::kAuto;

  bool converged() const {
    for (const LinearSolution& solution : solutions) {
      if (!solution.converged) return false;
    }
    return true;
  }
};

// Immutable, thread-safe.
class LinearClassifier {
 public:
  // From weights feature by feature: weights[j num_scores + k], j <
  // num_features, then one more row for the bias if bias > 0. Classes are one
  // or more, increasing and finite; num_scores is 0, 1, n for 1, 2, n of them.
  // InvalidArgument names what does not fit.
  static absl::StatusOr<LinearClassifier> Create(std::vector<double> classes,
                                                 int64_t num_features,
                                                 double bias,
                                                 std::vector<double> weights);

  int64_t num_features() const { return num_features_; }
  // The labels, increasing.
  const std::vector<double>& classes() const { return classes_; }
  int64_t num_scores() const {
    const auto size = static_cast<int64_t>(classes_.size());
    return size <= 2 ? size - 1 : size;
  }
  double bias() const { return bias_; }
  std::span<const double> weights() const { return weights_; }

  // Scores of a row into num_scores() elements (CHECKed). A dense row has
  // num_features() elements (CHECKed); of a sparse row, columns that training
  // did not have are ignored. O(entries num_scores).
  void Scores(std::span<const float> row, std::span<double> scores) const;
  void Scores(std::span<const int32_t> columns, std::span<const float> values,
              std::span<double> scores) const;

  // The label of the highest score; of equal ones the lower class.
  double Predict(std::span<const float> row) const;
  double Predict(std::span<const int32_t> columns,
                 std::span<const float> values) const;

  // Of every row, on `runtime`'s threads. Dense data with another number of
  // features (InvalidArgument naming both numbers), or whose values are not
  // rows x features, are an error; sparse data must be well formed and may have
  // any number of features.
  absl::StatusOr<std::vector<double>> PredictAll(
      const DenseDataset& data, const runtime::Runtime& runtime = {}) const;
  absl::StatusOr<std::vector<double>> PredictAll(
      const SparseDataset& data, const runtime::Runtime& runtime = {}) const;

  friend bool operator==(const LinearClassifier&,
                         const LinearClassifier&) = default;

 private:
  LinearClassifier(std::vector<double> classes, int64_t num_features,
                   double bias, std::vector<double> weights);

  void AddBias(std::span<double> scores) const;
  double Label(std::span<const double> scores) const;

  std::vector<double> classes_;
  int64_t num_features_;
  double bias_;
  std::vector<double> weights_;
};

// The share of rows whose prediction is their label; 1 for no rows. Errors as
// of PredictAll.
absl::StatusOr<double> Accuracy(const LinearClassifier& classifier,
                                const DenseDataset& data,
                                const runtime::Runtime& runtime = {});
absl::StatusOr<double> Accuracy(const LinearClassifier& classifier,
                                const SparseDataset& data,
                                const runtime::Runtime& runtime = {});

// Trains on valid data. InvalidArgument for bad options, data without rows, and
// as of Validate for the data (row and column are named); Cancelled when
// stopped before every problem has converged. Rows without entries are allowed.
// The scores' problems run in parallel on `runtime`'s threads, each with the
// stream rng.Fork("score", k); a single one uses the threads itself where its
// solver can. `training`, if not null, receives the details, and if it holds
// those of an earlier call on the same rows and loss, the solvers start from
// its solutions: the bits may then differ from those of a fresh start, the
// minimum does not.
absl::StatusOr<LinearClassifier> TrainLinearClassifier(
    const DenseDataset& data, const LinearClassifierOptions& options,
    runtime::Rng rng, const runtime::Runtime& runtime = {},
    LinearTraining* training = nullptr);
absl::StatusOr<LinearClassifier> TrainLinearClassifier(
    const SparseDataset& data, const LinearClassifierOptions& options,
    runtime::Rng rng, const runtime::Runtime& runtime = {},
    LinearTraining* training = nullptr);

}  // namespace muster::models

#endif  // MUSTER_MODELS_LINEAR_CLASSIFIER_H_
