#ifndef MUSTER_DISPATCH_GREEDY_DELETION_H_
#define MUSTER_DISPATCH_GREEDY_DELETION_H_

// From too many centres to k, and one careful step: the second half of the
// k-means algorithm for separated data (R. Ostrovsky, Y. Rabani, L. Schulman,
// C. Swamy, "The effectiveness of Lloyd-type methods for the k-means problem",
// FOCS 2006, sections 4.2 and 4.1).

#include <cstdint>

#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// While there are more than k centres (k >= 1, CHECKed): drops the one whose
// removal raises the k-means cost least (its points go to their second nearest;
// ties: the lowest index), then moves each other centre to the mean of its
// points. The centres that are left, in their order. Progress is reported
// before each deletion; Cancelled when that asks for a stop. O((N - k) n N d)
// for N centres; the bits do not depend on the threads.
absl::StatusOr<PointSet> DeleteGreedily(PointsView points, PointSet centers,
                                        int64_t k,
                                        const runtime::Runtime& runtime = {});

// Moves each centre to the mean of the points within a third of its distance to
// the next centre; one without such points stays. So a far point of a
// neighbouring cluster has no say, as it would have in Lloyd's step. O(n k d).
PointSet BallStep(PointsView points, const PointSet& centers,
                  const runtime::Runtime& runtime = {});

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_GREEDY_DELETION_H_
