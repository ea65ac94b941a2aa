#include "muster/models/linear_solver.h"

#include <utility>

#include "muster/models/dual_coordinate_descent.h"
#include "muster/models/lbfgs.h"
#include "muster/models/linear_newton.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/check.h"

namespace muster::models {
namespace {

// Above this number of features (text), passes of the dual solver are cheaper
// than products with vectors of all features.
constexpr int64_t kMaxNewtonFeatures = 4096;

}  // namespace

LinearSolution SolveLbfgs(const LinearProblem& problem, const LinearStop& stop,
                          const LinearSolution* start,
                          const runtime::Runtime& runtime) {
  const LinearObjective objective(problem);
  LinearSolution solution;
  if (start != nullptr) solution.weights = start->weights;
  solution.weights.resize(problem.dimension(), 0.0);
  const auto done = [&](double value, std::span<const double> gradient) {
    return 0.5 * SquaredNorm(gradient) <= stop.tolerance * value;
  };
  // The gap alone decides.
  const LbfgsResult result = MinimizeLbfgs(
      [&](std::span<const double> w, std::span<double> gradient) {
        return objective.ObjectiveAndGradient(w, gradient, runtime);
      },
      &solution.weights,
      {.max_iterations = stop.max_iterations, .gradient_tolerance = 0}, done,
      runtime);
  solution.iterations = result.iterations;
  // Margins and gradient.
  solution.multiply_adds = 2 * static_cast<double>(result.evaluations) *
                           static_cast<double>(problem.rows.num_entries());
  solution.objective = result.objective;
  solution.gap = 0.5 * result.gradient_norm * result.gradient_norm;
  solution.converged = solution.gap <= stop.tolerance * solution.objective;
  return solution;
}

LinearSolver ChooseLinearSolver(const FeatureRows& rows) {
  return rows.dimension() <= kMaxNewtonFeatures
             ? LinearSolver::kNewton
             : LinearSolver::kDualCoordinateDescent;
}

LinearSolution SolveLinear(const LinearProblem& problem, LinearSolver solver,
                           const LinearStop& stop, runtime::Rng rng,
                           const LinearSolution* start,
                           const runtime::Runtime& runtime) {
  MUSTER_CHECK(problem.c > 0);
  if (solver == LinearSolver::kAuto) solver = ChooseLinearSolver(problem.rows);
  switch (solver) {
    case LinearSolver::kLbfgs:
      return SolveLbfgs(problem, stop, start, runtime);
    case LinearSolver::kNewton:
      return SolveNewton(problem, stop, start, runtime);
    default:
      return SolveDual(problem, stop, rng, start, runtime);
  }
}

}  // namespace muster::models
