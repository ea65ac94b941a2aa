#include "muster/models/softmax.h"

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/gradient_check.h"
#include "muster/models/logistic.h"
#include "muster/models/vector_ops.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

SparseDataset RandomData(int64_t rows, int64_t features, int64_t classes,
                         uint64_t seed) {
  runtime::Rng rng(seed);
  SparseDataset data;
  data.num_features = features;
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t j = 0; j < features; ++j) {
      if (runtime::Uniform01(rng) < 0.5) continue;
      data.columns.push_back(static_cast<int32_t>(j));
      data.values.push_back(static_cast<float>(runtime::Normal(rng)));
    }
    data.row_begin.push_back(data.num_entries());
    data.labels.push_back(
        static_cast<double>(runtime::UniformInt(rng, classes)));
  }
  return data;
}

SoftmaxRegression Make(SparseDataset data, SoftmaxOptions options) {
  return *SoftmaxRegression::Create(
      std::make_shared<const SparseDataset>(std::move(data)), options);
}

// One row a = (2), label 1, three classes. x = (W_00 W_01 W_02, b_0 b_1 b_2) =
// (0, 0, t, 0, ln 2, -2t): scores (0, ln 2, 0), probabilities (1/4, 1/2, 1/4),
// loss ln 2. Gradient of the intercepts (1/4, -1/2, 1/4), of W twice that.
TEST(SoftmaxTest, WorkedExample) {
  const SoftmaxRegression problem = Make({.num_features = 1,
                                          .row_begin = {0, 1},
                                          .columns = {0},
                                          .values = {2},
                                          .labels = {1}},
                                         {.num_classes = 3});
  ASSERT_EQ(problem.dimension(), 6);
  const std::vector<double> x = {0, 0, 0.7, 0, std::log(2.0), -1.4};
  EXPECT_NEAR(problem.Objective(x), std::log(2.0), 1e-15);
  std::vector<double> gradient(6);
  problem.Gradient(x, gradient);
  const std::vector<double> expected = {0.5, -1, 0.5, 0.25, -0.5, 0.25};
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(gradient[i], expected[i], 1e-15);
  EXPECT_EQ(problem.ObjectiveAndGradient(x, gradient), problem.Objective(x));
  EXPECT_EQ(problem.ErrorRate(x), 0);
  EXPECT_EQ(problem.ErrorRate(problem.InitialPoint()), 1);  // ties: class 0
  EXPECT_DOUBLE_EQ(problem.Objective(problem.InitialPoint()), std::log(3.0));
  EXPECT_DOUBLE_EQ(problem.SmoothnessBound(), 2.5);
}

TEST(SoftmaxTest, GradientIsTheDerivative) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const int64_t classes = 2 + static_cast<int64_t>(seed % 9);
    const SoftmaxRegression problem =
        Make(RandomData(25, 1 + seed % 5, classes, seed),
             {.num_classes = classes, .l2 = 0.02});
    runtime::Rng rng = root.Fork("case", seed);
    std::vector<double> x(problem.dimension());
    for (double& value : x) value = runtime::Normal(rng);
    EXPECT_LT(GradientError(problem, x), 1e-8) << "seed " << seed;
  }
}

// With two classes, W_j0 = 0 and no intercept the loss is the logistic one.
TEST(SoftmaxTest, TwoClassesAreLogisticRegression) {
  const SparseDataset data = RandomData(40, 3, 2, 5);
  const SoftmaxRegression softmax = Make(data, {.num_classes = 2});
  const LogisticRegression logistic = *LogisticRegression::Create(
      std::make_shared<const SparseDataset>(data), {.l2 = 0});
  const std::vector<double> w = {0.3, -1.2, 0.8};
  const std::vector<double> x = {0, w[0], 0, w[1], 0, w[2], 0, 0};
  EXPECT_NEAR(softmax.Objective(x), logistic.Objective(w), 1e-14);
}

TEST(SoftmaxTest, LargeScoresDoNotOverflow) {
  const SoftmaxRegression problem = Make({.num_features = 1,
                                          .row_begin = {0, 1},
                                          .columns = {0},
                                          .values = {1},
                                          .labels = {0}},
                                         {.num_classes = 2});
  EXPECT_DOUBLE_EQ(problem.Objective(std::vector<double>{-1e8, 1e8, 0, 0}),
                   2e8);
}

// A batch is the mean over the rows that its stream names.
TEST(SoftmaxTest, BatchIsTheMeanOfItsRows) {
  const SparseDataset data = RandomData(12, 4, 3, 6);
  const SoftmaxOptions options = {.num_classes = 3, .l2 = 0.1};
  const SoftmaxRegression problem = Make(data, options);
  runtime::Rng rng(21);
  std::vector<double> x(problem.dimension());
  for (double& value : x) value = runtime::Normal(rng);
  std::vector<double> batch(x.size()), mean(x.size(), 0.0),
      row_gradient(x.size());
  const double loss =
      problem.StochasticLossAndGradient(x, 16, runtime::Rng(7), batch);
  runtime::Rng rows(7);
  double mean_loss = 0;
  for (int i = 0; i < 16; ++i) {
    const std::vector<int64_t> row = {runtime::UniformInt(rows, 12)};
    const SoftmaxRegression single = Make(SelectRows(data, row), options);
    single.Gradient(x, row_gradient);
    AddScaled(1.0 / 16, row_gradient, mean);
    mean_loss += (single.Objective(x) - 0.05 * SquaredNorm(x)) / 16;
  }
  EXPECT_NEAR(loss, mean_loss, 1e-12);
  for (size_t i = 0; i < x.size(); ++i) EXPECT_NEAR(batch[i], mean[i], 1e-13);
}

// Few blocks, and more rows than the smallest blocks would take.
TEST(SoftmaxTest, BitsDoNotDependOnThreads) {
  for (int64_t rows : {5000, 40000}) {
    const SoftmaxRegression problem =
        Make(RandomData(rows, 4, 5, 3), {.num_classes = 5, .l2 = 0.01});
    runtime::Rng rng(4);
    std::vector<double> x(problem.dimension());
    for (double& value : x) value = runtime::Normal(rng);
    std::vector<double> gradient(x.size()), other(x.size());
    problem.Gradient(x, gradient, {.threads = 1});
    const double objective = problem.Objective(x, {.threads = 1});
    const double error = problem.ErrorRate(x, {.threads = 1});
    for (int threads : {2, 3, 8}) {
      EXPECT_EQ(problem.ObjectiveAndGradient(x, other, {.threads = threads}),
                objective);
      EXPECT_EQ(other, gradient);
      EXPECT_EQ(problem.Objective(x, {.threads = threads}), objective);
      EXPECT_EQ(problem.ErrorRate(x, {.threads = threads}), error);
    }
  }
}

TEST(SoftmaxTest, RejectsBadLabelsAndOptions) {
  for (double label : {-1.0, 3.0, 1.5}) {
    EXPECT_THAT(
        SoftmaxRegression::Create(std::make_shared<const SparseDataset>(
                                      SparseDataset{.num_features = 0,
                                                    .row_begin = {0, 0},
                                                    .columns = {},
                                                    .values = {},
                                                    .labels = {label}}),
                                  {.num_classes = 3}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("row 0")));
  }
  EXPECT_THAT(
      SoftmaxRegression::Create(std::make_shared<const SparseDataset>()),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("one row")));
  EXPECT_THAT(Validate(SoftmaxOptions{.num_classes = 1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_classes is 1, must be in [2, 64]")));
  EXPECT_THAT(Validate(SoftmaxOptions{.l2 = -0.5}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("l2")));
}

}  // namespace
}  // namespace muster::models
