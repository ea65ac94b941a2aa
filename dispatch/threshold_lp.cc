#include "muster/dispatch/threshold_lp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/dispatch/assignment_flow.h"
#include "muster/dispatch/linear_program.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// A sum of openings within it of an integer is that integer; copies unserved
// within it are none.
constexpr double kCountTolerance = 1e-6;

struct Arc {
  int64_t center;  // positions in `members`
  int64_t point;
  int32_t column;
};

// Rows: points, lower bounds, upper bounds, count, then x_ij <= y_i. Columns:
// openings, then arcs.
class Program {
 public:
  // The sum of openings in [fewest, most]; with `may_leave` copies may be left
  // unserved, for an objective of 1 each.
  Program(const ThresholdLp& problem, int64_t fewest, int64_t most,
          bool may_leave)
      : size_(static_cast<int64_t>(problem.members.size())),
        largest_(std::max(problem.radius, 1e-300)) {
    const double p = static_cast<double>(problem.copies);
    for (int64_t j = 0; j < size_; ++j) program_.AddRow(p, p);
    for (int64_t i = 0; i < size_; ++i) program_.AddRow(0, kUnbounded);
    for (int64_t i = 0; i < size_; ++i) program_.AddRow(-kUnbounded, 0);
    const int32_t count =
        program_.AddRow(static_cast<double>(fewest), static_cast<double>(most));
    // No load of distinct copies passes the number of members.
    const double a = static_cast<double>(problem.sizes.lower);
    const double b = static_cast<double>(std::min(problem.sizes.upper, size_));
    for (int64_t i = 0; i < size_; ++i) {
      const LpEntry entries[] = {{Lower(i), -a}, {Upper(i), -b}, {count, 1}};
      program_.AddColumn(0, 1, 0, entries);
    }
    program_.Flush();
    AddArcs(problem);
    for (int64_t j = 0; may_leave && j < size_; ++j) {
      const LpEntry entries[] = {{static_cast<int32_t>(j), 1}};
      program_.AddColumn(0, p, 1, entries);
    }
  }

  // Whether no copy need be left unserved. To find that out is several times
  // faster than to minimise sum y.
  absl::StatusOr<bool> ServesAll(const runtime::Runtime& runtime) {
    const LinearProgram::Result result = program_.Solve(runtime);
    // Openings that cannot reach their lower bounds.
    if (result == LinearProgram::Result::kInfeasible) return false;
    MUSTER_RETURN_IF_ERROR(CheckSolved(result, runtime));
    return program_.Objective() <= kCountTolerance;
  }

  // Extreme sum of y; empty: infeasible.
  absl::StatusOr<std::optional<double>> ExtremeCount(
      bool largest, const runtime::Runtime& runtime) {
    for (int64_t i = 0; i < size_; ++i) {
      program_.SetCost(static_cast<int32_t>(i), largest ? -1 : 1);
    }
    const LinearProgram::Result result = program_.Solve(runtime);
    if (result == LinearProgram::Result::kInfeasible) return std::nullopt;
    MUSTER_RETURN_IF_ERROR(CheckSolved(result, runtime));
    return largest ? -program_.Objective() : program_.Objective();
  }

  absl::Status MinimizeDistances(const ThresholdLp& problem,
                                 const runtime::Runtime& runtime) {
    for (const Arc& arc : arcs_) {
      program_.SetCost(arc.column,
                       (*problem.metric)(problem.members[arc.center],
                                         problem.members[arc.point]) /
                           largest_);
    }
    return CheckSolved(program_.Solve(runtime), runtime);
  }

  // Rounding errors removed: shares in [0, y], sums exact.
  void Write(const ThresholdLp& problem,
             FractionalClustering* fractional) const {
    const std::span<const double> columns = program_.Columns();
    std::vector<double> served(static_cast<size_t>(size_), 0.0);
    for (int64_t i = 0; i < size_; ++i) {
      const double opening = columns[i] > kOpeningTolerance ? columns[i] : 0.0;
      fractional->openings[problem.members[i]] = std::min(opening, 1.0);
    }
    const auto share = [&](const Arc& arc) {
      const double value = columns[arc.column];
      return value > kOpeningTolerance ? std::min(value, 1.0) : 0.0;
    };
    for (const Arc& arc : arcs_) served[arc.point] += share(arc);
    for (const Arc& arc : arcs_) {
      const int64_t center = problem.members[arc.center];
      const double exact =
          share(arc) * static_cast<double>(problem.copies) / served[arc.point];
      fractional->share(center, problem.members[arc.point]) = exact;
      double& opening = fractional->openings[center];
      opening = std::min(1.0, std::max(opening, exact));
    }
  }

 private:
  int32_t Lower(int64_t i) const { return static_cast<int32_t>(size_ + i); }
  int32_t Upper(int64_t i) const { return static_cast<int32_t>(2 * size_ + i); }

