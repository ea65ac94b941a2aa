#include "muster/models/cross_validation.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <span>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/models/model_checks.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

// Rows by index, sorted: a data set of their own.
DenseDataset Select(const DenseDataset& data, std::span<const int64_t> rows) {
  DenseDataset result = {.num_features = data.num_features};
  result.values.reserve(rows.size() * data.num_features);
  result.labels.reserve(rows.size());
  for (int64_t row : rows) {
    const std::span<const float> values = data.Row(row);
    result.values.insert(result.values.end(), values.begin(), values.end());
    result.labels.push_back(data.labels[row]);
  }
  return result;
}

SparseDataset Select(const SparseDataset& data, std::span<const int64_t> rows) {
  return SelectRows(data, rows);
}

// The rows to use, ascending.
std::vector<int64_t> SampleRows(int64_t num_rows, int64_t max_rows,
                                runtime::Rng rng) {
  std::vector<int64_t> rows;
  if (num_rows > max_rows) {
    runtime::SampleWithoutReplacement(rng, num_rows, max_rows, &rows);
    std::sort(rows.begin(), rows.end());
  } else {
    rows.resize(num_rows);
    std::iota(rows.begin(), rows.end(), int64_t{0});
  }
  return rows;
}

// Correct predictions of one fold for each C of the grid.
template <typename Dataset>
absl::StatusOr<std::vector<int64_t>> RunFold(const Dataset& training_rows,
                                             const Dataset& test_rows,
                                             LinearClassifierOptions options,
                                             const std::vector<double>& grid,
                                             runtime::Rng rng,
                                             const runtime::Runtime& runtime) {
  std::vector<int64_t> correct;
  LinearTraining training;
  for (size_t i = 0; i < grid.size(); ++i) {
    options.c = grid[i];
    MUSTER_ASSIGN_OR_RETURN(
        const LinearClassifier classifier,
        TrainLinearClassifier(training_rows, options, rng.Fork("c", i), runtime,
                              &training));
    MUSTER_ASSIGN_OR_RETURN(const std::vector<double> predicted,
                            classifier.PredictAll(test_rows, runtime));
    int64_t count = 0;
    for (size_t row = 0; row < predicted.size(); ++row) {
      if (predicted[row] == test_rows.labels[row]) ++count;
    }
    correct.push_back(count);
  }
  return correct;
}

template <typename Dataset>
absl::StatusOr<CrossValidation> CrossValidateOn(
    const Dataset& data, const LinearClassifierOptions& options,
    const CrossValidationOptions& cross_validation, runtime::Rng rng,
    const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(Validate(cross_validation));
  MUSTER_RETURN_IF_ERROR(
      internal::CheckHasRows("cross-validation", data.num_rows()));
  MUSTER_RETURN_IF_ERROR(Validate(data));
  const std::vector<double>& grid = cross_validation.grid;
  const std::vector<int64_t> used = SampleRows(
      data.num_rows(), cross_validation.max_rows, rng.Fork("sample"));
  std::vector<double> labels;
  labels.reserve(used.size());
  for (int64_t row : used) labels.push_back(data.labels[row]);
  const auto num_used = static_cast<int64_t>(used.size());
  CrossValidation result;
  result.num_folds = std::min(cross_validation.num_folds, num_used);
  const auto [low, high] = std::minmax_element(labels.begin(), labels.end());
  if (num_used < 2 || *low == *high) {
    result.best_c = grid.front();
    result.accuracies.assign(grid.size(), 1.0);
    return result;
  }
  const std::vector<int64_t> folds =
      StratifiedFolds(labels, result.num_folds, rng.Fork("folds"));
  std::vector<std::vector<int64_t>> correct(result.num_folds);
  const runtime::Runtime inner = {.threads = runtime.threads,
                                  .stop = runtime.stop};
  MUSTER_RETURN_IF_ERROR(runtime::TryParallelForEach(
      runtime, result.num_folds, [&](int64_t fold) -> absl::Status {
        std::vector<int64_t> inside;
        std::vector<int64_t> outside;
        for (int64_t i = 0; i < num_used; ++i) {
          (folds[i] == fold ? inside : outside).push_back(used[i]);
        }
        MUSTER_ASSIGN_OR_RETURN(
            correct[fold],
            RunFold(Select(data, outside), Select(data, inside), options, grid,
                    rng.Fork("fold", fold), inner));
        return absl::OkStatus();
      }));
  size_t best = 0;
  std::vector<int64_t> totals(grid.size());
  for (size_t i = 0; i < grid.size(); ++i) {
    for (const std::vector<int64_t>& of_fold : correct) totals[i] += of_fold[i];
    result.accuracies.push_back(static_cast<double>(totals[i]) /
                                static_cast<double>(num_used));
    if (totals[i] > totals[best]) best = i;
  }
  result.best_c = grid[best];
  return result;
}

}  // namespace

absl::Status Validate(const CrossValidationOptions& options) {
  if (options.num_folds < 2) {
    return absl::InvalidArgumentError(
        absl::StrFormat("CrossValidationOptions.num_folds is %d, must be >= 2",
                        options.num_folds));
  }
  if (options.max_rows < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("CrossValidationOptions.max_rows is %d, must be >= 1",
                        options.max_rows));
  }
  if (options.grid.empty()) {
    return absl::InvalidArgumentError(
        "CrossValidationOptions.grid is empty, must have a value of C");
  }
  double previous = 0;
  for (size_t i = 0; i < options.grid.size(); ++i) {
    if (!(options.grid[i] > previous) || !std::isfinite(options.grid[i])) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "CrossValidationOptions.grid[%d] is %g after %g, values must be "
          "positive, finite and increase",
          i, options.grid[i], previous));
    }
    previous = options.grid[i];
  }
  return absl::OkStatus();
}

std::vector<int64_t> StratifiedFolds(const std::vector<double>& labels,
                                     int64_t num_folds, runtime::Rng rng) {
  MUSTER_CHECK_GE(num_folds, 1);
  std::vector<int64_t> order(labels.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  runtime::Shuffle(rng, std::span(order));
  std::stable_sort(order.begin(), order.end(),
                   [&](int64_t a, int64_t b) { return labels[a] < labels[b]; });
  std::vector<int64_t> folds(labels.size());
  for (size_t i = 0; i < order.size(); ++i) {
    folds[order[i]] = static_cast<int64_t>(i) % num_folds;
  }
  return folds;
}

absl::StatusOr<CrossValidation> CrossValidateC(
    const DenseDataset& data, const LinearClassifierOptions& options,
    const CrossValidationOptions& cross_validation, runtime::Rng rng,
    const runtime::Runtime& runtime) {
  return CrossValidateOn(data, options, cross_validation, rng, runtime);
}

absl::StatusOr<CrossValidation> CrossValidateC(
    const SparseDataset& data, const LinearClassifierOptions& options,
    const CrossValidationOptions& cross_validation, runtime::Rng rng,
    const runtime::Runtime& runtime) {
  return CrossValidateOn(data, options, cross_validation, rng, runtime);
}

}  // namespace muster::models
