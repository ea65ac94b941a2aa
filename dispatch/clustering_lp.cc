#include "muster/dispatch/clustering_lp.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "muster/dispatch/linear_program.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

// Arcs added to a centre in one round, and below what reduced cost.
constexpr size_t kArcsPerCenter = 40;
constexpr double kReducedCost = -1e-10;
// What a copy costs that no arc serves, in units of the largest cost; raised by
// the same factor while any is needed.
constexpr double kCeiling = 8;
// Gaps, by cost: what the solver attains as a rule, and what it must.
constexpr double kUsualGap = 1e-9;
constexpr double kSolvedGap = 1e-7;
// Error of a sum of numbers of both signs, by the sum of their sizes.
constexpr double kRounding = 8 * std::numeric_limits<double>::epsilon();

// The programme over the arcs generated so far, costs in a unit: at first the
// largest. No column costs more than a ceiling, so that multipliers do not grow
// beyond where their rounding errors matter; dearer arcs and unserved copies
// cost that. A solution with neither is one of the programme asked for.
class Master {
 public:
  Master(const DistanceMatrix& costs, int64_t num_clusters, int64_t copies,
         const SizeBounds& sizes, CenterCount count)
      : costs_(costs),
        n_(costs.size()),
        k_(static_cast<double>(num_clusters)),
        p_(static_cast<double>(copies)),
        a_(static_cast<double>(sizes.lower)),
        b_(static_cast<double>(std::min(sizes.upper, costs.size()))),
        exactly_(count == CenterCount::kExactly),
        unit_(costs.Largest() > 0 ? costs.Largest() : 1.0),
        arc_(static_cast<size_t>(n_ * n_), -1) {
    // Rows: points, lower bounds, upper bounds, count.
    for (int64_t j = 0; j < n_; ++j) program_.AddRow(p_, p_);
    for (int64_t i = 0; i < n_; ++i) program_.AddRow(0, kUnbounded);
    for (int64_t i = 0; i < n_; ++i) program_.AddRow(-kUnbounded, 0);
    program_.AddRow(exactly_ ? k_ : 0, k_);
    // Columns: openings, unserved copies, then arcs.
    for (int64_t i = 0; i < n_; ++i) {
      const LpEntry entries[] = {
          {Lower(i), -a_}, {Upper(i), -b_}, {Count(), 1}};
      program_.AddColumn(0, 1, 0, entries);
    }
    for (int64_t j = 0; j < n_; ++j) {
      const LpEntry entries[] = {{Point(j), 1}};
      program_.AddColumn(0, p_, ceiling_, entries);
    }
  }

  bool HasArc(int64_t i, int64_t j) const { return arc_[i * n_ + j] >= 0; }

  // Arcs with their rows x_ij <= y_i.
  void AddArcs(const std::vector<std::pair<int64_t, int64_t>>& arcs) {
    int32_t row = program_.num_rows();
    for (const auto& [i, j] : arcs) {
      const LpEntry opening[] = {{static_cast<int32_t>(i), -1}};
      program_.AddRow(-kUnbounded, 0, opening);
    }
    for (const auto& [i, j] : arcs) {
      const LpEntry entries[] = {
          {Point(j), 1}, {Lower(i), 1}, {Upper(i), 1}, {row++, 1}};
      arc_[i * n_ + j] = program_.AddColumn(0, 1, ArcCost(i, j), entries);
    }
    num_arcs_ += static_cast<int64_t>(arcs.size());
  }

  LinearProgram& program() { return program_; }
  // Adds rows over the openings, so these must be in the solver first.
  void Begin() { program_.Flush(); }

  double Cost() const { return program_.Objective() * unit_; }

  double unit() const { return unit_; }

  // Whether the solution has unserved copies or arcs above the ceiling.
  bool AtCeiling() const {
    const std::span<const double> columns = program_.Columns();
    for (int64_t j = 0; j < n_; ++j) {
      if (columns[n_ + j] > kOpeningTolerance) return true;
      for (int64_t i = 0; i < n_; ++i) {
        if (HasArc(i, j) && costs_(i, j) / unit_ > ceiling_ &&
            columns[arc_[i * n_ + j]] > kOpeningTolerance) {
          return true;
        }
      }
    }
    return false;
  }
  void RaiseCeiling() { SetCosts(unit_, kCeiling * ceiling_); }

  // Costs in units of `unit`. If that is the mean cost of some solution, no
  // copy of a better one costs more than n p.
  void Rescale(double unit) {
    SetCosts(unit, kCeiling * static_cast<double>(n_) * p_);
  }

