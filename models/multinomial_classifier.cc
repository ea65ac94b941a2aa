#include "muster/models/multinomial_classifier.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/models/model_checks.h"
#include "muster/models/softmax.h"
#include "muster/runtime/check.h"
#include "muster/runtime/math.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr size_t kMaxClasses = 64;  // of softmax.h

// From scores of a classifier, which may be one fewer than the classes, to
// probabilities in place of `values`.
void Normalise(std::span<const double> scores, std::span<double> values) {
  // A single score is that of the larger class against 0.
  const size_t offset = values.size() - scores.size();
  std::fill(values.begin(), values.end(), 0.0);
  std::copy(scores.begin(), scores.end(),
            values.begin() + static_cast<int64_t>(offset));
  const double largest = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (double& value : values) {
    value = runtime::Exp(value - largest);
    sum += value;
  }
  for (double& value : values) value /= sum;
}

// A copy of `data` whose labels are positions in `classes`.
SparseDataset NumberLabels(const SparseDataset& data,
                           const std::vector<double>& classes) {
  SparseDataset numbered = data;
  for (double& label : numbered.labels) {
    label = static_cast<double>(
        std::lower_bound(classes.begin(), classes.end(), label) -
        classes.begin());
  }
  return numbered;
}

}  // namespace

absl::Status Validate(const MultinomialOptions& options) {
  MUSTER_RETURN_IF_ERROR(internal::CheckL2("MultinomialOptions", options.l2));
  if (!(options.tolerance > 0)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "MultinomialOptions.tolerance is %g, must be > 0", options.tolerance));
  }
  if (options.max_iterations < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("MultinomialOptions.max_iterations is %d, must be >= 1",
                        options.max_iterations));
  }
  return absl::OkStatus();
}

void MultinomialClassifier::Probabilities(
    std::span<const float> row, std::span<double> probabilities) const {
  MUSTER_CHECK_EQ(probabilities.size(), classes().size());
  std::vector<double> scores(scores_.num_scores());
  scores_.Scores(row, scores);
  Normalise(scores, probabilities);
}

void MultinomialClassifier::Probabilities(
    std::span<const int32_t> columns, std::span<const float> values,
    std::span<double> probabilities) const {
  MUSTER_CHECK_EQ(probabilities.size(), classes().size());
  std::vector<double> scores(scores_.num_scores());
  scores_.Scores(columns, values, scores);
  Normalise(scores, probabilities);
}

absl::StatusOr<MultinomialClassifier> TrainMultinomialClassifier(
    const SparseDataset& data, const MultinomialOptions& options,
    const runtime::Runtime& runtime, LbfgsResult* result) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(Validate(data));
  MUSTER_RETURN_IF_ERROR(
      internal::CheckHasRows("multinomial regression", data.num_rows()));
  LbfgsResult own;
  if (result == nullptr) result = &own;
  *result = {};
  std::vector<double> classes = data.labels;
  std::sort(classes.begin(), classes.end());
  classes.erase(std::unique(classes.begin(), classes.end()), classes.end());
  if (classes.size() > kMaxClasses) {
    return absl::InvalidArgumentError(
        absl::StrFormat("the data has %d classes, multinomial regression takes "
                        "at most %d; are the labels numbers of a regression?",
                        classes.size(), kMaxClasses));
  }
  constexpr double kBias = 1;
  if (classes.size() == 1) {
    MUSTER_ASSIGN_OR_RETURN(
        LinearClassifier constant,
        LinearClassifier::Create(std::move(classes), data.num_features, kBias,
                                 {}));
    return MultinomialClassifier(std::move(constant));
  }
  const auto num_classes = static_cast<int64_t>(classes.size());
  MUSTER_ASSIGN_OR_RETURN(
      const SoftmaxRegression problem,
      SoftmaxRegression::Create(
          std::make_shared<const SparseDataset>(NumberLabels(data, classes)),
          {.num_classes = num_classes, .l2 = options.l2}));
  std::vector<double> x = problem.InitialPoint();
  *result = MinimizeLbfgs(
      [&](std::span<const double> at, std::span<double> gradient) {
        return problem.ObjectiveAndGradient(at, gradient, runtime);
      },
      &x,
      {.max_iterations = options.max_iterations,
       .gradient_tolerance = options.tolerance},
      runtime);
  if (result->end == LbfgsEnd::kCaller && runtime::ShouldStop(runtime)) {
    return absl::CancelledError(
        "multinomial regression: stopped before it converged");
  }
  if (num_classes == 2) {
    for (size_t j = 0; 2 * j < x.size(); ++j) x[j] = x[2 * j + 1] - x[2 * j];
    x.resize(x.size() / 2);
  }
  MUSTER_ASSIGN_OR_RETURN(
      LinearClassifier scores,
      LinearClassifier::Create(std::move(classes), data.num_features, kBias,
                               std::move(x)));
  return MultinomialClassifier(std::move(scores));
}

absl::StatusOr<MultinomialClassifier> TrainMultinomialClassifier(
    const DenseDataset& data, const MultinomialOptions& options,
    const runtime::Runtime& runtime, LbfgsResult* result) {
  MUSTER_RETURN_IF_ERROR(ValidateShape(data));
  return TrainMultinomialClassifier(ToSparse(data), options, runtime, result);
}

}  // namespace muster::models
