#include "muster/models/lbfgs.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <vector>

#include "muster/models/vector_ops.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TestSeed;
using ::testing::HasSubstr;

// f = (x - 3)^2 / 2: the first step of length 1 / |g| = 1/3 goes to 1, the next
// pair knows the curvature exactly.
TEST(LbfgsTest, WorkedExample) {
  std::vector<double> x = {0};
  const LbfgsResult result = MinimizeLbfgs(
      [](std::span<const double> at, std::span<double> g) {
        g[0] = at[0] - 3;
        return 0.5 * g[0] * g[0];
      },
      &x);
  EXPECT_NEAR(x[0], 3, 1e-12);
  EXPECT_EQ(result.end, LbfgsEnd::kConverged);
  EXPECT_LE(result.iterations, 3);
  EXPECT_NEAR(result.objective, 0, 1e-20);
}

TEST(LbfgsTest, StartAtTheMinimum) {
  std::vector<double> x = {0, 0};
  const LbfgsResult result = MinimizeLbfgs(
      [](std::span<const double> at, std::span<double> g) {
        for (size_t j = 0; j < 2; ++j) g[j] = at[j];
        return 0.5 * SquaredNorm(at);
      },
      &x);
  EXPECT_EQ(result.end, LbfgsEnd::kConverged);
  EXPECT_EQ(result.iterations, 0);
  EXPECT_EQ(result.evaluations, 1);
}

double Rosenbrock(std::span<const double> x, std::span<double> g) {
  std::fill(g.begin(), g.end(), 0.0);
  double sum = 0;
  for (size_t j = 0; j + 1 < x.size(); ++j) {
    const double a = x[j + 1] - x[j] * x[j];
    const double b = 1 - x[j];
    sum += 100 * a * a + b * b;
    g[j] += -400 * a * x[j] - 2 * b;
    g[j + 1] += 200 * a;
  }
  return sum;
}

TEST(LbfgsTest, CurvedValleyOfRosenbrock) {
  for (int64_t history : {1, 3, 10, 50}) {
    std::vector<double> x = {-1.2, 1, -1.2, 1};
    const LbfgsResult result =
        MinimizeLbfgs(Rosenbrock, &x, {.history = history});
    EXPECT_EQ(result.end, LbfgsEnd::kConverged);
    EXPECT_LT(result.objective, 1e-12) << history;
    for (double value : x) EXPECT_NEAR(value, 1, 1e-6);
  }
}

// A random convex quadratic: the minimum solves A x = b, checked by the
// residual alone; never an increase from one iteration to the next.
TEST(LbfgsTest, QuadraticsAndMonotony) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 30; ++instance) {
    Rng rng = root.Fork("quadratic", instance);
    const int64_t d = 1 + runtime::UniformInt(rng, 20);
    std::vector<double> a(d * d);
    for (double& value : a) value = runtime::Normal(rng);
    std::vector<double> b(d);
    for (double& value : b) value = runtime::Normal(rng);
    const auto function = [&](std::span<const double> x, std::span<double> g) {
      // f = ||A x||^2 / 2 + ||x||^2 / 20 - b'x.
      std::fill(g.begin(), g.end(), 0.0);
      double value = 0.05 * SquaredNorm(x) - Dot(b, x);
      for (int64_t i = 0; i < d; ++i) {
        const auto row = std::span(a).subspan(i * d, d);
        const double product = Dot(row, x);
        value += 0.5 * product * product;
        AddScaled(product, row, g);
      }
      AddScaled(0.1, x, g);
      AddScaled(-1.0, b, g);
      return value;
    };
    std::vector<double> x(d);
    double previous = std::numeric_limits<double>::infinity();
    const LbfgsResult result = MinimizeLbfgs(
        function, &x, {.max_iterations = 5000, .gradient_tolerance = 1e-7},
        [&](double value, std::span<const double>) {
          EXPECT_LT(value, previous);
          previous = value;
          return false;
        });
    EXPECT_EQ(result.end, LbfgsEnd::kConverged) << instance;
    std::vector<double> gradient(d);
    EXPECT_EQ(function(x, gradient), result.objective);
    EXPECT_LE(std::sqrt(SquaredNorm(gradient)),
              1e-7 * std::max(1.0, std::abs(result.objective)));
  }
}

// -ln x + x is infinite for x <= 0; a first step of 1 from 1/8 in the direction
// of descent stays inside, one from 3 would not.
TEST(LbfgsTest, StepsBackFromInfinity) {
  for (double start : {0.125, 3.0, 50.0}) {
    std::vector<double> x = {start};
    const LbfgsResult result = MinimizeLbfgs(
        [](std::span<const double> at, std::span<double> g) {
          if (at[0] <= 0) {
            g[0] = std::numeric_limits<double>::quiet_NaN();
            return std::numeric_limits<double>::infinity();
          }
          g[0] = 1 - 1 / at[0];
          return at[0] - std::log(at[0]);
        },
        &x);
    EXPECT_EQ(result.end, LbfgsEnd::kConverged);
    EXPECT_NEAR(x[0], 1, 1e-6) << start;
  }
}

TEST(LbfgsTest, EndsAsAsked) {
  std::vector<double> x = {-1.2, 1};
  EXPECT_EQ(MinimizeLbfgs(Rosenbrock, &x, {.max_iterations = 3}).end,
            LbfgsEnd::kIterations);
  x = {-1.2, 1};
  const LbfgsResult done = MinimizeLbfgs(
      Rosenbrock, &x, {},
      [](double value, std::span<const double>) { return value < 1; });
  EXPECT_EQ(done.end, LbfgsEnd::kCaller);
  EXPECT_LT(done.objective, 1);
  class Stops : public runtime::Observer {
   public:
    bool OnProgress(const runtime::Progress& progress) override {
      return progress.done < 2;
    }
  } observer;
  x = {-1.2, 1};
  const LbfgsResult stopped =
      MinimizeLbfgs(Rosenbrock, &x, {}, {.observer = &observer});
  EXPECT_EQ(stopped.end, LbfgsEnd::kCaller);
  EXPECT_EQ(stopped.iterations, 2);
  // A "gradient" of the wrong sign goes up at once.
  x = {1};
  EXPECT_EQ(MinimizeLbfgs(
                [](std::span<const double> at, std::span<double> g) {
                  g[0] = -at[0];
                  return 0.5 * at[0] * at[0];
                },
                &x)
                .end,
            LbfgsEnd::kLineSearch);
  EXPECT_EQ(x[0], 1);
}

TEST(LbfgsTest, BadOptionsAreNamed) {
  constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;
  EXPECT_THAT(Validate(LbfgsOptions{.history = 0}),
              StatusIs(kInvalid, HasSubstr("history is 0")));
  EXPECT_THAT(Validate(LbfgsOptions{.max_iterations = -1}),
              StatusIs(kInvalid, HasSubstr("max_iterations is -1")));
  EXPECT_THAT(Validate(LbfgsOptions{.gradient_tolerance = -1}),
              StatusIs(kInvalid, HasSubstr("gradient_tolerance is -1")));
  EXPECT_THAT(Validate(LbfgsOptions{.sufficient_decrease = 0.95}),
              StatusIs(kInvalid, HasSubstr("sufficient_decrease is 0.95")));
  EXPECT_THAT(Validate(LbfgsOptions{.curvature = 1}),
              StatusIs(kInvalid, HasSubstr("curvature is 1")));
  EXPECT_THAT(Validate(LbfgsOptions{.max_line_search_steps = 0}),
              StatusIs(kInvalid, HasSubstr("max_line_search_steps is 0")));
}

}  // namespace
}  // namespace muster::models
