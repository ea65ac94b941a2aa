#ifndef MUSTER_BENCHMARKS_ATA_OPTIMALITY_H_
#define MUSTER_BENCHMARKS_ATA_OPTIMALITY_H_

// How far SGD on the paper's quadratic has come after k rounds.
//
// Every round of every policy gives B gradients at the current point, so this
// curve is the same for all of them and only the time stamps differ: the
// scheduling can be simulated alone and the curve laid over it. The published
// plots show the squared gradient norm (their axis says f(x_k) - f*): d = 100,
// step 1e-4, x_0 = (sqrt d, 0, ..., 0), E||noise||^2 = 0.01^2, from 33.8 down
// to 1.17e-5 after 3e6 rounds.

#include <cstdint>

#include "muster/models/quadratic.h"

namespace muster::benchmarks {

// Exact expectations, by the spectral recursion of models/quadratic.h.
class OptimalityCurve {
 public:
  // B = `budget` gradients are averaged in a step.
  explicit OptimalityCurve(int64_t budget);

  double GradientSquaredNorm(int64_t round) const;
  // f(x_k) - f*.
  double Gap(int64_t round) const;

 private:
  models::QuadraticSgdOracle oracle_;
};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_OPTIMALITY_H_
