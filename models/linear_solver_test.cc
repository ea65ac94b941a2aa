#include "muster/models/linear_solver.h"

#include <gtest/gtest.h>
#include <linear.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/dual_coordinate_descent.h"
#include "muster/models/feature_rows.h"
#include "muster/models/gram_matrix.h"
#include "muster/models/linear_newton.h"
#include "muster/models/linear_problem.h"
#include "muster/models/linear_test_data.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;

constexpr LinearSolver kSolvers[] = {LinearSolver::kDualCoordinateDescent,
                                     LinearSolver::kLbfgs,
                                     LinearSolver::kNewton};

// One row x = 1 with y = +1.
//
// Squared hinge, C = 1: w^2 / 2 + (1 - w)^2 is least at w = 2/3, where it is
// 1/3; alpha = 2 C (1 - w) = 2/3. Logistic: w = C sigma(-w), so w = 1 for C = 1
// + e, with f = 1/2 + C ln(1 + 1/e) and alpha = w.
TEST(LinearSolverTest, ClosedForm) {
  const DenseDataset data = {.num_features = 1, .values = {1}, .labels = {1}};
  const std::vector<int8_t> signs = {1};
  const double e = std::exp(1.0);
  for (LinearSolver solver : kSolvers) {
    LinearProblem problem = {.rows = FeatureRows::Of(data, 0), .signs = signs};
    const LinearStop stop = {.tolerance = 1e-14};
    LinearSolution solution = SolveLinear(problem, solver, stop, Rng(1));
    EXPECT_NEAR(solution.weights[0], 2.0 / 3, 1e-7) << LinearSolverName(solver);
    EXPECT_NEAR(solution.objective, 1.0 / 3, 1e-14);
    EXPECT_TRUE(solution.converged);
    if (solver == LinearSolver::kDualCoordinateDescent) {
      EXPECT_NEAR(solution.dual[0], 2.0 / 3, 1e-7);
    }
    problem.loss = LinearLoss::kLogistic;
    problem.c = 1 + e;
    solution = SolveLinear(problem, solver, stop, Rng(1));
    EXPECT_NEAR(solution.weights[0], 1, 1e-6) << LinearSolverName(solver);
    EXPECT_NEAR(solution.objective, 0.5 + (1 + e) * std::log1p(1 / e), 1e-13);
    EXPECT_TRUE(solution.converged);
  }
}

TEST(LinearSolverTest, RowsWithoutEntriesAndWithoutFeatures) {
  for (LinearSolver solver : kSolvers) {
    for (LinearLoss loss : {LinearLoss::kSquaredHinge, LinearLoss::kLogistic}) {
      const SparseDataset data = {
          .num_features = 3, .row_begin = {0, 0, 0}, .labels = {1, -1}};
      const std::vector<int8_t> signs = {1, -1};
      const LinearSolution solution =
          SolveLinear({.rows = FeatureRows::Of(data, 0),
                       .signs = signs,
                       .loss = loss,
                       .c = 2},
                      solver, {}, Rng(1));
      EXPECT_EQ(solution.weights, std::vector<double>(3, 0.0));
      EXPECT_TRUE(solution.converged) << LinearSolverName(solver);
      EXPECT_NEAR(solution.objective,
                  loss == LinearLoss::kLogistic ? 4 * std::log(2.0) : 4.0,
                  1e-12);
    }
  }
}

// f(w) - min f <= gap by strong duality; all three solvers, both layouts.
TEST(LinearSolverTest, SolversAgreeWithinTheirGaps) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 150; ++instance) {
    const LinearTestCase test =
        RandomLinearTestCase(root.Fork("agree", instance));
    const LinearSolution exact =
        SolveNewton(test.Problem(), {.tolerance = 1e-13});
    ASSERT_TRUE(exact.converged) << instance;
    for (LinearSolver solver : kSolvers) {
      for (double tolerance : {1e-1, 1e-3, 1e-6}) {
        const LinearProblem problem = test.Problem(instance % 2 == 0);
        const LinearSolution solution = SolveLinear(
            problem, solver, {.tolerance = tolerance, .max_iterations = 50000},
            Rng(instance));
        ASSERT_TRUE(solution.converged)
            << LinearSolverName(solver) << " " << instance << " c " << test.c
            << " gap " << solution.gap << " of " << solution.objective;
        EXPECT_LE(solution.gap, tolerance * solution.objective);
        EXPECT_NEAR(LinearObjective(problem).Objective(solution.weights),
                    solution.objective, 1e-9 * solution.objective);
        EXPECT_LE(solution.objective,
                  exact.objective + solution.gap + 1e-9 * exact.objective);
        EXPECT_GE(solution.objective, exact.objective * (1 - 1e-9));
      }
    }
  }
}

