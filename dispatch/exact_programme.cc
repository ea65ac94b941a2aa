#include "muster/dispatch/exact_programme.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "coin/CbcEventHandler.hpp"
#include "coin/CbcModel.hpp"
#include "coin/OsiClpSolverInterface.hpp"
#include "muster/dispatch/assignment_flow.h"
#include "muster/dispatch/clustering_lp.h"
#include "muster/dispatch/k_center_rounding.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

class StopHandler : public CbcEventHandler {
 public:
  explicit StopHandler(const runtime::Runtime& runtime) : runtime_(runtime) {}

  using CbcEventHandler::event;
  CbcAction event(CbcEvent) override {
    return runtime::ShouldStop(runtime_) ? stop : noAction;
  }
  CbcEventHandler* clone() const override { return new StopHandler(*this); }

 private:
  runtime::Runtime runtime_;
};

// The solver's tolerances are absolute; in Problem::unit, which makes the
// programme's value about n p, they are relative ones.
constexpr double kTolerance = 1e-9;

// What the programme is about; `allowed` and `largest_cost` leave parts out.
struct Problem {
  const DistanceMatrix& costs;
  int64_t num_clusters;
  int64_t copies;
  SizeBounds sizes;
  std::vector<char> allowed = {};  // n: may be a centre
  double largest_cost = std::numeric_limits<double>::infinity();
  double unit = 1;  // of costs in the solver
};

// The programme in the solver: n openings, then an arc for each allowed centre
// and point within `largest_cost`. Costs of the arcs are zero where
// `only_feasible`.
void Load(const Problem& problem, bool only_feasible,
          OsiClpSolverInterface* solver) {
  const int64_t n = problem.costs.size();
  const double p = static_cast<double>(problem.copies);
  const double a = static_cast<double>(problem.sizes.lower);
  const double b = static_cast<double>(std::min(problem.sizes.upper, n));
  const double k = static_cast<double>(problem.num_clusters);
  std::vector<double> row_lower(static_cast<size_t>(3 * n + 1), 0.0);
  std::vector<double> row_upper(row_lower.size(), 0.0);
  for (int64_t i = 0; i < n; ++i) {
    row_lower[i] = row_upper[i] = p;
    row_upper[n + i] = COIN_DBL_MAX;
    row_lower[2 * n + i] = -COIN_DBL_MAX;
  }
  row_lower[3 * n] = row_upper[3 * n] = k;
  std::vector<int> rows, columns;
  std::vector<double> values, lower, upper, cost;
  const auto add = [&](int64_t row, int64_t column, double value) {
    rows.push_back(static_cast<int>(row));
    columns.push_back(static_cast<int>(column));
    values.push_back(value);
  };
  for (int64_t i = 0; i < n; ++i) {
    upper.push_back(problem.allowed[i] ? 1.0 : 0.0);
    add(n + i, i, -a);
    add(2 * n + i, i, -b);
    add(3 * n, i, 1);
  }
  cost.assign(static_cast<size_t>(n), 0.0);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      const double c = problem.costs(i, j);
      if (!problem.allowed[i] || c > problem.largest_cost) continue;
      const auto column = static_cast<int64_t>(cost.size());
      const auto link = static_cast<int64_t>(row_lower.size());
      add(j, column, 1);
      add(n + i, column, 1);
      add(2 * n + i, column, 1);
      add(link, column, 1);
      add(link, i, -1);
      row_lower.push_back(-COIN_DBL_MAX);
      row_upper.push_back(0);
      cost.push_back(only_feasible ? 0.0 : c / problem.unit);
      upper.push_back(1);
    }
  }
  lower.assign(cost.size(), 0.0);
  const CoinPackedMatrix matrix(true, rows.data(), columns.data(),
                                values.data(),
                                static_cast<CoinBigIndex>(values.size()));
  solver->loadProblem(matrix, lower.data(), upper.data(), cost.data(),
                      row_lower.data(), row_upper.data());
  for (int64_t i = 0; i < n; ++i) solver->setInteger(static_cast<int>(i));
}

