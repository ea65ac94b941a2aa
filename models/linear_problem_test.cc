#include "muster/models/linear_problem.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/feature_rows.h"
#include "muster/models/gradient_check.h"
#include "muster/models/linear_test_data.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;

// Rows 2 and -1 of one feature, labels +1 and +1, C = 3, at w = 1/4:
// z = (1/2, -1/4), hinges (1/2, 5/4): f = 1/32 + 3 (1/4 + 25/16).
// f' = 1/4 - 3 * 2 (1/2 * 2 + 5/4 * -1) = 1/4 + 3/2.
TEST(LinearProblemTest, WorkedExample) {
  const DenseDataset data = {
      .num_features = 1, .values = {2, -1}, .labels = {1, 1}};
  const std::vector<int8_t> signs = {1, 1};
  const LinearObjective hinge(
      {.rows = FeatureRows::Of(data, 0), .signs = signs, .c = 3});
  const std::vector<double> w = {0.25};
  EXPECT_DOUBLE_EQ(hinge.Objective(w), 1.0 / 32 + 3 * (0.25 + 25.0 / 16));
  std::vector<double> gradient(1);
  hinge.Gradient(w, gradient);
  EXPECT_DOUBLE_EQ(gradient[0], 1.75);
  const LinearObjective logistic({.rows = FeatureRows::Of(data, 0),
                                  .signs = signs,
                                  .loss = LinearLoss::kLogistic,
                                  .c = 3});
  EXPECT_DOUBLE_EQ(
      logistic.Objective(w),
      1.0 / 32 + 3 * (std::log1p(std::exp(-0.5)) + std::log1p(std::exp(0.25))));
  EXPECT_DOUBLE_EQ(logistic.Objective(std::vector<double>{0}),
                   6 * std::log(2.0));
}

// A vector for each block: there must not be many.
TEST(CutRowsTest, SmallBlocksAreFewAndManyRowsMakeLargeOnes) {
  EXPECT_TRUE(CutRows(0, 1000).empty());
  EXPECT_EQ(CutRows(2500, 1000).size(), 3U);
  EXPECT_EQ(CutRows(32000, 1000).size(), 32U);
  EXPECT_EQ(CutRows(32001, 1000)[0].size(), 1001);
  for (int64_t rows : {2500, 32000, 32001, 64000, 1000000007}) {
    const auto blocks = CutRows(rows, 1000);
    EXPECT_LE(blocks.size(), 32U);
    EXPECT_GE(blocks[0].size(), 1000);
    EXPECT_EQ(blocks.back().end, rows);
  }
}

TEST(LinearProblemTest, LossesDoNotOverflow) {
  EXPECT_EQ(LinearLossValue(LinearLoss::kLogistic, -1000), 1000);
  EXPECT_EQ(LinearLossValue(LinearLoss::kLogistic, 1000), 0);
  EXPECT_EQ(LinearLossSlope(LinearLoss::kLogistic, -1000), 1);
  EXPECT_EQ(LinearLossSlope(LinearLoss::kLogistic, 1000), 0);
  EXPECT_EQ(LinearLossCurvature(LinearLoss::kLogistic, 0), 0.25);
  EXPECT_EQ(LinearLossCurvature(LinearLoss::kLogistic, 1000), 0);
  EXPECT_EQ(LinearLossCurvature(LinearLoss::kSquaredHinge, 0.5), 2);
  EXPECT_EQ(LinearLossCurvature(LinearLoss::kSquaredHinge, 1), 0);
  EXPECT_EQ(LinearLossValue(LinearLoss::kSquaredHinge, 1), 0);
  EXPECT_EQ(LinearLossSlope(LinearLoss::kSquaredHinge, -1), 4);
}

