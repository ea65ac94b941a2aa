#ifndef MUSTER_ALLOCATION_RINGLEADER_H_
#define MUSTER_ALLOCATION_RINGLEADER_H_

// Ringleader ASGD, for workers with data of their own: f = 1/n sum_i f_i. The
// server keeps a table of each worker's sum of gradients G_i and their number
// b_i. A round has two phases, and no worker ever waits:
//
//   1. Gradients enter the table until every b_i >= 1; their workers go on at
//      the same iterate. The report that completes the table opens phase 2 as
//      its first.
//   2. n updates, one for each worker's first report:
//        x <- x - gamma (1/n) sum_i G_i / b_i,
//      the report being entered before; its worker goes on at the new iterate.
//      Further reports of a worker go to a second table.
//
// The second table is the first one of the next round. No gradient is thrown
// away, and without crashes none is older than 2 n - 2 updates: what a round
// uses was begun after the first of the n updates of the round before, and is
// used by the n-th of its own at the latest.
//
// Crashes: a worker that is down is neither waited for nor updated; the table
// keeps what it gave in the round.
//
// Source: Maranjyan, Richtarik, "Ringleader ASGD", 2025. The phases are those
// of the authors' poster; the paper itself was not at hand, so that none of its
// step sizes or rates is used here: `step` is the caller's to tune. The rules
// for crashes are ours.

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct RingleaderOptions {
  // gamma > 0, of each of the n updates of a round.
  double step = 0;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const RingleaderOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateRingleader(
    const RingleaderOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_RINGLEADER_H_
