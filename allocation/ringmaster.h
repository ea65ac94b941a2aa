#ifndef MUSTER_ALLOCATION_RINGMASTER_H_
#define MUSTER_ALLOCATION_RINGMASTER_H_

// Ringmaster ASGD: asynchronous SGD with a bound on the delay. A gradient of
// delay delta that arrives at x_k is
//
//   applied, x_{k+1} = x_k - gamma g,   if delta < R,
//   ignored                             otherwise,
//
// and its worker starts anew at the newest iterate. R = 1 applies only fresh
// gradients: with constant speeds, SGD on the single fastest worker. R =
// infinity is classic ASGD. With gamma = min(1 / (2 R L), epsilon / (4 L
// sigma^2)) and R = max(1, ceil(sigma^2 / epsilon)) the time to epsilon is
// optimal up to constants (async_theory.h).
//
// Source: Maranjyan, Tyurin, Richtarik, "Ringmaster ASGD: the first
// asynchronous SGD with optimal time complexity", ICML 2025.

#include <cstdint>
#include <limits>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct RingmasterOptions {
  // Delay threshold of classic ASGD.
  static constexpr int64_t kNoThreshold = std::numeric_limits<int64_t>::max();

  // gamma > 0.
  double step = 0;
  // R >= 1, or kNoThreshold.
  int64_t delay_threshold = kNoThreshold;
  // Stop a computation as soon as its delay reaches R, rather than ignore its
  // result: never slower in steps, at the price of cancelled work.
  bool stop_stale = false;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const RingmasterOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateRingmaster(
    const RingmasterOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_RINGMASTER_H_
