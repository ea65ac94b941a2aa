#ifndef MUSTER_MODELS_LINEAR_TEST_DATA_H_
#define MUSTER_MODELS_LINEAR_TEST_DATA_H_

// For tests of the linear solvers: random problems with every kind of row.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/feature_rows.h"
#include "muster/models/linear_problem.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::models {

// A problem and the data it looks at.
struct LinearTestCase {
  SparseDataset sparse = {};
  DenseDataset dense = {};
  std::vector<int8_t> signs = {};
  LinearLoss loss = LinearLoss::kSquaredHinge;
  double c = 1;
  double bias = 0;

  LinearProblem Problem(bool as_dense = false) const {
    return {.rows = as_dense ? FeatureRows::Of(dense, bias)
                             : FeatureRows::Of(sparse, bias),
            .signs = signs,
            .loss = loss,
            .c = c};
  }
};

// Rows of about half their features, some empty, some twice; labels follow a
// random direction but for noise.
inline LinearTestCase RandomLinearTestCase(runtime::Rng rng) {
  LinearTestCase result;
  const int64_t rows = 1 + runtime::UniformInt(rng, 60);
  const int64_t features = 1 + runtime::UniformInt(rng, 24);
  result.loss = runtime::UniformInt(rng, 2) == 0 ? LinearLoss::kSquaredHinge
                                                 : LinearLoss::kLogistic;
  result.c = std::pow(10.0, runtime::Uniform(rng, -2, 1.5));
  result.bias = runtime::UniformInt(rng, 2) == 0 ? 0.0 : 1.5;
  std::vector<double> direction(features);
  for (double& value : direction) value = runtime::Normal(rng);
  result.dense.num_features = features;
  for (int64_t row = 0; row < rows; ++row) {
    const double density = runtime::UniformInt(rng, 8) == 0 ? 0.0 : 0.5;
    double score = 0.5 * runtime::Normal(rng);
    for (int64_t j = 0; j < features; ++j) {
      const double value =
          runtime::Uniform01(rng) < density ? runtime::Normal(rng) : 0.0;
      result.dense.values.push_back(static_cast<float>(value));
      score += value * direction[j];
    }
    result.signs.push_back(score > 0 ? 1 : -1);
    result.dense.labels.push_back(result.signs.back());
  }
  result.sparse = ToSparse(result.dense);
  return result;
}

}  // namespace muster::models

#endif  // MUSTER_MODELS_LINEAR_TEST_DATA_H_
