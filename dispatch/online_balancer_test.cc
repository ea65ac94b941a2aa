#include "muster/dispatch/online_balancer.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <numeric>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/size_bounds.h"
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

OnlineBalancer Make(PriceRouterState state,
                    const OnlineBalancerOptions& options) {
  auto balancer = OnlineBalancer::Create(std::move(state), options);
  EXPECT_THAT(balancer, IsOk());
  return *std::move(balancer);
}

std::vector<int32_t> Assign(OnlineBalancer& balancer, PointsView points) {
  std::vector<int32_t> groups(
      static_cast<size_t>(points.size * balancer.copies()), -1);
  EXPECT_THAT(balancer.Assign(points, groups), IsOk());
  return groups;
}

// Centres 0 and 10, six points at 0, loads within [2, 4]: four stay, and the
// last two must leave.
TEST(OnlineBalancerTest, LimitsActWhenTheyMust) {
  OnlineBalancer balancer =
      Make({.centers = {.values = {0, 10}, .dimension = 1}, .prices = {0, 0}},
           {.lower_factor = 2.0 / 3,
            .upper_factor = 4.0 / 3,
            .total_points = 6,
            .step = 0});
  const PointSet points{.values = std::vector<float>(6, 0.0f), .dimension = 1};
  EXPECT_THAT(Assign(balancer, points.View()), ElementsAre(0, 0, 0, 0, 1, 1));
  EXPECT_THAT(balancer.loads(), ElementsAre(4, 2));
  EXPECT_EQ(balancer.lower_bound(), 2);
  EXPECT_EQ(balancer.upper_bound(), 4);
  EXPECT_EQ(balancer.diverted(), 2);
  EXPECT_EQ(balancer.total_cost(), 200);
}

// Shares of 10 x 1.1 = 11 and 100 x 0.29 = 29 are no fractions above or below.
TEST(OnlineBalancerTest, DecimalFactorsAreMeantExactly) {
  PriceRouterState state{.centers = {.dimension = 1}, .prices = {}};
  for (int i = 0; i < 10; ++i) {
    state.centers.values.push_back(static_cast<float>(i));
    state.prices.push_back(0);
  }
  EXPECT_EQ(
      Make(state, {.upper_factor = 1.1, .total_points = 100}).upper_bound(),
      11);
  EXPECT_EQ(
      Make(state, {.lower_factor = 0.29, .total_points = 1000}).lower_bound(),
      29);
}

// A stream on the line through k centres whose place drifts from one end to the
// other, with a burst in the middle: plain prices send it all to a few groups.
struct Stream {
  PriceRouterState state;
  PointSet points;
};
Stream DriftingStream(Rng rng, int64_t n, int64_t k, int64_t p, int64_t d,
                      bool squared) {
  Stream stream{.state = {.copies = p, .squared = squared}, .points = {}};
  stream.state.centers.dimension = stream.points.dimension = d;
  Rng draws = rng.Fork("drift");
  for (int64_t c = 0; c < k; ++c) {
    stream.state.prices.push_back(0.1 * runtime::Normal(draws));
    for (int64_t m = 0; m < d; ++m) {
      stream.state.centers.values.push_back(static_cast<float>(
          m == 0 ? static_cast<double>(c) : 0.3 * runtime::Normal(draws)));
    }
  }
  for (int64_t t = 0; t < n; ++t) {
    const double place = static_cast<double>(t) / static_cast<double>(n) *
                         static_cast<double>(k - 1);
    for (int64_t m = 0; m < d; ++m) {
      stream.points.values.push_back(static_cast<float>(
          (m == 0 ? place : 0) + 0.3 * runtime::Normal(draws)));
    }
  }
  return stream;
}

struct Case {
  int64_t n = 0, k = 0, p = 0;
  OnlineBalancerOptions options = {};
};

