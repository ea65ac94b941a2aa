#include "muster/models/vector_ops.h"

#include <gtest/gtest.h>

#include <vector>

namespace muster::models {
namespace {

TEST(VectorOpsTest, DotAddsAllElements) {
  const std::vector<double> a = {1, 2, 3, 4, 5, 6};
  const std::vector<double> ones(6, 1.0);
  EXPECT_EQ(Dot(a, ones), 21);
  EXPECT_EQ(SquaredNorm(a), 91);
  EXPECT_EQ(Dot({}, {}), 0);
}

// Lane sums 1e16 + 1 = 1e16 (rounded) and 1 + -1e16, ...: only the stated order
// (s0 + s1) + (s2 + s3), with lane l over l, l + 4, gives this value.
TEST(VectorOpsTest, DotHasTheStatedOrder) {
  const std::vector<double> a = {1e16, 1, -1e16, 1, 1, 1, 1, 1, 0.5};
  const std::vector<double> ones(a.size(), 1.0);
  const double s0 = 1e16 + 1, s1 = 1.0 + 1, s2 = -1e16 + 1, s3 = 1.0 + 1;
  EXPECT_EQ(Dot(a, ones), ((s0 + s1) + (s2 + s3)) + 0.5);
}

TEST(VectorOpsTest, AddScaledAndScale) {
  const std::vector<double> x = {1, 2, 3, 4, 5};
  std::vector<double> y = {1, 1, 1, 1, 1};
  AddScaled(2, x, y);
  EXPECT_EQ(y, (std::vector<double>{3, 5, 7, 9, 11}));
  Scale(-1, y);
  EXPECT_EQ(y, (std::vector<double>{-3, -5, -7, -9, -11}));
}

TEST(VectorOpsTest, SparseKernelsAgreeWithDense) {
  const std::vector<int32_t> columns = {1, 4};
  const std::vector<float> values = {0.5f, -2.0f};
  const std::vector<double> x = {9, 2, 9, 9, 3};
  EXPECT_EQ(SparseDot(columns, values, x), 0.5 * 2 - 2 * 3);
  std::vector<double> y(5, 1.0);
  SparseAddScaled(4, columns, values, y);
  EXPECT_EQ(y, (std::vector<double>{1, 3, 1, 1, -7}));
}

}  // namespace
}  // namespace muster::models
