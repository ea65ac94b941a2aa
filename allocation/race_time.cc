#include "muster/allocation/race_time.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include "muster/runtime/check.h"
#include "muster/runtime/gamma_function.h"

namespace muster::allocation {
namespace {

// Below it the cube root's error exceeds 1e-3.
constexpr double kExactBelowShape = 3;

// P(S <= t) for the sum of j durations of a shifted Gamma law.
double GammaSumCdf(const TaskMoments& law, double j, double t) {
  const double mean = law.mean - law.shift;
  const double spare = t - j * law.shift;
  if (!(spare > 0)) return 0;
  const double shape = j * mean * mean / (law.deviation * law.deviation);
  const double ratio = spare / (j * mean);
  if (shape < kExactBelowShape) {
    return runtime::RegularizedLowerGamma(shape, shape * ratio);
  }
  const double cube = std::cbrt(ratio);
  const double z = 3 * std::sqrt(shape) * (cube - 1 + 1 / (9 * shape));
  return 0.5 * std::erfc(-z * 0.70710678118654752440);
}

// Durations that are shift + an exponential time of rate `fast_rate`, or with
// probability `slow_share` of rate `slow_rate`.
struct TwoPhases {
  double shift;
  double slow_share;
  double fast_rate;
  double slow_rate;

  double Cdf(double t) const {
    const double spare = t - shift;
    if (!(spare > 0)) return 0;
    return -(1 - slow_share) * std::expm1(-fast_rate * spare) -
           slow_share * std::expm1(-slow_rate * spare);
  }
};

// Balanced means, of the law's moments; deviation > mean - shift.
TwoPhases FitTwoPhases(const TaskMoments& law) {
  const double mean = law.mean - law.shift;
  const double c = law.deviation / mean;
  const double root = std::sqrt((c - 1) * (c + 1) / (c * c + 1));
  const double slow_share = 1 / ((c * c + 1) * (1 + root));
  return {.shift = law.shift,
          .slow_share = slow_share,
          .fast_rate = 2 * (1 - slow_share) / mean,
          .slow_rate = 2 * slow_share / mean};
}

// M(t) from the renewal equation M = F + F * M on `steps` equal intervals, the
// convolution by midpoints (M. Xie, "On the solution of renewal-type integral
// equations", Communications in Statistics B 18, 1989).
double SolveRenewal(const TwoPhases& law, double t, int steps) {
  const double width = t / steps;
  std::vector<double> middles(steps);  // F in the middle of each interval
  for (int k = 0; k < steps; ++k) middles[k] = law.Cdf((k + 0.5) * width);
  std::vector<double> increments(steps);  // of M over each interval
  double before = 0;
  for (int k = 0; k < steps; ++k) {
    double sum = law.Cdf((k + 1) * width) - middles[0] * before;
    for (int i = 0; i < k; ++i) sum += middles[k - i] * increments[i];
    const double now = sum / (1 - middles[0]);
    increments[k] = now - before;
    before = now;
  }
  return before;
}

double TwoPhaseCompletions(const TaskMoments& law, double t) {
  if (!(t > law.shift)) return 0;
  const TwoPhases phases = FitTwoPhases(law);
  const double cv = law.deviation / law.mean;
  const double bias = (cv * cv - 1) / 2;  // M(t) - t / mean in the long run
  const double fast_mean = law.shift + 1 / phases.fast_rate;
  // How fast it settles how many of the durations under way are slow ones.
  double settling = (1 - phases.slow_share) * phases.slow_rate;
  if (law.shift == 0) {
    settling += phases.slow_share * phases.fast_rate;
    return t / law.mean - bias * std::expm1(-settling * t);
  }
  settling += phases.slow_share / fast_mean;
  constexpr double kStepsPerFastMean = 8;
  constexpr double kMaxSteps = 400;
  const double width = fast_mean / kStepsPerFastMean;
  const double horizon = std::min(t, kMaxSteps * width);
  const int steps = static_cast<int>(std::ceil(horizon / width));
  const double excess =
      SolveRenewal(phases, horizon, steps) - horizon / law.mean - bias;
  return t / law.mean + bias + excess * std::exp(-settling * (t - horizon));
}

double TotalCompletions(std::span<const Racer> racers, double t) {
  double total = 0;
  for (const Racer& racer : racers) {
    if (!(t > racer.start_seconds)) continue;
    total += ExpectedCompletions(racer.law, t - racer.start_seconds);
  }
  return total;
}

// The root of TotalCompletions = budget in [low, high]: bisection, which does
// not mind the jumps of deterministic racers.
double Bisect(std::span<const Racer> racers, double budget, double low,
              double high) {
  while (high - low > 1e-6 * high) {
    const double middle = low + (high - low) / 2;
    (TotalCompletions(racers, middle) < budget ? low : high) = middle;
  }
  return high;
}

}  // namespace

double ExpectedCompletions(const TaskMoments& law, double t) {
  if (!(law.deviation > 1e-9 * law.mean)) return std::floor(t / law.mean);
  if (law.deviation > law.mean - law.shift) return TwoPhaseCompletions(law, t);
  // Sums that are almost surely complete count as such.
  const double cv = law.deviation / law.mean;
  const double root =
      (-6 * cv + std::sqrt(36 * cv * cv + 4 * t / law.mean)) / 2;
  double j = std::max(0.0, std::floor(root * root));
  double completions = j;
  while (true) {
    const double p = GammaSumCdf(law, ++j, t);
    completions += p;
    if (p < 1e-9) return completions;
  }
}

double RaceSeconds(std::span<const Racer> racers, int64_t budget) {
  MUSTER_CHECK(!racers.empty());
  MUSTER_CHECK_GE(budget, 1);
  const double target = static_cast<double>(budget);
  double rate = 0;
  for (const Racer& racer : racers) rate += 1 / racer.law.mean;
  double high = target / rate;
  while (TotalCompletions(racers, high) < target) high *= 2;
  return Bisect(racers, target, 0, high);
}

int32_t BestRaceSize(std::span<const Racer> racers, int64_t budget,
                     double runtime_weight) {
  MUSTER_CHECK(!racers.empty());
  const int32_t n = static_cast<int32_t>(racers.size());
  if (runtime_weight == 1) return n;
  const double fastest = RaceSeconds(racers, budget);
  double seconds = RaceSeconds(racers.first(1), budget);
  double best = seconds;  // weights add up to one
  int32_t best_m = 1;
  for (int32_t m = 2; m <= n; ++m) {
    const double weight = runtime_weight + (1 - runtime_weight) * m;
    if (weight * fastest >= best) break;  // and so for every larger m
    seconds = Bisect(racers.first(static_cast<size_t>(m)),
                     static_cast<double>(budget), 0.9 * fastest,
                     seconds * (1 + 1e-6));
    if (weight * seconds < best) {
      best = weight * seconds;
      best_m = m;
    }
  }
  return best_m;
}

}  // namespace muster::allocation
