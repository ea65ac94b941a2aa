#include "muster/models/gram_matrix.h"

#include <gtest/gtest.h>

#include <vector>

#include "muster/models/data/sparse_dataset.h"
#include "muster/models/feature_rows.h"
#include "muster/models/linear_test_data.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::models {
namespace {

using ::muster::runtime::Rng;
using ::muster::runtime::TestSeed;

// Rows (1, 2) and (0, 3) with the constant feature 1: X'X is
//
//   1  2  1
//   2 13  5
//   1  5  2
TEST(GramMatrixTest, WorkedExample) {
  const DenseDataset data = {
      .num_features = 2, .values = {1, 2, 0, 3}, .labels = {0, 0}};
  const SparseDataset sparse = ToSparse(data);
  for (bool dense : {false, true}) {
    const FeatureRows rows =
        dense ? FeatureRows::Of(data, 1) : FeatureRows::Of(sparse, 1);
    const std::vector<double> gram = GramMatrix(rows);
    EXPECT_EQ(gram[0], 1);
    EXPECT_EQ(gram[3], 2);
    EXPECT_EQ(gram[4], 13);
    EXPECT_EQ(gram[6], 1);
    EXPECT_EQ(gram[7], 5);
    EXPECT_EQ(gram[8], 2);
  }
}

TEST(GramMatrixTest, SumsAreThoseOfTheDefinition) {
  const Rng root(TestSeed());
  for (uint64_t instance = 0; instance < 80; ++instance) {
    Rng rng = root.Fork("sums", instance);
    const LinearTestCase test = RandomLinearTestCase(rng.Fork("case"));
    for (bool dense : {false, true}) {
      const FeatureRows rows = test.Problem(dense).rows;
      const int64_t d = rows.dimension();
      std::vector<double> factors(rows.num_rows);
      for (double& factor : factors) {
        factor = static_cast<double>(runtime::UniformInt(rng, 3) - 1);
      }
      std::vector<double> sum(d * d, 0.5);
      AddOuterProducts(rows, factors, &sum);
      std::vector<double> expected(d * d, 0.5);
      for (int64_t row = 0; row < rows.num_rows; ++row) {
        std::vector<double> x(d);
        rows.AddScaled(row, 1, x.data());
        for (int64_t a = 0; a < d; ++a) {
          for (int64_t b = 0; b <= a; ++b) {
            expected[a * d + b] += factors[row] * x[a] * x[b];
          }
        }
      }
      for (int64_t a = 0; a < d; ++a) {
        for (int64_t b = 0; b <= a; ++b) {
          EXPECT_NEAR(sum[a * d + b], expected[a * d + b], 1e-11);
        }
      }
    }
  }
}

}  // namespace
}  // namespace muster::models
