#include "muster/models/quadratic.h"

#include <cmath>
#include <numbers>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

// One vector of 2^31 doubles is 16 GiB: beyond that the option is a typing
// error.
constexpr int64_t kMaxDimension = int64_t{1} << 31;

// lambda_j of the problem of dimension d, j = 1..d.
double Eigenvalue(int64_t dimension, int64_t j) {
  const double angle = std::numbers::pi * static_cast<double>(j) /
                       (2.0 * static_cast<double>(dimension + 1));
  const double sine = std::sin(angle);
  return sine * sine;
}

// base^exponent by squaring: multiplications only, so the same bits everywhere.
double Power(double base, int64_t exponent) {
  double result = 1;
  for (double factor = base; exponent > 0; exponent >>= 1, factor *= factor) {
    if (exponent & 1) result *= factor;
  }
  return result;
}

}  // namespace

absl::Status Validate(const QuadraticOptions& options) {
  if (options.dimension < 1 || options.dimension > kMaxDimension) {
    return absl::InvalidArgumentError(
        absl::StrFormat("QuadraticOptions.dimension is %d, must be in [1, %d]",
                        options.dimension, kMaxDimension));
  }
  if (!(options.noise_variance >= 0) ||
      !std::isfinite(options.noise_variance)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "QuadraticOptions.noise_variance is %g, must be finite and >= 0 (0: "
        "exact gradients)",
        options.noise_variance));
  }
  return absl::OkStatus();
}

absl::StatusOr<Quadratic> Quadratic::Create(const QuadraticOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return Quadratic(options);
}

std::vector<double> Quadratic::InitialPoint() const {
  std::vector<double> x(dimension(), 0.0);
  x[0] = std::sqrt(static_cast<double>(dimension()));
  return x;
}

double Quadratic::Objective(std::span<const double> x) const {
  const int64_t d = dimension();
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), d);
  // x'(tridiag(-1, 2, -1))x = x_1^2 + sum_i (x_i - x_{i+1})^2 + x_d^2: a sum of
  // squares, so no cancellation near the minimum.
  double squares = x[0] * x[0] + x[d - 1] * x[d - 1];
  for (int64_t i = 0; i + 1 < d; ++i) {
    const double difference = x[i] - x[i + 1];
    squares += difference * difference;
  }
  return 0.125 * squares + 0.25 * x[0];
}

void Quadratic::Gradient(std::span<const double> x,
                         std::span<double> gradient) const {
  const int64_t d = dimension();
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), d);
  MUSTER_CHECK_EQ(static_cast<int64_t>(gradient.size()), d);
  if (d == 1) {
    gradient[0] = 0.5 * x[0] + 0.25;
    return;
  }
  gradient[0] = 0.25 * (2 * x[0] - x[1] + 1);
  for (int64_t i = 1; i + 1 < d; ++i) {
    gradient[i] = 0.25 * (2 * x[i] - x[i - 1] - x[i + 1]);
  }
  gradient[d - 1] = 0.25 * (2 * x[d - 1] - x[d - 2]);
}

double Quadratic::GradientSquaredNorm(std::span<const double> x) const {
  const int64_t d = dimension();
  MUSTER_CHECK_EQ(static_cast<int64_t>(x.size()), d);
  double sum = 0;
  for (int64_t i = 0; i < d; ++i) {
    const double left = i > 0 ? x[i - 1] : -1.0;  // b_1 = -1/4
    const double right = i + 1 < d ? x[i + 1] : 0.0;
    const double g = 0.25 * (2 * x[i] - left - right);
    sum += g * g;
  }
  return sum;
}

void Quadratic::StochasticGradient(std::span<const double> x, int64_t samples,
                                   runtime::Rng rng,
                                   std::span<double> gradient) const {
  MUSTER_CHECK_GE(samples, 1);
  Gradient(x, gradient);
  if (options_.noise_variance == 0) return;
  const double deviation =
      std::sqrt(options_.noise_variance / static_cast<double>(dimension()) /
                static_cast<double>(samples));
  for (double& g : gradient) g += deviation * runtime::Normal(rng);
}

double Quadratic::Minimum() const {
  const double d = static_cast<double>(dimension());
  return -0.125 * d / (d + 1);
}

std::vector<double> Quadratic::Minimizer() const {
  const int64_t d = dimension();
  std::vector<double> x(d);
  for (int64_t i = 0; i < d; ++i) {
    x[i] = -static_cast<double>(d - i) / static_cast<double>(d + 1);
  }
  return x;
}

double Quadratic::Smoothness() const {
  return Eigenvalue(dimension(), dimension());
}

double Quadratic::StrongConvexity() const { return Eigenvalue(dimension(), 1); }

QuadraticSgdOracle::QuadraticSgdOracle(const Quadratic& problem,
                                       std::span<const double> start,
                                       double step, int64_t batch)
    : step_(step),
      coordinate_variance_(problem.options().noise_variance /
                           static_cast<double>(problem.dimension()) /
                           static_cast<double>(batch)) {
  MUSTER_CHECK_GT(step, 0);
  MUSTER_CHECK_GE(batch, 1);
  const int64_t d = problem.dimension();
  MUSTER_CHECK_EQ(static_cast<int64_t>(start.size()), d);
  std::vector<double> offset = problem.Minimizer();
  for (int64_t i = 0; i < d; ++i) offset[i] = start[i] - offset[i];
  lambda_.resize(d);
  coefficient2_.resize(d);
  // sin(i j pi / (d + 1)) depends on i j modulo 2 (d + 1) alone.
  std::vector<double> sine(2 * (d + 1));
  for (int64_t m = 0; m < 2 * (d + 1); ++m) {
    sine[m] = std::sin(std::numbers::pi * static_cast<double>(m) /
                       static_cast<double>(d + 1));
  }
  for (int64_t j = 1; j <= d; ++j) {
    lambda_[j - 1] = Eigenvalue(d, j);
    double sum = 0;
    for (int64_t i = 1; i <= d; ++i) {
      sum += offset[i - 1] * sine[(i * j) % (2 * (d + 1))];
    }
    coefficient2_[j - 1] = sum * sum * 2.0 / static_cast<double>(d + 1);
  }
}

QuadraticSgdOracle::Expected QuadraticSgdOracle::After(int64_t steps) const {
  MUSTER_CHECK_GE(steps, 0);
  Expected expected = {.gap = 0, .gradient_squared_norm = 0};
  for (size_t j = 0; j < lambda_.size(); ++j) {
    const double q = 1 - step_ * lambda_[j];
    const double q2 = q * q;
    const double shrink = Power(q2, steps);
    // (1 - q^{2k}) / (1 - q^2), whose limit is k when q^2 = 1.
    const double series =
        q2 == 1 ? static_cast<double>(steps) : (1 - shrink) / (1 - q2);
    const double second_moment = coefficient2_[j] * shrink +
                                 step_ * step_ * coordinate_variance_ * series;
    expected.gap += 0.5 * lambda_[j] * second_moment;
    expected.gradient_squared_norm += lambda_[j] * lambda_[j] * second_moment;
  }
  return expected;
}

}  // namespace muster::models
