#include "muster/models/logistic_newton.h"

#include <Eigen/Cholesky>
#include <Eigen/Core>
#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/math.h"
#include "muster/runtime/runtime.h"

namespace muster::models {
namespace {

constexpr int64_t kMaxDimension = 4096;
constexpr int kMaxIterations = 100;
constexpr int kMaxHalvings = 60;

// The Hessian of f at x: 1/m sum_i s_i (1 - s_i) a_i a_i' + lambda I with s_i
// = 1 / (1 + exp(-a_i'x)). Only the lower triangle is filled.
Eigen::MatrixXd Hessian(const LogisticRegression& problem,
                        std::span<const double> x) {
  const SparseDataset& data = problem.data();
  Eigen::MatrixXd hessian =
      Eigen::MatrixXd::Zero(problem.dimension(), problem.dimension());
  for (int64_t row = 0; row < data.num_rows(); ++row) {
    const std::span<const int32_t> columns = data.RowColumns(row);
    const std::span<const float> values = data.RowValues(row);
    const double e = runtime::Exp(-std::abs(SparseDot(columns, values, x)));
    const double weight = e / ((1 + e) * (1 + e));
    for (size_t j = 0; j < columns.size(); ++j) {
      for (size_t i = j; i < columns.size(); ++i) {
        hessian(columns[i], columns[j]) +=
            weight * values[i] * static_cast<double>(values[j]);
      }
    }
  }
  hessian /= static_cast<double>(data.num_rows());
  hessian.diagonal().array() += problem.l2();
  return hessian;
}

// Fills the objective and the gradient of minimum->x.
void Evaluate(const LogisticRegression& problem, LogisticMinimum* minimum,
              std::vector<double>* gradient) {
  const runtime::Runtime one_thread{.threads = 1};
  minimum->objective = problem.Objective(minimum->x, one_thread);
  problem.Gradient(minimum->x, *gradient, one_thread);
  minimum->gradient_squared_norm = SquaredNorm(*gradient);
}

}  // namespace

absl::StatusOr<LogisticMinimum> MinimizeByNewton(
    const LogisticRegression& problem, double tolerance) {
  if (!(problem.l2() > 0)) {
    return absl::InvalidArgumentError(
        "MinimizeByNewton needs l2 > 0: without it there may be no minimiser");
  }
  if (problem.dimension() > kMaxDimension) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "MinimizeByNewton factors a %d x %d matrix, at most %d is affordable",
        problem.dimension(), problem.dimension(), kMaxDimension));
  }
  LogisticMinimum minimum;
  minimum.x = problem.InitialPoint();
  std::vector<double> gradient(problem.dimension());
  Evaluate(problem, &minimum, &gradient);
  while (minimum.gradient_squared_norm > tolerance &&
         minimum.iterations < kMaxIterations) {
    const Eigen::Map<const Eigen::VectorXd> g(gradient.data(),
                                              problem.dimension());
    const Eigen::VectorXd step = Hessian(problem, minimum.x)
                                     .selfadjointView<Eigen::Lower>()
                                     .llt()
                                     .solve(g);
    // Half of what f falls by in a full step, to second order. Once it is lost
    // in the rounding of f, the gradient alone judges the step.
    const bool flat = g.dot(step) < 1e-12 * std::max(1.0, minimum.objective);
    bool improved = false;
    double scale = 1;
    for (int halving = 0; halving < kMaxHalvings && !improved; ++halving) {
      LogisticMinimum trial = minimum;
      std::vector<double> trial_gradient(problem.dimension());
      AddScaled(-scale, std::span(step.data(), step.size()), trial.x);
      Evaluate(problem, &trial, &trial_gradient);
      improved = flat ? trial.gradient_squared_norm <
                            0.5 * minimum.gradient_squared_norm
                      : trial.objective <
                            minimum.objective - 1e-4 * scale * g.dot(step);
      if (improved) {
        minimum = std::move(trial);
        gradient = std::move(trial_gradient);
      } else if (flat) {
        return minimum;
      }
      scale /= 2;
    }
    if (!improved) return minimum;
    ++minimum.iterations;
  }
  return minimum;
}

}  // namespace muster::models