struct Search {
  std::optional<std::vector<int64_t>> centers = {};  // better than the cutoff
  bool complete = false;  // there is nothing better than `centers`
  double lower_bound = 0;
  int64_t nodes = 0;
};

// Branch and bound for the best, or for any, solution that costs less than
// `cutoff`, and then for any that costs less by `increment`.
Search Branch(const Problem& problem, bool only_feasible, double cutoff,
              double increment, int64_t max_nodes,
              const runtime::Runtime& runtime) {
  OsiClpSolverInterface solver;
  solver.messageHandler()->setLogLevel(0);
  solver.setDblParam(OsiPrimalTolerance, kTolerance);
  solver.setDblParam(OsiDualTolerance, kTolerance);
  Load(problem, only_feasible, &solver);
  CbcModel model(solver);
  model.setLogLevel(0);
  model.messageHandler()->setLogLevel(0);
  model.solver()->setHintParam(OsiDoReducePrint, true, OsiHintTry);
  const StopHandler handler(runtime);
  model.passInEventHandler(&handler);
  model.setMaximumNodes(static_cast<int>(max_nodes));
  if (only_feasible) model.setMaximumSolutions(1);
  if (std::isfinite(cutoff)) model.setCutoff(cutoff / problem.unit);
  model.setIntegerTolerance(kTolerance);
  model.setCutoffIncrement(increment / problem.unit);
  model.setAllowableGap(0);
  model.branchAndBound();
  Search result;
  result.nodes = model.getNodeCount();
  result.lower_bound = model.getBestPossibleObjValue() * problem.unit;
  const double* solution = model.bestSolution();
  if (solution != nullptr) {
    result.centers.emplace();
    for (int64_t i = 0; i < problem.costs.size(); ++i) {
      if (solution[i] > 0.5) result.centers->push_back(i);
    }
  }
  result.complete = model.isProvenOptimal() || model.isProvenInfeasible() ||
                    (only_feasible && solution != nullptr);
  return result;
}

bool AllIntegers(const DistanceMatrix& costs) {
  for (int64_t i = 0; i < costs.size(); ++i) {
    for (int64_t j = 0; j < costs.size(); ++j) {
      if (costs(i, j) != std::floor(costs(i, j))) return false;
    }
  }
  return true;
}

DistanceMatrix Capped(const DistanceMatrix& costs, double cap) {
  const int64_t n = costs.size();
  std::vector<double> values;
  values.reserve(static_cast<size_t>(n * n));
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      values.push_back(std::min(cap, costs(i, j)));
    }
  }
  return *DistanceMatrix::Create(std::move(values), n);
}

// Costs of the best assignments to sets of centres.
class Assignments {
 public:
  Assignments(const DistanceMatrix& costs, int64_t copies,
              const SizeBounds& sizes)
      : costs_(costs), capped_(costs), copies_(copies), sizes_(sizes) {}

  // From now on `Best` need be so only where it costs at most `cap`: the flow
  // rounds costs to a part of the largest, which may be far above.
  void Cap(double cap) { capped_ = Capped(costs_, cap); }

  std::vector<int32_t> Best(const std::vector<int64_t>& centers) const {
    std::optional<std::vector<int32_t>> best =
        CheapestAssignment({.costs = &capped_,
                            .centers = centers,
                            .copies = copies_,
                            .sizes = sizes_});
    MUSTER_CHECK(best.has_value());  // any k centres can hold the copies
    return *std::move(best);
  }
  double Cost(const std::vector<int64_t>& centers) const {
    return AssignmentCost(costs_, centers, Best(centers), copies_);
  }

 private:
  const DistanceMatrix& costs_;
  DistanceMatrix capped_;
  int64_t copies_;
  SizeBounds sizes_;
};

