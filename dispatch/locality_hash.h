#ifndef MUSTER_DISPATCH_LOCALITY_HASH_H_
#define MUSTER_DISPATCH_LOCALITY_HASH_H_

// Locality-sensitive hashing, the data-independent baseline of Dick et al.
// (AISTATS 2017, section 5):
//
//   bin(x)   = (floor(<u_1, x> / w), ..., floor(<u_t, x> / w)),  u_i ~ N(0, I)
//   group(x) = Hash(bin(x)) mod k
//
// without a random offset, t = 10. The width w is tuned so that a sample fills
// about 2k bins. The paper does not say how the tuple of integers becomes a
// number; here it is a chain of SplitMix64 finalisers over the t integers.
//
// Without an offset the t hyperplanes <u_i, x> = 0 cut for every w, so that a
// sample around the origin fills up to 2^t bins however wide they are. When
// even the widest bins are more than 2.5k, fewer directions are used (the first
// ones): `directions` has as many rows as are used. Loads are whatever the bins
// give: there is no balance.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

struct LocalityHash {
  int64_t dimension = 0;               // d
  int64_t num_groups = 0;              // k
  std::vector<float> directions = {};  // t x d
  double width = 1;                    // w > 0

  static void Fields(auto& self, auto&& visit) {
    visit(self.dimension, self.num_groups, self.directions, self.width);
  }

  int64_t num_directions() const {
    return static_cast<int64_t>(directions.size()) / dimension;
  }
  // Hash(bin(x)): the group is this modulo k. O(t d).
  uint64_t BinOf(std::span<const float> point) const;
};

// InvalidArgument naming the field.
absl::Status Validate(const LocalityHash& hash);

// The hash with u_i from rng.Fork("direction", i) and w tuned on the sample.
// InvalidArgument for an empty or not finite sample, k or num_directions out of
// range ([1, 2^31 - 1] and [1, 1000]). O(n t d) and some passes over the n t
// projections.
absl::StatusOr<LocalityHash> FitLocalityHash(
    PointsView sample, int64_t num_groups, int64_t num_directions,
    runtime::Rng rng, const runtime::Runtime& runtime = {});

// The number of bins that the points fill.
int64_t CountBins(const LocalityHash& hash, PointsView points);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_LOCALITY_HASH_H_
