#ifndef MUSTER_MODELS_LBFGS_H_
#define MUSTER_MODELS_LBFGS_H_

// Limited-memory BFGS: minimises a smooth function of R^d given its gradient.
//
// The direction is -H g with H the inverse Hessian that the last `history`
// pairs of steps and gradient differences imply (D. C. Liu, J. Nocedal, "On the
// limited memory BFGS method for large scale optimization", Math. Prog. 45,
// 1989). The step satisfies the strong Wolfe conditions
//
//   f(x + t p) <= f(x) + c1 t g'p,   |g(x + t p)'p| <= c2 |g'p|,
//
// found by bracketing and cubic interpolation (J. Nocedal, S. Wright,
// "Numerical optimization", 2nd ed., algorithms 3.5 and 3.6). Sequential but
// for the function itself: the bits are those of its values.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

struct LbfgsOptions {
  // Pairs kept, in [1, 1000]. More: fewer iterations, 4 d operations and 2 d
  // doubles each. Default: the usual choice of Liu and Nocedal (3 to 20).
  int64_t history = 10;
  // Iterations at most, >= 0.
  int64_t max_iterations = 1000;
  // Ends when ||g|| <= gradient_tolerance max(1, |f|); >= 0 (0: never so).
  double gradient_tolerance = 1e-8;
  // c1 and c2 above: 0 < c1 < c2 < 1. Defaults: Nocedal and Wright.
  double sufficient_decrease = 1e-4;
  double curvature = 0.9;
  // Evaluations of one line search at most, >= 1.
  int64_t max_line_search_steps = 40;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const LbfgsOptions& options);

enum class LbfgsEnd {
  kConverged,   // by gradient_tolerance
  kCaller,      // `done` said so, or runtime.stop or the observer did
  kIterations,  // max_iterations
  kLineSearch,  // no better point along the direction: at the limit of
                // rounding, or the gradient is not that of the function
};

struct LbfgsResult {
  double objective = 0;      // f at the last x, the lowest found
  double gradient_norm = 0;  // there
  int64_t iterations = 0;
  int64_t evaluations = 0;  // of f and g together
  LbfgsEnd end = LbfgsEnd::kConverged;
};

// Writes the gradient at x and returns f(x). Infinity is a value beyond the
// domain: the step is halved.
using LbfgsFunction =
    absl::FunctionRef<double(std::span<const double> x, std::span<double> g)>;
// Asked after each evaluation that was accepted: true ends the run.
using LbfgsDone =
    absl::FunctionRef<bool(double objective, std::span<const double> gradient)>;

// Minimises from *x, in place. Options must be valid (CHECKed) and f(*x)
// finite. Reports "lbfgs" once an iteration to runtime.observer. 2 d history
// doubles of memory, 4 d history operations an iteration besides `function`.
LbfgsResult MinimizeLbfgs(LbfgsFunction function, std::vector<double>* x,
                          const LbfgsOptions& options, LbfgsDone done,
                          const runtime::Runtime& runtime = {});
LbfgsResult MinimizeLbfgs(LbfgsFunction function, std::vector<double>* x,
                          const LbfgsOptions& options = {},
                          const runtime::Runtime& runtime = {});

}  // namespace muster::models

#endif  // MUSTER_MODELS_LBFGS_H_
