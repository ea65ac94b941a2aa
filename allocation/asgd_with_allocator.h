#ifndef MUSTER_ALLOCATION_ASGD_WITH_ALLOCATOR_H_
#define MUSTER_ALLOCATION_ASGD_WITH_ALLOCATOR_H_

// Asynchronous SGD inside the rounds of any Allocator (ASGD-ATA): in a round
// worker i computes a_i gradients one after another, each at the iterate that
// is newest when it starts, and the server applies every one on arrival,
//
//   x <- x - gamma g,
//
// B steps a round. The allocator observes at the round's end. In a greedy round
// every participant goes on until B gradients have arrived; the rest is dealt
// with as the allocation says (stale ones, where they run on, are applied with
// kKeep and ignored with kKeepDropStale).
//
// The published pseudo-code takes a task off a worker's quota only when the
// worker is started again, which makes up to B + |{i : a_i > 0}| gradients a
// round; here the first start counts too, so that a round has exactly B.
//
// Crashes: the unfinished part of a worker's quota is handed out again among
// those that are up, or to the first that returns. A greedy round that loses
// all its participants goes on with others, as in sgd_with_allocator.h.
//
// Source: Maranjyan, Saad, Richtarik, Orabona, "ATA", ICML 2025, appendix B.

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct AsgdWithAllocatorOptions {
  // gamma > 0, of one gradient.
  double step = 0;
  // B, the gradients of a round, 1 .. 2^31 - 1.
  int64_t batch = 1;
  // As in SgdWithAllocatorOptions.
  std::shared_ptr<Allocator> allocator;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const AsgdWithAllocatorOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateAsgdWithAllocator(
    const AsgdWithAllocatorOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_ASGD_WITH_ALLOCATOR_H_