TEST(LinearProblemTest, GradientIsTheDerivativeAndLayoutsAgree) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 60; ++instance) {
    Rng rng = root.Fork("gradient", instance);
    const LinearTestCase test = RandomLinearTestCase(rng.Fork("case"));
    const LinearObjective sparse(test.Problem(false));
    const LinearObjective dense(test.Problem(true));
    std::vector<double> w(sparse.dimension());
    for (double& value : w) value = 0.3 * runtime::Normal(rng);
    // The hinge's second derivative jumps: a difference is off by C h.
    EXPECT_LT(GradientError(sparse, w), 1e-3) << instance;
    const double objective = sparse.Objective(w);
    EXPECT_NEAR(dense.Objective(w), objective, 1e-12 * objective);
    std::vector<double> a(w.size());
    std::vector<double> b(w.size());
    EXPECT_EQ(sparse.ObjectiveAndGradient(w, a), objective);
    dense.Gradient(w, b);
    for (size_t j = 0; j < w.size(); ++j) {
      EXPECT_NEAR(a[j], b[j], 1e-12 * (1 + std::abs(a[j]) + test.c));
    }
  }
}

// f(w) - D(alpha) with alpha = -C xi'(z) is ||grad f||^2 / 2 beyond w(alpha):
// D at the dual point of any w, with w(alpha) = w - grad f(w).
TEST(LinearProblemTest, GapOfThePrimalPointIsHalfTheSquaredGradient) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 60; ++instance) {
    Rng rng = root.Fork("gap", instance);
    const LinearTestCase test = RandomLinearTestCase(rng.Fork("case"));
    const LinearProblem problem = test.Problem();
    const LinearObjective objective(problem);
    std::vector<double> w(objective.dimension());
    for (double& value : w) value = runtime::Normal(rng);
    std::vector<double> gradient(w.size());
    const double value = objective.ObjectiveAndGradient(w, gradient);
    std::vector<double> alpha;
    for (int64_t row = 0; row < problem.rows.num_rows; ++row) {
      const double z = test.signs[row] * problem.rows.Dot(row, w.data());
      alpha.push_back(test.c * LinearLossSlope(test.loss, z));
    }
    std::vector<double> of_alpha = w;
    AddScaled(-1.0, gradient, of_alpha);
    EXPECT_NEAR(value - objective.DualObjective(of_alpha, alpha),
                0.5 * SquaredNorm(gradient), 1e-9 * (1 + value));
  }
}

TEST(LinearProblemTest, SameBitsForAnyThreads) {
  Rng rng(TestSeed());
  DenseDataset data = {.num_features = 7};
  std::vector<int8_t> signs;
  for (int64_t row = 0; row < 9000; ++row) {
    for (int j = 0; j < 7; ++j) {
      data.values.push_back(static_cast<float>(runtime::Normal(rng)));
    }
    data.labels.push_back(0);
    signs.push_back(runtime::UniformInt(rng, 2) == 0 ? -1 : 1);
  }
  const LinearObjective objective(
      {.rows = FeatureRows::Of(data, 1), .signs = signs, .c = 2});
  const std::vector<double> w = {1, -0.5, 0.25, 2, 0, 1, -1, 0.5};
  std::vector<double> expected(8);
  const double value =
      objective.ObjectiveAndGradient(w, expected, {.threads = 1});
  for (int threads : {2, 3, 8}) {
    std::vector<double> gradient(8);
    EXPECT_EQ(objective.ObjectiveAndGradient(w, gradient, {.threads = threads}),
              value);
    EXPECT_EQ(gradient, expected);
    EXPECT_EQ(objective.Objective(w, {.threads = threads}), value);
  }
}

TEST(LinearProblemTest, Names) {
  EXPECT_EQ(LinearLossName(LinearLoss::kSquaredHinge), "squared_hinge");
  EXPECT_EQ(LinearLossName(LinearLoss::kLogistic), "logistic");
  EXPECT_EQ(LinearSolverName(LinearSolver::kAuto), "auto");
  EXPECT_EQ(LinearSolverName(LinearSolver::kDualCoordinateDescent), "dual");
  EXPECT_EQ(LinearSolverName(LinearSolver::kLbfgs), "lbfgs");
  EXPECT_EQ(LinearSolverName(LinearSolver::kNewton), "newton");
}

}  // namespace
}  // namespace muster::models
