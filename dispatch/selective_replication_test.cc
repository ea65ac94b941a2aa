#include "muster/dispatch/selective_replication.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/distances.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr ReplicationMargin kMargins[] = {ReplicationMargin::kScore,
                                          ReplicationMargin::kFactor,
                                          ReplicationMargin::kBoundary};

PointSet NormalPoints(Rng rng, int64_t count, int64_t dimension) {
  PointSet points{.dimension = dimension};
  for (int64_t i = 0; i < count * dimension; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  return points;
}

PriceRouterState RandomState(Rng rng, int64_t k, int64_t d) {
  PriceRouterState state{.centers = NormalPoints(rng.Fork("centers"), k, d)};
  Rng prices = rng.Fork("prices");
  for (int64_t c = 0; c < k; ++c) {
    state.prices.push_back(0.3 * runtime::Normal(prices));
  }
  return state;
}

SelectiveReplicator Fit(const PriceRouterState& state, PointsView sample,
                        const SelectiveReplicationOptions& options) {
  auto replicator = SelectiveReplicator::Fit(state, sample, options);
  EXPECT_THAT(replicator, IsOk());
  return *std::move(replicator);
}

RaggedGroups Route(const SelectiveReplicator& replicator, PointsView points,
                   int threads = 1) {
  auto groups = replicator.Route(points, {.threads = threads});
  EXPECT_THAT(groups, IsOk());
  return *std::move(groups);
}

// Centres 0 and 10, border at 5. Of 0, 3, 4, 6, 7, 10 a budget of 1.5 doubles
// the three nearest to the border, but 3 and 7 tie for the third place: 4 and
// 6. On the border's distance: tau = 1.
TEST(SelectiveReplicationTest, DoublesThePointsAtTheBorder) {
  const PriceRouterState state{.centers = {.values = {0, 10}, .dimension = 1},
                               .prices = {0, 0}};
  const PointSet line{.values = {0, 3, 4, 6, 7, 10}, .dimension = 1};
  for (const ReplicationMargin margin : kMargins) {
    const SelectiveReplicator replicator =
        Fit(state, line.View(),
            {.mean_copies = 1.5, .max_copies = 2, .margin = margin});
    const RaggedGroups groups = Route(replicator, line.View());
    EXPECT_THAT(groups.begin, ElementsAre(0, 1, 2, 4, 6, 7, 8));
    EXPECT_THAT(groups.groups, ElementsAre(0, 0, 0, 1, 1, 0, 1, 1));
    EXPECT_EQ(replicator.sample_copies(), 8.0 / 6);
    if (margin == ReplicationMargin::kBoundary) {
      EXPECT_EQ(replicator.threshold(), 1);
    }
    if (margin == ReplicationMargin::kFactor) {
      EXPECT_EQ(replicator.threshold(), 1.5);
    }
  }
}

// A price of 40 on the left moves the border to 7.
TEST(SelectiveReplicationTest, PricesMoveTheBorder) {
  const PriceRouterState state{.centers = {.values = {0, 10}, .dimension = 1},
                               .prices = {40, 0}};
  const PointSet line{.values = {0, 3, 4, 6, 7.5f, 10}, .dimension = 1};
  const SelectiveReplicator replicator =
      Fit(state, line.View(), {.mean_copies = 1.2, .max_copies = 2});
  const RaggedGroups groups = Route(replicator, line.View());
  EXPECT_THAT(groups.groups, ElementsAre(0, 0, 0, 0, 1, 0, 1));
  EXPECT_NEAR(replicator.threshold(), 0.5, 1e-12);
}

TEST(SelectiveReplicationTest, TheBudgetIsMetOnTheSampleAndNearlyElsewhere) {
  const Rng rng(runtime::TestSeed());
  const PriceRouterState state = RandomState(rng, 20, 4);
  const PointSet sample = NormalPoints(rng.Fork("sample"), 3000, 4);
  const PointSet fresh = NormalPoints(rng.Fork("fresh"), 3000, 4);
  for (const ReplicationMargin margin : kMargins) {
    for (const double budget : {1.0, 1.3, 2.0, 3.0}) {
      const SelectiveReplicator replicator =
          Fit(state, sample.View(),
              {.mean_copies = budget, .max_copies = 3, .margin = margin});
      const auto copies =
          static_cast<double>(Route(replicator, sample.View()).groups.size());
      // Generic points: no ties.
      EXPECT_EQ(copies, std::floor(budget * 3000 + 1e-9));
      EXPECT_EQ(replicator.sample_copies(), copies / 3000);
      EXPECT_NEAR(
          static_cast<double>(Route(replicator, fresh.View()).groups.size()) /
              3000,
          budget, 0.1);
    }
  }
}

// Against the definition: the price router's order and the threshold on the
// margins, in double.
TEST(SelectiveReplicationTest, RoutesAreThoseOfTheDefinition) {
  const Rng rng(runtime::TestSeed());
  const PriceRouterState state = RandomState(rng, 12, 3);
  const PointSet points = NormalPoints(rng.Fork("points"), 800, 3);
  const SelectiveReplicator replicator =
      Fit(state, points.View(), {.mean_copies = 1.7, .max_copies = 4});
  PriceRouterState four = state;
  four.copies = 4;
  const auto router = PriceRouter::Create(four);
  ASSERT_THAT(router, IsOk());
  std::vector<int32_t> order(4 * 800);
  ASSERT_THAT((*router)->Route(points.View(), order), IsOk());
  const RaggedGroups groups = Route(replicator, points.View());
  ASSERT_EQ(groups.size(), 800);
  for (int64_t j = 0; j < 800; ++j) {
    const auto score = [&](int32_t c) {
      return SquaredDistance(points.Point(j), state.centers.Point(c)) -
             state.prices[c];
    };
    std::vector<int32_t> expected = {order[4 * j]};
    for (int64_t r = 1; r < 4; ++r) {
      const int32_t other = order[4 * j + r];
      const double margin =
          (score(other) - score(expected[0])) /
          (2 * std::sqrt(SquaredDistance(state.centers.Point(expected[0]),
                                         state.centers.Point(other))));
      if (margin <= replicator.threshold()) expected.push_back(other);
    }
    const auto mine = groups.GroupsOf(j);
    EXPECT_EQ(std::vector<int32_t>(mine.begin(), mine.end()), expected);
  }
}

TEST(SelectiveReplicationTest, SameBitsForAnyThreadsAndBatches) {
  const Rng rng(runtime::TestSeed());
  const PriceRouterState state = RandomState(rng, 9, 5);
  const PointSet points = NormalPoints(rng.Fork("points"), 2500, 5);
  const SelectiveReplicator replicator = Fit(state, points.View(), {});
  const RaggedGroups expected = Route(replicator, points.View());
  for (const int threads : {2, 3, 8}) {
    EXPECT_EQ(Route(replicator, points.View(), threads), expected);
  }
  std::vector<int32_t> joined;
  for (int64_t begin = 0; begin < 2500; begin += 625) {
    const RaggedGroups part =
        Route(replicator, points.View().Slice(begin, 625));
    joined.insert(joined.end(), part.groups.begin(), part.groups.end());
  }
  EXPECT_EQ(joined, expected.groups);
  EXPECT_EQ(Route(replicator, points.View().Slice(0, 0)).size(), 0);
}

TEST(SelectiveReplicationTest, EqualCentresAndPoints) {
  const PriceRouterState state{
      .centers = {.values = {1, 1, 1, 5}, .dimension = 1},
      .prices = {0, 0, -1, 0}};
  const PointSet ones{.values = {1, 1, 1}, .dimension = 1};
  for (const ReplicationMargin margin : kMargins) {
    const SelectiveReplicator replicator =
        Fit(state, ones.View(),
            {.mean_copies = 2, .max_copies = 2, .margin = margin});
    EXPECT_THAT(Route(replicator, ones.View()).groups,
                ElementsAre(0, 1, 0, 1, 0, 1));
  }
}

TEST(SelectiveReplicationTest, NamesWhatIsWrong) {
  const Rng rng(1);
  PriceRouterState state = RandomState(rng, 4, 2);
  const PointSet points = NormalPoints(rng, 10, 2);
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  const auto error = [&](const SelectiveReplicationOptions& options) {
    return SelectiveReplicator::Fit(state, points.View(), options).status();
  };
  EXPECT_THAT(error({.max_copies = 5}), invalid("max_copies is 5"));
  EXPECT_THAT(error({.max_copies = 0}), invalid("max_copies is 0"));
  EXPECT_THAT(error({.mean_copies = 0.5}), invalid("mean_copies is 0.5"));
  EXPECT_THAT(error({.mean_copies = 3.5}), invalid("mean_copies is 3.5"));
  EXPECT_THAT(SelectiveReplicator::Fit(state, {}, {}), invalid("sample"));
  const SelectiveReplicator replicator = Fit(state, points.View(), {});
  const std::vector<float> bad = {0, std::numeric_limits<float>::infinity()};
  EXPECT_THAT(replicator.Route({bad.data(), 1, 2}), invalid("column 1"));
  EXPECT_THAT(replicator.Route({bad.data(), 2, 1}), invalid("expected 2"));
  state.squared = false;
  EXPECT_THAT(error({}), invalid("kBoundary"));
  state.prices.pop_back();
  EXPECT_THAT(error({}), invalid("prices: 3 given, need 4"));
}

}  // namespace
}  // namespace muster::dispatch
