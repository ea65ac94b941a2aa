#include "muster/models/linear_classifier.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/models/feature_rows.h"
#include "muster/models/gram_matrix.h"
#include "muster/models/linear_newton.h"
#include "muster/models/linear_solver.h"
#include "muster/models/model_checks.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr int64_t kRowsPerBlock = 256;

// The scores' problems, one after another or in parallel.
class Trainer {
 public:
  Trainer(const FeatureRows& rows, const std::vector<double>& labels,
          const LinearClassifierOptions& options)
      : rows_(rows), labels_(labels), options_(options) {
    classes_ = labels;
    std::sort(classes_.begin(), classes_.end());
    classes_.erase(std::unique(classes_.begin(), classes_.end()),
                   classes_.end());
    const auto size = static_cast<int64_t>(classes_.size());
    num_scores_ = size <= 2 ? size - 1 : size;
  }

  absl::StatusOr<LinearClassifier> Run(runtime::Rng rng,
                                       const runtime::Runtime& runtime,
                                       LinearTraining* training) {
    LinearTraining own;
    if (training == nullptr) training = &own;
    training->solver = options_.solver == LinearSolver::kAuto
                           ? ChooseLinearSolver(rows_)
                           : options_.solver;
    // Weights serve any start, but not those of other rows.
    std::vector<LinearSolution> starts = std::move(training->solutions);
    if (static_cast<int64_t>(starts.size()) != num_scores_) starts.clear();
    training->solutions.assign(num_scores_, {});
    training->multiply_adds = 0;
    runtime::Runtime inner = {.stop = runtime.stop};
    inner.threads = num_scores_ > 1 ? 1 : runtime.threads;
    if (num_scores_ > 1 && training->solver == LinearSolver::kNewton &&
        options_.loss == LinearLoss::kSquaredHinge && FormsHessian(rows_)) {
      gram_ = GramMatrix(rows_);
      training->multiply_adds = OuterProductMultiplyAdds(rows_);
    }
    runtime::ParallelForEach(runtime, num_scores_, [&](int64_t k) {
      const LinearSolution* start = starts.empty() ? nullptr : &starts[k];
      training->solutions[k] =
          Solve(k, training->solver, start, rng.Fork("score", k), inner);
    });
    for (const LinearSolution& solution : training->solutions) {
      training->multiply_adds += solution.multiply_adds;
    }
    if (runtime::ShouldStop(runtime) && !training->converged()) {
      return absl::CancelledError(
          "linear classifier: stopped before its problems were solved");
    }
    const int64_t dimension = rows_.dimension();
    std::vector<double> weights(dimension * num_scores_);
    for (int64_t k = 0; k < num_scores_; ++k) {
      const std::vector<double>& of_score = training->solutions[k].weights;
      for (int64_t j = 0; j < dimension; ++j) {
        weights[j * num_scores_ + k] = of_score[j];
      }
    }
    return LinearClassifier::Create(std::move(classes_), rows_.num_features,
                                    rows_.bias, std::move(weights));
  }

 private:
  LinearSolution Solve(int64_t score, LinearSolver solver,
                       const LinearSolution* start, runtime::Rng rng,
                       const runtime::Runtime& runtime) const {
    // The single score of two classes is that of the larger one.
    const double positive = classes_[num_scores_ == 1 ? 1 : score];
    std::vector<int8_t> signs(labels_.size());
    for (size_t row = 0; row < labels_.size(); ++row) {
      signs[row] = labels_[row] == positive ? 1 : -1;
    }
    const LinearProblem problem = {.rows = rows_,
                                   .signs = signs,
                                   .loss = options_.loss,
                                   .c = options_.c,
                                   .gram = gram_.empty() ? nullptr : &gram_};
    const bool dual = solver == LinearSolver::kDualCoordinateDescent;
    if (start != nullptr &&
        (dual ? start->dual.size() != signs.size()
              : static_cast<int64_t>(start->weights.size()) !=
                    rows_.dimension())) {
      start = nullptr;
    }
    return SolveLinear(problem, solver,
                       {.tolerance = options_.tolerance,
                        .max_iterations = options_.max_iterations},
                       rng, start, runtime);
  }

