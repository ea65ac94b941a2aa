#ifndef MUSTER_ALLOCATION_HETEROGENEOUS_SGD_WITH_ALLOCATOR_H_
#define MUSTER_ALLOCATION_HETEROGENEOUS_SGD_WITH_ALLOCATOR_H_

// SGD in rounds for workers with data of their own (SGD-ATA, heterogeneous):
// f = 1/n sum_i f_i, worker i alone can compute gradients of f_i. Every worker
// gets a_i + 1 tasks, a the allocation of a budget B, so that none is left out
// and the extra ones go where they are cheap:
//
//   x_{k+1} = x_k - gamma / n sum_i (mean of worker i's a_i + 1 gradients at
//   x_k).
//
// With a greedy allocator every worker computes on until B + n gradients have
// arrived and each worker has given one; the rest is cancelled. The allocator
// observes all tasks.
//
// Crashes: nobody else can compute a worker's gradients. What it gave before
// counts; if it gave none, the mean is over the other workers, which leans the
// round away from its data (bias while it is down). Workers that are down when
// a round begins are left out of it likewise.
//
// Source: Maranjyan, Saad, Richtarik, Orabona, "ATA", ICML 2025, appendix B.

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct HeterogeneousSgdOptions {
  // gamma > 0.
  double step = 0;
  // B, beyond the one task that each worker gets, 1 .. 2^31 - 1.
  int64_t batch = 1;
  // As in SgdWithAllocatorOptions.
  std::shared_ptr<Allocator> allocator;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const HeterogeneousSgdOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateHeterogeneousSgdWithAllocator(
    const HeterogeneousSgdOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_HETEROGENEOUS_SGD_WITH_ALLOCATOR_H_
