#include "muster/models/logistic.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/gradient_check.h"
#include "muster/models/logistic_newton.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// Two rows: a_1 = (1, 0), y = +1; a_2 = (2, -1), y = -1.
SparseDataset TwoRows() {
  return {.num_features = 2,
          .row_begin = {0, 1, 3},
          .columns = {0, 0, 1},
          .values = {1, 2, -1},
          .labels = {1, -1}};
}

SparseDataset RandomData(int64_t rows, int64_t features, uint64_t seed) {
  runtime::Rng rng(seed);
  SparseDataset data;
  data.num_features = features;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t j = 0; j < features; ++j) {
      if (runtime::Uniform01(rng) < 0.6) continue;
      data.columns.push_back(static_cast<int32_t>(j));
      data.values.push_back(static_cast<float>(runtime::Normal(rng)));
    }
    data.row_begin.push_back(data.num_entries());
    data.labels.push_back(runtime::Uniform01(rng) < 0.4 ? 1 : -1);
  }
  return data;
}

LogisticRegression Make(SparseDataset data, double l2) {
  return *LogisticRegression::Create(
      std::make_shared<const SparseDataset>(std::move(data)), {.l2 = l2});
}

// At x = (ln 3, ln 3): margins ln 3 and -(2 ln 3 - ln 3) = -ln 3; losses
// ln(1 + 1/3) and ln(1 + 3): mean of ln 4/3 and ln 4.
// Derivatives -1/(1 + 3) = -1/4 and +3/4: grad of the loss = 1/2 (-1/4 + 3/2,
// -3/4) = (5/8, -3/8).
TEST(LogisticTest, WorkedExample) {
  const LogisticRegression problem = Make(TwoRows(), 0.5);
  const double t = std::log(3.0);
  const std::vector<double> x = {t, t};
  EXPECT_NEAR(problem.Objective(x),
              0.5 * (std::log(4.0 / 3) + std::log(4.0)) + 0.25 * 2 * t * t,
              1e-14);
  std::vector<double> gradient(2);
  problem.Gradient(x, gradient);
  EXPECT_NEAR(gradient[0], 5.0 / 8 + 0.5 * t, 1e-14);
  EXPECT_NEAR(gradient[1], -3.0 / 8 + 0.5 * t, 1e-14);
  // Row gradients without the regulariser (-1/4, 0) and (3/2, -3/4); mean (5/8,
  // -3/8); variance = 1/2 (1/16 + 9/4 + 9/16) - (25 + 9) / 64.
  EXPECT_NEAR(problem.GradientVariance(x), 46.0 / 32 - 34.0 / 64, 1e-14);
  // A'A = [5 -2; -2 1]: largest eigenvalue 3 + sqrt 8.
  EXPECT_NEAR(problem.Smoothness(), (3 + std::sqrt(8.0)) / 8 + 0.5, 1e-6);
  EXPECT_DOUBLE_EQ(problem.RowSmoothness(), 5.0 / 4 + 0.5);
}

TEST(LogisticTest, GradientIsTheDerivative) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const LogisticRegression problem =
        Make(RandomData(30 + seed, 1 + seed % 7, seed), 0.01);
    runtime::Rng rng = root.Fork("case", seed);
    std::vector<double> x(problem.dimension());
    for (double& value : x) value = 2 * runtime::Normal(rng);
    EXPECT_LT(GradientError(problem, x), 1e-8) << "seed " << seed;
  }
}

TEST(LogisticTest, LargeMarginsDoNotOverflow) {
  const LogisticRegression problem = Make(TwoRows(), 0);
  std::vector<double> gradient(2);
  const std::vector<double> x = {1e6, 0};
  EXPECT_DOUBLE_EQ(problem.Objective(x), 1e6);  // (0 + 2e6) / 2
  problem.Gradient(x, gradient);
  EXPECT_DOUBLE_EQ(gradient[0], 1.0);
  EXPECT_DOUBLE_EQ(gradient[1], -0.5);
}

// The mean over all draws of a single row is the full gradient, and the scatter
// is GradientVariance: 20000 draws, 6 deviations of the mean per coordinate.
TEST(LogisticTest, StochasticGradientIsUnbiased) {
  const LogisticRegression problem = Make(RandomData(200, 5, 11), 0.1);
  const std::vector<double> x(5, 0.3);
  std::vector<double> exact(5), noisy(5), mean(5, 0.0);
  problem.Gradient(x, exact);
  constexpr int kDraws = 20000;
  double squares = 0;
  for (int draw = 0; draw < kDraws; ++draw) {
    problem.StochasticGradient(x, 1, runtime::Rng(3).Fork("draw", draw), noisy);
    AddScaled(1.0 / kDraws, noisy, mean);
    AddScaled(-1, exact, noisy);
    squares += SquaredNorm(noisy);
  }
  const double variance = problem.GradientVariance(x);
  for (int i = 0; i < 5; ++i) {
    EXPECT_NEAR(mean[i], exact[i], 6 * std::sqrt(variance / kDraws));
  }
  EXPECT_NEAR(squares / kDraws, variance, 0.1 * variance);
}

