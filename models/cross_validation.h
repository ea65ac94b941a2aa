#ifndef MUSTER_MODELS_CROSS_VALIDATION_H_
#define MUSTER_MODELS_CROSS_VALIDATION_H_

// The choice of C by k-fold cross-validation.
//
// Rows are dealt to the folds class by class, in random order, so that each
// fold has nearly the same share of each class. Each fold in turn is predicted
// by a classifier trained on the others; the C with the most correct
// predictions wins, the smaller one of equals (it trains faster and says less).
// Within a fold the grid is climbed from the smallest C, each training starting
// where the last one ended.
//
// Rows too few for the number of folds are each a fold of their own. A class of
// one row is unknown to the classifier that predicts it, and so missed by every
// C alike.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/models/linear_classifier.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::models {

struct CrossValidationOptions {
  // Number of folds, >= 2. Default: the dispatching paper's.
  int64_t num_folds = 5;
  // Values of C, increasing, > 0, at least one. Default: powers of ten about
  // liblinear's default, as the paper does not give its grid.
  std::vector<double> grid = {0.01, 0.1, 1, 10, 100};
  // Rows used at most, >= 1: a random sample of larger data, as C is chosen
  // well from a few thousand rows. Default: no limit.
  int64_t max_rows = INT64_MAX;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const CrossValidationOptions& options);

struct CrossValidation {
  double best_c = 0;
  // The share predicted correctly for each C of the grid.
  std::vector<double> accuracies = {};
  // Of the rows used: the fold.
  int64_t num_folds = 0;
};

// The fold in [0, num_folds) of each row, as above. Fold sizes differ by at
// most one. num_folds >= 1 (CHECKed).
std::vector<int64_t> StratifiedFolds(const std::vector<double>& labels,
                                     int64_t num_folds, runtime::Rng rng);

// Cross-validates `options` (whose c is ignored). Errors as of
// TrainLinearClassifier, of all of `data`; Cancelled when stopped. Data of one
// class, or of one row, has nothing to choose: best_c is the smallest C, with
// accuracy 1. Folds run in parallel on `runtime`'s threads; the result is the
// same for any number of them.
absl::StatusOr<CrossValidation> CrossValidateC(
    const DenseDataset& data, const LinearClassifierOptions& options,
    const CrossValidationOptions& cross_validation, runtime::Rng rng,
    const runtime::Runtime& runtime = {});
absl::StatusOr<CrossValidation> CrossValidateC(
    const SparseDataset& data, const LinearClassifierOptions& options,
    const CrossValidationOptions& cross_validation, runtime::Rng rng,
    const runtime::Runtime& runtime = {});

}  // namespace muster::models

#endif  // MUSTER_MODELS_CROSS_VALIDATION_H_
