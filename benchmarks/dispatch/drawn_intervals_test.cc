#include "muster/benchmarks/dispatch/drawn_intervals.h"

#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "muster/benchmarks/harness/figure.h"

namespace muster::benchmarks {
namespace {

Panel WithIntervals(std::vector<double> low, std::vector<double> high) {
  Series curve{.label = "curve", .y = {0.5, 0.9}};
  curve.x = {1, 2};
  curve.low = std::move(low);
  curve.high = std::move(high);
  Series bare{.label = "bare", .x = {1, 2}, .y = {-3, 7}};
  return {.series = {curve, bare}};
}

TEST(DrawnIntervalsTest, SharesEndAtZeroAndOne) {
  Panel panel = WithIntervals({-0.2, 0.8}, {1.45, 0.95});
  ClipIntervals(kShares, &panel);
  EXPECT_EQ(panel.series[0].low, (std::vector<double>{0, 0.8}));
  EXPECT_EQ(panel.series[0].high, (std::vector<double>{1, 0.95}));
}

TEST(DrawnIntervalsTest, AmountsHaveNoUpperEnd) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Panel panel = WithIntervals({-40, 2}, {3e9, kInfinity});
  ClipIntervals(kAmounts, &panel);
  EXPECT_EQ(panel.series[0].low, (std::vector<double>{0, 2}));
  EXPECT_EQ(panel.series[0].high, (std::vector<double>{3e9, kInfinity}));
}

TEST(DrawnIntervalsTest, NothingElseMoves) {
  Panel panel = WithIntervals({std::nan(""), 0.8}, {0.6, 1.1});
  ClipIntervals(kShares, &panel);
  EXPECT_TRUE(std::isnan(panel.series[0].low[0]));
  EXPECT_EQ(panel.series[0].y, (std::vector<double>{0.5, 0.9}));
  EXPECT_EQ(panel.series[0].x, (std::vector<double>{1, 2}));
  EXPECT_EQ(panel.series[1].y, (std::vector<double>{-3, 7}));
  EXPECT_TRUE(panel.series[1].low.empty());
}

}  // namespace
}  // namespace muster::benchmarks