// The guarantee of the header, at every prefix.
void CheckPrefixes(const Case& c, const std::vector<int32_t>& groups,
                   int64_t window) {
  std::vector<int64_t> loads(static_cast<size_t>(c.k), 0);
  const auto share = [&](double factor, int64_t t) {
    return factor * static_cast<double>(t * c.p) / static_cast<double>(c.k);
  };
  // Ends of windows; the last one takes what is left of a known length.
  std::vector<int64_t> ends = {0};
  while (ends.back() < c.n) {
    int64_t end = ends.back() + window;
    if (const int64_t total = c.options.total_points;
        total > 0 && total - end < window) {
      end = total;
    }
    ends.push_back(end);
  }
  size_t e = 1;
  for (int64_t t = 1; t <= c.n; ++t) {
    std::set<int32_t> mine;
    for (int64_t r = 0; r < c.p; ++r) {
      mine.insert(groups[(t - 1) * c.p + r]);
      ++loads[groups[(t - 1) * c.p + r]];
    }
    ASSERT_EQ(static_cast<int64_t>(mine.size()), c.p);
    const auto [least, most] = std::minmax_element(loads.begin(), loads.end());
    const double slack = ends[e] % c.k == 0 ? 0 : 1;  // the odd last window
    ASSERT_GE(static_cast<double>(*least),
              std::floor(share(c.options.lower_factor, ends[e - 1]) + 1e-9));
    ASSERT_LE(static_cast<double>(*most),
              std::ceil(share(c.options.upper_factor, ends[e]) - 1e-9) + slack);
    if (t == ends[e]) {
      ASSERT_GE(static_cast<double>(*least),
                std::floor(share(c.options.lower_factor, t) + 1e-9) - slack);
      ++e;
    }
  }
}

TEST(OnlineBalancerTest, BoundsHoldAtEveryPrefixOfADriftingStream) {
  const Rng rng(runtime::TestSeed());
  for (const Case& c : std::vector<Case>{
           {.n = 900, .k = 6, .p = 1, .options = {.window = 60}},
           {.n = 903, .k = 6, .p = 1, .options = {.total_points = 903}},
           {.n = 1001,
           .k = 7,
           .p = 2,
           .options = {.lower_factor = 0.9,
                      .upper_factor = 1.05,
                      .total_points = 1001,
                      .window = 70}},
           {.n = 640,
           .k = 8,
           .p = 3,
           .options = {.lower_factor = 1, .upper_factor = 1, .window = 8}},
           {.n = 500,
           .k = 5,
           .p = 5,
           .options = {.lower_factor = 1, .upper_factor = 1, .window = 50}},
           {.n = 300,
           .k = 4,
           .p = 2,
           .options = {
               .lower_factor = 0, .upper_factor = 1e300, .window = 20}}}) {
    for (const bool squared : {true, false}) {
      SCOPED_TRACE(testing::Message() << "k = " << c.k << ", p = " << c.p
                                      << ", squared = " << squared);
      const Stream stream = DriftingStream(rng, c.n, c.k, c.p, 3, squared);
      OnlineBalancer balancer = Make(stream.state, c.options);
      const int64_t window =
          ((c.options.window == 0 ? c.n : c.options.window) + c.k - 1) / c.k *
          c.k;
      const std::vector<int32_t> groups =
          Assign(balancer, stream.points.View());
      CheckPrefixes(c, groups, window);
      EXPECT_EQ(balancer.points_seen(), c.n);
      EXPECT_EQ(std::accumulate(balancer.loads().begin(),
                                balancer.loads().end(), int64_t{0}),
                c.n * c.p);
    }
  }
}

