#include "muster/allocation/mindflayer_plan.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"

namespace muster::allocation {
namespace {

constexpr int kIntegrationPoints = 4096;
constexpr int kCandidates = 512;
constexpr double kWorthwhile = 0.99;

// E[min(X, t)] = integral over [0, F(t)] of the quantile function, plus t (1 -
// F(t)).
AttemptLimit Limit(const runtime::SpeedLaw& law, double seconds) {
  const double probability = law.Cdf(seconds);
  AttemptLimit limit = {.seconds = seconds,
                        .success_probability = probability,
                        .attempt_seconds = seconds * (1 - probability)};
  const double width = probability / kIntegrationPoints;
  for (int i = 0; i < kIntegrationPoints && probability > 0; ++i) {
    limit.attempt_seconds +=
        width * std::min(seconds, law.Quantile((i + 0.5) * width));
  }
  return limit;
}

AttemptLimit NoLimit(const runtime::SpeedLaw& law) {
  return {.seconds = std::numeric_limits<double>::infinity(),
          .success_probability = 1,
          .attempt_seconds = law.Mean()};
}

// sum_i p_i floor(T / E[min(X_i, t_i)]).
double ExpectedBatch(std::span<const AttemptLimit> limits, double seconds) {
  double batch = 0;
  for (const AttemptLimit& limit : limits) {
    batch +=
        limit.success_probability * std::floor(seconds / limit.attempt_seconds);
  }
  return batch;
}

}  // namespace

AttemptLimit LimitAt(const runtime::SpeedLaw& law, double seconds) {
  return std::isinf(seconds) ? NoLimit(law) : Limit(law, seconds);
}

AttemptLimit BestLimit(const runtime::SpeedLaw& law) {
  // The same quantiles serve the integral and the candidates: prefix sums of
  // midpoints.
  AttemptLimit best = NoLimit(law);
  const double bar = kWorthwhile * best.SecondsPerSuccess();
  double best_cost = bar;
  double integral = 0;
  double u = 0;
  constexpr double kHighest = 0.999;
  constexpr double width = kHighest / kIntegrationPoints;
  constexpr int stride = kIntegrationPoints / kCandidates;
  for (int i = 0; i < kIntegrationPoints; ++i) {
    integral += width * law.Quantile(u + 0.5 * width);
    u += width;
    if ((i + 1) % stride != 0) continue;
    const double seconds = law.Quantile(u);
    // With atoms (constants, recorded samples) F(t) may exceed u.
    const double probability = std::max(u, law.Cdf(seconds));
    const double cost =
        (integral + (probability - u) * seconds + seconds * (1 - probability)) /
        probability;
    if (cost < best_cost) {
      best_cost = cost;
      best = {.seconds = seconds,
              .success_probability = probability,
              .attempt_seconds = cost * probability};
    }
  }
  return best;
}

absl::StatusOr<std::vector<MindFlayerWorker>> PlanMindFlayer(
    std::span<const runtime::SpeedLaw> laws, int64_t batch) {
  if (laws.empty()) {
    return absl::InvalidArgumentError(
        "PlanMindFlayer got no laws, needs one per worker");
  }
  if (batch < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("PlanMindFlayer's batch is %d, must be >= 1; give the "
                        "gradients of a round",
                        batch));
  }
  std::vector<AttemptLimit> limits;
  double rate = 0;  // successes per second of all workers
  for (const runtime::SpeedLaw& law : laws) {
    limits.push_back(BestLimit(law));
    rate += 1 / limits.back().SecondsPerSuccess();
  }
  const auto target = static_cast<double>(batch);
  double low = 0;
  double high = target / rate;
  while (ExpectedBatch(limits, high) < target) high *= 2;
  for (int i = 0; i < 100; ++i) {
    const double middle = 0.5 * (low + high);
    (ExpectedBatch(limits, middle) < target ? low : high) = middle;
  }
  std::vector<MindFlayerWorker> workers;
  workers.reserve(limits.size());
  for (const AttemptLimit& limit : limits) {
    workers.push_back({.attempts = static_cast<int64_t>(
                           std::floor(high / limit.attempt_seconds)),
                       .abandon_after_seconds = limit.seconds,
                       .success_probability = limit.success_probability});
  }
  return workers;
}

}  // namespace muster::allocation