// The dual is feasible and w = sum alpha y x.
TEST(LinearSolverTest, DualSolutionIsFeasible) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 100; ++instance) {
    const LinearTestCase test =
        RandomLinearTestCase(root.Fork("dual", instance));
    const LinearProblem problem = test.Problem();
    const LinearSolution solution =
        SolveDual(problem, {.tolerance = 1e-4}, Rng(instance));
    std::vector<double> w(problem.dimension());
    for (int64_t row = 0; row < problem.rows.num_rows; ++row) {
      const double alpha = solution.dual[row];
      EXPECT_GE(alpha, 0);
      EXPECT_LE(alpha, test.loss == LinearLoss::kLogistic ? test.c : INFINITY);
      problem.rows.AddScaled(row, alpha * test.signs[row], w.data());
    }
    for (size_t j = 0; j < w.size(); ++j) {
      EXPECT_NEAR(w[j], solution.weights[j], 1e-9 * (1 + std::abs(w[j])));
    }
    EXPECT_NEAR(LinearObjective(problem).DualObjective(w, solution.dual),
                solution.objective - solution.gap, 1e-9 * solution.objective);
  }
}

TEST(LinearSolverTest, StartsFromASolutionForAnotherC) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 60; ++instance) {
    LinearTestCase test = RandomLinearTestCase(root.Fork("warm", instance));
    for (LinearSolver solver : kSolvers) {
      const LinearStop stop = {.tolerance = 1e-6, .max_iterations = 50000};
      const LinearSolution cold =
          SolveLinear(test.Problem(), solver, stop, Rng(1));
      const LinearSolution again =
          SolveLinear(test.Problem(), solver, stop, Rng(2), &cold);
      EXPECT_EQ(again.iterations, 0) << LinearSolverName(solver);
      EXPECT_LE(again.gap, 1e-6 * again.objective);
      for (double factor : {0.1, 10.0}) {
        LinearTestCase other = test;
        other.c *= factor;
        const LinearSolution warm =
            SolveLinear(other.Problem(), solver, stop, Rng(3), &cold);
        EXPECT_TRUE(warm.converged)
            << LinearSolverName(solver) << " " << instance;
      }
    }
  }
}

TEST(LinearSolverTest, IterationsAndStopEndTheRun) {
  Rng rng(TestSeed());
  LinearTestCase test = RandomLinearTestCase(rng.Fork("limits", 3));
  test.c = 30;
  std::atomic<bool> stop{true};
  for (LinearSolver solver : kSolvers) {
    const LinearStop two = {.tolerance = 1e-13, .max_iterations = 2};
    const LinearSolution cut = SolveLinear(test.Problem(), solver, two, Rng(1));
    EXPECT_LE(cut.iterations, 2);
    EXPECT_FALSE(cut.converged) << LinearSolverName(solver);
    EXPECT_GT(cut.gap, 0);
    const LinearSolution stopped = SolveLinear(
        test.Problem(), solver, {}, Rng(1), nullptr, {.stop = &stop});
    EXPECT_EQ(stopped.iterations, 0);
    EXPECT_GT(stopped.objective, 0);
  }
}

// Ten rows of three features, all short of their margin before and after one
// iteration: 30 multiply-adds for a product with all rows, as many for a sum.
TEST(LinearSolverTest, MultiplyAddsAreCounted) {
  DenseDataset data = {.num_features = 3};
  std::vector<int8_t> signs;
  Rng rng(1);
  for (int row = 0; row < 10; ++row) {
    for (int j = 0; j < 3; ++j) {
      data.values.push_back(static_cast<float>(0.01 * runtime::Normal(rng)));
    }
    data.labels.push_back(1);
    signs.push_back(1);
  }
  const LinearProblem problem = {.rows = FeatureRows::Of(data, 0),
                                 .signs = signs};
  const auto count = [&](LinearSolver solver) {
    return SolveLinear(problem, solver,
                       {.tolerance = 1e-300, .max_iterations = 1}, Rng(1))
        .multiply_adds;
  };
  // A pass with all rows moved, and the gap: margins and weights of the dual.
  EXPECT_EQ(count(LinearSolver::kDualCoordinateDescent), 60 + 60);
  // Margins and gradient; the Hessian, 6 a row, and its factor; the direction's
  // margins; the gradient at the end.
  EXPECT_EQ(count(LinearSolver::kNewton), 60 + 60 + 27.0 / 6 + 30 + 30);
  const double lbfgs = count(LinearSolver::kLbfgs);
  EXPECT_GE(lbfgs, 2 * 60);
  EXPECT_EQ(std::fmod(lbfgs, 60), 0);
}

