#include "muster/dispatch/k_center_rounding.h"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "muster/dispatch/assignment_flow.h"
#include "muster/dispatch/threshold_lp.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// Sums of openings within it of an integer count as that integer.
constexpr double kSumTolerance = 1e-6;

// Makes the openings of one component integral.
class Rounding {
 public:
  Rounding(const DistanceMatrix& metric, double radius, const MonarchTree& tree,
           FractionalClustering* fractional)
      : metric_(metric), radius_(radius), tree_(tree), fractional_(fractional) {
    for (const int64_t u : tree.monarchs) Fill(u, Neighbours(u));
    for (size_t at = tree.monarchs.size(); at-- > 0;) Round(tree.monarchs[at]);
    for (int64_t i = 0; i < metric.size(); ++i) {
      if (tree.empire_of[i] >= 0) Snap(i);
      for (const int64_t dependent : tree.dependents[i]) Snap(dependent);
    }
  }

 private:
  double& Opening(int64_t i) { return fractional_->openings[i]; }
  bool IsFractional(int64_t i) {
    return Opening(i) > kSumTolerance && Opening(i) < 1 - kSumTolerance;
  }

  // The points that u marked, but for u itself.
  std::vector<int64_t> Neighbours(int64_t u) const {
    std::vector<int64_t> result;
    for (int64_t j = 0; j < metric_.size(); ++j) {
      if (j != u && tree_.empire_of[j] == u && metric_(u, j) <= radius_) {
        result.push_back(j);
      }
    }
    return result;
  }

  // Moves openings to `to` until it is 1 or the sources are empty.
  void Fill(int64_t to, const std::vector<int64_t>& sources) {
    for (const int64_t from : sources) {
      const double room = 1 - Opening(to);
      if (room <= 0) return;
      if (from == to || Opening(from) <= 0) continue;
      Move(std::min(room, Opening(from)), from, to, fractional_);
    }
  }

  int64_t WholeOpenings(const std::vector<int64_t>& points) {
    double sum = 0;
    for (const int64_t i : points) sum += Opening(i);
    return static_cast<int64_t>(std::floor(sum + kSumTolerance));
  }

  // Fills the `count` points of largest opening (ties: the first) from the
  // others, which it returns in their order. `last` comes after all.
  std::vector<int64_t> FillLargest(const std::vector<int64_t>& points,
                                   int64_t count, int64_t last) {
    std::vector<int64_t> order = points;
    std::stable_sort(order.begin(), order.end(), [&](int64_t x, int64_t y) {
      if ((x == last) != (y == last)) return y == last;
      return Opening(x) > Opening(y);
    });
    MUSTER_CHECK_LE(count, static_cast<int64_t>(order.size()));
    std::vector<int64_t> others(order.begin() + count, order.end());
    for (int64_t at = 0; at < count; ++at) Fill(order[at], others);
    return others;
  }

  // {j} + children at j + dependents of j: all but j become 0 or 1.
  void RoundAround(int64_t j) {
    std::vector<int64_t> set = {j};
    set.insert(set.end(), tree_.children[j].begin(), tree_.children[j].end());
    set.insert(set.end(), tree_.dependents[j].begin(),
               tree_.dependents[j].end());
    for (const int64_t from : FillLargest(set, WholeOpenings(set), j)) {
      if (from != j && Opening(from) > 0) {
        Move(Opening(from), from, j, fractional_);
      }
    }
  }

  // After it only u among the points of its subtree may be fractional.
  void Round(int64_t u) {
    const std::vector<int64_t> neighbours = Neighbours(u);
    for (const int64_t j : neighbours) RoundAround(j);
    std::vector<int64_t> open;
    for (const int64_t j : neighbours) {
      if (IsFractional(j)) open.push_back(j);
    }
    const std::vector<int64_t> others =
        FillLargest(open, WholeOpenings(open), -1);
    if (others.empty()) return;
    const int64_t chosen = others.front();
    for (const int64_t from : others) {
      if (from != chosen && Opening(from) > 0) {
        Move(Opening(from), from, chosen, fractional_);
      }
    }
    if (Opening(chosen) <= kSumTolerance) return;
    Fill(chosen, {u});
  }

