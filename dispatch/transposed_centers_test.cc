#include "muster/dispatch/transposed_centers.h"

#include <cmath>
#include <vector>

#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

// Sizes around the lanes, values of very different size.
TEST(TransposedCentersTest, IsTheDefinitionBitForBit) {
  runtime::Rng rng(runtime::TestSeed());
  for (int trial = 0; trial < 500; ++trial) {
    const int64_t dimension = 1 + runtime::UniformInt(rng, 40);
    const int64_t k = 1 + runtime::UniformInt(rng, 70);
    const auto draw = [&](int64_t size) {
      PointSet points{.dimension = dimension};
      for (int64_t i = 0; i < size * dimension; ++i) {
        const int exponent = static_cast<int>(runtime::UniformInt(rng, 120));
        points.values.push_back(static_cast<float>(
            std::ldexp(runtime::Normal(rng), trial % 2 ? exponent : 0)));
      }
      return points;
    };
    const PointSet centers = draw(k);
    const PointSet x = draw(1);
    std::vector<double> squares(static_cast<size_t>(k));
    TransposedCenters(centers.View()).SquaredDistances(x.values, squares);
    for (int64_t c = 0; c < k; ++c) {
      ASSERT_EQ(squares[c], SquaredDistance(x.values, centers.View().Point(c)))
          << "d = " << dimension << ", centre " << c << " of " << k;
    }
  }
}

}  // namespace
}  // namespace muster::dispatch
