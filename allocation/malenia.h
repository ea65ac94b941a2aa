#ifndef MUSTER_ALLOCATION_MALENIA_H_
#define MUSTER_ALLOCATION_MALENIA_H_

// Malenia SGD, for workers with data of their own: f = 1/n sum_i f_i. All
// workers compute gradients at x_k, one after another; s_i is the number that
// worker i has given. Once the harmonic mean of the s_i reaches S / n,
//
//   ( 1/n sum_i 1/s_i )^{-1} >= S / n,
//
// x_{k+1} = x_k - gamma (1/n) sum_i (1/s_i) sum_j g_ij, and what is still being
// computed is cancelled. Every s_i >= 1 then, so the step is unbiased, and its
// variance is at most sigma^2 / S.
//
// Crashes: a worker that is down is not waited for; what it gave in the round
// counts. A round in which it gave nothing leans away from its data.
//
// Source: Tyurin, Richtarik, "Optimal time complexities of parallel stochastic
// optimization methods under a fixed computation model", 2023; "SGD-GTA,
// heterogeneous" in Maranjyan et al. 2025 (ATA).

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct MaleniaOptions {
  // gamma > 0.
  double step = 0;
  // S > 0; up to n, one gradient of each worker is enough. The theory's choice
  // is max(n, sigma^2 / epsilon).
  double batch = 1;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const MaleniaOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateMalenia(
    const MaleniaOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_MALENIA_H_
