#include "muster/models/linear_classifier.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <limits>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/linear_problem.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::IsOkAndHolds;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TestSeed;
using ::testing::HasSubstr;

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// `classes` labels 10, 11, ... whose rows lie about as many corners.
DenseDataset Blobs(int64_t rows, int64_t features, int64_t classes, Rng rng) {
  DenseDataset data = {.num_features = features};
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t label = runtime::UniformInt(rng, classes);
    data.labels.push_back(static_cast<double>(10 + label));
    for (int64_t j = 0; j < features; ++j) {
      const double center = j == label % features ? 3.0 : 0.0;
      data.values.push_back(static_cast<float>(center + runtime::Normal(rng)));
    }
  }
  return data;
}

// Two rows x = 1 (label 7) and x = -1 (label 3): by symmetry w minimises w^2/2
// + 2 (1 - w)^2, so w = 4/5 for C = 1.
TEST(LinearClassifierTest, WorkedExample) {
  const DenseDataset data = {
      .num_features = 1, .values = {1, -1}, .labels = {7, 3}};
  LinearTraining training;
  const auto classifier =
      TrainLinearClassifier(data, {.tolerance = 1e-12}, Rng(1), {}, &training);
  ASSERT_TRUE(classifier.ok()) << classifier.status();
  EXPECT_EQ(classifier->classes(), (std::vector<double>{3, 7}));
  EXPECT_EQ(classifier->num_scores(), 1);
  EXPECT_NEAR(classifier->weights()[0], 0.8, 1e-6);
  ASSERT_EQ(training.solutions.size(), 1U);
  EXPECT_TRUE(training.converged());
  EXPECT_NEAR(training.solutions[0].objective, 0.32 + 2 * 0.04, 1e-12);
  const std::vector<float> plus = {0.5};
  const std::vector<float> minus = {-0.5};
  EXPECT_EQ(classifier->Predict(plus), 7);
  EXPECT_EQ(classifier->Predict(minus), 3);
  std::vector<double> scores(1);
  classifier->Scores(plus, scores);
  EXPECT_NEAR(scores[0], 0.4, 1e-6);
  EXPECT_THAT(Accuracy(*classifier, data), IsOkAndHolds(1.0));
}

// All problems begin with the same sum of outer products, so it is made once;
// with so small a C no row leaves it.
TEST(LinearClassifierTest, ProblemsShareTheirGramMatrix) {
  const DenseDataset data = Blobs(500, 40, 5, Rng(1));
  LinearTraining training;
  ASSERT_TRUE(
      TrainLinearClassifier(data, {.c = 1e-6, .solver = LinearSolver::kNewton},
                            Rng(1), {}, &training)
          .ok());
  const double gram = 500 * 40 * 41 / 2.0;
  double sum = gram;
  ASSERT_EQ(training.solutions.size(), 5U);
  for (const LinearSolution& solution : training.solutions) {
    EXPECT_GE(solution.iterations, 1);
    EXPECT_LT(solution.multiply_adds, gram);
    sum += solution.multiply_adds;
  }
  EXPECT_EQ(training.multiply_adds, sum);
}

TEST(LinearClassifierTest, OneClassAlwaysAnswersIt) {
  for (double bias : {0.0, 1.0}) {
    const DenseDataset data = {
        .num_features = 2, .values = {1, 2, 3, 4}, .labels = {5, 5}};
    const auto dense = TrainLinearClassifier(data, {.bias = bias}, Rng(1));
    const auto sparse =
        TrainLinearClassifier(ToSparse(data), {.bias = bias}, Rng(1));
    ASSERT_TRUE(dense.ok() && sparse.ok());
    EXPECT_EQ(*dense, *sparse);
    EXPECT_EQ(dense->num_scores(), 0);
    EXPECT_EQ(dense->Predict(std::vector<float>{-9, 9}), 5);
    EXPECT_THAT(Accuracy(*sparse, ToSparse(data)), IsOkAndHolds(1.0));
  }
}

TEST(LinearClassifierTest, ClassesOfOneRowAndEmptyRows) {
  const SparseDataset data = {.num_features = 2,
                              .row_begin = {0, 1, 2, 2, 3},
                              .columns = {0, 1, 0},
                              .values = {4, 4, -4},
                              .labels = {1, 2, 3, 4}};
  for (LinearSolver solver :
       {LinearSolver::kDualCoordinateDescent, LinearSolver::kLbfgs,
        LinearSolver::kNewton, LinearSolver::kAuto}) {
    const auto classifier =
        TrainLinearClassifier(data, {.bias = 1, .solver = solver}, Rng(1));
    ASSERT_TRUE(classifier.ok());
    EXPECT_EQ(classifier->num_scores(), 4);
    EXPECT_EQ(classifier->Predict(data.RowColumns(0), data.RowValues(0)), 1);
    EXPECT_EQ(classifier->Predict(data.RowColumns(1), data.RowValues(1)), 2);
    EXPECT_EQ(classifier->Predict(data.RowColumns(3), data.RowValues(3)), 4);
  }
}

