#ifndef MUSTER_MODELS_QUADRATIC_H_
#define MUSTER_MODELS_QUADRATIC_H_

// The quadratic on which asynchronous SGD methods are compared:
//
//   f(x) = 1/2 x'Ax - b'x,   A = 1/4 tridiag(-1, 2, -1),   b = 1/4 (-1, 0, ...,
//   0)',   x in R^d,
//
// with everything about it in closed form. Eigenvalues lambda_j = sin^2(j pi /
// (2 (d + 1))), eigenvectors v_j(i) = sqrt(2 / (d + 1)) sin(i j pi / (d + 1)),
// i, j = 1..d; minimiser x*_i = -(1 - i / (d + 1)); minimum f* = -1/8 d / (d +
// 1); L = lambda_d < 1. It is convex with mu = lambda_1 ~ (pi / (2 (d + 1)))^2,
// so it looks merely convex over any affordable number of steps when d is
// large.
//
// Source: the test problem of Maranjyan et al., "ATA: Adaptive Task Allocation
// for Efficient Resource Management in Distributed Machine Learning" (arXiv
// 2502.00775, section 5) and of the Ringmaster, Rennala and MindFlayer papers.
// Doubles throughout.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/runtime/rng.h"

namespace muster::models {

struct QuadraticOptions {
  // d >= 1. The ATA experiments use 100, the Ringmaster ones 1729.
  int64_t dimension = 100;
  // E ||g - grad f(x)||^2 of one stochastic gradient, >= 0: the sum over the
  // coordinates, each of which gets an independent Gaussian of variance
  // noise_variance / d. Default: the paper's 0.01^2, which at d = 100 is a
  // standard deviation of 0.001 a coordinate.
  double noise_variance = 1e-4;
};

// One line per clause that fails: InvalidArgument with field, value, bound.
absl::Status Validate(const QuadraticOptions& options);

class Quadratic {
 public:
  // InvalidArgument when Validate fails.
  static absl::StatusOr<Quadratic> Create(const QuadraticOptions& options);

  int64_t dimension() const { return options_.dimension; }
  const QuadraticOptions& options() const { return options_; }

  // (sqrt(d), 0, ..., 0): the start of the published runs.
  std::vector<double> InitialPoint() const;

  // f(x). O(d). Spans have length d here and below (CHECKed).
  double Objective(std::span<const double> x) const;
  // grad f(x) = Ax - b. O(d).
  void Gradient(std::span<const double> x, std::span<double> gradient) const;
  // ||grad f(x)||^2, without storing the gradient. O(d).
  double GradientSquaredNorm(std::span<const double> x) const;

  // The mean of `samples` >= 1 independent stochastic gradients at x: grad f(x)
  // plus a Gaussian of total variance noise_variance / samples. O(d), whatever
  // `samples`. The bits are a function of x, samples and rng.
  void StochasticGradient(std::span<const double> x, int64_t samples,
                          runtime::Rng rng, std::span<double> gradient) const;

  // f* and its argument, exact up to rounding.
  double Minimum() const;
  std::vector<double> Minimizer() const;
  // L = lambda_d and mu = lambda_1.
  double Smoothness() const;
  double StrongConvexity() const;

 private:
  explicit Quadratic(const QuadraticOptions& options) : options_(options) {}

  QuadraticOptions options_;
};

// The exact law of SGD on a Quadratic, coordinate by coordinate of the
// eigenbasis. With x_0 - x* = sum_j c_j v_j and x_{k+1} = x_k - gamma g_k, g_k
// the mean of `batch` stochastic gradients, the j-th coefficient after k steps
// is independent of the others with mean c_j q_j^k, q_j = 1 - gamma lambda_j,
// and variance gamma^2 (noise_variance / (d batch)) (1 - q_j^{2k}) / (1 -
// q_j^2).
class QuadraticSgdOracle {
 public:
  struct Expected {
    double gap;                    // E[f(x_k) - f*]
    double gradient_squared_norm;  // E ||grad f(x_k)||^2
  };

  // O(d^2). `start` has length d (CHECKed); step > 0, batch >= 1 (CHECKed).
  QuadraticSgdOracle(const Quadratic& problem, std::span<const double> start,
                     double step, int64_t batch);

  // After `steps` >= 0 steps. O(d log steps).
  Expected After(int64_t steps) const;

 private:
  double step_;
  double coordinate_variance_;        // of the mini-batch noise
  std::vector<double> lambda_;        // d, ascending
  std::vector<double> coefficient2_;  // c_j^2
};

}  // namespace muster::models

#endif  // MUSTER_MODELS_QUADRATIC_H_
