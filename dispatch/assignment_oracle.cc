#include "muster/dispatch/assignment_oracle.h"

#include <algorithm>
#include <cmath>
#include <ctime>
#include <limits>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "lemon/network_simplex.h"
#include "lemon/smart_graph.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/distances.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

double Cost(const AssignmentProblem& problem, int64_t point, int64_t center) {
  const double squared = SquaredDistance(problem.points.Point(point),
                                         problem.centers.Point(center));
  return problem.objective == Objective::kKMeans ? squared : std::sqrt(squared);
}

using Loads = std::vector<int64_t>;

// All ways to choose `copies` of the centres from `first` on.
void Choose(const AssignmentProblem& problem, int64_t point, int64_t first,
            int64_t copies, double cost, Loads* loads,
            std::map<Loads, double>* next) {
  if (copies == 0) {
    const auto [at, added] = next->try_emplace(*loads, cost);
    if (!added) at->second = std::min(at->second, cost);
    return;
  }
  for (int64_t i = first; i + copies <= problem.centers.size; ++i) {
    if ((*loads)[i] >= problem.sizes.upper) continue;
    ++(*loads)[i];
    Choose(problem, point, i + 1, copies - 1, cost + Cost(problem, point, i),
           loads, next);
    --(*loads)[i];
  }
}

}  // namespace

double LeastCostByEnumeration(const AssignmentProblem& problem) {
  MUSTER_CHECK(problem.weights.empty());
  std::map<Loads, double> states;
  states[Loads(static_cast<size_t>(problem.centers.size), 0)] = 0;
  for (int64_t j = 0; j < problem.points.size; ++j) {
    std::map<Loads, double> next;
    for (const auto& [loads, cost] : states) {
      Loads copy = loads;
      Choose(problem, j, 0, problem.copies, cost, &copy, &next);
    }
    states = std::move(next);
  }
  double least = std::numeric_limits<double>::infinity();
  for (const auto& [loads, cost] : states) {
    if (*std::min_element(loads.begin(), loads.end()) >= problem.sizes.lower) {
      least = std::min(least, cost);
    }
  }
  return least;
}

absl::StatusOr<NetworkSimplexResult> LeastCostByNetworkSimplex(
    const AssignmentProblem& problem) {
  using Graph = lemon::SmartDigraph;
  MUSTER_CHECK(problem.weights.empty());
  const auto n = static_cast<int>(problem.points.size);
  const auto k = static_cast<int>(problem.centers.size);
  Graph graph;
  graph.reserveNode(n + k + 1);
  graph.reserveArc(n * k + k);
  // Nodes: points, centres, the sink.
  for (int v = 0; v < n + k + 1; ++v) graph.addNode();
  const Graph::Node sink = graph.nodeFromId(n + k);
  Graph::ArcMap<int64_t> costs(graph), lower(graph), upper(graph);
  Graph::NodeMap<int64_t> supply(graph);
  for (int j = 0; j < n; ++j) {
    supply[graph.nodeFromId(j)] = problem.copies;
    for (int i = 0; i < k; ++i) {
      const Graph::Arc arc =
          graph.addArc(graph.nodeFromId(j), graph.nodeFromId(n + i));
      const double cost = Cost(problem, j, i);
      MUSTER_CHECK(cost < 0x1p53 && cost == std::floor(cost));
      costs[arc] = static_cast<int64_t>(cost);
      upper[arc] = 1;
    }
  }
  for (int i = 0; i < k; ++i) {
    const Graph::Arc arc = graph.addArc(graph.nodeFromId(n + i), sink);
    lower[arc] = problem.sizes.lower;
    upper[arc] = std::min<int64_t>(problem.sizes.upper, n);
  }
  supply[sink] = -int64_t{n} * problem.copies;
  lemon::NetworkSimplex<Graph, int64_t, int64_t> simplex(graph);
  simplex.costMap(costs).lowerMap(lower).upperMap(upper).supplyMap(supply);
  const std::clock_t begin = std::clock();
  if (simplex.run() != decltype(simplex)::OPTIMAL) {
    return absl::FailedPreconditionError("network simplex: no optimum");
  }
  const double seconds =
      static_cast<double>(std::clock() - begin) / CLOCKS_PER_SEC;
  return NetworkSimplexResult{.cost = simplex.totalCost<int64_t>(),
                              .solve_seconds = seconds};
}

}  // namespace muster::dispatch