  void AddArcs(const ThresholdLp& problem) {
    for (int64_t i = 0; i < size_; ++i) {
      for (int64_t j = 0; j < size_; ++j) {
        if ((*problem.metric)(problem.members[i], problem.members[j]) >
            problem.radius) {
          continue;
        }
        const LpEntry opening[] = {{static_cast<int32_t>(i), -1}};
        const int32_t row = program_.AddRow(-kUnbounded, 0, opening);
        const LpEntry entries[] = {{static_cast<int32_t>(j), 1},
                                   {Lower(i), 1},
                                   {Upper(i), 1},
                                   {row, 1}};
        arcs_.push_back({i, j, program_.AddColumn(0, 1, 0, entries)});
      }
    }
  }

  absl::Status CheckSolved(LinearProgram::Result result,
                           const runtime::Runtime& runtime) const {
    if (runtime::ShouldStop(runtime)) {
      return absl::CancelledError("linear programme: stopped from outside");
    }
    if (result != LinearProgram::Result::kOptimal) {
      return absl::InternalError(absl::StrFormat(
          "linear programme of k-center with %d points and %d arcs: the "
          "solver gave up",
          size_, arcs_.size()));
    }
    return absl::OkStatus();
  }

  int64_t size_;
  double largest_;
  LinearProgram program_;
  std::vector<Arc> arcs_;
};

// Each point needs p members within the radius; saves most programmes of a
// search over radii.
bool EachHasEnoughNeighbours(const ThresholdLp& problem) {
  return std::all_of(
      problem.members.begin(), problem.members.end(), [&](int64_t j) {
        return std::count_if(problem.members.begin(), problem.members.end(),
                             [&](int64_t i) {
                               return (*problem.metric)(i, j) <= problem.radius;
                             }) >= problem.copies;
      });
}

// The numbers of centres of the components at a radius that fit k; empty: none.
using Counts = std::optional<std::vector<int64_t>>;

absl::StatusOr<Counts> CountsAt(
    ThresholdLp problem, const std::vector<std::vector<int64_t>>& components,
    int64_t num_clusters, CenterCount count, const runtime::Runtime& runtime) {
  if (components.size() == 1) {
    problem.members = components[0];
    if (!EachHasEnoughNeighbours(problem)) return Counts();
    Program program(problem, count == CenterCount::kExactly ? num_clusters : 0,
                    num_clusters, /*may_leave=*/true);
    MUSTER_ASSIGN_OR_RETURN(const bool feasible, program.ServesAll(runtime));
    if (!feasible) return Counts();
    if (count == CenterCount::kExactly) {
      return Counts(std::vector<int64_t>{num_clusters});
    }
  }
  std::vector<CountRange> ranges;
  int64_t fewest = 0, most = 0;
  for (const std::vector<int64_t>& component : components) {
    problem.members = component;
    MUSTER_ASSIGN_OR_RETURN(const std::optional<CountRange> range,
                            FeasibleCounts(problem, runtime));
    if (!range.has_value()) return Counts();
    fewest += range->fewest;
    most += range->most;
    ranges.push_back(*range);
    if (fewest > num_clusters) return Counts();
  }
  if (count == CenterCount::kExactly && most < num_clusters) return Counts();
  std::vector<int64_t> counts;
  int64_t left = std::min(num_clusters, most) - fewest;
  for (const CountRange& range : ranges) {
    const int64_t raised = std::min(left, range.most - range.fewest);
    counts.push_back(range.fewest + raised);
    left -= raised;
  }
  return Counts(std::move(counts));
}

// Each point needs p points within the radius.
double LeastRadius(const DistanceMatrix& metric, int64_t copies) {
  double radius = 0;
  std::vector<double> distances(static_cast<size_t>(metric.size()));
  for (int64_t j = 0; j < metric.size(); ++j) {
    for (int64_t i = 0; i < metric.size(); ++i) distances[i] = metric(i, j);
    std::nth_element(distances.begin(), distances.begin() + copies - 1,
                     distances.end());
    radius = std::max(radius, distances[copies - 1]);
  }
  return radius;
}

// The best radius with centres chosen as far from one another as can be: an
// upper bound of the optimum, and so of the programme's.
double FarthestFirstRadius(const DistanceMatrix& metric, int64_t num_clusters,
                           int64_t copies, const SizeBounds& sizes) {
  const int64_t n = metric.size();
  std::vector<double> nearest(static_cast<size_t>(n),
                              std::numeric_limits<double>::infinity());
  std::vector<int64_t> centers;
  while (static_cast<int64_t>(centers.size()) < num_clusters) {
    const int64_t next =
        std::max_element(nearest.begin(), nearest.end()) - nearest.begin();
    centers.push_back(next);
    for (int64_t j = 0; j < n; ++j) {
      nearest[j] = std::min(nearest[j], metric(next, j));
    }
    nearest[next] = -1;  // not again, also among points that coincide
  }
  const std::optional<std::vector<int32_t>> assignment =
      SmallestRadiusAssignment({.costs = &metric,
                                .centers = centers,
                                .copies = copies,
                                .sizes = sizes});
  MUSTER_CHECK(assignment.has_value());  // any k centres can hold the copies
  return AssignmentRadius(metric, centers, *assignment, copies);
}

}  // namespace

