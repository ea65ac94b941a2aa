#include "muster/models/softmax.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "muster/models/feature_rows.h"
#include "muster/models/model_checks.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/math.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr int64_t kMaxClasses = 64;
// As in logistic.cc; a row costs K times as much.
constexpr int64_t kMinRowsPerBlock = 1024;

// Turns scores z into probabilities exp(z_k) / sum exp(z) in place; returns
// ln sum exp(z).
double Normalise(std::span<double> scores) {
  const double largest = *std::max_element(scores.begin(), scores.end());
  double sum = 0;
  for (double& score : scores) {
    score = runtime::Exp(score - largest);
    sum += score;
  }
  for (double& score : scores) score /= sum;
  return largest + runtime::Log(sum);
}

}  // namespace

absl::Status Validate(const SoftmaxOptions& options) {
  if (options.num_classes < 2 || options.num_classes > kMaxClasses) {
    return absl::InvalidArgumentError(
        absl::StrFormat("SoftmaxOptions.num_classes is %d, must be in [2, %d]",
                        options.num_classes, kMaxClasses));
  }
  return internal::CheckL2("SoftmaxOptions", options.l2);
}

absl::StatusOr<SoftmaxRegression> SoftmaxRegression::Create(
    std::shared_ptr<const SparseDataset> data, const SoftmaxOptions& options) {
  MUSTER_CHECK(data != nullptr);
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(
      internal::CheckHasRows("softmax regression", data->num_rows()));
  for (int64_t row = 0; row < data->num_rows(); ++row) {
    const double label = data->labels[row];
    if (!(label >= 0 && label < static_cast<double>(options.num_classes)) ||
        label != std::floor(label)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "row %d has label %g, must be a whole number in [0, %d)", row, label,
          options.num_classes));
    }
  }
  return SoftmaxRegression(std::move(data), options);
}

std::vector<double> SoftmaxRegression::InitialPoint() const {
  return std::vector<double>(dimension(), 0.0);
}

void SoftmaxRegression::Scores(int64_t row, std::span<const double> x,
                               std::span<double> scores) const {
  const int64_t num_classes = options_.num_classes;
  const double* intercepts = &x[data_->num_features * num_classes];
  for (int64_t k = 0; k < num_classes; ++k) scores[k] = intercepts[k];
  const std::span<const int32_t> columns = data_->RowColumns(row);
  const std::span<const float> values = data_->RowValues(row);
  for (size_t e = 0; e < columns.size(); ++e) {
    AddScaled(values[e], x.subspan(columns[e] * num_classes, num_classes),
              scores);
  }
}

double SoftmaxRegression::AddRowGradient(int64_t row, std::span<const double> x,
                                         double weight,
                                         std::span<double> gradient) const {
  const int64_t num_classes = options_.num_classes;
  const auto label = static_cast<int64_t>(data_->labels[row]);
  std::array<double, kMaxClasses> buffer;
  const std::span<double> residual(buffer.data(), num_classes);
  Scores(row, x, residual);
  const double label_score = residual[label];
  const double loss = Normalise(residual) - label_score;
  residual[label] -= 1;
  Scale(weight, residual);
  const std::span<const int32_t> columns = data_->RowColumns(row);
  const std::span<const float> values = data_->RowValues(row);
  for (size_t e = 0; e < columns.size(); ++e) {
    AddScaled(values[e], residual,
              gradient.subspan(columns[e] * num_classes, num_classes));
  }
  AddScaled(1.0, residual,
            gradient.subspan(data_->num_features * num_classes, num_classes));
  return loss;
}

double SoftmaxRegression::Objective(std::span<const double> x,
                                    const runtime::Runtime& runtime) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension());
  const auto blocks = CutRows(num_rows(), kMinRowsPerBlock);
  const double total =
      runtime::SumBlocks(runtime, blocks, [&](int64_t, runtime::Block block) {
        std::array<double, kMaxClasses> buffer;
        const std::span<double> scores(buffer.data(), options_.num_classes);
        double sum = 0;
        for (int64_t row = block.begin; row < block.end; ++row) {
          Scores(row, x, scores);
          const double label_score =
              scores[static_cast<int64_t>(data_->labels[row])];
          sum += Normalise(scores) - label_score;
        }
        return sum;
      });
  return total / static_cast<double>(num_rows()) +
         0.5 * options_.l2 * SquaredNorm(x);
}

