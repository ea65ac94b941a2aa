#ifndef MUSTER_ALLOCATION_SGD_WITH_ALLOCATOR_H_
#define MUSTER_ALLOCATION_SGD_WITH_ALLOCATOR_H_

// SGD in rounds of B gradients that any Allocator (allocator.h) hands out:
//
//   x_{k+1} = x_k - gamma / B (sum of the B gradients at x_k).
//
// In a barrier round worker i computes a_i of them and the round lasts as long
// as the slowest worker (SGD-ATA, with ATA; minibatch SGD, with UTA); in a
// greedy round the first B count (Rennala SGD, with GTA). The allocator
// observes what each task took.
//
// Barrier rounds take the draws (k - 1) B .. k B - 1 and add the gradients in
// the order of their draws, so that on homogeneous data the iterates have the
// same bits under every allocator, speed model and crash: only the clock
// differs.
//
// A worker that crashes in a barrier round leaves its unfinished tasks to a
// second allocation among those that are up, which knows for how long each is
// still busy (by its mean duration so far); if nobody is up, to the first that
// returns. In a greedy round the others go on, and it rejoins on its return; if
// there are no others, the allocator is asked again, for the gradients that are
// missing, and whom it names now race in their place.
//
// Source: Maranjyan, Saad, Richtarik, Orabona, "ATA", ICML 2025, appendix B.

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct SgdWithAllocatorOptions {
  // gamma > 0.
  double step = 0;
  // B, 1 .. 2^31 - 1.
  int64_t batch = 1;
  // For as many workers as the cluster has (RunSgd refuses others); shared with
  // the caller, who may keep it to look at or to use in another run. Not null.
  std::shared_ptr<Allocator> allocator;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const SgdWithAllocatorOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateSgdWithAllocator(
    const SgdWithAllocatorOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_WITH_ALLOCATOR_H_
