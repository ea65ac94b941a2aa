#ifndef MUSTER_BENCHMARKS_HARNESS_STATISTICS_H_
#define MUSTER_BENCHMARKS_HARNESS_STATISTICS_H_

// Intervals over seeds, on which the verdicts of claims rest.
//
// For values x_1 … x_s of independent seeds the interval of the mean is
//   mean ± t_{s-1, (1+c)/2} · sd / √s,   sd² = Σ (x_i - mean)² / (s - 1)
// with Student's t. Two policies that saw the same seeds (common random
// numbers) are compared by the interval of their paired differences.

#include <cstdint>
#include <span>
#include <vector>

namespace muster::benchmarks {

// P(T <= t) of Student's t with `degrees` > 0 degrees of freedom, by the
// regularised incomplete beta function; absolute error below 1e-13.
double StudentTCdf(double t, double degrees);

// The inverse of StudentTCdf for 0 < probability < 1; relative error below
// 1e-11. For example StudentTQuantile(0.975, 4) = 2.776445.
double StudentTQuantile(double probability, double degrees);

struct Interval {
  int64_t count = 0;
  double mean = 0;
  double standard_deviation = 0;  // of one value; NaN when count < 2
  double low = 0;                 // = mean = high when count == 1
  double high = 0;
};

// The interval of the mean at `confidence` in (0, 1). CHECKs that values is
// not empty. A NaN among the values makes all of the result NaN.
Interval MeanInterval(std::span<const double> values, double confidence = 0.95);

// b[i] - a[i]. CHECKs equal sizes.
std::vector<double> PairedDifferences(std::span<const double> a,
                                      std::span<const double> b);

// numerators[i] / denominators[i]. CHECKs equal sizes.
std::vector<double> PairedRatios(std::span<const double> numerators,
                                 std::span<const double> denominators);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_STATISTICS_H_
