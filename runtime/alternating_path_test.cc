#include "muster/runtime/alternating_path.h"

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::runtime {
namespace {

// The specification: switch times are running sums.
std::vector<double> SwitchTimes(const Rng& stream, double mean_on,
                                double mean_off, int count) {
  std::vector<double> times = {0};
  for (int k = 0; k < count; ++k) {
    Rng block = stream.At(k);
    times.push_back(times.back() +
                    (k % 2 == 0 ? mean_on : mean_off) * Exponential(block));
  }
  return times;
}

TEST(AlternatingPathTest, StartsOnAndSwitchesAtTheRunningSums) {
  const Rng stream = Rng(3).Fork("test");
  const std::vector<double> times = SwitchTimes(stream, 2, 5, 200);
  AlternatingPath path(stream, 2, 5);
  for (int k = 0; k < 200; ++k) {
    for (const double t : {times[k], (times[k] + times[k + 1]) / 2,
                           std::nextafter(times[k + 1], 0)}) {
      const AlternatingPath::Span span = path.At(t);
      EXPECT_EQ(span.begin, times[k]);
      EXPECT_EQ(span.end, times[k + 1]);
      EXPECT_EQ(span.on, k % 2 == 0);
    }
  }
}

TEST(AlternatingPathTest, AnyOrderOfQueriesSeesTheSamePath) {
  const Rng stream = Rng(4).Fork("test");
  const std::vector<double> times = SwitchTimes(stream, 1, 0.1, 5000);
  std::mt19937_64 bits(1);
  AlternatingPath path(stream, 1, 0.1);
  for (int query = 0; query < 5000; ++query) {
    const double t = times.back() * (bits() >> 11) * 0x1p-53;
    const auto end = std::upper_bound(times.begin(), times.end(), t);
    const AlternatingPath::Span span = path.At(t);
    ASSERT_EQ(span.end, *end) << t;
    ASSERT_EQ(span.begin, *(end - 1)) << t;
    ASSERT_EQ(span.on, (end - times.begin()) % 2 == 1) << t;
  }
}

// The time spent on during [0, T] has mean near T a / (a + b) and variance near
// 2 (a b)^2 / (a + b)^3 T for mean dwell times a, b.
TEST(AlternatingPathTest, ShareOfTimeOnIsStationary) {
  const double a = 3;
  const double b = 0.5;
  const double horizon = 1e5;
  AlternatingPath path(Rng(5).Fork("test"), a, b);
  double on_seconds = 0;
  for (double t = 0; t < horizon;) {
    const AlternatingPath::Span span = path.At(t);
    if (span.on) on_seconds += std::min(span.end, horizon) - t;
    t = span.end;
  }
  const double sigma =
      std::sqrt(2 * a * a * b * b / std::pow(a + b, 3) * horizon);
  EXPECT_NEAR(on_seconds, horizon * a / (a + b), 6 * sigma);
}

TEST(AlternatingPathTest, StaysOnAfterTheLastInterval) {
  const Rng stream = Rng(6).Fork("test");
  const std::vector<double> times = SwitchTimes(stream, 1, 1, 64);
  AlternatingPath path(stream, 1, 1, /*max_intervals=*/64);
  for (const double t : {times[64], times[64] + 1, 1e15, 1e300, times[64]}) {
    const AlternatingPath::Span span = path.At(t);
    EXPECT_TRUE(span.on) << t;
    EXPECT_EQ(span.begin, times[64]);
    EXPECT_EQ(span.end, INFINITY);
  }
  EXPECT_EQ(path.At(times[3]).end, times[4]);
  EXPECT_EQ(path.At(times[63]).end, times[64]);
}

// Steps of 1e-9 s leave t = 1e300 s, or even 1e8 s, as it is.
TEST(AlternatingPathTest, EndsWhereTheStepsNoLongerCount) {
  AlternatingPath path(Rng(7).Fork("test"), 1e-9, 1e-9,
                       /*max_intervals=*/1 << 16);
  EXPECT_TRUE(path.At(1e300).on);
}

TEST(AlternatingPathDeathTest, RejectsBadTimesAndMeans) {
  AlternatingPath path(Rng(1), 1, 1);
  EXPECT_DEATH(path.At(-1), "t = -1");
  EXPECT_DEATH(path.At(INFINITY), "t = inf");
  EXPECT_DEATH(AlternatingPath(Rng(1), 0, 1), "mean_on_seconds > 0");
}

}  // namespace
}  // namespace muster::runtime
