#ifndef MUSTER_MODELS_LINEAR_PROBLEM_H_
#define MUSTER_MODELS_LINEAR_PROBLEM_H_

// Training of one linear separator, the problem of liblinear (R.-E. Fan, K.-W.
// Chang, C.-J. Hsieh, X.-R. Wang, C.-J. Lin, "LIBLINEAR: a library for large
// linear classification", JMLR 9, 2008):
//
//   f(w) = 1/2 ||w||^2 + C sum_i xi(z_i),   z_i = y_i x_i'w,  y_i in {-1, +1},
//
// with the squared hinge xi(z) = max(0, 1 - z)^2 or the logistic loss
// ln(1 + exp(-z)). A constant feature, if there is one, is regularised like the
// others. The dual maximises over alpha
//
//   D(alpha) = -1/2 ||w(alpha)||^2 - sum_i xi_C*(-alpha_i),
//   w(alpha) = sum_i alpha_i y_i x_i,
//
//   squared hinge:  -xi_C*(-a) = a - a^2 / (4 C),                       a >= 0
//   logistic:       -xi_C*(-a) = -a ln(a/C) - (C - a) ln(1 - a/C), 0 <= a <= C
//
// f(w) - D(alpha) >= f(w) - min f: every solver here reports that gap, and
// stops when it is at most `tolerance` f(w). For a primal solver, with alpha_i
// = -C xi'(z_i), the gap is ||grad f(w)||^2 / 2 exactly.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/strings/string_view.h"
#include "muster/models/feature_rows.h"
#include "muster/runtime/math.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

enum class LinearLoss { kSquaredHinge, kLogistic };

enum class LinearSolver {
  // Newton's method up to 4,096 features, else dual coordinate descent
  // (ChooseLinearSolver).
  kAuto,
  kDualCoordinateDescent,  // dual_coordinate_descent.h
  kLbfgs,                  // lbfgs.h, from linear_solver.h
  kNewton,                 // linear_newton.h
};

// "squared_hinge", "logistic"; "auto", "dual", "lbfgs", "newton".
absl::string_view LinearLossName(LinearLoss loss);
absl::string_view LinearSolverName(LinearSolver solver);

struct LinearProblem {
  FeatureRows rows = {};
  std::span<const int8_t> signs = {};  // y, -1 or +1
  LinearLoss loss = LinearLoss::kSquaredHinge;
  double c = 1;  // > 0, finite
  // X'X of the rows (GramMatrix of gram_matrix.h), if the caller has it: spares
  // Newton's method work when several problems share their rows. Or null.
  const std::vector<double>* gram = nullptr;

  int64_t dimension() const { return rows.dimension(); }
};

struct LinearStop {
  // Largest gap in units of f(w) at which to stop; > 0.
  double tolerance = 1e-3;
  // Largest number of passes over the rows (dual) or of iterations; >= 1.
  int64_t max_iterations = 1000;
};

struct LinearSolution {
  std::vector<double> weights = {};  // dimension()
  std::vector<double> dual = {};     // alpha of each row; dual solver only
  double objective = 0;              // f(weights)
  double gap = 0;                    // of `objective` to the dual, >= 0
  int64_t iterations = 0;
  // Done with the entries of the rows, and in forming and factoring a Hessian.
  double multiply_adds = 0;
  bool converged = false;  // gap <= tolerance objective
};

// The loss of one row, without overflow.
inline double LinearLossValue(LinearLoss loss, double z) {
  if (loss == LinearLoss::kSquaredHinge) {
    const double short_of = std::max(0.0, 1 - z);
    return short_of * short_of;
  }
  const double tail = runtime::Log(1 + runtime::Exp(-std::abs(z)));
  return z < 0 ? tail - z : tail;
}

// -xi'(z), likewise.
inline double LinearLossSlope(LinearLoss loss, double z) {
  if (loss == LinearLoss::kSquaredHinge) return 2 * std::max(0.0, 1 - z);
  const double e = runtime::Exp(-std::abs(z));
  return (z < 0 ? 1 : e) / (1 + e);
}

// xi''(z).
inline double LinearLossCurvature(LinearLoss loss, double z) {
  if (loss == LinearLoss::kSquaredHinge) return z < 1 ? 2.0 : 0.0;
  const double slope = LinearLossSlope(loss, z);
  return slope * (1 - slope);
}

// f and its gradient, in blocks of rows on `runtime`'s threads, folded in
// order: the bits do not depend on the threads. O(entries).
class LinearObjective {
 public:
  explicit LinearObjective(const LinearProblem& problem) : problem_(problem) {}

  int64_t dimension() const { return problem_.dimension(); }

  double Objective(std::span<const double> w,
                   const runtime::Runtime& runtime = {}) const;
  void Gradient(std::span<const double> w, std::span<double> gradient,
                const runtime::Runtime& runtime = {}) const;
  // Both in one pass.
  double ObjectiveAndGradient(std::span<const double> w,
                              std::span<double> gradient,
                              const runtime::Runtime& runtime = {}) const;

  // -sum_i xi_C*(-alpha_i) - 1/2 ||w||^2: the dual objective, given w(alpha).
  double DualObjective(std::span<const double> w,
                       std::span<const double> alpha) const;

 private:
  LinearProblem problem_;
};

}  // namespace muster::models

#endif  // MUSTER_MODELS_LINEAR_PROBLEM_H_
