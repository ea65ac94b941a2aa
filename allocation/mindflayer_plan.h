#ifndef MUSTER_ALLOCATION_MINDFLAYER_PLAN_H_
#define MUSTER_ALLOCATION_MINDFLAYER_PLAN_H_

// When to give an attempt up, and how many attempts each worker should make:
// the parameters of MindFlayer SGD (mindflayer.h) from the workers' laws.
//
// An attempt limited to t seconds costs E[min(X, t)] and succeeds with
// probability F(t), so a success costs
//
//   c(t) = E[min(X, t)] / F(t),   c(infinity) = E[X],
//
// seconds of work. The best t is finite exactly where a task that has run for
// long is expected to need longer than a fresh one; for shifted exponentials it
// is infinity, for lognormal and Pareto laws it is not.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/allocation/mindflayer.h"
#include "muster/runtime/speed_law.h"

namespace muster::allocation {

struct AttemptLimit {
  double seconds = 0;              // t, or infinity
  double success_probability = 1;  // F(t)
  double attempt_seconds = 0;      // E[min(X, t)]

  // c(t); infinity when an attempt never succeeds.
  double SecondsPerSuccess() const {
    return attempt_seconds / success_probability;
  }
};

// The limit of that t: E[min(X, t)] by the midpoint rule over 4096 quantiles,
// relative error below 1e-3 (continuous laws); exact for t = infinity.
AttemptLimit LimitAt(const runtime::SpeedLaw& law, double seconds);

// The t that minimises c(t) among 512 quantiles from 0.2 % to 99.9 % and
// infinity; infinity unless a finite one saves at least 1 %. The law is valid
// (as of its Validate).
AttemptLimit BestLimit(const runtime::SpeedLaw& law);

// Limits as of BestLimit, and numbers of attempts B_i = floor(T / E[min(X_i,
// t_i)]) for the shortest T with sum_i p_i B_i >= batch: all workers are busy
// for T seconds, on average. InvalidArgument when there are no laws or batch <
// 1. O(n) of BestLimit.
absl::StatusOr<std::vector<MindFlayerWorker>> PlanMindFlayer(
    std::span<const runtime::SpeedLaw> laws, int64_t batch);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_MINDFLAYER_PLAN_H_
