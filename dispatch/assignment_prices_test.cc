#include "muster/dispatch/assignment_prices.h"

#include <atomic>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "muster/dispatch/assignment_costs.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"

namespace muster::dispatch {
namespace {

TEST(AssignmentPricesTest, TakesNoStepOnceItShouldStop) {
  // 0, 1, ..., 99 among centres at 0, 10 and 30, 33 or 34 each.
  PointSet points{.dimension = 1};
  for (int64_t j = 0; j < 100; ++j) {
    points.values.push_back(static_cast<float>(j));
  }
  const PointSet centers = {{0, 10, 30}, 1};
  const AssignmentCosts costs(points.View(), centers.View(), Objective::kKMeans,
                              CoordinateScale(points.View(), centers.View()));
  const std::vector<double> prices(3, 0.0);
  std::atomic<bool> stop = false;
  CandidateLists lists;
  const auto ascend = [&] {
    return AscendPrices(costs, 1, {33, 34}, {}, prices, {},
                        {.threads = 1, .stop = &stop}, &lists);
  };
  EXPECT_GT(ascend().steps, 0);
  stop = true;
  const PriceAscent stopped = ascend();
  EXPECT_EQ(stopped.steps, 0);
  EXPECT_EQ(stopped.prices, prices);
}

}  // namespace
}  // namespace muster::dispatch
