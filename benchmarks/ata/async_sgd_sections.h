#ifndef MUSTER_BENCHMARKS_ATA_ASYNC_SGD_SECTIONS_H_
#define MUSTER_BENCHMARKS_ATA_ASYNC_SGD_SECTIONS_H_

// The parts of the comparison of asynchronous methods (async_sgd.cc). Each adds
// its tables, figures and claims. Cancelled: stopped on the way.

#include "absl/status/status.h"
#include "muster/benchmarks/harness/experiment.h"

namespace muster::benchmarks {

// Methods for homogeneous data on the tridiagonal quadratic, workers of i +
// |N(0, i)| seconds, for growing n: measured times beside the theory's.
absl::Status CompareBySize(Experiment& experiment);

// Rounds of B = 23 under each allocator, on the square-root law: who computes
// changes the clock and not the iterates, whose mean follows the exact law of
// SGD.
absl::Status CompareAllocators(Experiment& experiment);

// Workers with heavy-tailed delays: giving up against waiting.
absl::Status CompareUnderHeavyTails(Experiment& experiment);

// L2-regularised logistic regression on a9a, all workers with all of the data.
absl::Status CompareOnA9a(Experiment& experiment);

// The same with the rows sorted by label and dealt out: each worker has data of
// its own, and the fast ones have only negative rows.
absl::Status CompareOnSortedA9a(Experiment& experiment);

// The trainers on real threads, gradients really computed there.
absl::Status CompareOnThreads(Experiment& experiment);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_ASYNC_SGD_SECTIONS_H_