double SoftmaxRegression::ObjectiveAndGradient(
    std::span<const double> x, std::span<double> gradient,
    const runtime::Runtime& runtime) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension());
  MUSTER_CHECK_EQ(static_cast<int64_t>(gradient.size()), dimension());
  const auto blocks = CutRows(num_rows(), kMinRowsPerBlock);
  std::vector<std::vector<double>> sums(blocks.size());
  const double weight = 1.0 / static_cast<double>(num_rows());
  const double total = runtime::SumBlocks(
      runtime, blocks, [&](int64_t index, runtime::Block block) {
        sums[index].assign(dimension(), 0.0);
        double loss = 0;
        for (int64_t row = block.begin; row < block.end; ++row) {
          loss += AddRowGradient(row, x, weight, sums[index]);
        }
        return loss;
      });
  for (int64_t i = 0; i < dimension(); ++i) gradient[i] = options_.l2 * x[i];
  for (const std::vector<double>& sum : sums) AddScaled(1.0, sum, gradient);
  return total / static_cast<double>(num_rows()) +
         0.5 * options_.l2 * SquaredNorm(x);
}

void SoftmaxRegression::Gradient(std::span<const double> x,
                                 std::span<double> gradient,
                                 const runtime::Runtime& runtime) const {
  ObjectiveAndGradient(x, gradient, runtime);
}

double SoftmaxRegression::ErrorRate(std::span<const double> x,
                                    const runtime::Runtime& runtime) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension());
  const auto blocks = CutRows(num_rows(), kMinRowsPerBlock);
  std::vector<int64_t> errors(blocks.size());
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t index, runtime::Block block) {
        std::array<double, kMaxClasses> buffer;
        const std::span<double> scores(buffer.data(), options_.num_classes);
        for (int64_t row = block.begin; row < block.end; ++row) {
          Scores(row, x, scores);
          const int64_t best =
              std::max_element(scores.begin(), scores.end()) - scores.begin();
          if (best != static_cast<int64_t>(data_->labels[row])) {
            ++errors[index];
          }
        }
      });
  int64_t total = 0;
  for (int64_t count : errors) total += count;
  return static_cast<double>(total) / static_cast<double>(num_rows());
}

void SoftmaxRegression::StochasticGradient(std::span<const double> x,
                                           int64_t samples, runtime::Rng rng,
                                           std::span<double> gradient) const {
  StochasticLossAndGradient(x, samples, rng, gradient);
}

double SoftmaxRegression::StochasticLossAndGradient(
    std::span<const double> x, int64_t samples, runtime::Rng rng,
    std::span<double> gradient) const {
  MUSTER_CHECK_GE(samples, 1);
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension());
  MUSTER_CHECK_EQ(static_cast<int64_t>(gradient.size()), dimension());
  if (options_.l2 == 0) {
    std::fill(gradient.begin(), gradient.end(), 0.0);
  } else {
    for (int64_t i = 0; i < dimension(); ++i) gradient[i] = options_.l2 * x[i];
  }
  const double weight = 1.0 / static_cast<double>(samples);
  double loss = 0;
  for (int64_t sample = 0; sample < samples; ++sample) {
    const int64_t row = runtime::UniformInt(rng, num_rows());
    loss += AddRowGradient(row, x, weight, gradient);
  }
  return loss * weight;
}

double SoftmaxRegression::SmoothnessBound() const {
  double largest = 0;
  for (int64_t row = 0; row < num_rows(); ++row) {
    double norm2 = 0;
    for (float value : data_->RowValues(row)) {
      norm2 += static_cast<double>(value) * value;
    }
    largest = std::max(largest, norm2);
  }
  return (largest + 1) / 2 + options_.l2;
}

}  // namespace muster::models
