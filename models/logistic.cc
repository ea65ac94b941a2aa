#include "muster/models/logistic.h"

#include <algorithm>
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

// Rows of a block of the full sums at least: large enough that d additions per
// block vanish beside the rows, small enough for a few blocks on small sets.
constexpr int64_t kMinRowsPerBlock = 2048;
constexpr int kMaxPowerIterations = 1000;
constexpr double kPowerTolerance = 1e-6;

// ln(1 + exp(-margin)) without overflow.
double LogisticLoss(double margin) {
  const double tail = runtime::Log(1 + runtime::Exp(-std::abs(margin)));
  return margin < 0 ? tail - margin : tail;
}

// 1 / (1 + exp(margin)) without overflow.
double ReverseSigmoid(double margin) {
  if (margin >= 0) {
    const double e = runtime::Exp(-margin);
    return e / (1 + e);
  }
  return 1 / (1 + runtime::Exp(margin));
}

}  // namespace

absl::Status Validate(const LogisticOptions& options) {
  return internal::CheckL2("LogisticOptions", options.l2);
}

absl::StatusOr<LogisticRegression> LogisticRegression::Create(
    std::shared_ptr<const SparseDataset> data, const LogisticOptions& options) {
  MUSTER_CHECK(data != nullptr);
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(
      internal::CheckHasRows("logistic regression", data->num_rows()));
  bool has_zero = false;
  bool has_minus_one = false;
  for (int64_t row = 0; row < data->num_rows(); ++row) {
    const double label = data->labels[row];
    has_zero = has_zero || label == 0;
    has_minus_one = has_minus_one || label == -1;
    if ((label != 1 && label != 0 && label != -1) ||
        (has_zero && has_minus_one)) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "row %d has label %g, logistic regression needs -1 and +1, or 0 and "
          "1, throughout",
          row, label));
    }
  }
  return LogisticRegression(std::move(data), options);
}

std::vector<double> LogisticRegression::InitialPoint() const {
  return std::vector<double>(dimension(), 0.0);
}

double LogisticRegression::LossDerivative(int64_t row,
                                          std::span<const double> x) const {
  const double y = sign(row);
  const double margin =
      y * SparseDot(data_->RowColumns(row), data_->RowValues(row), x);
  return -y * ReverseSigmoid(margin);
}

double LogisticRegression::Objective(std::span<const double> x,
                                     const runtime::Runtime& runtime) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension());
  const auto blocks = CutRows(num_rows(), kMinRowsPerBlock);
  const double total =
      runtime::SumBlocks(runtime, blocks, [&](int64_t, runtime::Block block) {
        double sum = 0;
        for (int64_t row = block.begin; row < block.end; ++row) {
          sum += LogisticLoss(sign(row) * SparseDot(data_->RowColumns(row),
                                                    data_->RowValues(row), x));
        }
        return sum;
      });
  return total / static_cast<double>(num_rows()) +
         0.5 * options_.l2 * SquaredNorm(x);
}

void LogisticRegression::Gradient(std::span<const double> x,
                                  std::span<double> gradient,
                                  const runtime::Runtime& runtime) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension());
  MUSTER_CHECK_EQ(static_cast<int64_t>(gradient.size()), dimension());
  const auto blocks = CutRows(num_rows(), kMinRowsPerBlock);
  std::vector<std::vector<double>> sums(blocks.size());
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t index, runtime::Block block) {
        std::vector<double>& sum = sums[index];
        sum.assign(dimension(), 0.0);
        for (int64_t row = block.begin; row < block.end; ++row) {
          SparseAddScaled(LossDerivative(row, x), data_->RowColumns(row),
                          data_->RowValues(row), sum);
        }
      });
  std::fill(gradient.begin(), gradient.end(), 0.0);
  for (const std::vector<double>& sum : sums) AddScaled(1.0, sum, gradient);
  Scale(1.0 / static_cast<double>(num_rows()), gradient);
  AddScaled(options_.l2, x, gradient);
}

void LogisticRegression::StochasticGradient(std::span<const double> x,
                                            int64_t samples, runtime::Rng rng,
                                            std::span<double> gradient) const {
  MUSTER_CHECK_GE(samples, 1);
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), dimension());
  MUSTER_CHECK_EQ(static_cast<int64_t>(gradient.size()), dimension());
  for (int64_t i = 0; i < dimension(); ++i) gradient[i] = options_.l2 * x[i];
  const double weight = 1.0 / static_cast<double>(samples);
  for (int64_t sample = 0; sample < samples; ++sample) {
    const int64_t row = runtime::UniformInt(rng, num_rows());
    SparseAddScaled(weight * LossDerivative(row, x), data_->RowColumns(row),
                    data_->RowValues(row), gradient);
  }
}

double LogisticRegression::GradientVariance(
    std::span<const double> x, const runtime::Runtime& runtime) const {
  // The regulariser shifts every gradient alike: E ||h_i - E h||^2 with h_i the
  // gradient of row i's loss, as E ||h_i||^2 - ||E h||^2.
  std::vector<double> mean(dimension());
  Gradient(x, mean, runtime);
  AddScaled(-options_.l2, x, mean);
  const auto blocks = CutRows(num_rows(), kMinRowsPerBlock);
  const double total =
      runtime::SumBlocks(runtime, blocks, [&](int64_t, runtime::Block block) {
        double sum = 0;
        for (int64_t row = block.begin; row < block.end; ++row) {
          const double derivative = LossDerivative(row, x);
          double norm2 = 0;
          for (float value : data_->RowValues(row)) {
            norm2 += static_cast<double>(value) * value;
          }
          sum += derivative * derivative * norm2;
        }
        return sum;
      });
  return std::max(0.0,
                  total / static_cast<double>(num_rows()) - SquaredNorm(mean));
}

double LogisticRegression::Smoothness() const {
  const int64_t d = dimension();
  if (d == 0) return options_.l2;
  std::vector<double> v(d, 1 / std::sqrt(static_cast<double>(d)));
  std::vector<double> product(d);
  double estimate = 0;
  for (int iteration = 0; iteration < kMaxPowerIterations; ++iteration) {
    std::fill(product.begin(), product.end(), 0.0);
    for (int64_t row = 0; row < num_rows(); ++row) {
      const double inner =
          SparseDot(data_->RowColumns(row), data_->RowValues(row), v);
      SparseAddScaled(inner, data_->RowColumns(row), data_->RowValues(row),
                      product);
    }
    const double norm = std::sqrt(SquaredNorm(product));
    if (norm == 0) break;
    const bool settled = norm - estimate <= kPowerTolerance * norm;
    estimate = norm;
    for (int64_t i = 0; i < d; ++i) v[i] = product[i] / norm;
    if (settled) break;
  }
  return estimate / (4 * static_cast<double>(num_rows())) + options_.l2;
}

double LogisticRegression::RowSmoothness() const {
  double largest = 0;
  for (int64_t row = 0; row < num_rows(); ++row) {
    double norm2 = 0;
    for (float value : data_->RowValues(row)) {
      norm2 += static_cast<double>(value) * value;
    }
    largest = std::max(largest, norm2);
  }
  return largest / 4 + options_.l2;
}

}  // namespace muster::models
