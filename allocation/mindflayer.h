#ifndef MUSTER_ALLOCATION_MINDFLAYER_H_
#define MUSTER_ALLOCATION_MINDFLAYER_H_

// MindFlayer SGD, for heavy-tailed durations: in a round worker i makes B_i
// attempts at a gradient of f at x_k, one after another, and gives an attempt
// up once it has run for t_i. With p_i the probability that an attempt ends in
// time,
//
//   B = sum_i p_i B_i,   x_{k+1} = x_k - gamma / B (sum of the gradients),
//
// which is unbiased although a round's number of gradients is random. A new
// attempt draws a new duration, so giving up pays when the residual time of a
// running one grows (lognormal, Pareto), and never for exponential ones
// (mindflayer_plan.h finds t_i and B_i).
//
// Crashes: a worker's attempts that are left in the round are forfeited; it
// takes part again in the first round that begins after its return.
//
// Source: Maranjyan, Shaikh Omar, Richtarik, "MindFlayer SGD: efficient
// parallel SGD in the presence of heterogeneous and random worker compute
// times", UAI 2025. There t_i limits the random part of the duration; here the
// whole.

#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct MindFlayerWorker {
  // B_i >= 0.
  int64_t attempts = 1;
  // t_i > 0, from an attempt's start; infinity: never given up.
  double abandon_after_seconds = std::numeric_limits<double>::infinity();
  // p_i in (0, 1].
  double success_probability = 1;
};

struct MindFlayerOptions {
  // gamma > 0. The theory's choice is min(1, epsilon B / sigma^2) / (2 L).
  double step = 0;
  // One per worker of the cluster (RunSgd refuses another number); at least one
  // has attempts.
  std::vector<MindFlayerWorker> workers;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const MindFlayerOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateMindFlayer(
    const MindFlayerOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_MINDFLAYER_H_
