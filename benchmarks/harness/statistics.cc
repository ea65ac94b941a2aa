#include "muster/benchmarks/harness/statistics.h"

#include <cmath>
#include <limits>

#include "muster/runtime/check.h"

namespace muster::benchmarks {
namespace {

// The continued fraction of the regularised incomplete beta function I_x(a, b)
// (Lentz's method); converges fast for x < (a + 1) / (a + b + 2).
double BetaFraction(double a, double b, double x) {
  constexpr double kTiny = 1e-300;
  constexpr double kEpsilon = 1e-16;
  constexpr int kMaxSteps = 10'000;
  const auto guard = [](double v) { return std::fabs(v) < kTiny ? kTiny : v; };
  double c = 1;
  double d = 1 / guard(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m <= kMaxSteps; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / guard(1 + even * d);
    c = guard(1 + even / c);
    fraction *= d * c;
    const double odd =
        -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / guard(1 + odd * d);
    c = guard(1 + odd / c);
    const double step = d * c;
    fraction *= step;
    if (std::fabs(step - 1) < kEpsilon) break;
  }
  return fraction;
}

// I_x(a, b), with y = 1 - x given apart so that neither end loses digits.
double RegularisedBeta(double a, double b, double x, double y) {
  if (x <= 0) return 0;
  if (y <= 0) return 1;
  const double front =
      std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
               a * std::log(x) + b * std::log(y));
  if (x < (a + 1) / (a + b + 2)) return front * BetaFraction(a, b, x) / a;
  return 1 - front * BetaFraction(b, a, y) / b;
}

// P(T > t) for t >= 0: accurate in the tail.
double UpperTail(double t, double degrees) {
  const double square = t * t;
  return 0.5 * RegularisedBeta(degrees / 2, 0.5, degrees / (degrees + square),
                               square / (degrees + square));
}

}  // namespace

double StudentTCdf(double t, double degrees) {
  MUSTER_CHECK(degrees > 0) << "degrees of freedom: " << degrees;
  const double tail = UpperTail(std::fabs(t), degrees);
  return t > 0 ? 1 - tail : tail;
}

double StudentTQuantile(double probability, double degrees) {
  MUSTER_CHECK(probability > 0 && probability < 1)
      << "probability: " << probability;
  MUSTER_CHECK(degrees > 0) << "degrees of freedom: " << degrees;
  if (probability == 0.5) return 0;
  const bool negative = probability < 0.5;
  const double tail = negative ? probability : 1 - probability;
  double low = 0;
  double high = 1;
  while (UpperTail(high, degrees) > tail) {
    low = high;
    high *= 2;
  }
  // Bisection to the last bits: 1,100 halvings would be the very worst.
  for (;;) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (UpperTail(middle, degrees) > tail ? low : high) = middle;
  }
  return negative ? -high : high;
}

Interval MeanInterval(std::span<const double> values, double confidence) {
  MUSTER_CHECK(!values.empty()) << "an interval needs a value";
  MUSTER_CHECK(confidence > 0 && confidence < 1) << "confidence " << confidence;
  Interval interval;
  interval.count = static_cast<int64_t>(values.size());
  const double count = static_cast<double>(values.size());
  double sum = 0;
  for (const double value : values) sum += value;
  interval.mean = sum / count;
  if (values.size() == 1) {
    interval.standard_deviation = std::numeric_limits<double>::quiet_NaN();
    interval.low = interval.high = interval.mean;
    return interval;
  }
  double squares = 0;
  for (const double value : values) {
    squares += (value - interval.mean) * (value - interval.mean);
  }
  interval.standard_deviation = std::sqrt(squares / (count - 1));
  const double half = StudentTQuantile((1 + confidence) / 2, count - 1) *
                      interval.standard_deviation / std::sqrt(count);
  interval.low = interval.mean - half;
  interval.high = interval.mean + half;
  return interval;
}

std::vector<double> PairedDifferences(std::span<const double> a,
                                      std::span<const double> b) {
  MUSTER_CHECK_EQ(a.size(), b.size()) << "pairs are by seed";
  std::vector<double> differences(a.size());
  for (size_t i = 0; i < a.size(); ++i) differences[i] = b[i] - a[i];
  return differences;
}

std::vector<double> PairedRatios(std::span<const double> numerators,
                                 std::span<const double> denominators) {
  MUSTER_CHECK_EQ(numerators.size(), denominators.size())
      << "pairs are by seed";
  std::vector<double> ratios(numerators.size());
  for (size_t i = 0; i < ratios.size(); ++i) {
    ratios[i] = numerators[i] / denominators[i];
  }
  return ratios;
}

}  // namespace muster::benchmarks
