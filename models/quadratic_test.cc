#include "muster/models/quadratic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/models/gradient_check.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"

namespace muster::models {
namespace {

using ::testing::HasSubstr;

Quadratic Make(int64_t dimension, double noise_variance = 0) {
  return *Quadratic::Create(
      {.dimension = dimension, .noise_variance = noise_variance});
}

std::vector<double> RandomPoint(int64_t dimension, uint64_t seed) {
  runtime::Rng rng(seed);
  std::vector<double> x(dimension);
  for (double& value : x) value = runtime::Normal(rng);
  return x;
}

// d = 2: A = 1/4 [2 -1; -1 2], b = (-1/4, 0).
// f(x) = 1/4 (x1^2 - x1 x2 + x2^2) + 1/4 x1; at (2, 4): 1/4 (4 - 8 + 16) + 1/2.
// grad = (1/4 (2 x1 - x2 + 1), 1/4 (2 x2 - x1)); at (2, 4): (1/4, 3/2).
TEST(QuadraticTest, WorkedExample) {
  const Quadratic problem = Make(2);
  const std::vector<double> x = {2, 4};
  std::vector<double> gradient(2);
  problem.Gradient(x, gradient);
  EXPECT_EQ(problem.Objective(x), 3.5);
  EXPECT_EQ(gradient, (std::vector<double>{0.25, 1.5}));
  EXPECT_EQ(problem.GradientSquaredNorm(x), 0.0625 + 2.25);
  EXPECT_DOUBLE_EQ(problem.Minimizer()[0], -2.0 / 3);
  EXPECT_DOUBLE_EQ(problem.Minimizer()[1], -1.0 / 3);
  EXPECT_DOUBLE_EQ(problem.Minimum(), -1.0 / 12);
  EXPECT_DOUBLE_EQ(problem.Smoothness(), 0.75);       // (2 + 1) / 4
  EXPECT_DOUBLE_EQ(problem.StrongConvexity(), 0.25);  // (2 - 1) / 4
}

// d = 1: f(x) = x^2 / 4 + x / 4.
TEST(QuadraticTest, OneDimension) {
  const Quadratic problem = Make(1);
  std::vector<double> gradient(1);
  problem.Gradient(std::vector<double>{3}, gradient);
  EXPECT_EQ(gradient[0], 1.75);
  EXPECT_EQ(problem.Objective(std::vector<double>{3}), 3.0);
  EXPECT_EQ(problem.GradientSquaredNorm(std::vector<double>{3}), 1.75 * 1.75);
  EXPECT_EQ(problem.Minimizer()[0], -0.5);
  EXPECT_EQ(problem.Minimum(), -0.0625);
}

TEST(QuadraticTest, GradientIsTheDerivative) {
  for (int64_t d : {1, 2, 3, 10, 57}) {
    const Quadratic problem = Make(d);
    const std::vector<double> x = RandomPoint(d, d);
    EXPECT_LT(GradientError(problem, x), 1e-8) << "d = " << d;
    std::vector<double> gradient(d);
    problem.Gradient(x, gradient);
    EXPECT_NEAR(problem.GradientSquaredNorm(x), SquaredNorm(gradient), 1e-12);
  }
}

TEST(QuadraticTest, GradientVanishesAtTheMinimizer) {
  for (int64_t d : {1, 2, 3, 100, 1729}) {
    const Quadratic problem = Make(d);
    const std::vector<double> x = problem.Minimizer();
    EXPECT_LT(problem.GradientSquaredNorm(x), 1e-28) << "d = " << d;
    // d squares of the size of 1/d^2 are added up: rounding of order d ulp.
    EXPECT_NEAR(problem.Objective(x), problem.Minimum(), 1e-16 * (d + 4));
  }
}

// Power iteration on A, written out, against the closed form of L.
TEST(QuadraticTest, SmoothnessIsTheLargestEigenvalue) {
  const Quadratic problem = Make(20);
  std::vector<double> v = RandomPoint(20, 1);
  std::vector<double> product(20), at_zero(20);
  problem.Gradient(std::vector<double>(20, 0.0), at_zero);
  double norm = 0;
  for (int iteration = 0; iteration < 5000; ++iteration) {
    problem.Gradient(v, product);
    AddScaled(-1, at_zero, product);  // A v
    norm = std::sqrt(SquaredNorm(product));
    for (size_t i = 0; i < v.size(); ++i) v[i] = product[i] / norm;
  }
  EXPECT_NEAR(norm, problem.Smoothness(), 1e-9);
}

// Published runs: d = 100, gamma = 1e-4, x_0 = (sqrt d, 0, ..., 0), numbers to
// the digits that are known.
TEST(QuadraticSgdOracleTest, ReproducesThePublishedRun) {
  const Quadratic problem = Make(100);
  const QuadraticSgdOracle oracle(problem, problem.InitialPoint(), 1e-4, 1);
  const auto start = oracle.After(0);
  EXPECT_NEAR(start.gradient_squared_norm, 33.8, 0.05);
  EXPECT_NEAR(start.gap, 27.6, 0.05);
  EXPECT_NEAR(start.gap,
              problem.Objective(problem.InitialPoint()) - problem.Minimum(),
              1e-12);
  const auto million = oracle.After(1000000);
  EXPECT_NEAR(million.gradient_squared_norm, 8.7e-5, 0.05e-5);
  EXPECT_NEAR(million.gap, 1.1e-2, 0.05e-2);
  const auto three_million = oracle.After(3000000);
  EXPECT_NEAR(three_million.gradient_squared_norm, 1.17e-5, 0.005e-5);
  EXPECT_NEAR(three_million.gap, 4.9e-3, 0.05e-3);
}

TEST(QuadraticSgdOracleTest, EqualsGradientDescentWithoutNoise) {
  const Quadratic problem = Make(7);
  std::vector<double> x = problem.InitialPoint();
  const QuadraticSgdOracle oracle(problem, x, 0.9, 3);
  std::vector<double> gradient(7);
  for (int64_t k = 0; k <= 200; ++k) {
    const auto expected = oracle.After(k);
    EXPECT_NEAR(problem.GradientSquaredNorm(x), expected.gradient_squared_norm,
                1e-12);
    EXPECT_NEAR(problem.Objective(x) - problem.Minimum(), expected.gap, 1e-12);
    problem.Gradient(x, gradient);
    AddScaled(-0.9, gradient, x);
  }
}

// The mean of 2000 runs of 30 steps against the oracle's expectation. The
// squared norm of a run has a relative deviation below 1 (a sum of squares of
// Gaussians), its mean one below 1/sqrt(2000) = 0.0224: 6 deviations leave a
// flake rate below 1e-8.
TEST(QuadraticSgdOracleTest, EqualsTheMeanOfNoisyRuns) {
  const Quadratic problem = Make(4, 0.8);
  constexpr int kRuns = 2000;
  double sum = 0;
  for (int run = 0; run < kRuns; ++run) {
    std::vector<double> x = problem.InitialPoint();
    std::vector<double> gradient(4);
    for (int k = 0; k < 30; ++k) {
      problem.StochasticGradient(x, 2, runtime::Rng(run).Fork("step", k),
                                 gradient);
      AddScaled(-0.5, gradient, x);
    }
    sum += problem.GradientSquaredNorm(x);
  }
  const QuadraticSgdOracle oracle(problem, problem.InitialPoint(), 0.5, 2);
  const double expected = oracle.After(30).gradient_squared_norm;
  EXPECT_NEAR(sum / kRuns, expected, 6 * 0.0224 * expected);
}

// E ||g - grad||^2 = noise_variance / samples, spread evenly.
TEST(QuadraticTest, NoiseHasTheDocumentedVariance) {
  const Quadratic problem = Make(50, 9.0);
  const std::vector<double> x = problem.InitialPoint();
  std::vector<double> exact(50), noisy(50), mean(50, 0.0);
  problem.Gradient(x, exact);
  constexpr int kDraws = 4000;
  for (int64_t samples : {1, 4}) {
    double squares = 0;
    for (int draw = 0; draw < kDraws; ++draw) {
      problem.StochasticGradient(
          x, samples, runtime::Rng(samples).Fork("draw", draw), noisy);
      AddScaled(-1, exact, noisy);
      squares += SquaredNorm(noisy);
      AddScaled(1, noisy, mean);
    }
    // kDraws * 50 squared Gaussians: relative deviation sqrt(2 / 200000) =
    // 0.0032; 6 deviations.
    EXPECT_NEAR(squares / kDraws, 9.0 / samples, 0.019 * 9.0 / samples);
  }
  // 50 means of deviation below sqrt(0.18 / 4000): 8 deviations.
  for (double sum : mean) EXPECT_LT(std::abs(sum) / kDraws, 0.054 * 1.5);
}

TEST(QuadraticTest, StochasticGradientIsAFunctionOfItsArguments) {
  const Quadratic problem = Make(10, 1.0);
  const std::vector<double> x = RandomPoint(10, 3);
  std::vector<double> a(10), b(10), c(10);
  problem.StochasticGradient(x, 2, runtime::Rng(5), a);
  problem.StochasticGradient(x, 2, runtime::Rng(5), b);
  problem.StochasticGradient(x, 2, runtime::Rng(6), c);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
}

TEST(QuadraticTest, RejectsBadOptions) {
  using runtime::StatusIs;
  EXPECT_THAT(Validate(QuadraticOptions{.dimension = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("dimension is 0, must be in [1,")));
  for (double variance : {-1.0, std::numeric_limits<double>::infinity(),
                          std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(Validate(QuadraticOptions{.noise_variance = variance}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("noise_variance")));
  }
  EXPECT_THAT(Quadratic::Create({.dimension = -3}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("-3")));
}

}  // namespace
}  // namespace muster::models
