#include "muster/models/multinomial_classifier.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <memory>
#include <numeric>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/lbfgs.h"
#include "muster/models/linear_classifier.h"
#include "muster/models/softmax.h"
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

constexpr auto kInvalid = absl::StatusCode::kInvalidArgument;

// Labels 3, 6, 9, ...; each class about a corner of its own.
DenseDataset Corners(int64_t rows, int64_t classes, Rng rng) {
  DenseDataset data = {.num_features = 4};
  for (int64_t row = 0; row < rows; ++row) {
    const int64_t label = runtime::UniformInt(rng, classes);
    data.labels.push_back(static_cast<double>(3 * label + 3));
    for (int64_t j = 0; j < 4; ++j) {
      data.values.push_back(
          static_cast<float>((j == label ? 2.0 : 0.0) + runtime::Normal(rng)));
    }
  }
  return data;
}

// Three rows of one class and one of the other, no features: only intercepts
// (b, -b) count. Without regularisation the odds would be 3; with lambda they
// solve -3/4 + sigma(2b) + lambda b = 0, so for lambda = (3/4 - sigma(1)) /
// (1/2) it is b = 1/2, odds e.
TEST(MultinomialClassifierTest, WorkedExample) {
  const SparseDataset data = {
      .num_features = 0, .row_begin = {0, 0, 0, 0, 0}, .labels = {5, 2, 5, 5}};
  const double sigma = 1 / (1 + std::exp(-1.0));
  LbfgsResult result;
  const auto classifier = TrainMultinomialClassifier(
      data, {.l2 = 2 * (0.75 - sigma), .tolerance = 1e-12}, {}, &result);
  ASSERT_TRUE(classifier.ok()) << classifier.status();
  EXPECT_EQ(classifier->classes(), (std::vector<double>{2, 5}));
  std::vector<double> probabilities(2);
  classifier->Probabilities(std::vector<float>(), probabilities);
  EXPECT_NEAR(probabilities[1], sigma, 1e-9);
  EXPECT_NEAR(probabilities[0], 1 - sigma, 1e-9);
  EXPECT_EQ(classifier->Predict(std::vector<float>()), 5);
  EXPECT_EQ(result.end, LbfgsEnd::kConverged);
}

TEST(MultinomialClassifierTest, OneClassAlwaysAnswersIt) {
  const DenseDataset data = {
      .num_features = 1, .values = {1, 2}, .labels = {8, 8}};
  const auto classifier = TrainMultinomialClassifier(data, {});
  ASSERT_TRUE(classifier.ok());
  std::vector<double> probabilities(1);
  classifier->Probabilities(std::vector<float>{3}, probabilities);
  EXPECT_EQ(probabilities[0], 1);
  EXPECT_EQ(classifier->Predict(std::vector<float>{3}), 8);
}

// The gradient of softmax.h vanishes at the weights.
TEST(MultinomialClassifierTest, WeightsAreStationary) {
  const DenseDataset data = Corners(200, 4, Rng(TestSeed()));
  const auto classifier =
      TrainMultinomialClassifier(data, {.l2 = 0.01, .tolerance = 1e-9});
  SparseDataset numbered = ToSparse(data);
  for (double& label : numbered.labels) label = label / 3 - 1;
  const auto problem =
      SoftmaxRegression::Create(std::make_shared<const SparseDataset>(numbered),
                                {.num_classes = 4, .l2 = 0.01});
  std::vector<double> gradient(problem->dimension());
  problem->Gradient(classifier->scores().weights(), gradient);
  for (double value : gradient) EXPECT_NEAR(value, 0, 1e-8);
}