// Exchanges of one of `centers` for another of `order` while they help and
// `bound` is not reached.
std::vector<int64_t> Exchange(const Assignments& assignments,
                              const std::vector<int64_t>& order,
                              std::vector<int64_t> centers, double bound,
                              const runtime::Runtime& runtime) {
  double cost = assignments.Cost(centers);
  for (bool improved = true; improved;) {
    improved = false;
    for (size_t at = 0; at < centers.size(); ++at) {
      for (const int64_t i : order) {
        if (cost <= bound || runtime::ShouldStop(runtime)) return centers;
        if (std::find(centers.begin(), centers.end(), i) != centers.end()) {
          continue;
        }
        std::vector<int64_t> other = centers;
        other[at] = i;
        const double other_cost = assignments.Cost(other);
        if (other_cost >= cost * (1 - 1e-12)) continue;
        centers = std::move(other);
        cost = other_cost;
        improved = true;
      }
    }
  }
  return centers;
}

// From the k largest openings by exchanges, with costs capped at what the last
// ones cost for as long as that falls much. Sets that cap.
std::vector<int64_t> FirstCenters(const std::vector<double>& openings,
                                  int64_t num_clusters, double bound,
                                  const runtime::Runtime& runtime,
                                  Assignments* assignments) {
  std::vector<int64_t> order(openings.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t x, int64_t y) {
    return openings[x] > openings[y];
  });
  std::vector<int64_t> centers(order.begin(), order.begin() + num_clusters);
  double cap = std::numeric_limits<double>::infinity();
  while (true) {
    const double cost = assignments->Cost(centers);
    if (cost <= bound || cost >= cap / 2 || runtime::ShouldStop(runtime)) {
      return centers;
    }
    cap = cost;
    assignments->Cap(cap);
    centers = Exchange(*assignments, order, std::move(centers), bound, runtime);
  }
}

absl::Status ValidateFor(int64_t n, int64_t num_clusters, int64_t copies,
                         const SizeBounds& sizes, const ExactOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(ValidateFeasible(n, num_clusters, copies, sizes));
  if (n > options.max_points) {
    return absl::ResourceExhaustedError(absl::StrFormat(
        "exact: %d points, takes at most max_points = %d: cluster a sample, or "
        "raise the limit and be patient",
        n, options.max_points));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status Validate(const ExactOptions& options) {
  if (options.max_points < 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "exact: max_points is %d, need >= 1", options.max_points));
  }
  if (options.max_nodes < 1 || options.max_nodes > 1000000000) {
    return absl::InvalidArgumentError(
        absl::StrFormat("exact: max_nodes is %d, need a number from 1 to 10^9",
                        options.max_nodes));
  }
  return absl::OkStatus();
}

