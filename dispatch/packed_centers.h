#ifndef MUSTER_DISPATCH_PACKED_CENTERS_H_
#define MUSTER_DISPATCH_PACKED_CENTERS_H_

// Centres prepared once for finding the nearest to many points: what a router,
// Lloyd's iteration and a nearest neighbour search in a sample keep.
//
// With x' = x - m, c' = c - m for the centres' mean m, the cost of centre c is
//
//   |x - c|^2 - offset_c = |x'|^2 + 2 (|c'|^2 / 2 - offset_c / 2 - <x', c'>)
//
// The inner products are computed in float by the processor's widest fused
// multiply-adds (score_kernel.h), in tiles of 12 points by 16 or 32 centres.
// They differ from the exact ones by at most, with u = 2^-24,
//
//   kappa / 2 (|x'|^2 + |c'|^2) + 4 u |bias_c|,  kappa = (min(d, 512) + ...) u
//
// and each centre's share of that is taken off its bias, so that a score is a
// lower bound up to a term of x alone. A centre whose lower bound is above the
// least upper bound cannot be nearest; what is left (one centre, as a rule) is
// decided by the definition in double, SquaredDistance(x, c) - offset_c, ties
// to the lower index. So every *index* and every order that this class returns
// is exact and the same on every machine, although scores are not. Bounds
// (NearestTwo) are valid on every machine, but their bits may differ: results
// must not depend on them. Values too large for float squares are handled, by
// doubles alone.
//
// Immutable, thread-safe. Memory: 2 k d floats.

#include <cstdint>
#include <span>
#include <vector>

#include "muster/dispatch/points.h"
#include "muster/dispatch/score_kernel.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// What NearestTwo knows of a point.
struct NearestTwo {
  int32_t nearest = 0;
  // distance(x, nearest) <= upper; every other centre is at least lower away
  // (infinity where there is none).
  float upper = 0;
  float lower = 0;
};

class PackedCenters {
 public:
  // Copies `centers` (k >= 1, finite). offsets: none (0), or k finite values.
  // O(k d).
  explicit PackedCenters(PointsView centers,
                         std::span<const double> offsets = {});

  int64_t size() const { return centers_.size(); }
  int64_t dimension() const { return centers_.dimension; }
  PointsView centers() const { return centers_.View(); }

  // nearest[j * count + r] := the centre of r-th least cost to point j, exact,
  // ties to the lower index; 1 <= count <= k (CHECKed). O(n k d) in float, and
  // O(d) in double for each candidate of a near tie.
  void Nearest(PointsView points, int64_t count, std::span<int32_t> nearest,
               const runtime::Runtime& runtime = {}) const;

  // result[i] := the nearest centre (as Nearest, exact) and bounds for point
  // rows[i]. Centres without offsets only (CHECKed). One thread.
  void NearestTwoOf(PointsView points, std::span<const int32_t> rows,
                    std::span<NearestTwo> result) const;

 private:
  friend class CenterSearch;
  friend class LloydAssigner;
  friend class LloydBlock;

  // centered := x', its pieces of 64 coordinates `stride` floats apart; returns
  // |x'|^2, rounded up.
  double CenterPoint(const float* x, float* centered, int64_t stride) const;
  // What the squared distance of a point with this |x'|^2 may be off by when it
  // is taken from a score and the rounded |x'|^2.
  double NormError(double square) const;
  // Whether scores of a point with this |x'|^2 are finite and their error
  // bounds hold.
  bool InRange(double square) const;

  double ExactCost(std::span<const float> x, int32_t center) const;

  PointSet centers_;
  std::vector<double> offsets_;   // k, or empty
  std::vector<PanelRow> panels_;  // of c', ceil(k / 16) x d
  std::vector<PanelRow> bias_;    // lower biases; infinite in padding lanes
  std::vector<float> mean_;       // d
  // What a centre's upper bound has above its score, beside the point's part.
  std::vector<double> slack_;  // k
  double max_slack_ = 0;
  double kappa_ = 0;
  double shift_ = 0;      // taken off all biases
  bool in_range_ = true;  // false: squares pass the range of float
};

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_PACKED_CENTERS_H_