TEST(LinearClassifierTest, LearnsBlobsInEitherForm) {
  const Rng root(TestSeed());
  const DenseDataset train = Blobs(600, 6, 5, root.Fork("train"));
  const DenseDataset test = Blobs(600, 6, 5, root.Fork("test"));
  for (LinearLoss loss : {LinearLoss::kSquaredHinge, LinearLoss::kLogistic}) {
    const LinearClassifierOptions options = {
        .loss = loss, .bias = 1, .tolerance = 1e-8};
    const auto dense = TrainLinearClassifier(train, options, Rng(1));
    const auto sparse = TrainLinearClassifier(ToSparse(train), options, Rng(1));
    ASSERT_TRUE(dense.ok() && sparse.ok());
    const double accuracy = *Accuracy(*dense, test);
    EXPECT_GT(accuracy, 0.9);
    EXPECT_NEAR(*Accuracy(*sparse, ToSparse(test)), accuracy, 0.002);
    for (size_t j = 0; j < dense->weights().size(); ++j) {
      EXPECT_NEAR(dense->weights()[j], sparse->weights()[j], 1e-4);
    }
  }
}

TEST(LinearClassifierTest, ScoresAreInnerProducts) {
  const auto classifier = LinearClassifier::Create(
      {0, 1, 2}, 2, 2, {1, 2, 3, /**/ -1, 0, 1, /**/ 0.5, 0, -0.5});
  ASSERT_TRUE(classifier.ok()) << classifier.status();
  std::vector<double> scores(3);
  classifier->Scores(std::vector<float>{3, 4}, scores);
  EXPECT_EQ(scores, (std::vector<double>{0, 6, 12}));
  // Column 5 was not known to training.
  const std::vector<int32_t> columns = {1, 5};
  const std::vector<float> values = {4, 100};
  classifier->Scores(columns, values, scores);
  EXPECT_EQ(scores, (std::vector<double>{-3, 0, 3}));
  EXPECT_EQ(classifier->Predict(columns, values), 2);
  // All scores 0: the lowest class.
  EXPECT_EQ(LinearClassifier::Create({4, 5, 6}, 1, 0, {0, 0, 0})
                ->Predict(std::vector<float>{1}),
            4);
}

TEST(LinearClassifierTest, EarlierTrainingIsAStart) {
  const DenseDataset data = Blobs(300, 4, 3, Rng(TestSeed()));
  for (LinearSolver solver :
       {LinearSolver::kDualCoordinateDescent, LinearSolver::kNewton}) {
    LinearTraining training;
    const LinearClassifierOptions options = {.solver = solver};
    ASSERT_TRUE(
        TrainLinearClassifier(data, options, Rng(1), {}, &training).ok());
    const auto cold = training.solutions[0].iterations;
    ASSERT_TRUE(
        TrainLinearClassifier(data, options, Rng(1), {}, &training).ok());
    EXPECT_LT(training.solutions[0].iterations, cold);
    // Of other rows it is not used.
    const DenseDataset other = Blobs(100, 7, 3, Rng(TestSeed()));
    const auto fresh = TrainLinearClassifier(other, options, Rng(1));
    EXPECT_EQ(*TrainLinearClassifier(other, options, Rng(1), {}, &training),
              *fresh);
  }
}

TEST(LinearClassifierTest, SameBitsForAnyThreads) {
  for (int64_t classes : {2, 5}) {
    const DenseDataset data = Blobs(3000, 6, classes, Rng(TestSeed()));
    for (LinearSolver solver : {LinearSolver::kDualCoordinateDescent,
                                LinearSolver::kLbfgs, LinearSolver::kNewton}) {
      const LinearClassifierOptions options = {.solver = solver};
      const auto expected =
          TrainLinearClassifier(data, options, Rng(1), {.threads = 1});
      const auto predicted = *expected->PredictAll(data, {.threads = 1});
      for (int threads : {2, 3, 8}) {
        const auto classifier =
            TrainLinearClassifier(data, options, Rng(1), {.threads = threads});
        EXPECT_EQ(*classifier, *expected);
        EXPECT_EQ(*classifier->PredictAll(data, {.threads = threads}),
                  predicted);
      }
    }
  }
}