  // Removes rounding errors of an opening that is 0 or 1.
  void Snap(int64_t i) {
    const double rounded = std::round(Opening(i));
    MUSTER_CHECK_LE(std::abs(Opening(i) - rounded), 1e-4);
    Opening(i) = rounded;
  }

  const DistanceMatrix& metric_;
  double radius_;
  const MonarchTree& tree_;
  FractionalClustering* fractional_;
};

// Whether u has a neighbour that some monarch marked.
bool TouchesAnEmpire(const DistanceMatrix& metric, double radius,
                     const std::vector<int64_t>& component,
                     const MonarchTree& tree, int64_t u) {
  return std::any_of(component.begin(), component.end(), [&](int64_t v) {
    return tree.empire_of[v] >= 0 && metric(u, v) <= radius;
  });
}

void Crown(const DistanceMatrix& metric, double radius,
           const std::vector<int64_t>& component, int64_t u,
           MonarchTree* tree) {
  tree->monarchs.push_back(u);
  for (const int64_t j : component) {
    if (metric(u, j) <= radius) tree->empire_of[j] = u;
  }
}

}  // namespace

MonarchTree PlantMonarchs(const DistanceMatrix& metric, double radius,
                          const std::vector<int64_t>& component) {
  const int64_t n = metric.size();
  MonarchTree tree;
  tree.empire_of.assign(static_cast<size_t>(n), -1);
  tree.children.resize(static_cast<size_t>(n));
  tree.dependents.resize(static_cast<size_t>(n));
  // A point at two hops from v, by w: itself no neighbour of any empire.
  const auto two_hops = [&](int64_t u) -> int64_t {
    if (tree.empire_of[u] >= 0 ||
        TouchesAnEmpire(metric, radius, component, tree, u)) {
      return -1;
    }
    for (const int64_t w : component) {
      if (metric(u, w) > radius) continue;
      for (const int64_t v : component) {
        if (tree.empire_of[v] >= 0 && metric(w, v) <= radius) return v;
      }
    }
    return -1;
  };
  Crown(metric, radius, component, component.front(), &tree);
  for (bool found = true; found;) {
    found = false;
    for (const int64_t u : component) {
      const int64_t v = two_hops(u);
      if (v < 0) continue;
      tree.children[v].push_back(u);
      Crown(metric, radius, component, u, &tree);
      found = true;
    }
  }
  for (const int64_t u : component) {
    if (tree.empire_of[u] >= 0) continue;
    const auto v = std::find_if(component.begin(), component.end(),
                                [&](int64_t candidate) {
                                  return tree.empire_of[candidate] >= 0 &&
                                         metric(u, candidate) <= radius;
                                });
    MUSTER_CHECK(v != component.end());
    tree.dependents[*v].push_back(u);
  }
  return tree;
}

void RoundOpenings(const DistanceMatrix& metric, double radius,
                   const MonarchTree& tree, FractionalClustering* fractional) {
  Rounding(metric, radius, tree, fractional);
}

absl::StatusOr<KCenterResult> ApproximateKCenter(
    const DistanceMatrix& metric, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(
      ThresholdSolution lp,
      SolveSmallestThreshold(metric, num_clusters, copies, sizes,
                             CenterCount::kExactly, runtime));
  for (const std::vector<int64_t>& component : lp.components) {
    RoundOpenings(metric, lp.radius,
                  PlantMonarchs(metric, lp.radius, component), &lp.fractional);
  }
  KCenterResult result;
  result.lower_bound = lp.radius;
  for (int64_t i = 0; i < metric.size(); ++i) {
    if (lp.fractional.openings[i] == 1) result.centers.push_back(i);
  }
  MUSTER_CHECK_EQ(static_cast<int64_t>(result.centers.size()), num_clusters);
  std::optional<std::vector<int32_t>> assignment =
      SmallestRadiusAssignment({.costs = &metric,
                                .centers = result.centers,
                                .copies = copies,
                                .sizes = sizes});
  MUSTER_CHECK(assignment.has_value());  // any k centres can hold the copies
  result.clusters = *std::move(assignment);
  result.radius =
      AssignmentRadius(metric, result.centers, result.clusters, copies);
  return result;
}

}  // namespace muster::dispatch