// (large, 0) once, (1, 0) and (0, 2) a hundred times, all with y = +1, C = 1.
// The first iteration leaves w_1 of the order 1 / large, the large row beyond
// its margin. Without it the Hessian's first diagonal element falls from 2
// large^2 + 201 to 201, and the second iteration finds the minimum, w =
// (200/201, 400/801), f = 100/201 + 100/801. After a fall by more than a
// million the other rows are summed anew.
TEST(LinearSolverTest, NewtonSumsAnewWhenALargeRowLeaves) {
  for (double large : {100.0, 1e9}) {
    DenseDataset data = {.num_features = 2,
                         .values = {static_cast<float>(large), 0},
                         .labels = {1}};
    for (int pair = 0; pair < 100; ++pair) {
      data.values.insert(data.values.end(), {1, 0, 0, 2});
      data.labels.insert(data.labels.end(), 2, 1);
    }
    const std::vector<int8_t> signs(201, 1);
    const LinearSolution solution =
        SolveNewton({.rows = FeatureRows::Of(data, 0), .signs = signs},
                    {.tolerance = 1e-9});
    EXPECT_TRUE(solution.converged);
    EXPECT_EQ(solution.iterations, 2);
    EXPECT_NEAR(solution.objective, 100.0 / 201 + 100.0 / 801, 1e-12);
    // As in MultiplyAddsAreCounted; then one row away, 3, and 200 anew.
    const double first = 2 * 402 + 3 * 201 + 8.0 / 6 + 2 * 402;
    const double anew = large > 1e6 ? 3 * 200 : 0;
    EXPECT_DOUBLE_EQ(solution.multiply_adds,
                     first + 3 + anew + 8.0 / 6 + 2 * 402);
  }
}

// N(0, 1) features, labels by a random direction and noise; twenty rows have
// label +1 and `large` in one place, or everywhere: the direction is positive
// then, so that they agree with the others.
LinearTestCase LargeRows(int64_t num_rows, bool everywhere, float large) {
  constexpr int64_t kFeatures = 10;
  Rng rng(1);
  std::vector<double> direction(kFeatures);
  for (double& value : direction) {
    value = runtime::Normal(rng);
    if (everywhere) value = std::abs(value);
  }
  LinearTestCase test;
  test.dense.num_features = kFeatures;
  for (int64_t row = 0; row < num_rows; ++row) {
    const bool is_large = row % (num_rows / 20) == 0;
    const int64_t place = row / (num_rows / 20) % kFeatures;
    double score = 0.5 * runtime::Normal(rng);
    for (int64_t j = 0; j < kFeatures; ++j) {
      const double value = runtime::Normal(rng);
      test.dense.values.push_back(is_large && (everywhere || j == place)
                                      ? large
                                      : static_cast<float>(value));
      score += value * direction[j];
    }
    test.signs.push_back(score > 0 || is_large ? 1 : -1);
    test.dense.labels.push_back(test.signs.back());
  }
  test.sparse = ToSparse(test.dense);
  return test;
}

// Rows of 1e8 and more: what is left of the sum of outer products when they
// leave it is rounding, and where they fill it, it cannot be factored. The
// minimum is about that with 1e5 in their place, where neither happens.
TEST(LinearSolverTest, NewtonConvergesWithRowsThatDwarfTheOthers) {
  for (int64_t num_rows : {200, 2000}) {
    for (bool everywhere : {false, true}) {
      const LinearTestCase tame = LargeRows(num_rows, everywhere, 1e5F);
      const LinearSolution expected =
          SolveNewton(tame.Problem(), {.tolerance = 1e-6});
      ASSERT_TRUE(expected.converged);
      for (float large : {1e8F, 1e9F}) {
        const LinearTestCase test = LargeRows(num_rows, everywhere, large);
        for (bool as_dense : {false, true}) {
          LinearProblem problem = test.Problem(as_dense);
          const std::vector<double> gram = GramMatrix(problem.rows);
          for (bool with_gram : {false, true}) {
            problem.gram = with_gram ? &gram : nullptr;
            const LinearSolution solution = SolveNewton(problem, {});
            EXPECT_TRUE(solution.converged)
                << num_rows << " " << everywhere << " " << large << " gap "
                << solution.gap << " of " << solution.objective;
            EXPECT_LE(solution.iterations, 20);
            EXPECT_NEAR(solution.objective, expected.objective,
                        1e-3 * expected.objective);
            EXPECT_NEAR(LinearObjective(problem).Objective(solution.weights),
                        solution.objective, 1e-9 * solution.objective);
          }
        }
      }
    }
  }
}

