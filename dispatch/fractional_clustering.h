#ifndef MUSTER_DISPATCH_FRACTIONAL_CLUSTERING_H_
#define MUSTER_DISPATCH_FRACTIONAL_CLUSTERING_H_

// A fractional clustering of n points (Dick et al., AISTATS 2017, supplement
// section 9): y_i is how far point i is open as a centre, x_ij the share of
// point j that centre i serves.
//
//   sum_i x_ij = p     a y_i <= sum_j x_ij <= b y_i     0 <= x_ij <= y_i <= 1
//
// Rounding makes y integral by moving openings between points; Move is that
// step, and it keeps all of these but y <= 1, which its callers see to.

#include <cstdint>
#include <vector>

#include "muster/dispatch/metric.h"
#include "muster/dispatch/size_bounds.h"

namespace muster::dispatch {

struct FractionalClustering {
  std::vector<double> openings = {};  // y, n
  std::vector<double> shares = {};    // x, n x n: x_ij at [i n + j]

  explicit FractionalClustering(int64_t n = 0)
      : openings(static_cast<size_t>(n), 0.0),
        shares(static_cast<size_t>(n * n), 0.0) {}

  int64_t size() const { return static_cast<int64_t>(openings.size()); }
  double share(int64_t center, int64_t point) const {
    return shares[static_cast<size_t>(center * size() + point)];
  }
  double& share(int64_t center, int64_t point) {
    return shares[static_cast<size_t>(center * size() + point)];
  }
};

// Below it an opening counts as none: an order above the solver's tolerance.
inline constexpr double kOpeningTolerance = 1e-8;

// Moves `amount` of the opening of `from` to `to`, and of each point served by
// `from` the share amount / y_from. amount <= y_from up to kOpeningTolerance
// (CHECKed); what is left below that goes along. O(n).
void Move(double amount, int64_t from, int64_t to,
          FractionalClustering* fractional);

// sum_ij c_ij x_ij.
double FractionalCost(const DistanceMatrix& costs,
                      const FractionalClustering& fractional);

// By how much the worst of the conditions above is broken; each load is
// measured relative to max(1, b). `largest_opening` stands in for the 1 of
// y_i <= 1.
double LargestViolation(const FractionalClustering& fractional, int64_t copies,
                        const SizeBounds& sizes, double largest_opening = 1);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_FRACTIONAL_CLUSTERING_H_
