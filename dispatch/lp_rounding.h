#ifndef MUSTER_DISPATCH_LP_ROUNDING_H_
#define MUSTER_DISPATCH_LP_ROUNDING_H_

// From a fractional clustering to one with integral centres: the bicriteria
// rounding of Dick et al. (AISTATS 2017, Algorithm 1; supplement section 9) for
// p >= 2 copies, a stage each.
//
//   C_j   = (1 / p) sum_i c_ij x_ij        what a copy of j costs on average
//   rho   = 2 (k-median), 4 (k-means), 1 (k-center)
//   Y_u   = sum of y over the empire of monarch u, >= p / 2 (>= p for k-center)
//   z_u   = Y_u / floor(Y_u)
//
// 1. Monarchs: points in order of C_j; j becomes one unless an earlier u has
//    c_uj <= 2 rho C_j. Each point joins the empire of its nearest monarch.
// 2. Aggregation: in each empire the openings move to the floor(Y_u) points
//    nearest to the monarch, z_u each; these become centres, at most k in all.
// 3. Assignment to the centres by a flow (assignment_flow.h).
//
// The paper's guarantee, for a flow that may put two copies of a
// point on one centre and sizes up to ceil(z b): cost <= 11 LP (k-median), 95
// LP (k-means), 5 radii (k-center). The paper takes (p + 2) / p for z, which is
// too small for odd p: with floor(Y_u) = (p - 1) / 2 it takes up to
// 1 + 1 / floor(p / 2). Here z = max_u z_u of the instance itself.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/fractional_clustering.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/size_bounds.h"

namespace muster::dispatch {

// C_j of each point. O(n^2).
std::vector<double> AverageCosts(const DistanceMatrix& costs,
                                 const FractionalClustering& fractional,
                                 int64_t copies);

struct Empires {
  std::vector<int64_t> monarchs = {};  // points, in the order of their crowning
  std::vector<int32_t> empire_of = {};  // n: position in `monarchs`
};

// 2 rho: a point joins a monarch within this multiple of its C_j.
double JoiningFactor(Objective objective);

// Step 1. `average_costs` are the C_j; for k-center all equal to the radius t.
// Ties in C_j and in distance: the lower index, the earlier monarch. O(n^2).
Empires FoundEmpires(const DistanceMatrix& costs,
                     const std::vector<double>& average_costs,
                     double joining_factor);

struct AggregatedCenters {
  std::vector<int64_t> centers = {};  // points, ascending
  std::vector<double> sums = {};      // Y_u of each empire
  double largest_opening = 1;         // max_u z_u
};

// Step 2: moves the openings of `fractional`, of which each centre then holds
// z_u and every other point none. Y_u >= 1 - 1e-7 (CHECKed): true for p >= 2.
// O(n^2) per move, at most 2 n moves.
AggregatedCenters AggregateEmpires(const DistanceMatrix& costs,
                                   const Empires& empires,
                                   FractionalClustering* fractional);

enum class RoundingMode {
  // Copies on distinct centres, sizes in [a, ceil(z b)]. Fewer than p centres
  // or too few for that bound: the next best points are opened, up to k in all.
  kDistinct,
  // Copies on distinct centres and sizes in [a, b] as asked: opens further
  // points, up to k, until the bounds can be met; k always suffice.
  kWithinBounds,
  // As published: up to two copies of a point on one centre, sizes in
  // [a, ceil((p + 2) / p b)], or [a, ceil(z b)] where that is larger.
  kPaper,
};

struct RoundedClustering {
  std::vector<int64_t> centers = {};   // points, at most k
  std::vector<int32_t> clusters = {};  // n x p positions in `centers`
  SizeBounds guaranteed_sizes = {};
  double cost = 0;  // sum of c; for k-center the radius
};

// Step 3 for `centers` of step 2. The bounds of `sizes` are those asked for.
// `radius` is the t of k-center, else unused.
absl::StatusOr<RoundedClustering> AssignToCenters(
    const DistanceMatrix& costs, Objective objective,
    AggregatedCenters aggregated, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, RoundingMode mode, double radius);

// ceil(factor x upper), and at most `largest`; rounding errors in factor below
// 1e-7 do not count.
int64_t RelaxedUpper(int64_t upper, double factor, int64_t largest);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_LP_ROUNDING_H_
