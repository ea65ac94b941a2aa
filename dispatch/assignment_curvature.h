#ifndef MUSTER_DISPATCH_ASSIGNMENT_CURVATURE_H_
#define MUSTER_DISPATCH_ASSIGNMENT_CURVATURE_H_

// The Hessian of the smoothed dual of the balanced assignment
// (assignment_prices.h), and Newton systems with it.
//
// A point undecided among the centres S adds the clique (w / h) (I_S - 1 1^T /
// |S|): together, the Laplacian of a graph on the k centres, with as many edges
// as there are pairs of centres that meet at some point.

#include <cstdint>
#include <span>
#include <vector>

namespace muster::dispatch {

// The centres that undecided points share, point by point.
struct Supports {
  std::vector<int32_t> centers = {};
  std::vector<int64_t> end = {};  // in `centers`, of each point
  std::vector<float> weights = {};

  void Append(const Supports& other) {
    const auto offset = static_cast<int64_t>(centers.size());
    centers.insert(centers.end(), other.centers.begin(), other.centers.end());
    for (const int64_t at : other.end) end.push_back(offset + at);
    weights.insert(weights.end(), other.weights.begin(), other.weights.end());
  }
  int64_t size() const { return static_cast<int64_t>(end.size()); }
  std::span<const int32_t> Of(int64_t point) const {
    const int64_t begin = point == 0 ? 0 : end[point - 1];
    return std::span(centers).subspan(static_cast<size_t>(begin),
                                      static_cast<size_t>(end[point] - begin));
  }
};

// A symmetric matrix: a diagonal, and negative entries off it by rows.
struct Laplacian {
  std::vector<double> diagonal = {};
  std::vector<int64_t> row_begin = {};
  std::vector<int32_t> column = {};
  std::vector<double> weight = {};
};

// The Laplacian of the supports for the width h = 1 / factor. O(sum |S|^2 +
// k^2) for k up to 1024; above that supports of more than four centres become
// stars, whose curvature is not below the clique's.
Laplacian MakeLaplacian(int64_t num_centers, const Supports& supports,
                        double factor);

// Conjugate gradients for matrix x = right, preconditioned by the diagonal
// (> 0), to a thousandth of the right side's norm or 200 iterations.
std::vector<double> Solve(const Laplacian& matrix,
                          std::span<const double> right);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_CURVATURE_H_