  // D, max(0, r_i) of each point, and the arcs that may lower the cost.
  double Price(std::vector<double>* opening_costs,
               std::vector<std::pair<int64_t, int64_t>>* arcs) const {
    const std::span<const double> duals = program_.RowDuals();
    // Multipliers of inequalities, whatever sign the solver's rounding has.
    const double nu =
        exactly_ ? -duals[Count()] : std::max(0.0, -duals[Count()]);
    double bound = -k_ * nu, size = k_ * std::abs(nu);
    for (int64_t j = 0; j < n_; ++j) {
      bound += p_ * duals[Point(j)];
      size += p_ * std::abs(duals[Point(j)]);
    }
    arcs->clear();
    std::vector<std::pair<double, int64_t>> candidates;
    for (int64_t i = 0; i < n_; ++i) {
      const double lower = std::max(0.0, duals[Lower(i)]);
      const double upper = std::max(0.0, -duals[Upper(i)]);
      double reduced = a_ * lower - b_ * upper + nu;
      double reduced_size = a_ * lower + b_ * upper + std::abs(nu);
      candidates.clear();
      for (int64_t j = 0; j < n_; ++j) {
        const double cost =
            costs_(i, j) / unit_ - duals[Point(j)] - lower + upper;
        if (cost >= 0) continue;
        reduced += cost;
        reduced_size += std::abs(duals[Point(j)]) + lower + upper;
        if (cost < kReducedCost && !HasArc(i, j)) {
          candidates.push_back({cost, j});
        }
      }
      bound += std::min(0.0, reduced);
      if (reduced < 0) size += reduced_size;
      (*opening_costs)[i] =
          std::max(0.0, reduced - kRounding * reduced_size) * unit_;
      if (reduced >= kReducedCost) continue;
      std::sort(candidates.begin(), candidates.end());
      candidates.resize(std::min(candidates.size(), kArcsPerCenter));
      for (const auto& [cost, j] : candidates) arcs->push_back({i, j});
    }
    return (bound - kRounding * size) * unit_;
  }

  // The programme's solution, its rounding errors removed: shares in [0, y],
  // sums exact.
  FractionalClustering Solution() const {
    const std::span<const double> columns = program_.Columns();
    FractionalClustering result(n_);
    for (int64_t j = 0; j < n_; ++j) {
      double served = 0;
      for (int64_t i = 0; i < n_; ++i) {
        if (!HasArc(i, j)) continue;
        const double share = columns[arc_[i * n_ + j]];
        if (share <= kOpeningTolerance) continue;
        result.share(i, j) = std::min(share, 1.0);
        served += result.share(i, j);
      }
      for (int64_t i = 0; i < n_; ++i) result.share(i, j) *= p_ / served;
    }
    for (int64_t i = 0; i < n_; ++i) {
      double opening = columns[i] > kOpeningTolerance ? columns[i] : 0.0;
      for (int64_t j = 0; j < n_; ++j) {
        opening = std::max(opening, result.share(i, j));
      }
      result.openings[i] = std::min(opening, 1.0);
    }
    return result;
  }

  int64_t num_arcs() const { return num_arcs_; }

 private:
  int32_t Point(int64_t j) const { return static_cast<int32_t>(j); }
  int32_t Lower(int64_t i) const { return static_cast<int32_t>(n_ + i); }
  int32_t Upper(int64_t i) const { return static_cast<int32_t>(2 * n_ + i); }
  int32_t Count() const { return static_cast<int32_t>(3 * n_); }

  double ArcCost(int64_t i, int64_t j) const {
    return std::min(costs_(i, j) / unit_, ceiling_);
  }
  void SetCosts(double unit, double ceiling) {
    unit_ = unit;
    ceiling_ = ceiling;
    for (int64_t j = 0; j < n_; ++j) {
      program_.SetCost(static_cast<int32_t>(n_ + j), ceiling_);
      for (int64_t i = 0; i < n_; ++i) {
        if (HasArc(i, j)) program_.SetCost(arc_[i * n_ + j], ArcCost(i, j));
      }
    }
  }

  const DistanceMatrix& costs_;
  const int64_t n_;
  const double k_, p_, a_, b_;
  const bool exactly_;
  double unit_;
  double ceiling_ = kCeiling;
  std::vector<int32_t> arc_;  // n x n: the arc's column, -1: not generated
  int64_t num_arcs_ = 0;
  LinearProgram program_;
};

// Arcs per point to begin with, in double until they are known to be at most n.
int64_t InitialArcs(int64_t n, int64_t num_clusters, int64_t copies,
                    double multiple) {
  const double mean =
      static_cast<double>(n * copies) / static_cast<double>(num_clusters);
  return static_cast<int64_t>(
      std::min(static_cast<double>(n),
               static_cast<double>(copies) + std::ceil(multiple * mean)));
}

