#include "muster/dispatch/assignment_network.h"

#include <sys/resource.h>

#include <atomic>
#include <cstdint>
#include <limits>
#include <utility>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/assignment_smoothing.h"

namespace muster::dispatch {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;

using End = AssignmentNetwork::End;

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

// Points at centre 0 with `count` centres each, all at the same cost.
AssignmentNetwork Ties(int64_t num_points, int64_t num_centers, int64_t count,
                       LoadBounds bounds) {
  std::vector<NetworkPoint> points;
  std::vector<NetworkEntry> entries;
  for (int64_t j = 0; j < num_points; ++j) {
    const auto begin = static_cast<int64_t>(entries.size());
    for (int32_t i = 0; i < count; ++i) {
      entries.push_back({i, /*cost=*/1, /*flow=*/i == 0 ? 1.0 : 0.0});
    }
    points.push_back({j, 1, begin, begin + count});
  }
  const auto k = static_cast<size_t>(num_centers);
  const auto mass = static_cast<double>(num_points);
  std::vector<double> loads(k, 0.0);
  loads[0] = mass;
  return AssignmentNetwork(std::move(points), std::move(entries),
                           std::vector<double>(k, 0.0), std::move(loads),
                           std::vector<double>(k, bounds.lower), mass, bounds,
                           /*radius=*/1, /*negligible=*/0.5);
}

int64_t PeakMegabytes() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

// First, while the peak of the process is low.
TEST(AssignmentNetworkTest, TiesTakeMemoryForTheMovesOfPointsThatAreThere) {
  // 17 * 16 ordered pairs a point, of which 16 lead away from its centre: 7 MB
  // of moves, not 150.
  const int64_t before = PeakMegabytes();
  AssignmentNetwork network = Ties(17000, 17, 17, {1000, 1000});
  EXPECT_LT(PeakMegabytes() - before, 64);
  EXPECT_EQ(network.Balance(kNoLimit), End::kBalanced);
  EXPECT_THAT(network.loads(), Each(1000));
}

TEST(AssignmentNetworkTest, SaysWhyItEnds) {
  EXPECT_EQ(Ties(4, 2, 2, {2, 2}).Balance(kNoLimit), End::kBalanced);
  EXPECT_EQ(Ties(4, 2, 2, {2, 2}).Balance(0), End::kLimit);
  // No point reaches the other centre.
  AssignmentNetwork apart = Ties(4, 2, 1, {2, 2});
  EXPECT_EQ(apart.Balance(kNoLimit), End::kStuck);
  EXPECT_EQ(apart.Excess(), 2);
  const std::atomic<bool> stop = true;
  AssignmentNetwork stopped = Ties(4, 2, 2, {2, 2});
  EXPECT_EQ(stopped.Balance(kNoLimit, {.stop = &stop}), End::kStopped);
  EXPECT_EQ(stopped.searches(), 0);
}

TEST(AssignmentNetworkTest, LoadsMayMissTheMassByRounding) {
  // Both centres are full; the point has 1e-9 too much.
  for (const double error : {1e-9, -1e-9}) {
    AssignmentNetwork network(
        {{.point = 0, .weight = 2 + error, .begin = 0, .end = 2}},
        {{0, 1, 1 + error}, {1, 1, 1}}, {0, 0}, {1 + error, 1}, {1, 1},
        /*mass=*/2, {.lower = 1, .upper = 1}, /*radius=*/1,
        /*negligible=*/1e-12);
    EXPECT_EQ(network.Balance(kNoLimit), End::kBalanced);
    EXPECT_THAT(network.Prices(), ElementsAre(0, 0));
  }
}

}  // namespace
}  // namespace muster::dispatch
