#include "muster/models/cross_validation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/linear_classifier.h"
#include "muster/runtime/distributions.h"
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

// Labels follow the sign of the first feature in `right` of 100 rows; the other
// features are noise, and many.
DenseDataset Noisy(int64_t rows, int64_t right, Rng rng) {
  DenseDataset data = {.num_features = 20};
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t j = 0; j < 20; ++j) {
      data.values.push_back(static_cast<float>(runtime::Normal(rng)));
    }
    const bool positive = data.Row(row)[0] > 0;
    const bool wrong = runtime::UniformInt(rng, 100) >= right;
    data.labels.push_back(positive != wrong ? 1 : 0);
  }
  return data;
}

TEST(CrossValidationTest, FoldsShareEachClassEvenly) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 50; ++instance) {
    Rng rng = root.Fork("folds", instance);
    const int64_t rows = 1 + runtime::UniformInt(rng, 80);
    const int64_t num_folds = 1 + runtime::UniformInt(rng, 7);
    std::vector<double> labels(rows);
    for (double& label : labels) {
      label = static_cast<double>(runtime::UniformInt(rng, 4));
    }
    const std::vector<int64_t> folds = StratifiedFolds(labels, num_folds, rng);
    std::vector<int64_t> sizes(num_folds);
    std::map<double, std::vector<int64_t>> by_class;
    for (int64_t row = 0; row < rows; ++row) {
      ASSERT_TRUE(folds[row] >= 0 && folds[row] < num_folds);
      ++sizes[folds[row]];
      auto& counts = by_class[labels[row]];
      counts.resize(num_folds);
      ++counts[folds[row]];
    }
    by_class[-1] = sizes;
    for (const auto& [label, counts] : by_class) {
      const auto [low, high] = std::ranges::minmax(counts);
      EXPECT_LE(high - low, 1) << "class " << label;
    }
  }
}

// By hand: the accuracies are those of training on the other folds.
TEST(CrossValidationTest, AccuracyIsThatOfTheOtherFolds) {
  const Rng rng(TestSeed());
  const DenseDataset data = Noisy(90, 85, rng.Fork("data"));
  const std::vector<double> grid = {0.001, 1};
  const auto result = CrossValidateC(data, {.tolerance = 1e-9},
                                     {.num_folds = 3, .grid = grid}, rng);
  ASSERT_TRUE(result.ok()) << result.status();
  const std::vector<int64_t> folds =
      StratifiedFolds(data.labels, 3, rng.Fork("folds"));
  for (size_t i = 0; i < grid.size(); ++i) {
    int64_t correct = 0;
    for (int64_t fold = 0; fold < 3; ++fold) {
      DenseDataset train = {.num_features = 20};
      for (int64_t row = 0; row < 90; ++row) {
        if (folds[row] == fold) continue;
        const auto values = data.Row(row);
        train.values.insert(train.values.end(), values.begin(), values.end());
        train.labels.push_back(data.labels[row]);
      }
      const auto classifier = TrainLinearClassifier(
          train, {.c = grid[i], .tolerance = 1e-9}, Rng(7));
      for (int64_t row = 0; row < 90; ++row) {
        if (folds[row] != fold) continue;
        correct += classifier->Predict(data.Row(row)) == data.labels[row];
      }
    }
    EXPECT_DOUBLE_EQ(result->accuracies[i],
                     static_cast<double>(correct) / 90.0);
  }
  EXPECT_EQ(result->num_folds, 3);
}

TEST(CrossValidationTest, NoiseWantsASmallC) {
  const DenseDataset data = Noisy(120, 70, Rng(TestSeed()));
  const auto dense = CrossValidateC(data, {}, {}, Rng(1));
  ASSERT_TRUE(dense.ok());
  EXPECT_LE(dense->best_c, 1);
  const auto best = std::ranges::max(dense->accuracies);
  const auto index =
      std::ranges::find(dense->accuracies, best) - dense->accuracies.begin();
  EXPECT_EQ(dense->best_c, CrossValidationOptions().grid[index]);
  // The same rows and folds in sparse form.
  const auto sparse = CrossValidateC(ToSparse(data), {}, {}, Rng(1));
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_NEAR(sparse->accuracies[i], dense->accuracies[i], 0.02);
  }
}

TEST(CrossValidationTest, SmallData) {
  const CrossValidationOptions options = {.grid = {0.5, 2}};
  const auto validate = [&](std::vector<double> labels) {
    DenseDataset data = {.num_features = 1};
    for (double label : labels) {
      data.values.push_back(static_cast<float>(label));
    }
    data.labels = std::move(labels);
    return *CrossValidateC(data, {}, options, Rng(1));
  };
  EXPECT_EQ(validate({3}).best_c, 0.5);
  EXPECT_EQ(validate({3, 3, 3}).accuracies, (std::vector<double>{1, 1}));
  // Each row alone in its fold and its class: never predicted, no choice.
  EXPECT_EQ(validate({-1, 1}).accuracies, (std::vector<double>{0, 0}));
  EXPECT_EQ(validate({-1, 1}).best_c, 0.5);
  EXPECT_EQ(validate({-1, 1, -1, 1}).num_folds, 4);
  EXPECT_EQ(validate({-1, 1, -1, 1}).accuracies, (std::vector<double>{1, 1}));
}

