#include "muster/dispatch/assignment_flow.h"

#include <lemon/network_simplex.h>
#include <lemon/smart_graph.h>

#include <algorithm>
#include <cmath>

#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

using Graph = lemon::SmartDigraph;

// The largest cost as an integer: potentials, sums of up to n of them, stay far
// from 2^63.
constexpr double kLargestCost = 1LL << 40;

struct Network {
  Graph graph;
  Graph::ArcMap<int64_t> lower;
  Graph::ArcMap<int64_t> upper;
  Graph::ArcMap<int64_t> cost;
  Graph::NodeMap<int64_t> supply;
  struct PointArc {
    Graph::Arc arc;
    int64_t point;
    int32_t center;
  };
  std::vector<PointArc> arcs;

  Network() : lower(graph), upper(graph), cost(graph), supply(graph) {}

  Graph::Arc Add(Graph::Node from, Graph::Node to, int64_t low, int64_t high,
                 int64_t unit_cost) {
    const Graph::Arc arc = graph.addArc(from, to);
    lower[arc] = low;
    upper[arc] = high;
    cost[arc] = unit_cost;
    return arc;
  }
};

void Build(const AssignmentFlow& problem, Network* network) {
  const DistanceMatrix& costs = *problem.costs;
  const int64_t n = costs.size();
  const double largest = costs.Largest();
  const double scale = largest > 0 ? kLargestCost / largest : 0.0;
  std::vector<Graph::Node> points, centers;
  for (int64_t j = 0; j < n; ++j) {
    points.push_back(network->graph.addNode());
    network->supply[points.back()] = problem.copies;
  }
  for (size_t i = 0; i < problem.centers.size(); ++i) {
    centers.push_back(network->graph.addNode());
    network->supply[centers.back()] = 0;
  }
  const Graph::Node sink = network->graph.addNode();
  network->supply[sink] = -n * problem.copies;
  for (size_t i = 0; i < centers.size(); ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const double cost = costs(problem.centers[i], j);
      if (cost > problem.largest_cost) continue;
      network->arcs.push_back(
          {network->Add(points[j], centers[i], 0, problem.copies_per_center,
                        std::llround(cost * scale)),
           j, static_cast<int32_t>(i)});
    }
    // No load passes n copies_per_center.
    network->Add(centers[i], sink, problem.sizes.lower,
                 std::min(problem.sizes.upper, n * problem.copies_per_center),
                 0);
  }
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
  Network network;
  Build(problem, &network);
  lemon::NetworkSimplex<Graph, int64_t, int64_t> simplex(network.graph);
  simplex.lowerMap(network.lower)
      .upperMap(network.upper)
      .costMap(network.cost)
      .supplyMap(network.supply);
  if (simplex.run() != simplex.OPTIMAL) return std::nullopt;
  const int64_t n = problem.costs->size(), p = problem.copies;
  std::vector<int32_t> assignment(static_cast<size_t>(n * p), -1);
  std::vector<int64_t> filled(static_cast<size_t>(n), 0);
  for (const Network::PointArc& arc : network.arcs) {
    for (int64_t copy = simplex.flow(arc.arc); copy > 0; --copy) {
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
