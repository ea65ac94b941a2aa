#ifndef MUSTER_ALLOCATION_SYNCHRONOUS_SGD_H_
#define MUSTER_ALLOCATION_SYNCHRONOUS_SGD_H_

// m-Synchronous SGD: in each round every worker computes one gradient at x_k;
// the server steps on the mean of the first m and cancels the rest,
//
//   x_{k+1} = x_k - gamma / m (sum of the m fastest gradients at x_k).
//
// m = n is synchronous mini-batch SGD: the round lasts as long as its slowest
// worker. Source: "Do we need asynchronous SGD?", arXiv 2602.03802.

#include <cstdint>
#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct SynchronousSgdOptions {
  // gamma > 0.
  double step = 0;
  // m >= 1. Where fewer workers are up (or fewer exist), all of them count.
  int64_t wait_for = 1;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const SynchronousSgdOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateSynchronousSgd(
    const SynchronousSgdOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SYNCHRONOUS_SGD_H_