// liblinear trains the same problem; its criterion is not a gap, so only the
// order of its accuracy is known.
TEST(LinearSolverTest, LiblinearReachesTheSameObjective) {
  set_print_string_function([](const char*) {});
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 100; ++instance) {
    LinearTestCase test =
        RandomLinearTestCase(root.Fork("liblinear", instance));
    test.bias = 0;
    std::vector<feature_node> nodes;
    const auto& data = test.sparse;
    nodes.reserve(data.num_entries() + data.num_rows());
    std::vector<feature_node*> rows;
    std::vector<double> labels;
    for (int64_t row = 0; row < data.num_rows(); ++row) {
      rows.push_back(nodes.data() + nodes.size());
      for (size_t e = 0; e < data.RowColumns(row).size(); ++e) {
        nodes.push_back({data.RowColumns(row)[e] + 1, data.RowValues(row)[e]});
      }
      nodes.push_back({-1, 0});
      labels.push_back(test.signs[row]);
    }
    // Of one class it makes no problem.
    if (std::ranges::count(labels, labels[0]) ==
        static_cast<int64_t>(labels.size())) {
      continue;
    }
    problem liblinear = {static_cast<int>(data.num_rows()),
                         static_cast<int>(data.num_features), labels.data(),
                         rows.data(), -1};
    parameter options = {};
    options.solver_type =
        test.loss == LinearLoss::kLogistic ? L2R_LR : L2R_L2LOSS_SVC;
    options.eps = 1e-8;
    options.C = test.c;
    model* trained = train(&liblinear, &options);
    std::vector<double> w(trained->w, trained->w + data.num_features);
    if (trained->label[0] < 0) Scale(-1, w);
    free_and_destroy_model(&trained);
    const LinearObjective objective(test.Problem());
    const double theirs = objective.Objective(w);
    for (LinearSolver solver : kSolvers) {
      const double ours =
          SolveLinear(test.Problem(), solver,
                      {.tolerance = 1e-7, .max_iterations = 50000}, Rng(1))
              .objective;
      EXPECT_NEAR(ours, theirs, 2e-7 * theirs)
          << LinearSolverName(solver) << " " << instance;
    }
  }
}

// Large enough for several blocks, so that threads are really used; both ways
// to find Newton's direction.
TEST(LinearSolverTest, SameBitsForAnyThreads) {
  for (int64_t features : {4, 400}) {
    Rng rng = Rng(TestSeed()).Fork("threads", features);
    const int64_t num_rows = 5000;
    SparseDataset data = {.num_features = features};
    std::vector<int8_t> signs;
    for (int64_t row = 0; row < num_rows; ++row) {
      for (int64_t j = 0; j < features; ++j) {
        if (features > 4 && runtime::UniformInt(rng, 40) != 0) continue;
        data.columns.push_back(static_cast<int32_t>(j));
        data.values.push_back(static_cast<float>(runtime::Normal(rng)));
      }
      data.row_begin.push_back(data.num_entries());
      signs.push_back(runtime::UniformInt(rng, 2) == 0 ? -1 : 1);
      data.labels.push_back(signs.back());
    }
    const LinearProblem problem = {.rows = FeatureRows::Of(data, 1),
                                   .signs = signs,
                                   .loss = LinearLoss::kLogistic,
                                   .c = 0.01};
    EXPECT_EQ(FormsHessian(problem.rows), features == 4);
    for (LinearSolver solver : kSolvers) {
      const auto solve = [&](int threads) {
        return SolveLinear(problem, solver, {.max_iterations = 20}, Rng(1),
                           nullptr, {.threads = threads});
      };
      const LinearSolution expected = solve(1);
      for (int threads : {2, 3, 8}) {
        const LinearSolution solution = solve(threads);
        EXPECT_EQ(solution.weights, expected.weights);
        EXPECT_EQ(solution.objective, expected.objective);
        EXPECT_EQ(solution.gap, expected.gap);
      }
    }
  }
}

TEST(LinearSolverTest, AutoIsNewtonForFewFeaturesElseDual) {
  SparseDataset data = {
      .num_features = 100, .row_begin = {0, 0}, .labels = {1}};
  EXPECT_EQ(ChooseLinearSolver(FeatureRows::Of(data, 0)),
            LinearSolver::kNewton);
  data.num_features = 100000;
  EXPECT_EQ(ChooseLinearSolver(FeatureRows::Of(data, 0)),
            LinearSolver::kDualCoordinateDescent);
}

}  // namespace
}  // namespace muster::models
