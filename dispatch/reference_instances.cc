#include "muster/dispatch/reference_instances.h"

#include <algorithm>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/assignment_flow.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"

namespace muster::dispatch {
namespace {

constexpr ReferenceRow kRows[] = {
    {"L8", 3, 1, 0, 8, 5, 5, 1, 5, 5},
    {"L8", 3, 1, 2, 3, 5, 5, 1, 5, 5},
    {"L8", 2, 1, 4, 4, 49, 755, 19, 49, 755},
    {"L8", 2, 1, 3, 5, 39, 475, 18, 39, 475},
    {"L8", 4, 1, 2, 2, 11, 67, 8, 5, 5},
    {"L8", 3, 2, 4, 6, 122, 1842, 19, 122, 1842},
    {"L8", 4, 2, 4, 4, 98, 1524, 19, 98, 1524},
    {"L8", 4, 2, 2, 8, 62, 502, 10, 62, 502},
    {"L8", 3, 2, 5, 6, 130, 1904, 20, 126, 1904},
    {"L8", 4, 3, 6, 6, 209, 3109, 21, 209, 3109},
    {"G9", 3, 1, 3, 3, 6, 6, 1, 6, 6},
    {"G9", 2, 1, 4, 5, 7.828427, 9, 1.414214, 7.828427, 9},
    {"G9", 4, 1, 2, 3, 5, 5, 1, 5, 5},
    {"G9", 3, 2, 6, 6, 19.135563, 24, 1.414214, 19.135563, 24},
    {"G9", 4, 2, 4, 5, 15.656854, 18, 1.414214, 15.656854, 18},
    {"G9", 4, 3, 6, 7, 30.436126, 42, 2.236068, 30.436126, 42},
    {"S7", 2, 1, 3, 4, 2, 2, 1, 2, 2},
    {"S7", 3, 2, 4, 5, 26, 129, 6, 23.5, 116.5},
    {"S7", 2, 2, 7, 7, 36, 215, 6, 36, 215},
    {"H10", 3, 1, 3, 4, 7.414214, 8, 1.414214, 7.414214, 8},
    {"H10", 2, 1, 5, 5, 27.697052, 201, 9.848858, 27.697052, 201},
    {"H10", 4, 2, 5, 5, 56.983387, 424, 10.29563, 56.983387, 424},
    {"H10", 3, 2, 6, 7, 83.966072, 680, 10.29563, 83.632335, 680},
};

// A metric from the distance of each pair i < j.
template <typename Distance>
DistanceMatrix FromPairs(int64_t n, Distance distance) {
  std::vector<double> values(static_cast<size_t>(n * n), 0.0);
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = i + 1; j < n; ++j) {
      values[i * n + j] = values[j * n + i] = distance(i, j);
    }
  }
  return *DistanceMatrix::Create(std::move(values), n);
}

// Hubs in two sorts, and bins of points. Distance 1 between hubs of different
// sorts and between a hub and the points of its bins, else 2.
DistanceMatrix Zoo(int64_t top_hubs, int64_t bottom_hubs,
                   const std::vector<int64_t>& bin_sizes,
                   int64_t bins_per_top_hub) {
  const int64_t hubs = top_hubs + bottom_hubs;
  std::vector<int64_t> bin_of;
  for (size_t bin = 0; bin < bin_sizes.size(); ++bin) {
    bin_of.insert(bin_of.end(), static_cast<size_t>(bin_sizes[bin]),
                  static_cast<int64_t>(bin));
  }
  const auto serves = [&](int64_t hub, int64_t bin) {
    return hub < top_hubs ? bin / bins_per_top_hub == hub
                          : bin % bottom_hubs == hub - top_hubs;
  };
  return FromPairs(hubs + static_cast<int64_t>(bin_of.size()),
                   [&](int64_t i, int64_t j) {
                     if (j < hubs)
                       return (i < top_hubs) != (j < top_hubs) ? 1.0 : 2.0;
                     return i < hubs && serves(i, bin_of[j - hubs]) ? 1.0 : 2.0;
                   });
}

}  // namespace

std::span<const ReferenceRow> ReferenceRows() { return kRows; }

PointSet ReferencePoints(const std::string& name) {
  if (name == "L8") return {{0, 1, 2, 10, 11, 12, 30, 31}, 1};
  if (name == "S7") return {{0, 0, 0, 0, 5, 6, 7}, 1};
  if (name == "G9") {
    return {{0, 0, 0, 1, 0, 2, 1, 0, 1, 1, 1, 2, 2, 0, 2, 1, 2, 2}, 2};
  }
  MUSTER_CHECK(name == "H10");
  return {{0, 0, 1, 0, 0, 1, 1, 1, 4, 0, 5, 0, 4, 1, 9, 9, 9, 10, 10, 9}, 2};
}

MetricInstance ReferenceInstance(const ReferenceRow& row) {
  return {.name = absl::StrFormat("%s k %d p %d [%d, %d]", row.points, row.k,
                                  row.p, row.a, row.b),
          .metric = DistanceMatrix::Of(ReferencePoints(row.points).View()),
          .num_clusters = row.k,
          .copies = row.p,
          .sizes = {row.a, row.b}};
}

