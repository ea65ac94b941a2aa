#ifndef MUSTER_MODELS_LOGISTIC_NEWTON_H_
#define MUSTER_MODELS_LOGISTIC_NEWTON_H_

// The exact minimum of a LogisticRegression of moderate dimension, for f* in
// the gaps that experiments plot and for tests.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/models/logistic.h"

namespace muster::models {

struct LogisticMinimum {
  std::vector<double> x;             // d
  double objective = 0;              // f(x)
  double gradient_squared_norm = 0;  // ||grad f(x)||^2
  int64_t iterations = 0;            // Newton steps taken
};

// The minimiser by Newton's method with a backtracking line search, started at
// 0, until ||grad f||^2 <= tolerance, 100 steps were taken, or rounding lets no
// step improve the point any more. InvalidArgument when l2 = 0 or d > 4096 (it
// factors the d x d Hessian). A step costs O(d^3 + sum over the rows of their
// entries squared), on one thread.
absl::StatusOr<LogisticMinimum> MinimizeByNewton(
    const LogisticRegression& problem, double tolerance = 1e-24);

}  // namespace muster::models

#endif  // MUSTER_MODELS_LOGISTIC_NEWTON_H_
