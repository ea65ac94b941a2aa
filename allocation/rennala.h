#ifndef MUSTER_ALLOCATION_RENNALA_H_
#define MUSTER_ALLOCATION_RENNALA_H_

// Rennala SGD: every worker computes gradients at the newest iterate, one after
// another; the server collects the first B of them, wherever they come from,
// and steps,
//
//   x_{k+1} = x_k - gamma / B (sum of the B gradients at x_k).
//
// Time per step is the B-th smallest of all workers' cumulative durations, the
// least that B gradients can take; every worker is paid all the time.
//
// Source: Tyurin, Richtarik, "Optimal time complexities of parallel stochastic
// optimization methods under a fixed computation model", 2023; as "SGD-GTA" in
// Maranjyan et al. 2025 (ATA), whose workers are reset at each step.

#include <cstdint>
#include <memory>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct RennalaOptions {
  // gamma > 0. The theory's choice is min(1 / L, epsilon B / (2 L sigma^2)).
  double step = 0;
  // B >= 1. The theory's choice is max(1, ceil(sigma^2 / epsilon)).
  int64_t batch = 1;
  // Gradients still being computed at the old iterate when a step is taken:
  // true, they are cancelled (ATA's version); false, they are computed to the
  // end and ignored (the original). Cancelling is never slower for memoryless
  // or steady durations; under heavy tails it also frees stuck workers.
  bool cancel_stale = true;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const RennalaOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateRennala(
    const RennalaOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_RENNALA_H_