absl::StatusOr<ExactResult> SolveExactly(const DistanceMatrix& costs,
                                         int64_t num_clusters, int64_t copies,
                                         const SizeBounds& sizes,
                                         const ExactOptions& options,
                                         const runtime::Runtime& runtime) {
  const int64_t n = costs.size();
  MUSTER_RETURN_IF_ERROR(ValidateFor(n, num_clusters, copies, sizes, options));
  MUSTER_ASSIGN_OR_RETURN(
      const LpSolution lp,
      SolveClusteringLp(costs, num_clusters, copies, sizes,
                        {.count = CenterCount::kExactly}, runtime));
  Assignments assignments(costs, copies, sizes);
  // No cost is below 0, whatever the rounding errors.
  const double root = std::max(0.0, lp.lower_bound);
  // A solution this near to the bound cannot be told from it.
  const double slack = kTolerance * root;
  // Of larger costs 1 is too small a part to rest on.
  const bool integers = slack <= 1e-3 && AllIntegers(costs);
  ExactResult result;
  result.lower_bound = integers ? std::ceil(root - 1e-6 - slack) : root;
  result.centers =
      FirstCenters(lp.fractional.openings, num_clusters,
                   result.lower_bound + slack, runtime, &assignments);
  result.cost = assignments.Cost(result.centers);
  result.proven = result.cost <= result.lower_bound + slack;
  if (!result.proven) {
    // What a better solution saves at least, to be looked for.
    const double saving = integers ? 0.999 : kTolerance * result.cost;
    const double cutoff = result.cost - saving;
    Problem problem = {.costs = costs,
                       .num_clusters = num_clusters,
                       .copies = copies,
                       .sizes = sizes,
                       .largest_cost = cutoff,
                       .unit = result.cost / static_cast<double>(n * copies)};
    for (int64_t i = 0; i < n; ++i) {
      problem.allowed.push_back(lp.lower_bound + lp.opening_costs[i] <=
                                cutoff + slack);
    }
    const Search search = Branch(problem, /*only_feasible=*/false, cutoff,
                                 saving, options.max_nodes, runtime);
    if (runtime::ShouldStop(runtime)) {
      return absl::CancelledError("exact: stopped from outside");
    }
    result.nodes = search.nodes;
    if (search.centers.has_value() &&
        assignments.Cost(*search.centers) < result.cost) {
      result.centers = *search.centers;
    }
    result.proven = search.complete;
    result.lower_bound = std::max(result.lower_bound, search.lower_bound);
  }
  std::sort(result.centers.begin(), result.centers.end());
  result.clusters = assignments.Best(result.centers);
  result.cost = AssignmentCost(costs, result.centers, result.clusters, copies);
  result.lower_bound =
      result.proven ? result.cost : std::min(result.lower_bound, result.cost);
  return result;
}

absl::StatusOr<ExactResult> SolveKCenterExactly(
    const DistanceMatrix& metric, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, const ExactOptions& options,
    const runtime::Runtime& runtime) {
  const int64_t n = metric.size();
  MUSTER_RETURN_IF_ERROR(ValidateFor(n, num_clusters, copies, sizes, options));
  MUSTER_ASSIGN_OR_RETURN(
      KCenterResult approximate,
      ApproximateKCenter(metric, num_clusters, copies, sizes, runtime));
  ExactResult result = {.centers = std::move(approximate.centers),
                        .proven = true};
  const std::vector<double> radii = metric.DistinctValues();
  const auto index = [&](double radius) {
    return static_cast<size_t>(
        std::lower_bound(radii.begin(), radii.end(), radius) - radii.begin());
  };
  Problem problem = {metric, num_clusters, copies, sizes};
  problem.allowed.assign(static_cast<size_t>(n), 1);
  size_t low = index(approximate.lower_bound);
  size_t high = index(approximate.radius);
  while (low < high && result.proven) {
    const size_t middle = low + (high - low) / 2;
    problem.largest_cost = radii[middle];
    Search search = Branch(problem, /*only_feasible=*/true,
                           std::numeric_limits<double>::infinity(),
                           /*increment=*/0, options.max_nodes, runtime);
    if (runtime::ShouldStop(runtime)) {
      return absl::CancelledError("exact: stopped from outside");
    }
    result.nodes += search.nodes;
    result.proven = search.complete;
    if (search.centers.has_value()) {
      result.centers = *std::move(search.centers);
      high = middle;
    } else if (search.complete) {
      low = middle + 1;
    }
  }
  std::optional<std::vector<int32_t>> assignment =
      SmallestRadiusAssignment({.costs = &metric,
                                .centers = result.centers,
                                .copies = copies,
                                .sizes = sizes});
  MUSTER_CHECK(assignment.has_value());
  result.clusters = *std::move(assignment);
  result.cost =
      AssignmentRadius(metric, result.centers, result.clusters, copies);
  result.lower_bound = result.proven ? result.cost : radii[low];
  return result;
}

}  // namespace muster::dispatch
