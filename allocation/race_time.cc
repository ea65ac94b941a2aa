#include "muster/allocation/race_time.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "muster/runtime/check.h"

namespace muster::allocation {
namespace {

// P(S <= t) for the sum of j durations.
double ApproximateSumCdf(const TaskMoments& law, double j, double t) {
  const double shape =
      j * law.mean * law.mean / (law.deviation * law.deviation);
  const double cube = std::cbrt(t / (j * law.mean));
  const double z = 3 * std::sqrt(shape) * (cube - 1 + 1 / (9 * shape));
  return 0.5 * std::erfc(-z * 0.70710678118654752440);
}

double TotalCompletions(std::span<const TaskMoments> laws, double t) {
  double total = 0;
  for (const TaskMoments& law : laws) total += ExpectedCompletions(law, t);
  return total;
}

// The root of TotalCompletions = budget in [low, high]: bisection, which does
// not mind the jumps of deterministic laws.
double Bisect(std::span<const TaskMoments> laws, double budget, double low,
              double high) {
  while (high - low > 1e-6 * high) {
    const double middle = low + (high - low) / 2;
    (TotalCompletions(laws, middle) < budget ? low : high) = middle;
  }
  return high;
}

}  // namespace

double ExpectedCompletions(const TaskMoments& law, double t) {
  if (!(law.deviation > 1e-9 * law.mean)) return std::floor(t / law.mean);
  // Sums that are almost surely complete count as such.
  const double cv = law.deviation / law.mean;
  const double root =
      (-6 * cv + std::sqrt(36 * cv * cv + 4 * t / law.mean)) / 2;
  double j = std::max(0.0, std::floor(root * root));
  double completions = j;
  while (true) {
    const double p = ApproximateSumCdf(law, ++j, t);
    completions += p;
    if (p < 1e-9) return completions;
  }
}

double RaceSeconds(std::span<const TaskMoments> laws, int64_t budget) {
  MUSTER_CHECK(!laws.empty());
  MUSTER_CHECK_GE(budget, 1);
  const double target = static_cast<double>(budget);
  double rate = 0;
  for (const TaskMoments& law : laws) rate += 1 / law.mean;
  double high = target / rate;
  while (TotalCompletions(laws, high) < target) high *= 2;
  return Bisect(laws, target, 0, high);
}

int32_t BestRaceSize(std::span<const TaskMoments> laws, int64_t budget,
                     double runtime_weight) {
  MUSTER_CHECK(!laws.empty());
  const int32_t n = static_cast<int32_t>(laws.size());
  if (runtime_weight == 1) return n;
  const double fastest = RaceSeconds(laws, budget);
  double seconds = RaceSeconds(laws.first(1), budget);
  double best = seconds;  // weights add up to one
  int32_t best_m = 1;
  for (int32_t m = 2; m <= n; ++m) {
    const double weight = runtime_weight + (1 - runtime_weight) * m;
    if (weight * fastest >= best) break;  // and so for every larger m
    seconds =
        Bisect(laws.first(static_cast<size_t>(m)), static_cast<double>(budget),
               0.9 * fastest, seconds * (1 + 1e-6));
    if (weight * seconds < best) {
      best = weight * seconds;
      best_m = m;
    }
  }
  return best_m;
}

}  // namespace muster::allocation
