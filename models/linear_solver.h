#ifndef MUSTER_MODELS_LINEAR_SOLVER_H_
#define MUSTER_MODELS_LINEAR_SOLVER_H_

// The solvers of a linear separator (linear_problem.h) behind one call.

#include "muster/models/linear_problem.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

// L-BFGS (lbfgs.h) on f, from `start`'s weights if not null, else from 0. Two
// passes over the rows an iteration, on `runtime`'s threads.
LinearSolution SolveLbfgs(const LinearProblem& problem, const LinearStop& stop,
                          const LinearSolution* start = nullptr,
                          const runtime::Runtime& runtime = {});

// What kAuto stands for on these rows.
LinearSolver ChooseLinearSolver(const FeatureRows& rows);

// Solves by `solver`. `start`, if not null, is a solution of the same rows,
// signs and loss by the same solver, for any C. The result has the same bits
// for any number of threads; rng is used by the dual solver alone.
LinearSolution SolveLinear(const LinearProblem& problem, LinearSolver solver,
                           const LinearStop& stop, runtime::Rng rng,
                           const LinearSolution* start = nullptr,
                           const runtime::Runtime& runtime = {});

}  // namespace muster::models

#endif  // MUSTER_MODELS_LINEAR_SOLVER_H_