TEST(CrossValidationTest, LimitsRows) {
  const DenseDataset data = Noisy(400, 95, Rng(TestSeed()));
  const auto result = CrossValidateC(data, {}, {.max_rows = 40}, Rng(1));
  ASSERT_TRUE(result.ok());
  for (double accuracy : result->accuracies) {
    EXPECT_DOUBLE_EQ(accuracy * 40, std::round(accuracy * 40));
  }
}

TEST(CrossValidationTest, SameForAnyThreads) {
  const DenseDataset data = Noisy(120, 80, Rng(TestSeed()));
  const CrossValidationOptions grid = {.grid = {0.1, 1}};
  for (LinearSolver solver :
       {LinearSolver::kDualCoordinateDescent, LinearSolver::kNewton}) {
    const auto expected =
        CrossValidateC(data, {.solver = solver}, grid, Rng(1), {.threads = 1});
    for (int threads : {2, 3, 8}) {
      const auto result = CrossValidateC(data, {.solver = solver}, grid, Rng(1),
                                         {.threads = threads});
      EXPECT_EQ(result->best_c, expected->best_c);
      EXPECT_EQ(result->accuracies, expected->accuracies);
    }
  }
}

TEST(CrossValidationTest, BadOptionsAreNamed) {
  EXPECT_THAT(Validate(CrossValidationOptions{.num_folds = 1}),
              StatusIs(kInvalid, HasSubstr("num_folds is 1")));
  EXPECT_THAT(Validate(CrossValidationOptions{.max_rows = 0}),
              StatusIs(kInvalid, HasSubstr("max_rows is 0")));
  EXPECT_THAT(Validate(CrossValidationOptions{.grid = {}}),
              StatusIs(kInvalid, HasSubstr("grid is empty")));
  EXPECT_THAT(Validate(CrossValidationOptions{.grid = {1, 1}}),
              StatusIs(kInvalid, HasSubstr("grid[1] is 1 after 1")));
  EXPECT_THAT(Validate(CrossValidationOptions{.grid = {0}}),
              StatusIs(kInvalid, HasSubstr("grid[0] is 0")));
  const DenseDataset none = {.num_features = 1};
  EXPECT_THAT(CrossValidateC(none, {}, {}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("at least one row")));
  EXPECT_THAT(CrossValidateC(none, {.c = -1}, {}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("c is -1")));
}

TEST(CrossValidationTest, AStopIsCancelled) {
  const std::atomic<bool> stop = true;
  const DenseDataset data = Noisy(60, 80, Rng(TestSeed()));
  for (int threads : {1, 3}) {
    EXPECT_THAT(CrossValidateC(data, {}, {}, Rng(1),
                               {.threads = threads, .stop = &stop}),
                StatusIs(absl::StatusCode::kCancelled));
    EXPECT_THAT(CrossValidateC(ToSparse(data), {}, {}, Rng(1),
                               {.threads = threads, .stop = &stop}),
                StatusIs(absl::StatusCode::kCancelled));
  }
}

// Also where there is nothing to choose, or the rows are never used.
TEST(CrossValidationTest, BadDataIsNamed) {
  const auto expect = [](const DenseDataset& data, const char* text) {
    EXPECT_THAT(CrossValidateC(data, {}, {}, Rng(1)),
                StatusIs(kInvalid, HasSubstr(text)));
    EXPECT_THAT(CrossValidateC(data, {}, {.max_rows = 1}, Rng(1)),
                StatusIs(kInvalid, HasSubstr(text)));
  };
  expect({.num_features = 1, .values = {NAN, NAN}, .labels = {1, 1}},
         "row 0 column 0 is nan");
  expect({.num_features = 1,
          .values = {1, 2, 3},
          .labels = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2}},
         "has 3 values, must have num_rows x num_features = 10 x 1");
  expect({.num_features = 1, .values = {1, 2, 3}, .labels = {1, NAN, 2}},
         "labels[1] is nan");
  const SparseDataset sparse = {.num_features = 1,
                                .row_begin = {0, 1, 1},
                                .columns = {0},
                                .values = {INFINITY},
                                .labels = {1, 1}};
  EXPECT_THAT(CrossValidateC(sparse, {}, {}, Rng(1)),
              StatusIs(kInvalid, HasSubstr("row 0 column 0 is inf")));
}

}  // namespace
}  // namespace muster::models