TEST(LinearClassifierTest, AStopIsCancelled) {
  const std::atomic<bool> stop = true;
  for (int64_t classes : {2, 3}) {
    const DenseDataset data = Blobs(50, 3, classes, Rng(1));
    for (LinearSolver solver :
         {LinearSolver::kAuto, LinearSolver::kDualCoordinateDescent,
          LinearSolver::kLbfgs, LinearSolver::kNewton}) {
      LinearTraining training;
      EXPECT_THAT(TrainLinearClassifier(data, {.solver = solver}, Rng(1),
                                        {.stop = &stop}, &training),
                  StatusIs(absl::StatusCode::kCancelled));
      EXPECT_FALSE(training.converged());
    }
  }
  // Nothing is left to do for one class.
  EXPECT_TRUE(
      TrainLinearClassifier(Blobs(5, 3, 1, Rng(1)), {}, Rng(1), {.stop = &stop})
          .ok());
}

TEST(LinearClassifierTest, BadOptionsAreNamed) {
  EXPECT_THAT(Validate(LinearClassifierOptions{.c = 0}),
              StatusIs(kInvalid, HasSubstr("c is 0")));
  EXPECT_THAT(Validate(LinearClassifierOptions{.c = INFINITY}),
              StatusIs(kInvalid, HasSubstr("c is inf")));
  EXPECT_THAT(Validate(LinearClassifierOptions{.bias = NAN}),
              StatusIs(kInvalid, HasSubstr("bias is nan")));
  EXPECT_THAT(Validate(LinearClassifierOptions{.tolerance = 0}),
              StatusIs(kInvalid, HasSubstr("tolerance is 0")));
  EXPECT_THAT(Validate(LinearClassifierOptions{.max_iterations = 0}),
              StatusIs(kInvalid, HasSubstr("max_iterations is 0")));
}

TEST(LinearClassifierTest, BadDataIsNamed) {
  const auto train = [](const DenseDataset& data) {
    return TrainLinearClassifier(data, {}, Rng(1)).status();
  };
  EXPECT_THAT(train({.num_features = 2}),
              StatusIs(kInvalid, HasSubstr("at least one row")));
  EXPECT_THAT(train({.num_features = 2, .values = {1}, .labels = {1}}),
              StatusIs(kInvalid, HasSubstr("has 1 values, must have num_rows x "
                                           "num_features = 1 x 2")));
  EXPECT_THAT(
      train({.num_features = 2, .values = {1, 2, 3, NAN}, .labels = {1, 2}}),
      StatusIs(kInvalid, HasSubstr("row 1 column 1 is nan")));
  EXPECT_THAT(train({.num_features = 1, .values = {1}, .labels = {INFINITY}}),
              StatusIs(kInvalid, HasSubstr("labels[0] is inf")));
  const SparseDataset sparse = {.num_features = 1,
                                .row_begin = {0, 1},
                                .columns = {3},
                                .values = {1},
                                .labels = {1}};
  EXPECT_THAT(TrainLinearClassifier(sparse, {}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("row 0 has column 3")));
  const auto classifier = LinearClassifier::Create({1, 2}, 2, 0, {1, 1});
  EXPECT_THAT(classifier->PredictAll(DenseDataset{
                  .num_features = 1, .values = {1}, .labels = {1}}),
              StatusIs(kInvalid, HasSubstr("1 features, the classifier was "
                                           "trained on 2")));
}

TEST(LinearClassifierTest, PartsThatDoNotFitAreNamed) {
  EXPECT_THAT(LinearClassifier::Create({}, 1, 0, {}),
              StatusIs(kInvalid, HasSubstr("needs a class")));
  EXPECT_THAT(LinearClassifier::Create({2, 2}, 1, 0, {1}),
              StatusIs(kInvalid, HasSubstr("class 1 is 2")));
  EXPECT_THAT(LinearClassifier::Create({1, 2}, -1, 0, {}),
              StatusIs(kInvalid, HasSubstr("num_features is -1")));
  const auto one = LinearClassifier::Create({1, 2}, 2, 0, {1, 1});
  const DenseDataset cut = {
      .num_features = 2, .values = {1, 2, 3}, .labels = {1, 2}};
  EXPECT_THAT(one->PredictAll(cut),
              StatusIs(kInvalid, HasSubstr("has 3 values, must have")));
  EXPECT_THAT(Accuracy(*one, cut),
              StatusIs(kInvalid, HasSubstr("has 3 values, must have")));
  EXPECT_THAT(LinearClassifier::Create({1, 2, 3}, 2, 1, {1}),
              StatusIs(kInvalid, HasSubstr("1 weights, must be 9")));
}

}  // namespace
}  // namespace muster::models