// From each point to the `count` points where it is served most cheaply.
std::vector<std::pair<int64_t, int64_t>> NearestArcs(
    const DistanceMatrix& costs, int64_t count) {
  const int64_t n = costs.size();
  std::vector<std::pair<int64_t, int64_t>> arcs;
  std::vector<int64_t> order(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) {
    std::iota(order.begin(), order.end(), 0);
    std::partial_sort(order.begin(), order.begin() + count, order.end(),
                      [&](int64_t x, int64_t y) {
                        return std::pair(costs(x, j), x) <
                               std::pair(costs(y, j), y);
                      });
    for (int64_t r = 0; r < count; ++r) arcs.push_back({order[r], j});
  }
  std::sort(arcs.begin(), arcs.end());
  return arcs;
}

// Sets what `result` says of its solution; the gap that is open.
double Conclude(const DistanceMatrix& costs, FractionalClustering fractional,
                double bound, double tolerance, LpSolution* result) {
  result->fractional = std::move(fractional);
  result->cost = FractionalCost(costs, result->fractional);
  result->lower_bound = std::min(bound, result->cost);
  const double open = result->cost - result->lower_bound;
  result->solved = open <= std::max(tolerance, kSolvedGap) * result->cost;
  return open;
}

}  // namespace

absl::Status Validate(const ClusteringLpOptions& options) {
  if (!(options.tolerance >= 0 && std::isfinite(options.tolerance))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "tolerance is %g, need a finite number >= 0", options.tolerance));
  }
  if (!(options.initial_arcs >= 0 && std::isfinite(options.initial_arcs))) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "initial_arcs is %g, need a finite multiple >= 0 of n p / k",
        options.initial_arcs));
  }
  return absl::OkStatus();
}

absl::StatusOr<LpSolution> SolveClusteringLp(const DistanceMatrix& costs,
                                             int64_t num_clusters,
                                             int64_t copies,
                                             const SizeBounds& sizes,
                                             const ClusteringLpOptions& options,
                                             const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  const int64_t n = costs.size();
  MUSTER_RETURN_IF_ERROR(ValidateFeasible(n, num_clusters, copies, sizes));
  Master master(costs, num_clusters, copies, sizes, options.count);
  master.Begin();
  const int64_t initial =
      InitialArcs(n, num_clusters, copies, options.initial_arcs);
  std::vector<std::pair<int64_t, int64_t>> arcs = NearestArcs(costs, initial);
  LpSolution result;
  std::vector<double> opening_costs(static_cast<size_t>(n), 0.0);
  result.opening_costs = opening_costs;
  double best_bound = 0;  // no cost is below it
  while (true) {
    master.AddArcs(arcs);
    ++result.rounds;
    const LinearProgram::Result solved = master.program().Solve(runtime);
    if (runtime::ShouldStop(runtime)) {
      return absl::CancelledError("linear programme: stopped from outside");
    }
    if (solved == LinearProgram::Result::kInfeasible && initial < n &&
        result.rounds == 1) {
      // Points that tie (equal ones) may all know the same few centres, and the
      // others cannot be filled: begin with all arcs.
      arcs = NearestArcs(costs, n);
      std::erase_if(arcs, [&](const std::pair<int64_t, int64_t>& arc) {
        return master.HasArc(arc.first, arc.second);
      });
      continue;
    }
    if (solved != LinearProgram::Result::kOptimal) {
      return absl::InternalError(absl::StrFormat(
          "linear programme of %d points: the solver gave up", n));
    }
    const double bound = master.Price(&opening_costs, &arcs);
    if (bound > best_bound) {
      best_bound = bound;
      result.opening_costs = opening_costs;
    }
    const double gap = master.Cost() - best_bound;
    if (!arcs.empty() && gap > options.tolerance * master.Cost()) continue;
    if (master.AtCeiling()) {
      master.RaiseCeiling();
      arcs.clear();
      continue;
    }
    const double open = Conclude(costs, master.Solution(), best_bound,
                                 options.tolerance, &result);
    if (open <= std::max(options.tolerance, kUsualGap) * result.cost) break;
    // The solver does not see what is far below the unit: few points that are
    // far from all others make the largest cost say nothing of the rest.
    const double unit = result.cost / static_cast<double>(n * copies);
    if (unit <= 0.5 * master.unit()) {
      master.Rescale(unit);
      arcs.clear();
    } else if (arcs.empty()) {
      break;
    }
  }
  result.arcs = master.num_arcs();
  result.iterations = master.program().iterations();
  return result;
}

}  // namespace muster::dispatch