absl::StatusOr<std::optional<CountRange>> FeasibleCounts(
    const ThresholdLp& problem, const runtime::Runtime& runtime) {
  MUSTER_CHECK(problem.metric != nullptr && !problem.members.empty());
  if (!EachHasEnoughNeighbours(problem)) return std::nullopt;
  const auto size = static_cast<int64_t>(problem.members.size());
  Program program(problem, 0, size, /*may_leave=*/false);
  MUSTER_ASSIGN_OR_RETURN(const std::optional<double> fewest,
                          program.ExtremeCount(false, runtime));
  if (!fewest.has_value()) return std::nullopt;
  MUSTER_ASSIGN_OR_RETURN(const std::optional<double> most,
                          program.ExtremeCount(true, runtime));
  if (!most.has_value()) return std::nullopt;
  const CountRange range = {
      .fewest = static_cast<int64_t>(std::ceil(*fewest - kCountTolerance)),
      .most = static_cast<int64_t>(std::floor(*most + kCountTolerance))};
  if (range.fewest > range.most) return std::nullopt;
  return range;
}

absl::Status SolveThresholdLp(const ThresholdLp& problem, int64_t count,
                              FractionalClustering* fractional,
                              const runtime::Runtime& runtime) {
  MUSTER_CHECK_EQ(fractional->size(), problem.metric->size());
  Program program(problem, count, count, /*may_leave=*/false);
  MUSTER_RETURN_IF_ERROR(program.MinimizeDistances(problem, runtime));
  program.Write(problem, fractional);
  return absl::OkStatus();
}

std::vector<std::vector<int64_t>> ThresholdComponents(
    const DistanceMatrix& metric, double radius) {
  const int64_t n = metric.size();
  std::vector<char> seen(static_cast<size_t>(n), 0);
  std::vector<std::vector<int64_t>> components;
  for (int64_t start = 0; start < n; ++start) {
    if (seen[start]) continue;
    std::vector<int64_t> members = {start};
    seen[start] = 1;
    for (size_t at = 0; at < members.size(); ++at) {
      const int64_t i = members[at];
      for (int64_t j = 0; j < n; ++j) {
        if (seen[j] || metric(i, j) > radius) continue;
        seen[j] = 1;
        members.push_back(j);
      }
    }
    std::sort(members.begin(), members.end());
    components.push_back(std::move(members));
  }
  return components;
}

absl::StatusOr<ThresholdSolution> SolveSmallestThreshold(
    const DistanceMatrix& metric, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, CenterCount count,
    const runtime::Runtime& runtime) {
  const int64_t n = metric.size();
  MUSTER_RETURN_IF_ERROR(ValidateFeasible(n, num_clusters, copies, sizes));
  const std::vector<double> radii = metric.DistinctValues();
  const auto index = [&](double radius) {
    return static_cast<size_t>(
        std::lower_bound(radii.begin(), radii.end(), radius) - radii.begin());
  };
  ThresholdLp problem = {.metric = &metric, .copies = copies, .sizes = sizes};
  ThresholdSolution best;
  size_t low = index(LeastRadius(metric, copies));
  size_t high = index(FarthestFirstRadius(metric, num_clusters, copies, sizes));
  // Feasible at radii[high], which is probed first, as `best` wants it.
  for (size_t probe = high; best.components.empty() || low < high;
       probe = low + (high - low) / 2) {
    problem.radius = radii[probe];
    std::vector<std::vector<int64_t>> components =
        ThresholdComponents(metric, problem.radius);
    MUSTER_ASSIGN_OR_RETURN(
        Counts counts,
        CountsAt(problem, components, num_clusters, count, runtime));
    if (counts.has_value()) {
      best.radius = problem.radius;
      best.components = std::move(components);
      best.counts = *std::move(counts);
      high = probe;
    } else if (best.components.empty()) {
      return absl::InternalError(
          "k-center: the solver found a feasible programme infeasible");
    } else {
      low = probe + 1;
    }
  }
  best.fractional = FractionalClustering(n);
  problem.radius = best.radius;
  for (size_t c = 0; c < best.components.size(); ++c) {
    problem.members = best.components[c];
    MUSTER_RETURN_IF_ERROR(
        SolveThresholdLp(problem, best.counts[c], &best.fractional, runtime));
  }
  return best;
}

}  // namespace muster::dispatch