TEST(MultinomialClassifierTest, LearnsAndIsCalibrated) {
  const Rng root(TestSeed());
  for (int64_t classes : {2, 4}) {
    const DenseDataset train = Corners(2000, classes, root.Fork("train"));
    const DenseDataset test = Corners(2000, classes, root.Fork("test"));
    const auto classifier = TrainMultinomialClassifier(train, {});
    EXPECT_GT(*Accuracy(classifier->scores(), test), classes == 2 ? 0.9 : 0.75);
    std::vector<double> probabilities(classes);
    double of_label = 0;
    double of_best = 0;
    for (int64_t row = 0; row < 2000; ++row) {
      classifier->Probabilities(test.Row(row), probabilities);
      EXPECT_NEAR(
          std::accumulate(probabilities.begin(), probabilities.end(), 0.0), 1,
          1e-12);
      const size_t label = static_cast<size_t>(test.labels[row] / 3) - 1;
      of_label += classifier->Predict(test.Row(row)) == test.labels[row];
      of_best += *std::max_element(probabilities.begin(), probabilities.end());
      EXPECT_GT(probabilities[label], 0);
    }
    // How sure it is, on average, is how often it is right.
    EXPECT_NEAR(of_best / 2000, of_label / 2000, 0.03);
    // Sparse rows give the same.
    const SparseDataset sparse = ToSparse(test);
    std::vector<double> again(classes);
    classifier->Probabilities(sparse.RowColumns(0), sparse.RowValues(0), again);
    classifier->Probabilities(test.Row(0), probabilities);
    for (int64_t k = 0; k < classes; ++k) {
      EXPECT_NEAR(again[k], probabilities[k], 1e-12);
    }
  }
}

TEST(MultinomialClassifierTest, SameBitsForAnyThreads) {
  const DenseDataset data = Corners(6000, 4, Rng(TestSeed()));
  const MultinomialOptions options = {.max_iterations = 15};
  const auto expected =
      TrainMultinomialClassifier(data, options, {.threads = 1});
  for (int threads : {2, 3, 8}) {
    EXPECT_EQ(*TrainMultinomialClassifier(data, options, {.threads = threads}),
              *expected);
  }
}

TEST(MultinomialClassifierTest, AStopIsCancelled) {
  const std::atomic<bool> stop = true;
  for (int64_t classes : {2, 4}) {
    const DenseDataset data = Corners(100, classes, Rng(TestSeed()));
    LbfgsResult result;
    EXPECT_THAT(TrainMultinomialClassifier(data, {}, {.stop = &stop}, &result),
                StatusIs(absl::StatusCode::kCancelled));
    EXPECT_EQ(result.end, LbfgsEnd::kCaller);
  }
  EXPECT_TRUE(
      TrainMultinomialClassifier(Corners(5, 1, Rng(1)), {}, {.stop = &stop})
          .ok());
}

// Asks for an end after three iterations.
class Ender : public runtime::Observer {
 public:
  bool OnProgress(const runtime::Progress& progress) override {
    return progress.done < 3;
  }
};

TEST(MultinomialClassifierTest, AnObserversEndKeepsTheWeights) {
  const DenseDataset data = Corners(200, 4, Rng(TestSeed()));
  Ender ender;
  LbfgsResult result;
  const auto ended = TrainMultinomialClassifier(data, {.tolerance = 1e-12},
                                                {.observer = &ender}, &result);
  ASSERT_TRUE(ended.ok()) << ended.status();
  EXPECT_EQ(result.iterations, 3);
  EXPECT_EQ(*ended, *TrainMultinomialClassifier(
                        data, {.tolerance = 1e-12, .max_iterations = 3}));
}

TEST(MultinomialClassifierTest, ErrorsAreNamed) {
  EXPECT_THAT(Validate(MultinomialOptions{.l2 = -1}),
              StatusIs(kInvalid, HasSubstr("l2 is -1")));
  EXPECT_THAT(Validate(MultinomialOptions{.tolerance = 0}),
              StatusIs(kInvalid, HasSubstr("tolerance is 0")));
  EXPECT_THAT(Validate(MultinomialOptions{.max_iterations = 0}),
              StatusIs(kInvalid, HasSubstr("max_iterations is 0")));
  EXPECT_THAT(TrainMultinomialClassifier(DenseDataset{}, {}),
              StatusIs(kInvalid, HasSubstr("at least one row")));
  EXPECT_THAT(
      TrainMultinomialClassifier(
          DenseDataset{.num_features = 2, .values = {1}, .labels = {1}}, {}),
      StatusIs(kInvalid, HasSubstr("has 1 values, must have")));
  EXPECT_THAT(
      TrainMultinomialClassifier(
          DenseDataset{.num_features = 1, .values = {NAN}, .labels = {1}}, {}),
      StatusIs(kInvalid, HasSubstr("row 0 column 0 is nan")));
  SparseDataset many = {.num_features = 0};
  for (int label = 0; label < 65; ++label) {
    many.labels.push_back(label + 0.5);
    many.row_begin.push_back(0);
  }
  EXPECT_THAT(TrainMultinomialClassifier(many, {}),
              StatusIs(kInvalid, HasSubstr("has 65 classes")));
}

}  // namespace
}  // namespace muster::models