TEST(LogisticTest, BatchIsTheMeanOfItsRows) {
  const LogisticRegression problem = Make(TwoRows(), 0.25);
  const std::vector<double> x = {0.5, -1};
  std::vector<double> batch(2), sum(2, 0.0);
  problem.StochasticGradient(x, 8, runtime::Rng(9), batch);
  runtime::Rng rng(9);
  int first_rows = 0;
  for (int i = 0; i < 8; ++i) first_rows += runtime::UniformInt(rng, 2) == 0;
  const LogisticRegression first =
      Make(SelectRows(TwoRows(), std::vector<int64_t>{0}), 0.25);
  const LogisticRegression second =
      Make(SelectRows(TwoRows(), std::vector<int64_t>{1}), 0.25);
  std::vector<double> gradient(2);
  first.Gradient(x, gradient);
  AddScaled(first_rows / 8.0, gradient, sum);
  second.Gradient(x, gradient);
  AddScaled((8 - first_rows) / 8.0, gradient, sum);
  EXPECT_NEAR(batch[0], sum[0], 1e-15);
  EXPECT_NEAR(batch[1], sum[1], 1e-15);
}

// Few blocks, and more rows than the smallest blocks would take.
TEST(LogisticTest, BitsDoNotDependOnThreads) {
  for (int64_t rows : {9000, 70000}) {
    const LogisticRegression problem = Make(RandomData(rows, 6, 2), 0.01);
    const std::vector<double> x = {1, -2, 0.5, 0.1, 3, -0.7};
    std::vector<double> gradient(6), other(6);
    const double objective = problem.Objective(x, {.threads = 1});
    const double variance = problem.GradientVariance(x, {.threads = 1});
    problem.Gradient(x, gradient, {.threads = 1});
    for (int threads : {2, 3, 8}) {
      EXPECT_EQ(problem.Objective(x, {.threads = threads}), objective);
      EXPECT_EQ(problem.GradientVariance(x, {.threads = threads}), variance);
      problem.Gradient(x, other, {.threads = threads});
      EXPECT_EQ(other, gradient);
    }
  }
}

TEST(LogisticTest, ZeroOneLabelsMeanTheSame) {
  SparseDataset data = TwoRows();
  const LogisticRegression signs = Make(data, 0.1);
  data.labels = {1, 0};
  const LogisticRegression bits = Make(data, 0.1);
  const std::vector<double> x = {0.4, 0.9};
  EXPECT_EQ(signs.Objective(x), bits.Objective(x));
}

TEST(LogisticTest, RejectsBadLabelsAndOptions) {
  SparseDataset data = TwoRows();
  data.labels = {1, 2};
  EXPECT_THAT(
      LogisticRegression::Create(std::make_shared<const SparseDataset>(data)),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("row 1 has label 2")));
  data.labels = {0, -1};
  EXPECT_THAT(
      LogisticRegression::Create(std::make_shared<const SparseDataset>(data)),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("row 1 has label -1")));
  EXPECT_THAT(
      LogisticRegression::Create(std::make_shared<const SparseDataset>()),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("at least one row")));
  EXPECT_THAT(Validate(LogisticOptions{.l2 = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("l2")));
}

TEST(MinimizeByNewtonTest, GradientVanishesAndNoNeighbourIsLower) {
  const LogisticRegression problem = Make(RandomData(300, 8, 4), 1e-3);
  const LogisticMinimum minimum = *MinimizeByNewton(problem);
  EXPECT_LT(minimum.gradient_squared_norm, 1e-20);
  EXPECT_EQ(minimum.objective, problem.Objective(minimum.x));
  EXPECT_LE(minimum.iterations, 20);
  runtime::Rng rng(8);
  for (int trial = 0; trial < 100; ++trial) {
    std::vector<double> x = minimum.x;
    for (double& value : x) value += 0.01 * runtime::Normal(rng);
    EXPECT_GT(problem.Objective(x), minimum.objective);
  }
}

// One row a = 1, y = +1, lambda: f'(x) = -1 / (1 + e^x) + lambda x, zero at x =
// 1 when lambda = 1 / (1 + e).
TEST(MinimizeByNewtonTest, WorkedExample) {
  SparseDataset data = {.num_features = 1,
                        .row_begin = {0, 1},
                        .columns = {0},
                        .values = {1},
                        .labels = {1}};
  const LogisticRegression problem = Make(data, 1 / (1 + std::exp(1.0)));
  EXPECT_NEAR(MinimizeByNewton(problem)->x[0], 1.0, 1e-12);
}

TEST(MinimizeByNewtonTest, RefusesWhatItCannotSolve) {
  EXPECT_THAT(
      MinimizeByNewton(Make(TwoRows(), 0)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("l2 > 0")));
  SparseDataset wide = TwoRows();
  wide.num_features = 5000;
  EXPECT_THAT(
      MinimizeByNewton(Make(wide, 1)),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("5000 x 5000")));
}

}  // namespace
}  // namespace muster::models
