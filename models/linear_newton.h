#ifndef MUSTER_MODELS_LINEAR_NEWTON_H_
#define MUSTER_MODELS_LINEAR_NEWTON_H_

// Newton's method for a linear separator (linear_problem.h), on f itself.
//
// With D_ii = xi''(z_i) (for the squared hinge 2 where z_i < 1, else 0: O. L.
// Mangasarian, "A finite Newton method for classification", Optimization
// Methods and Software 17, 2002) the direction solves
//
//   (I + C X'DX) p = -grad f(w),
//
// by Cholesky's method where few features make that cheaper, else by conjugate
// gradients with the diagonal as preconditioner, up to a residual that shrinks
// with the gradient (S. S. Keerthi, D. DeCoste, "A modified finite Newton
// method for fast solution of large scale linear SVMs", JMLR 6, 2005). The
// margins of w and p are kept, so the exact line search, again by Newton's
// method, touches no features. About ten iterations, whatever C is.
//
// For the squared hinge the sum X'DX is kept, and only rows whose D_ii changed
// are added or subtracted. Where that has cancelled most of a diagonal element
// (a row of 1e9 became inactive), or the factorisation fails, it is summed
// anew; where the latter fails all the same (active rows of 1e9 hide the others
// in the rounding of the sum) conjugate gradients take over.

#include "muster/models/linear_problem.h"

namespace muster::models {

// True where the Hessian is formed: its cost, sum over the rows of entries^2 /
// 2 and dimension^3 / 3, is at most that of some twenty products with it.
bool FormsHessian(const FeatureRows& rows);

// From `start`'s weights if not null, else from 0. Sums over rows run on
// `runtime`'s threads, except those that form a Hessian. Memory: five doubles a
// row, some vectors and, if formed, dimension^2 doubles, for the squared hinge
// twice.
LinearSolution SolveNewton(const LinearProblem& problem, const LinearStop& stop,
                           const LinearSolution* start = nullptr,
                           const runtime::Runtime& runtime = {});

}  // namespace muster::models

#endif  // MUSTER_MODELS_LINEAR_NEWTON_H_