  FeatureRows rows_;
  const std::vector<double>& labels_;
  const LinearClassifierOptions& options_;
  std::vector<double> classes_;
  int64_t num_scores_ = 0;
  std::vector<double> gram_;  // if the problems can use it
};

template <typename Dataset>
absl::StatusOr<LinearClassifier> Train(const Dataset& data,
                                       const LinearClassifierOptions& options,
                                       runtime::Rng rng,
                                       const runtime::Runtime& runtime,
                                       LinearTraining* training) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(
      internal::CheckHasRows("a linear classifier", data.num_rows()));
  MUSTER_RETURN_IF_ERROR(Validate(data));
  const FeatureRows rows = FeatureRows::Of(data, std::max(0.0, options.bias));
  return Trainer(rows, data.labels, options).Run(rng, runtime, training);
}

// predict(row) of every row.
template <typename PredictRow>
std::vector<double> PredictRows(int64_t num_rows,
                                const runtime::Runtime& runtime,
                                PredictRow&& predict) {
  std::vector<double> labels(num_rows);
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(num_rows, kRowsPerBlock),
      [&](int64_t, runtime::Block block) {
        for (int64_t row = block.begin; row < block.end; ++row) {
          labels[row] = predict(row);
        }
      });
  return labels;
}

template <typename Dataset>
absl::StatusOr<double> AccuracyOn(const LinearClassifier& classifier,
                                  const Dataset& data,
                                  const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(const std::vector<double> predicted,
                          classifier.PredictAll(data, runtime));
  if (predicted.empty()) return 1.0;
  int64_t correct = 0;
  for (size_t row = 0; row < predicted.size(); ++row) {
    if (predicted[row] == data.labels[row]) ++correct;
  }
  return static_cast<double>(correct) / static_cast<double>(predicted.size());
}

// scores <- scores + value weights.
void AddFeature(double value, const double* weights, std::span<double> scores) {
  for (size_t k = 0; k < scores.size(); ++k) scores[k] += value * weights[k];
}

}  // namespace

absl::Status Validate(const LinearClassifierOptions& options) {
  if (!(options.c > 0) || !std::isfinite(options.c)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("LinearClassifierOptions.c is %g, must be > 0 and "
                        "finite",
                        options.c));
  }
  if (!std::isfinite(options.bias)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "LinearClassifierOptions.bias is %g, must be finite (<= 0: none)",
        options.bias));
  }
  if (!(options.tolerance > 0)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("LinearClassifierOptions.tolerance is %g, must be > 0",
                        options.tolerance));
  }
  if (options.max_iterations < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "LinearClassifierOptions.max_iterations is %d, must be >= 1",
        options.max_iterations));
  }
  return absl::OkStatus();
}

absl::StatusOr<LinearClassifier> LinearClassifier::Create(
    std::vector<double> classes, int64_t num_features, double bias,
    std::vector<double> weights) {
  if (classes.empty()) {
    return absl::InvalidArgumentError("a linear classifier needs a class");
  }
  for (size_t k = 0; k < classes.size(); ++k) {
    if (!std::isfinite(classes[k]) || (k > 0 && classes[k] <= classes[k - 1])) {
      return absl::InvalidArgumentError(
          absl::StrFormat("class %d is %g, classes must be finite and increase",
                          k, classes[k]));
    }
  }
  if (num_features < 0 || !std::isfinite(bias)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "num_features is %d and bias %g, must be >= 0 and finite", num_features,
        bias));
  }
  LinearClassifier classifier(std::move(classes), num_features, bias,
                              std::move(weights));
  const int64_t rows = num_features + (bias > 0 ? 1 : 0);
  const int64_t expected = rows * classifier.num_scores();
  if (static_cast<int64_t>(classifier.weights_.size()) != expected) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d weights, must be %d: %d features (bias included) x %d scores",
        classifier.weights_.size(), expected, rows, classifier.num_scores()));
  }
  return classifier;
}