DistanceMatrix Star(int64_t leaves) {
  return FromPairs(leaves + 1,
                   [](int64_t i, int64_t) { return i == 0 ? 1.0 : 2.0; });
}

DistanceMatrix FarGroups(int64_t groups, int64_t size) {
  return FromPairs(groups * size, [&](int64_t i, int64_t j) {
    return i / size == j / size ? 0.0 : 1.0;
  });
}

DistanceMatrix SmallZoo() { return Zoo(4, 2, {5, 15, 5, 15, 5, 15, 5, 15}, 2); }

DistanceMatrix LargeZoo() {
  std::vector<int64_t> sizes = {11, 3, 1, 11, 3, 1, 1, 13,
                                1,  1, 3, 11, 1, 3, 11};
  for (int64_t& size : sizes) size *= 6;
  return Zoo(5, 3, sizes, 3);
}

DistanceMatrix SkewedLine() {
  const auto place = [](int64_t i) {
    return i < 112 ? 0.0 : i < 223 ? 1.0 : 11.0;
  };
  return FromPairs(224,
                   [&](int64_t i, int64_t j) { return place(j) - place(i); });
}

DistanceMatrix BalancedStablePair() {
  // 0..2 between, 3..9 at c1, 10..19 at c2.
  return FromPairs(20, [](int64_t i, int64_t j) {
    if (j < 3) return 1.8;
    if (i < 3) return j < 10 ? 1.0 : 0.9;
    return (i < 10) == (j < 10) ? 0.0 : 1.9;
  });
}

DistanceMatrix OddStar() {
  // 0 and 1: the hub; then triples.
  const auto to_hub = [](int64_t i) {
    return i < 2 ? 0.0 : i < 5 ? 0.99 : 1.0;
  };
  return FromPairs(20, [&](int64_t i, int64_t j) {
    const bool same =
        (i < 2 && j < 2) || (i >= 2 && j >= 2 && (i - 2) / 3 == (j - 2) / 3);
    return same ? 0.0 : to_hub(i) + to_hub(j);
  });
}

MetricInstance RandomInstance(runtime::Rng rng, int64_t min_copies) {
  const int64_t n = 6 + runtime::UniformInt(rng, 4);
  const int64_t p = min_copies + runtime::UniformInt(rng, 5 - min_copies);
  const int64_t k =
      p + runtime::UniformInt(rng, std::min<int64_t>(n, 5) - p + 1);
  const bool grid = runtime::UniformInt(rng, 3) == 0;
  PointSet points{.dimension = 2};
  for (int64_t at = 0; at < 2 * n; ++at) {
    points.values.push_back(
        grid ? static_cast<float>(runtime::UniformInt(rng, 4))
             : static_cast<float>(runtime::Normal(rng)));
  }
  const SizeBounds sizes = {
      .lower = runtime::UniformInt(rng, n * p / k + 1),
      .upper = (n * p + k - 1) / k + runtime::UniformInt(rng, 3)};
  return {
      .name = absl::StrFormat("n %d k %d p %d [%d, %d]%s", n, k, p, sizes.lower,
                              sizes.upper, grid ? " grid" : ""),
      .metric = DistanceMatrix::Of(points.View()),
      .num_clusters = k,
      .copies = p,
      .sizes = sizes};
}

double EnumeratedOptimum(const MetricInstance& instance, Objective objective) {
  const DistanceMatrix costs = ConnectionCosts(objective, instance.metric);
  const int64_t n = costs.size(), k = instance.num_clusters;
  const bool center = objective == Objective::kKCenter;
  double best = std::numeric_limits<double>::infinity();
  // Sets of k as bit strings in lexicographic order.
  std::vector<char> chosen(static_cast<size_t>(n), 0);
  std::fill(chosen.begin(), chosen.begin() + k, 1);
  std::vector<double> nearest(static_cast<size_t>(k));
  do {
    std::vector<int64_t> centers;
    for (int64_t i = 0; i < n; ++i) {
      if (chosen[i]) centers.push_back(i);
    }
    double bound = 0;  // each point to its p nearest
    for (int64_t j = 0; j < n; ++j) {
      for (int64_t i = 0; i < k; ++i) nearest[i] = costs(centers[i], j);
      std::sort(nearest.begin(), nearest.end());
      for (int64_t r = 0; r < instance.copies; ++r) {
        bound = center ? std::max(bound, nearest[r]) : bound + nearest[r];
      }
    }
    if (bound >= best) continue;
    const AssignmentFlow flow = {.costs = &costs,
                                 .centers = centers,
                                 .copies = instance.copies,
                                 .sizes = instance.sizes};
    const std::optional<std::vector<int32_t>> assignment =
        center ? SmallestRadiusAssignment(flow) : CheapestAssignment(flow);
    MUSTER_CHECK(assignment.has_value());  // any k centres can hold the copies
    best = std::min(
        best,
        center ? AssignmentRadius(costs, centers, *assignment, instance.copies)
               : AssignmentCost(costs, centers, *assignment, instance.copies));
  } while (std::prev_permutation(chosen.begin(), chosen.end()));
  return best;
}

}  // namespace muster::dispatch
