#include "muster/dispatch/assignment_flow.h"

#include <lemon/network_simplex.h>
#include <lemon/static_graph.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using Graph = lemon::StaticDigraph;

// The largest cost as an integer: potentials, sums of up to n of them, stay far
// from 2^63.
constexpr double kLargestCost = 1LL << 40;

// Nodes: points, centres, sink. Arcs by tail: from each point to the centres,
// then from each centre to the sink.
struct Network {
  struct PointArc {
    int64_t point;
    int32_t center;  // position in the problem's centres
    int64_t cost;
  };
  std::vector<PointArc> arcs = {};
  Graph graph = {};

  explicit Network(const AssignmentFlow& problem);
};

Network::Network(const AssignmentFlow& problem) {
  const DistanceMatrix& costs = *problem.costs;
  const auto n = static_cast<int>(costs.size());
  const auto m = static_cast<int>(problem.centers.size());
  const double largest = costs.Largest();
  const double scale = largest > 0 ? kLargestCost / largest : 0.0;
  std::vector<std::pair<int, int>> ends;
  for (int j = 0; j < n; ++j) {
    for (int i = 0; i < m; ++i) {
      const double cost = costs(problem.centers[i], j);
      if (cost > problem.largest_cost) continue;
      arcs.push_back({j, i, std::llround(cost * scale)});
      ends.emplace_back(j, n + i);
    }
  }
  for (int i = 0; i < m; ++i) ends.emplace_back(n + i, n + m);
  graph.build(n + m + 1, ends.begin(), ends.end());
}

// What need not be tried: LEMON wants lower <= upper on each arc.
bool ClearlyInfeasible(const AssignmentFlow& problem) {
  const int64_t n = problem.costs->size();
  const int64_t m = static_cast<int64_t>(problem.centers.size());
  const int64_t b =
      std::min(problem.sizes.upper, n * problem.copies_per_center);
  return problem.sizes.lower > b ||
         m * problem.sizes.lower > n * problem.copies ||
         m * b < n * problem.copies;
}

}  // namespace

std::optional<std::vector<int32_t>> CheapestAssignment(
    const AssignmentFlow& problem) {
  MUSTER_CHECK(problem.costs != nullptr && problem.copies >= 1 &&
               problem.copies_per_center >= 1);
  if (ClearlyInfeasible(problem)) return std::nullopt;
  const Network network(problem);
  const Graph& graph = network.graph;
  Graph::ArcMap<int64_t> lower(graph, 0), cost(graph, 0);
  Graph::ArcMap<int64_t> upper(graph, problem.copies_per_center);
  const auto num_point_arcs = static_cast<int>(network.arcs.size());
  for (int at = 0; at < num_point_arcs; ++at) {
    cost[graph.arc(at)] = network.arcs[at].cost;
  }
  const int64_t points = problem.costs->size();
  for (int at = num_point_arcs; at < graph.arcNum(); ++at) {
    lower[graph.arc(at)] = problem.sizes.lower;
    // No load passes n copies_per_center.
    upper[graph.arc(at)] =
        std::min(problem.sizes.upper, points * problem.copies_per_center);
  }
  Graph::NodeMap<int64_t> supply(graph, 0);
  for (int j = 0; j < points; ++j) supply[graph.node(j)] = problem.copies;
  supply[graph.node(graph.nodeNum() - 1)] = -points * problem.copies;
  lemon::NetworkSimplex<Graph, int64_t, int64_t> simplex(graph);
  simplex.lowerMap(lower).upperMap(upper).costMap(cost).supplyMap(supply);
  if (simplex.run() != simplex.OPTIMAL) return std::nullopt;
  const int64_t n = problem.costs->size(), p = problem.copies;
  std::vector<int32_t> assignment(static_cast<size_t>(n * p), -1);
  std::vector<int64_t> filled(static_cast<size_t>(n), 0);
  for (int at = 0; at < num_point_arcs; ++at) {
    const Network::PointArc& arc = network.arcs[at];
    for (int64_t copy = simplex.flow(graph.arc(at)); copy > 0; --copy) {
      assignment[arc.point * p + filled[arc.point]++] = arc.center;
    }
  }
  for (const int64_t count : filled) MUSTER_CHECK_EQ(count, p);
  return assignment;
}

std::optional<std::vector<int32_t>> SmallestRadiusAssignment(
    AssignmentFlow problem) {
  std::vector<double> radii;
  for (const int64_t i : problem.centers) {
    for (int64_t j = 0; j < problem.costs->size(); ++j) {
      radii.push_back((*problem.costs)(i, j));
    }
  }
  std::sort(radii.begin(), radii.end());
  radii.erase(std::unique(radii.begin(), radii.end()), radii.end());
  // Feasible from `high` on; the answer is in [low, high].
  problem.largest_cost = radii.back();
  std::optional<std::vector<int32_t>> best = CheapestAssignment(problem);
  if (!best.has_value()) return std::nullopt;
  size_t low = 0, high = radii.size() - 1;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    problem.largest_cost = radii[middle];
    std::optional<std::vector<int32_t>> found = CheapestAssignment(problem);
    if (found.has_value()) {
      best = std::move(found);
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return best;
}

double AssignmentCost(const DistanceMatrix& costs,
                      std::span<const int64_t> centers,
                      std::span<const int32_t> assignment, int64_t copies) {
  double sum = 0;
  for (size_t at = 0; at < assignment.size(); ++at) {
    sum += costs(centers[assignment[at]], static_cast<int64_t>(at) / copies);
  }
  return sum;
}

double AssignmentRadius(const DistanceMatrix& costs,
                        std::span<const int64_t> centers,
                        std::span<const int32_t> assignment, int64_t copies) {
  double radius = 0;
  for (size_t at = 0; at < assignment.size(); ++at) {
    radius = std::max(radius, costs(centers[assignment[at]],
                                    static_cast<int64_t>(at) / copies));
  }
  return radius;
}

}  // namespace muster::dispatch