LinearClassifier::LinearClassifier(std::vector<double> classes,
                                   int64_t num_features, double bias,
                                   std::vector<double> weights)
    : classes_(std::move(classes)),
      num_features_(num_features),
      bias_(std::max(0.0, bias)),
      weights_(std::move(weights)) {}

void LinearClassifier::AddBias(std::span<double> scores) const {
  if (bias_ == 0) return;
  AddFeature(bias_, weights_.data() + num_features_ * num_scores(), scores);
}

void LinearClassifier::Scores(std::span<const float> row,
                              std::span<double> scores) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(row.size()), num_features_);
  MUSTER_CHECK_EQ(static_cast<int64_t>(scores.size()), num_scores());
  std::fill(scores.begin(), scores.end(), 0.0);
  if (scores.size() == 1) {
    scores[0] =
        internal::DotOfDense(row.data(), num_features_, weights_.data());
  } else {
    for (size_t j = 0; j < row.size(); ++j) {
      if (row[j] == 0) continue;
      AddFeature(row[j], weights_.data() + j * scores.size(), scores);
    }
  }
  AddBias(scores);
}

void LinearClassifier::Scores(std::span<const int32_t> columns,
                              std::span<const float> values,
                              std::span<double> scores) const {
  MUSTER_CHECK_EQ(columns.size(), values.size());
  MUSTER_CHECK_EQ(static_cast<int64_t>(scores.size()), num_scores());
  std::fill(scores.begin(), scores.end(), 0.0);
  for (size_t e = 0; e < columns.size(); ++e) {
    if (columns[e] >= num_features_) break;
    AddFeature(values[e], weights_.data() + columns[e] * scores.size(), scores);
  }
  AddBias(scores);
}

double LinearClassifier::Label(std::span<const double> scores) const {
  if (scores.empty()) return classes_[0];
  if (scores.size() == 1) return classes_[scores[0] > 0 ? 1 : 0];
  return classes_[std::max_element(scores.begin(), scores.end()) -
                  scores.begin()];
}

double LinearClassifier::Predict(std::span<const float> row) const {
  std::vector<double> scores(num_scores());
  Scores(row, scores);
  return Label(scores);
}

double LinearClassifier::Predict(std::span<const int32_t> columns,
                                 std::span<const float> values) const {
  std::vector<double> scores(num_scores());
  Scores(columns, values, scores);
  return Label(scores);
}

absl::StatusOr<std::vector<double>> LinearClassifier::PredictAll(
    const DenseDataset& data, const runtime::Runtime& runtime) const {
  if (data.num_features != num_features_) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the data has %d features, the classifier was trained on %d",
        data.num_features, num_features_));
  }
  MUSTER_RETURN_IF_ERROR(ValidateShape(data));
  return PredictRows(data.num_rows(), runtime,
                     [&](int64_t row) { return Predict(data.Row(row)); });
}

absl::StatusOr<std::vector<double>> LinearClassifier::PredictAll(
    const SparseDataset& data, const runtime::Runtime& runtime) const {
  return PredictRows(data.num_rows(), runtime, [&](int64_t row) {
    return Predict(data.RowColumns(row), data.RowValues(row));
  });
}

absl::StatusOr<double> Accuracy(const LinearClassifier& classifier,
                                const DenseDataset& data,
                                const runtime::Runtime& runtime) {
  return AccuracyOn(classifier, data, runtime);
}

absl::StatusOr<double> Accuracy(const LinearClassifier& classifier,
                                const SparseDataset& data,
                                const runtime::Runtime& runtime) {
  return AccuracyOn(classifier, data, runtime);
}

absl::StatusOr<LinearClassifier> TrainLinearClassifier(
    const DenseDataset& data, const LinearClassifierOptions& options,
    runtime::Rng rng, const runtime::Runtime& runtime,
    LinearTraining* training) {
  return Train(data, options, rng, runtime, training);
}

absl::StatusOr<LinearClassifier> TrainLinearClassifier(
    const SparseDataset& data, const LinearClassifierOptions& options,
    runtime::Rng rng, const runtime::Runtime& runtime,
    LinearTraining* training) {
  return Train(data, options, rng, runtime, training);
}

}  // namespace muster::models
