#include "muster/dispatch/lp_rounding.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <optional>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "muster/dispatch/assignment_flow.h"
#include "muster/runtime/check.h"

namespace muster::dispatch {
namespace {

// Sums of openings within it of an integer count as that integer.
constexpr double kSumTolerance = 1e-7;

// Moves the openings of one empire, its members ordered by distance from the
// monarch, to its first `count` members.
void AggregateEmpire(const std::vector<int64_t>& members, int64_t count,
                     double opening, FractionalClustering* fractional) {
  const std::vector<double>& y = fractional->openings;
  int64_t to = 0, from = static_cast<int64_t>(members.size()) - 1;
  while (to < from) {
    if (y[members[from]] == 0) {
      --from;
    } else if (opening - y[members[to]] <= kOpeningTolerance) {
      ++to;
    } else {
      Move(std::min(y[members[from]], opening - y[members[to]]), members[from],
           members[to], fractional);
    }
  }
  // Crumbs that rounding errors left outside.
  for (size_t at = count; at < members.size(); ++at) {
    const double crumb = y[members[at]];
    if (crumb == 0) continue;
    MUSTER_CHECK_LE(crumb, 1e-5);
    Move(crumb, members[at], members[count - 1], fractional);
  }
}

// Members of each empire, by distance from its monarch, then index.
std::vector<std::vector<int64_t>> MembersByDistance(const DistanceMatrix& costs,
                                                    const Empires& empires) {
  std::vector<std::vector<int64_t>> members(empires.monarchs.size());
  for (size_t j = 0; j < empires.empire_of.size(); ++j) {
    members[empires.empire_of[j]].push_back(static_cast<int64_t>(j));
  }
  for (size_t e = 0; e < members.size(); ++e) {
    const int64_t u = empires.monarchs[e];
    std::stable_sort(
        members[e].begin(), members[e].end(),
        [&](int64_t x, int64_t y) { return costs(u, x) < costs(u, y); });
  }
  return members;
}

// Whether m centres, whichever they are, can hold n p copies on distinct
// centres with at most `upper` each. The lower bound is no obstacle, m <= k.
bool Suffices(int64_t m, int64_t n, int64_t p, int64_t upper) {
  return m >= p && static_cast<__int128>(m) * std::min(upper, n) >=
                       static_cast<__int128>(n) * p;
}

// Opens the point that lowers most what the points' p nearest centres cost.
void OpenOneMore(const DistanceMatrix& costs, int64_t p,
                 std::vector<int64_t>* centers) {
  const int64_t n = costs.size();
  const int64_t kept =
      std::min<int64_t>(p, static_cast<int64_t>(centers->size()) + 1);
  double best_cost = 0;
  int64_t best = -1;
  std::vector<double> nearest;
  for (int64_t i = 0; i < n; ++i) {
    if (std::find(centers->begin(), centers->end(), i) != centers->end()) {
      continue;
    }
    double cost = 0;
    for (int64_t j = 0; j < n; ++j) {
      nearest.assign(1, costs(i, j));
      for (const int64_t c : *centers) nearest.push_back(costs(c, j));
      std::partial_sort(nearest.begin(), nearest.begin() + kept, nearest.end());
      cost = std::accumulate(nearest.begin(), nearest.begin() + kept, cost);
    }
    if (best < 0 || cost < best_cost) {
      best_cost = cost;
      best = i;
    }
  }
  MUSTER_CHECK_GE(best, 0);
  centers->push_back(best);
}

}  // namespace

std::vector<double> AverageCosts(const DistanceMatrix& costs,
                                 const FractionalClustering& fractional,
                                 int64_t copies) {
  const int64_t n = costs.size();
  std::vector<double> averages(static_cast<size_t>(n), 0.0);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      averages[j] += costs(i, j) * fractional.share(i, j);
    }
  }
  for (double& average : averages) average /= static_cast<double>(copies);
  return averages;
}

double JoiningFactor(Objective objective) {
  switch (objective) {
    case Objective::kKMedian:
      return 4;
    case Objective::kKMeans:
      return 8;
    case Objective::kKCenter:
      return 2;
  }
  MUSTER_CHECK(false);
  return 0;
}

