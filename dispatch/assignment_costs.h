#ifndef MUSTER_DISPATCH_ASSIGNMENT_COSTS_H_
#define MUSTER_DISPATCH_ASSIGNMENT_COSTS_H_

// The costs of a balanced assignment, twice: fast in float with a bound on the
// error, and exact in double; and for each point a short list of its cheapest
// centres under given prices.
//
//   cost(j, i) = |x_j - c_i|^2 (k-means) or |x_j - c_i| (k-median)
//
// All costs here are in units of unit(), a power of two, so that no square
// leaves the range of a float whatever the scale of the data. The float form
// sums squares of differences, never |x|^2 - 2 x.c + |c|^2: nothing cancels,
// and its error is relative to the cost itself (coordinates far from the origin
// do no harm). A row of costs costs 3 d k float operations.
//
// Exact costs are SquaredDistance (distances.h), or its root, in double.

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/runtime.h"

namespace muster::dispatch {

// The power of two 2^-e with 2^e > every |coordinate|; 1 for zeros alone.
double CoordinateScale(PointsView points, PointsView centers);

class AssignmentCosts {
 public:
  // Keeps the views, whose owners must outlive it. Same dimension (CHECKed);
  // objective k-means or k-median (CHECKed); scale as of CoordinateScale.
  AssignmentCosts(PointsView points, PointsView centers, Objective objective,
                  double scale);

  int64_t num_points() const { return points_.size; }
  int64_t num_centers() const { return centers_.size; }
  PointsView points() const { return points_; }
  PointsView centers() const { return centers_; }
  Objective objective() const { return objective_; }
  double scale() const { return scale_; }
  // cost = unit() * (what Exact and Rows say).
  double unit() const { return unit_; }

  // O(d) in double.
  double Exact(int64_t point, int64_t center) const;

  // Entries of a row of Rows: k rounded up, those beyond k are +infinity.
  int64_t row_stride() const { return row_stride_; }
  // At most this many rows a call.
  static constexpr int64_t kMaxRows = 64;
  // Scratch of Rows: reused, one per thread.
  struct Scratch {
    std::vector<float> points;
  };
  // rows (count x row_stride()) := float costs of points begin .. begin + count
  // - 1, with |float - exact| <= relative_error() exact + absolute_error().
  void Rows(int64_t begin, int64_t count, Scratch* scratch,
            std::span<float> rows) const;
  double relative_error() const { return relative_error_; }
  double absolute_error() const { return absolute_error_; }

 private:
  PointsView points_;
  PointsView centers_;
  Objective objective_;
  double scale_;
  double unit_;
  int64_t row_stride_;
  double relative_error_;
  double absolute_error_;
  std::vector<float> panels_;  // centres, transposed in panels of kPanel
};

// For every point its `length` centres of least float cost - price, ascending.
struct CandidateLists {
  int64_t length = 0;
  // k: the prices the lists were made for, each a float.
  std::vector<double> base = {};
  std::vector<float> reduced = {};    // n x length, cost - base
  std::vector<int32_t> centers = {};  // n x length

  bool complete() const { return length == static_cast<int64_t>(base.size()); }
  std::span<const float> Reduced(int64_t point) const {
    return std::span(reduced).subspan(static_cast<size_t>(point * length),
                                      static_cast<size_t>(length));
  }
  std::span<const int32_t> Centers(int64_t point) const {
    return std::span(centers).subspan(static_cast<size_t>(point * length),
                                      static_cast<size_t>(length));
  }
};

// A centre of least reduced cost.
template <typename Real>
struct Least {
  Real reduced = std::numeric_limits<Real>::infinity();
  int32_t center = 0;
};

// least := the least.size() least reduced costs, ascending, of a list (reduced,
// centers) at prices base + shift, of which `most` is the largest shift. False
// if a centre outside the list could be among them; complete: there is none.
template <typename Real>
bool FindLeast(std::span<const float> reduced, std::span<const int32_t> centers,
               std::span<const Real> shift, Real most, bool complete,
               std::span<Least<Real>> least) {
  const size_t count = least.size();
  std::fill(least.begin(), least.end(), Least<Real>{});
  for (size_t e = 0; e < reduced.size(); ++e) {
    if (reduced[e] - most >= least[count - 1].reduced) return true;
    const Real value = reduced[e] - shift[centers[e]];
    if (!(value < least[count - 1].reduced)) continue;
    size_t r = count - 1;
    for (; r > 0 && value < least[r - 1].reduced; --r) least[r] = least[r - 1];
    least[r] = {value, centers[e]};
  }
  return complete || reduced.back() - most >= least[count - 1].reduced;
}

// lists := the lists of all points of `costs` for `prices` (k). 1 <= length
// <= k. O(n k d + n k log) in float; same bits for any number of threads.
void BuildCandidateLists(const AssignmentCosts& costs,
                         std::span<const double> prices, int64_t length,
                         const runtime::Runtime& runtime,
                         CandidateLists* lists);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_COSTS_H_
