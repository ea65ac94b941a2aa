#include "muster/dispatch/lane_sums.h"

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "gtest/gtest.h"
#include "muster/dispatch/distances.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

TEST(LaneSumsTest, SmallIntegersAreExact) {
  std::vector<float> x, y;
  for (int m = 0; m < 40; ++m) {
    double dot = 0, squares = 0;
    for (int i = 0; i < m; ++i) {
      dot += x[i] * y[i];
      squares += (x[i] - y[i]) * (x[i] - y[i]);
    }
    EXPECT_EQ(LaneDot(x, y), dot) << m;
    EXPECT_EQ(LaneSquaredDistance(x, y), squares) << m;
    x.push_back(static_cast<float>(m - 7));
    y.push_back(static_cast<float>(3 * m % 11));
  }
}

TEST(LaneSumsTest, FiniteDotsHaveATotalOrder) {
  const float huge = std::numeric_limits<float>::max();
  const std::vector<float> x = {huge, huge};
  EXPECT_EQ(FiniteLaneDot(x, std::vector<float>{0.5f, -0.25f}), 0.25f * huge);
  EXPECT_EQ(FiniteLaneDot(x, std::vector<float>{3, 1}), huge);
  EXPECT_EQ(FiniteLaneDot(x, std::vector<float>{-3, 1}), -huge);
  EXPECT_EQ(FiniteLaneDot(x, std::vector<float>{-3, 3}), 0);
}

TEST(LaneSumsTest, ErrorsAreWithinTheBound) {
  runtime::Rng rng(runtime::TestSeed());
  for (const int64_t d : {1, 15, 16, 17, 100, 784}) {
    std::vector<float> x(static_cast<size_t>(d)), y(x.size());
    for (int trial = 0; trial < 200; ++trial) {
      for (float& value : x) value = static_cast<float>(runtime::Normal(rng));
      for (float& value : y) value = static_cast<float>(runtime::Normal(rng));
      const double exact = SquaredDistance(x, y);
      EXPECT_LE(std::abs(LaneSquaredDistance(x, y) - exact),
                LaneError(d) * exact);
    }
  }
}

}  // namespace
}  // namespace muster::dispatch