Empires FoundEmpires(const DistanceMatrix& costs,
                     const std::vector<double>& average_costs,
                     double joining_factor) {
  const int64_t n = costs.size();
  std::vector<int64_t> order(static_cast<size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(), [&](int64_t x, int64_t y) {
    return average_costs[x] < average_costs[y];
  });
  Empires result;
  for (const int64_t j : order) {
    const double reach = joining_factor * average_costs[j];
    const bool joins =
        std::any_of(result.monarchs.begin(), result.monarchs.end(),
                    [&](int64_t u) { return costs(u, j) <= reach; });
    if (!joins) result.monarchs.push_back(j);
  }
  result.empire_of.resize(static_cast<size_t>(n));
  for (int64_t j = 0; j < n; ++j) {
    size_t nearest = 0;
    for (size_t e = 1; e < result.monarchs.size(); ++e) {
      if (costs(result.monarchs[e], j) < costs(result.monarchs[nearest], j)) {
        nearest = e;
      }
    }
    result.empire_of[j] = static_cast<int32_t>(nearest);
  }
  return result;
}

AggregatedCenters AggregateEmpires(const DistanceMatrix& costs,
                                   const Empires& empires,
                                   FractionalClustering* fractional) {
  AggregatedCenters result;
  for (const std::vector<int64_t>& members :
       MembersByDistance(costs, empires)) {
    double sum = 0;
    for (const int64_t i : members) sum += fractional->openings[i];
    const int64_t count = static_cast<int64_t>(std::floor(sum + kSumTolerance));
    MUSTER_CHECK_GE(count, 1);
    const double opening = sum / static_cast<double>(count);
    AggregateEmpire(members, count, opening, fractional);
    result.centers.insert(result.centers.end(), members.begin(),
                          members.begin() + count);
    result.sums.push_back(sum);
    result.largest_opening = std::max(result.largest_opening, opening);
  }
  std::sort(result.centers.begin(), result.centers.end());
  return result;
}

int64_t RelaxedUpper(int64_t upper, double factor, int64_t largest) {
  const double relaxed = factor * static_cast<double>(upper);
  if (relaxed >= static_cast<double>(largest)) return largest;
  return static_cast<int64_t>(
      std::ceil(relaxed - kSumTolerance * static_cast<double>(upper)));
}

absl::StatusOr<RoundedClustering> AssignToCenters(
    const DistanceMatrix& costs, Objective objective,
    AggregatedCenters aggregated, int64_t num_clusters, int64_t copies,
    const SizeBounds& sizes, RoundingMode mode, double radius) {
  const int64_t n = costs.size(), p = copies;
  const bool center = objective == Objective::kKCenter;
  const bool paper = mode == RoundingMode::kPaper;
  // Two copies of each of n points fit on a centre in paper mode.
  const int64_t largest = paper ? 2 * n : n;
  double factor =
      mode == RoundingMode::kWithinBounds ? 1.0 : aggregated.largest_opening;
  if (paper) {
    factor =
        std::max(factor, static_cast<double>(p + 2) / static_cast<double>(p));
  }
  RoundedClustering result;
  result.centers = std::move(aggregated.centers);
  result.guaranteed_sizes = {
      .lower = sizes.lower,
      .upper = RelaxedUpper(std::min(sizes.upper, n), factor, largest)};
  while (!paper && !Suffices(static_cast<int64_t>(result.centers.size()), n, p,
                             result.guaranteed_sizes.upper)) {
    OpenOneMore(costs, p, &result.centers);
  }
  std::sort(result.centers.begin(), result.centers.end());
  MUSTER_CHECK_LE(static_cast<int64_t>(result.centers.size()), num_clusters);
  AssignmentFlow flow = {.costs = &costs,
                         .centers = result.centers,
                         .copies = p,
                         .sizes = result.guaranteed_sizes,
                         .copies_per_center = paper ? 2 : 1};
  if (center && paper) flow.largest_cost = 5 * radius * (1 + 1e-12);
  std::optional<std::vector<int32_t>> assignment =
      center && !paper ? SmallestRadiusAssignment(flow)
                       : CheapestAssignment(flow);
  if (!assignment.has_value()) {
    return absl::InternalError(
        absl::StrFormat("rounding: no flow to %d centres within [%d, %d]",
                        result.centers.size(), result.guaranteed_sizes.lower,
                        result.guaranteed_sizes.upper));
  }
  result.clusters = *std::move(assignment);
  result.cost =
      center ? AssignmentRadius(costs, result.centers, result.clusters, p)
             : AssignmentCost(costs, result.centers, result.clusters, p);
  return result;
}

}  // namespace muster::dispatch
