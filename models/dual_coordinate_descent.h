#ifndef MUSTER_MODELS_DUAL_COORDINATE_DESCENT_H_
#define MUSTER_MODELS_DUAL_COORDINATE_DESCENT_H_

// Dual coordinate descent for a linear separator (linear_problem.h).
//
// Visits the rows in random order and solves the dual in alpha_i alone, keeping
// w = sum_i alpha_i y_i x_i: one inner product and one update a row.
//
// Squared hinge (C.-J. Hsieh, K.-W. Chang, C.-J. Lin, S. S. Keerthi, S.
// Sundararajan, "A dual coordinate descent method for large-scale linear SVM",
// ICML 2008): the step is in closed form, and rows that sit at alpha = 0 with a
// gradient above the largest projected gradient of the pass before are left out
// until the others have converged.
//
// Logistic (H.-F. Yu, F.-L. Huang, C.-J. Lin, "Dual coordinate descent methods
// for logistic regression and maximum entropy models", Machine Learning 85,
// 2011): here the unknown is t = ln(alpha / (C - alpha)), in which the optimum
// is the root of the increasing function t + z + ||x||^2 (C sigma(t) - alpha);
// Newton's method within a bracket that halves when a step leaves it. One
// exponential a step and no cancellation as alpha nears 0 or C.
//
// A pass sums, for nothing, what each row adds to the duality gap at the time
// of its visit. When that sum (extrapolated by its last decrease) is small
// enough, the exact gap is computed over all rows; it alone decides the end.
//
// Sequential; a function of problem, stop and rng.

#include "muster/models/linear_problem.h"
#include "muster/runtime/rng.h"

namespace muster::models {

// `start`, if not null, has the dual of the same rows and loss, for any C: the
// descent starts there (clipped to C). Rows must be fewer than 2^31 (CHECKed).
// Each pass costs O(entries of the rows not left out), memory is 40 bytes a row
// and the weights. Asks `runtime.stop` once a pass: a stopped solve returns
// what it has, not converged.
LinearSolution SolveDual(const LinearProblem& problem, const LinearStop& stop,
                         runtime::Rng rng,
                         const LinearSolution* start = nullptr,
                         const runtime::Runtime& runtime = {});

}  // namespace muster::models

#endif  // MUSTER_MODELS_DUAL_COORDINATE_DESCENT_H_
