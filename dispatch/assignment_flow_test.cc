#include "muster/dispatch/assignment_flow.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/reference_instances.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::testing::ElementsAre;

// Points 0, 1, 2, 10 on a line; centres 0 and 10.
DistanceMatrix Line() {
  const PointSet points = {{0, 1, 2, 10}, 1};
  return DistanceMatrix::Of(points.View());
}

TEST(AssignmentFlowTest, BoundsMoveTheCheapestPoint) {
  const DistanceMatrix metric = Line();
  const std::vector<int64_t> centers = {0, 3};
  AssignmentFlow flow = {.costs = &metric, .centers = centers};
  EXPECT_THAT(*CheapestAssignment(flow), ElementsAre(0, 0, 0, 1));
  flow.sizes = {2, 2};
  EXPECT_THAT(*CheapestAssignment(flow), ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(AssignmentCost(metric, centers, *CheapestAssignment(flow), 1), 9);
  EXPECT_EQ(AssignmentRadius(metric, centers, *CheapestAssignment(flow), 1), 8);
  flow.largest_cost = 7;
  EXPECT_EQ(CheapestAssignment(flow), std::nullopt);
}

TEST(AssignmentFlowTest, CopiesShareACentreWhenTheyMay) {
  const DistanceMatrix metric = Line();
  const std::vector<int64_t> centers = {0, 3};
  AssignmentFlow flow = {.costs = &metric, .centers = centers, .copies = 2};
  EXPECT_THAT(*CheapestAssignment(flow), ElementsAre(0, 1, 0, 1, 0, 1, 0, 1));
  flow.copies_per_center = 2;
  EXPECT_THAT(*CheapestAssignment(flow), ElementsAre(0, 0, 0, 0, 0, 0, 1, 1));
}

TEST(AssignmentFlowTest, SaysWhenNothingKeepsTheBounds) {
  const DistanceMatrix metric = Line();
  const std::vector<int64_t> centers = {0, 3};
  AssignmentFlow flow = {.costs = &metric, .centers = centers};
  flow.sizes = {3, 4};
  EXPECT_EQ(CheapestAssignment(flow), std::nullopt);
  flow.sizes = {0, 1};
  EXPECT_EQ(CheapestAssignment(flow), std::nullopt);
  flow.sizes = {5, 9};  // above the number of points
  EXPECT_EQ(CheapestAssignment(flow), std::nullopt);
  flow.sizes = {0, 4};
  flow.copies = 3;
  EXPECT_EQ(CheapestAssignment(flow), std::nullopt);
  EXPECT_EQ(SmallestRadiusAssignment(flow), std::nullopt);
}

// Least cost, or radius, by going through the points with the loads as state.
double BestByLoads(const AssignmentFlow& flow, bool radius) {
  const auto m = static_cast<int64_t>(flow.centers.size());
  std::map<std::vector<int64_t>, double> states;
  states[std::vector<int64_t>(static_cast<size_t>(m), 0)] = 0;
  for (int64_t j = 0; j < flow.costs->size(); ++j) {
    std::map<std::vector<int64_t>, double> next;
    for (const auto& [loads, cost] : states) {
      // Each way to spread the copies of j, centre by centre.
      const std::function<void(int64_t, int64_t, std::vector<int64_t>, double)>
          spread = [&](int64_t i, int64_t left, std::vector<int64_t> now,
                       double so_far) {
            if (i == m) {
              if (left > 0) return;
              const auto [at, is_new] = next.emplace(now, so_far);
              at->second = std::min(at->second, so_far);
              return;
            }
            const double c = (*flow.costs)(flow.centers[i], j);
            for (int64_t count = 0;
                 count <= std::min(left, flow.copies_per_center); ++count) {
              std::vector<int64_t> then = now;
              then[i] += count;
              if (then[i] > flow.sizes.upper) break;
              const double added =
                  count == 0 ? so_far
                  : radius   ? std::max(so_far, c)
                             : so_far + c * static_cast<double>(count);
              spread(i + 1, left - count, std::move(then), added);
            }
          };
      spread(0, flow.copies, loads, cost);
    }
    states = std::move(next);
  }
  double best = std::numeric_limits<double>::infinity();
  for (const auto& [loads, cost] : states) {
    if (*std::min_element(loads.begin(), loads.end()) >= flow.sizes.lower) {
      best = std::min(best, cost);
    }
  }
  return best;
}

TEST(AssignmentFlowTest, AgreesWithTryingAllLoads) {
  const runtime::Rng root(runtime::TestSeed());
  for (uint64_t trial = 0; trial < 150; ++trial) {
    runtime::Rng rng = root.Fork("assignment_flow", trial);
    const MetricInstance instance =
        RandomInstance(rng.Fork("instance"), /*min_copies=*/1);
    SCOPED_TRACE(instance.name);
    if (instance.num_clusters > 3) continue;  // too many loads to try
    std::vector<int64_t> centers;
    for (int64_t i = 0; i < instance.num_clusters; ++i) centers.push_back(i);
    const AssignmentFlow flow = {
        .costs = &instance.metric,
        .centers = centers,
        .copies = instance.copies,
        .sizes = instance.sizes,
        .copies_per_center = 1 + runtime::UniformInt(rng, 2)};
    const auto cheapest = CheapestAssignment(flow);
    ASSERT_TRUE(cheapest.has_value());
    const double cost =
        AssignmentCost(instance.metric, centers, *cheapest, instance.copies);
    EXPECT_NEAR(cost, BestByLoads(flow, /*radius=*/false), 1e-9);
    const auto tightest = SmallestRadiusAssignment(flow);
    ASSERT_TRUE(tightest.has_value());
    EXPECT_EQ(
        AssignmentRadius(instance.metric, centers, *tightest, instance.copies),
        BestByLoads(flow, /*radius=*/true));
  }
}

}  // namespace
}  // namespace muster::dispatch