// What the balancer is for: a skew that no fit has seen (two fifths of the
// points around one of 16 centres). The prices alone leave the bounds; with
// steps fewer copies are diverted, and they cost less.
TEST(OnlineBalancerTest, PlainPricesBreakTheBoundsAndStepsSaveCost) {
  constexpr int64_t kPoints = 6000, kGroups = 16, kDimension = 4;
  Rng rng(runtime::TestSeed());
  PriceRouterState state{.prices = std::vector<double>(kGroups, 0.0)};
  PointSet points{.dimension = kDimension};
  state.centers.dimension = kDimension;
  for (int64_t i = 0; i < kGroups * kDimension; ++i) {
    state.centers.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  for (int64_t t = 0; t < kPoints; ++t) {
    const int64_t group =
        runtime::Uniform01(rng) < 0.4 ? 3 : runtime::UniformInt(rng, kGroups);
    for (const float center : state.centers.Point(group)) {
      points.values.push_back(
          static_cast<float>(center + 0.6 * runtime::Normal(rng)));
    }
  }
  const auto plain = PriceRouter::Create(state);
  ASSERT_THAT(plain, IsOk());
  std::vector<int32_t> groups(kPoints);
  ASSERT_THAT((*plain)->Route(points.View(), groups), IsOk());
  EXPECT_GT(MeasureLoads(groups, 1, kGroups).largest, 2);

  const auto run = [&](double step) {
    OnlineBalancer balancer = Make(state, {.lower_factor = 0.5,
                                           .upper_factor = 1.5,
                                           .total_points = kPoints,
                                           .step = step});
    const LoadSpread spread =
        MeasureLoads(Assign(balancer, points.View()), 1, kGroups);
    EXPECT_GE(spread.smallest, 0.5 - 1.0 / 375);  // 187 of 375
    EXPECT_LE(spread.largest, 1.5 + 1.0 / 375);
    return balancer;
  };
  const OnlineBalancer hard = run(0), soft = run(0.2);
  EXPECT_LT(soft.diverted(), hard.diverted() / 2);
  EXPECT_LT(soft.total_cost(), 0.97 * hard.total_cost());
}

TEST(OnlineBalancerTest, WithoutPressureItIsThePriceRouter) {
  const Stream stream =
      DriftingStream(Rng(runtime::TestSeed()), 1000, 5, 2, 4, true);
  OnlineBalancer balancer = Make(
      stream.state, {.lower_factor = 0, .upper_factor = 1e9, .window = 100});
  const auto plain = PriceRouter::Create(stream.state);
  ASSERT_THAT(plain, IsOk());
  std::vector<int32_t> groups(2000);
  ASSERT_THAT((*plain)->Route(stream.points.View(), groups), IsOk());
  EXPECT_EQ(Assign(balancer, stream.points.View()), groups);
  EXPECT_EQ(balancer.diverted(), 0);
  EXPECT_EQ(
      std::vector<double>(balancer.prices().begin(), balancer.prices().end()),
      stream.state.prices);
}

// Where a float has no digits left for the difference of two costs, the price
// router still has, and so has the balancer.
TEST(OnlineBalancerTest, FarPointsGoWhereThePriceRouterSendsThem) {
  for (const bool squared : {true, false}) {
    Stream stream =
        DriftingStream(Rng(runtime::TestSeed()), 300, 6, 2, 4, squared);
    for (size_t i = 0; i < stream.points.values.size(); ++i) {
      stream.points.values[i] *= i / 4 % 3 == 0 ? 1e9F : 1e19F;
    }
    OnlineBalancer balancer = Make(
        stream.state, {.lower_factor = 0, .upper_factor = 1e9, .window = 600});
    const auto plain = PriceRouter::Create(stream.state);
    ASSERT_THAT(plain, IsOk());
    std::vector<int32_t> groups(600);
    ASSERT_THAT((*plain)->Route(stream.points.View(), groups), IsOk());
    EXPECT_EQ(Assign(balancer, stream.points.View()), groups);
    EXPECT_EQ(balancer.diverted(), 0);
  }
}

// Each choice is the cheapest of all p-subsets after which the window can still
// be done: a subset can be followed iff no group is above its bound and the
// three sums of the header hold.
TEST(OnlineBalancerTest, EveryChoiceIsTheCheapestPossibleOne) {
  constexpr int64_t kGroups = 6, kCopies = 3, kPoints = 60;
  const Stream stream = DriftingStream(Rng(runtime::TestSeed()), kPoints,
                                       kGroups, kCopies, 1, true);
  OnlineBalancer balancer = Make(stream.state, {.lower_factor = 0.8,
                                                .upper_factor = 1.2,
                                                .total_points = kPoints,
                                                .step = 0});
  std::vector<int64_t> loads(kGroups, 0);
  int64_t tight = 0;
  for (int64_t t = 0; t < kPoints; ++t) {
    const PointsView point = stream.points.View().Slice(t, 1);
    const int64_t left = kPoints - t - 1;
    std::vector<int32_t> best;
    double best_score = HUGE_VAL;
    int subsets = 0;
    for (int32_t mask = 0; mask < 1 << kGroups; ++mask) {
      if (__builtin_popcount(static_cast<unsigned>(mask)) != kCopies) continue;
      int64_t need = 0, room = 0;
      bool fits = true;
      double score = 0;
      std::vector<int32_t> members;
      for (int32_t i = 0; i < kGroups; ++i) {
        const int64_t load = loads[i] + (mask >> i & 1);
        // 60 * 3 / 6 = 30 copies a group, bounds [24, 36].
        need += std::max<int64_t>(0, 24 - load);
        room += std::min<int64_t>(36 - load, left);
        fits = fits && load <= 36 && 24 - load <= left;
        if ((mask >> i & 1) == 0) continue;
        members.push_back(i);
        const double difference = static_cast<double>(point.values[0]) -
                                  stream.state.centers.values[i];
        score += static_cast<float>(difference * difference) -
                 stream.state.prices[i];
      }
      if (!fits || need > left * kCopies || room < left * kCopies) continue;
      ++subsets;
      if (score < best_score) {
        best_score = score;
        best = members;
      }
    }
    tight += static_cast<int64_t>(subsets < 20);
    std::vector<int32_t> groups = Assign(balancer, point);
    std::sort(groups.begin(), groups.end());
    ASSERT_EQ(groups, best) << "point " << t;
    for (const int32_t group : groups) ++loads[group];
  }
  EXPECT_GT(tight, 5);
}

TEST(OnlineBalancerTest, SameAnswersForAnyThreadsAndCuts) {
  const Stream stream =
      DriftingStream(Rng(runtime::TestSeed()), 5000, 9, 2, 5, true);
  const OnlineBalancerOptions options{.upper_factor = 1.3, .window = 500};
  OnlineBalancer whole = Make(stream.state, options);
  const std::vector<int32_t> expected = Assign(whole, stream.points.View());
  for (const int threads : {1, 2, 3, 8}) {
    OnlineBalancer balancer = Make(stream.state, options);
    std::vector<int32_t> groups(expected.size());
    for (int64_t begin = 0; begin < 5000;) {
      const int64_t count = std::min<int64_t>(5000 - begin, 1 + begin % 777);
      ASSERT_THAT(balancer.Assign(
                      stream.points.View().Slice(begin, count),
                      std::span(groups).subspan(static_cast<size_t>(2 * begin),
                                                static_cast<size_t>(2 * count)),
                      {.threads = threads}),
                  IsOk());
      begin += count;
    }
    EXPECT_EQ(groups, expected);
    EXPECT_EQ(balancer.total_cost(), whole.total_cost());
  }
}

TEST(OnlineBalancerTest, HugeValuesKeepTheBounds) {
  const float big = std::numeric_limits<float>::max();
  OnlineBalancer balancer =
      Make({.centers = {.values = {-big, 0, big}, .dimension = 1},
            .prices = {0, 0, 0}},
           {.lower_factor = 1, .upper_factor = 1, .total_points = 9});
  const PointSet points{.values = std::vector<float>(9, big), .dimension = 1};
  Assign(balancer, points.View());
  EXPECT_THAT(balancer.loads(), ElementsAre(3, 3, 3));
}

// A stream that ends early: six of twelve points, all in one group.
TEST(OnlineBalancerTest, TellsWhoIsOutsideWithinAWindow) {
  OnlineBalancer balancer =
      Make({.centers = {.values = {0, 10}, .dimension = 1}, .prices = {0, 0}},
           {.lower_factor = 0.5,
            .upper_factor = 1.5,
            .total_points = 12,
            .step = 0});
  EXPECT_EQ(balancer.groups_outside(), 0);
  const PointSet points{.values = std::vector<float>(6, 0.0f), .dimension = 1};
  Assign(balancer, points.View());
  EXPECT_THAT(balancer.loads(), ElementsAre(6, 0));
  EXPECT_EQ(balancer.present_bounds(), (SizeBounds{1, 5}));
  EXPECT_EQ(balancer.groups_outside(), 2);
  Assign(balancer, points.View());
  EXPECT_THAT(balancer.loads(), ElementsAre(9, 3));
  EXPECT_EQ(balancer.present_bounds(), (SizeBounds{3, 9}));
  EXPECT_EQ(balancer.groups_outside(), 0);
}

TEST(OnlineBalancerTest, LengthsAreBounded) {
  constexpr int64_t kHuge = std::numeric_limits<int64_t>::max();
  constexpr int64_t kMost = int64_t{1} << 53;
  const PriceRouterState state{
      .centers = {.values = {0, 10, 20}, .dimension = 1},
      .prices = {0, 0, 0},
      .copies = 2};
  const auto create = [&](const OnlineBalancerOptions& options) {
    return OnlineBalancer::Create(state, options).status();
  };
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  EXPECT_THAT(Validate({.total_points = kHuge}), invalid("total_points is 9"));
  EXPECT_THAT(Validate({.window = kHuge}), invalid("window is 9"));
  EXPECT_THAT(Validate({.update_every = kHuge}), invalid("update_every is 9"));
  EXPECT_THAT(Validate({.total_points = kMost}), IsOk());
  EXPECT_THAT(create({.total_points = kMost}), invalid("for p = 2"));
  const std::vector<float> points(50, 0);
  for (const OnlineBalancerOptions& options :
       {OnlineBalancerOptions{.total_points = kMost / 2},
        OnlineBalancerOptions{.window = kMost / 2},
        OnlineBalancerOptions{.update_every = kMost / 2}}) {
    OnlineBalancer balancer = Make(state, options);
    Assign(balancer, {points.data(), 50, 1});
    EXPECT_EQ(balancer.points_seen(), 50);
  }
}

TEST(OnlineBalancerTest, NamesWhatIsWrong) {
  const PriceRouterState state{.centers = {.values = {0, 10}, .dimension = 1},
                               .prices = {0, 0}};
  const auto invalid = [](const std::string& text) {
    return StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(text));
  };
  const auto error = [&](const OnlineBalancerOptions& options) {
    return OnlineBalancer::Create(state, options).status();
  };
  EXPECT_THAT(error({.lower_factor = 1.5}), invalid("lower_factor is 1.5"));
  EXPECT_THAT(error({.upper_factor = 0.5}), invalid("upper_factor is 0.5"));
  EXPECT_THAT(error({.step = -1}), invalid("step is -1"));
  EXPECT_THAT(error({.window = -5}), invalid("window -5"));
  EXPECT_THAT(OnlineBalancer::Create({}, {}), invalid("centers"));
  OnlineBalancer balancer = Make(state, {.total_points = 2});
  std::vector<int32_t> groups = {-7, -7, -7};
  EXPECT_THAT(balancer.Assign({std::vector<float>(3, 0).data(), 3, 1}, groups),
              StatusIs(absl::StatusCode::kFailedPrecondition,
                       HasSubstr("total_points is 2")));
  EXPECT_THAT(balancer.Assign({std::vector<float>(4, 0).data(), 2, 2},
                              std::span(groups).first(2)),
              invalid("expected 1"));
  const std::vector<float> bad = {0, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_THAT(balancer.Assign({bad.data(), 2, 1}, std::span(groups).first(2)),
              invalid("row 1"));
  EXPECT_THAT(groups, ElementsAre(-7, -7, -7));
  EXPECT_EQ(balancer.points_seen(), 0);
}

}  // namespace
}  // namespace muster::dispatch
