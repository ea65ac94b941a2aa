#include "muster/dispatch/routers.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/center_router.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/forest_router.h"
#include "muster/dispatch/hash_router.h"
#include "muster/dispatch/kd_tree_router.h"
#include "muster/dispatch/locality_hash.h"
#include "muster/dispatch/nearest_sample_router.h"
#include "muster/dispatch/partition_tree.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/projected_router.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/random_router.h"
#include "muster/dispatch/router.h"
#include "muster/dispatch/router_contract.h"
#include "muster/dispatch/tree_router.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Shape {
  int64_t n = 0;  // of the sample
  int64_t d = 0;
  int64_t k = 0;
  int64_t p = 0;
};

PointSet NormalPoints(runtime::Rng rng, int64_t count, int64_t dimension) {
  PointSet points{.dimension = dimension};
  for (int64_t i = 0; i < count * dimension; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  return points;
}

ClusteredSample RandomSample(runtime::Rng rng, const Shape& shape) {
  ClusteredSample sample{
      .points = NormalPoints(rng.Fork("points"), shape.n, shape.d),
      .num_groups = shape.k,
      .copies = shape.p};
  std::vector<int64_t> groups;
  for (int64_t j = 0; j < shape.n; ++j) {
    runtime::Rng draws = rng.Fork("groups", static_cast<uint64_t>(j));
    runtime::SampleWithoutReplacement(draws, shape.k, shape.p, &groups);
    sample.groups.insert(sample.groups.end(), groups.begin(), groups.end());
  }
  return sample;
}

using Made = absl::StatusOr<std::unique_ptr<Router>>;

Made MakePrice(runtime::Rng rng, const Shape& shape, bool squared) {
  PriceRouterState state{.centers = NormalPoints(rng, shape.k, shape.d),
                         .copies = shape.p,
                         .squared = squared};
  runtime::Rng prices = rng.Fork("prices");
  for (int64_t c = 0; c < shape.k; ++c) {
    state.prices.push_back(runtime::Normal(prices));
  }
  return PriceRouter::Create(std::move(state));
}

// A router of each kind, of about this shape.
using Maker = Made (*)(runtime::Rng rng, const Shape& shape);
const std::map<std::string, Maker>& Makers() {
  static const auto& makers = *new std::map<std::string, Maker>{
      {"price",
       [](runtime::Rng rng, const Shape& shape) {
         return MakePrice(rng, shape, shape.k % 2 == 0);
       }},
      {"nearest",
       [](runtime::Rng rng, const Shape& shape) {
         return NearestSampleRouter::Create(RandomSample(rng, shape));
       }},
      {"forest",
       [](runtime::Rng rng, const Shape& shape) {
         return ForestRouter::Create(
             {.sample = RandomSample(rng, shape),
              .forest = {
                  .num_trees = shape.p, .leaf_size = 5, .seed = rng.seed()}});
       }},
      {"kd_tree",
       [](runtime::Rng rng, const Shape& shape) {
         return KdTreeRouter::Create(RandomSample(rng, shape));
       }},
      {"center",
       [](runtime::Rng rng, const Shape& shape) {
         return CenterRouter::Create(
             {.centers = NormalPoints(rng, shape.k, shape.d),
              .copies = shape.p});
       }},
      {"tree",
       [](runtime::Rng rng, const Shape& shape) -> Made {
         const auto tree = BuildPartitionTree(
             NormalPoints(rng, shape.n, shape.d).View(), shape.k,
             shape.p == 1 ? CutDirection::kAxis : CutDirection::kRandom, rng);
         if (!tree.ok()) return tree.status();
         return TreeRouter::Create(*tree);
       }},
      {"lsh",
       [](runtime::Rng rng, const Shape& shape) -> Made {
         const auto hash = FitLocalityHash(
             NormalPoints(rng, shape.n, shape.d).View(), shape.k, 10, rng);
         if (!hash.ok()) return hash.status();
         return HashRouter::Create(*hash);
       }},
      {"random",
       [](runtime::Rng rng, const Shape& shape) {
         return RandomRouter::Create({.dimension = shape.d,
                                      .num_groups = shape.k,
                                      .copies = shape.p,
                                      .seed = rng.seed()});
       }},
      {"projected",
       [](runtime::Rng rng, const Shape& shape) -> Made {
         const auto projection =
             RandomProjection::Create({.num_features = shape.d,
                                       .dimension = shape.p == 1 ? 0 : 200,
                                       .unit_length = shape.p == 3,
                                       .seed = rng.seed()});
         if (!projection.ok()) return projection.status();
         auto behind = CenterRouter::Create(
             {.centers = NormalPoints(rng, shape.k, projection->dimension()),
              .copies = shape.p});
         if (!behind.ok()) return behind.status();
         return ProjectedRouter::Create(*projection, *std::move(behind));
       }},
  };
  return makers;
}

std::string KindOf(const testing::TestParamInfo<RouterEntry>& info) {
  return std::string(info.param.kind.data(), info.param.kind.size());
}

class TableTest : public testing::TestWithParam<RouterEntry> {
 protected:
  Made Make(runtime::Rng rng, const Shape& shape) {
    const std::string kind(GetParam().kind.data(), GetParam().kind.size());
    const auto maker = Makers().find(kind);
    if (maker == Makers().end()) {
      return absl::NotFoundError(kind + " has no maker in this test");
    }
    return maker->second(rng, shape);
  }
};

TEST_P(TableTest, KeepsTheContract) {
  const runtime::Rng rng(runtime::TestSeed());
  for (const Shape& shape : {Shape{.n = 1, .d = 1, .k = 1, .p = 1},
                             Shape{.n = 60, .d = 2, .k = 8, .p = 2},
                             Shape{.n = 300, .d = 7, .k = 7, .p = 3},
                             Shape{.n = 40, .d = 20, .k = 16, .p = 1}}) {
    SCOPED_TRACE(testing::Message()
                 << "k = " << shape.k << ", p = " << shape.p);
    const Made router = Make(rng.Fork("router"), shape);
    ASSERT_THAT(router, IsOk());
    // Three blocks of the routers with the largest ones (1,024 points).
    const PointSet points = NormalPoints(rng.Fork("probe"), 2500, shape.d);
    CheckRouterContract(**router, points.View());
  }
}

TEST_P(TableTest, KeepsTheContractOfFiles) {
  const runtime::Rng rng(runtime::TestSeed());
  for (const Shape& shape : {Shape{.n = 9, .d = 3, .k = 4, .p = 1},
                             Shape{.n = 9, .d = 3, .k = 5, .p = 2}}) {
    const Made router = Make(rng.Fork("router"), shape);
    ASSERT_THAT(router, IsOk());
    const PointSet points = NormalPoints(rng.Fork("probe"), 300, shape.d);
    CheckRouterFileContract(**router, points.View());
  }
}

INSTANTIATE_TEST_SUITE_P(AllKinds, TableTest,
                         testing::ValuesIn(RouterTable().begin(),
                                           RouterTable().end()),
                         KindOf);

TEST(RoutersTest, UnknownKindListsThoseThatExist) {
  EXPECT_THAT(DecodeRouter("teleport", ""),
              StatusIs(absl::StatusCode::kNotFound,
                       AllOf(HasSubstr("teleport"), HasSubstr("price"),
                             HasSubstr("nearest"))));
}

std::vector<int32_t> Route(const Router& router, std::vector<float> point) {
  std::vector<int32_t> groups(static_cast<size_t>(router.copies()));
  EXPECT_THAT(router.RouteOne(point, groups), IsOk());
  return groups;
}

// Centres at 0 and 10. Equal prices: the border is at 5. Price 20 for the left:
// x^2 - 20 = (10 - x)^2, so x = 6. In distances with price 2: x - 2 = 10 - x,
// x = 6 as well.
TEST(PriceRouterTest, PricesMoveTheBorder) {
  for (const bool squared : {true, false}) {
    const auto router =
        PriceRouter::Create({.centers = {.values = {0, 10}, .dimension = 1},
                             .prices = {squared ? 20.0 : 2.0, 0.0},
                             .copies = 2,
                             .squared = squared});
    ASSERT_THAT(router, IsOk());
    EXPECT_THAT(Route(**router, {5.9f}), ElementsAre(0, 1));
    EXPECT_THAT(Route(**router, {6.0f}), ElementsAre(0, 1));  // a tie
    EXPECT_THAT(Route(**router, {6.1f}), ElementsAre(1, 0));
  }
}

TEST(PriceRouterTest, EqualPricesAreTheNearestCentres) {
  const runtime::Rng rng(runtime::TestSeed());
  const PointSet centers = NormalPoints(rng.Fork("centers"), 40, 5);
  const PointSet points = NormalPoints(rng.Fork("points"), 2000, 5);
  const auto plain = CenterRouter::Create({.centers = centers, .copies = 4});
  ASSERT_THAT(plain, IsOk());
  std::vector<int32_t> expected(8000), actual(8000);
  ASSERT_THAT((*plain)->Route(points.View(), expected), IsOk());
  for (const bool squared : {true, false}) {
    const auto priced =
        PriceRouter::Create({.centers = centers,
                             .prices = std::vector<double>(40, 0.0),
                             .copies = 4,
                             .squared = squared});
    ASSERT_THAT(priced, IsOk());
    ASSERT_THAT((*priced)->Route(points.View(), actual), IsOk());
    EXPECT_EQ(actual, expected);
  }
}

TEST(PriceRouterTest, NamesWhatIsWrong) {
  const PointSet centers{.values = {0, 0, 1, 1}, .dimension = 2};
  const auto error = [](PriceRouterState state) {
    return PriceRouter::Create(std::move(state)).status();
  };
  EXPECT_THAT(error({.centers = centers, .prices = {1}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("prices: 1 given, need 2")));
  EXPECT_THAT(error({.centers = centers, .prices = {1, 1.0 / 0.0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("prices: entry 1")));
  EXPECT_THAT(
      error({.centers = centers, .prices = {1, 2}, .copies = 3}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("copies is 3")));
  EXPECT_THAT(error({}), StatusIs(absl::StatusCode::kInvalidArgument,
                                  HasSubstr("centers")));
  EXPECT_THAT(
      error({.centers = {.values = {0, 1, 2}, .dimension = 2}, .prices = {1}}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               HasSubstr("no whole number of rows")));
}

// Points on a small grid, so that distances tie and points repeat.
PointSet GridPoints(runtime::Rng rng, int64_t count, int64_t dimension) {
  PointSet points{.dimension = dimension};
  for (int64_t i = 0; i < count * dimension; ++i) {
    points.values.push_back(static_cast<float>(runtime::UniformInt(rng, 4)));
  }
  return points;
}

TEST(KdTreeRouterTest, RoutesLikeTheScan) {
  const runtime::Rng rng(runtime::TestSeed());
  for (const int64_t d : {1, 2, 5, 20}) {
    for (const bool grid : {false, true}) {
      ClusteredSample sample =
          RandomSample(rng, {.n = 900, .d = d, .k = 40, .p = 2});
      PointSet points = NormalPoints(rng.Fork("queries"), 1500, d);
      if (grid) {
        sample.points = GridPoints(rng.Fork("grid"), 900, d);
        points = GridPoints(rng.Fork("grid queries"), 1500, d);
        for (float& value : points.values) value *= 0.5f;
      }
      const auto tree = KdTreeRouter::Create(sample);
      const auto scan = NearestSampleRouter::Create(sample);
      ASSERT_THAT(tree, IsOk());
      ASSERT_THAT(scan, IsOk());
      std::vector<int32_t> expected(3000), actual(3000);
      ASSERT_THAT((*scan)->Route(points.View(), expected), IsOk());
      ASSERT_THAT((*tree)->Route(points.View(), actual), IsOk());
      EXPECT_EQ(actual, expected) << "d = " << d << ", grid = " << grid;
    }
  }
}

TEST(KdTreeRouterTest, RefusesManyDimensions) {
  EXPECT_THAT(KdTreeRouter::Create(RandomSample(
                  runtime::Rng(1), {.n = 5, .d = 21, .k = 2, .p = 1})),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("dimension is 21"),
                             HasSubstr("nearest or forest"))));
}

TEST(NearestSampleRouterTest, SamplePointsGoToTheirOwnGroups) {
  const runtime::Rng rng(runtime::TestSeed());
  for (const int64_t d : {1, 3, 30}) {
    const ClusteredSample sample =
        RandomSample(rng, {.n = 700, .d = d, .k = 9, .p = 3});
    const auto router = NearestSampleRouter::Create(sample);
    ASSERT_THAT(router, IsOk());
    std::vector<int32_t> groups(2100);
    ASSERT_THAT((*router)->Route(sample.points.View(), groups), IsOk());
    EXPECT_EQ(groups, sample.groups);
  }
}

TEST(NearestSampleRouterTest, TiesGoToTheEarlierSamplePoint) {
  const auto router = NearestSampleRouter::Create(
      {.points = {.values = {2, 0, 0, 2}, .dimension = 1},
       .groups = {3, 1, 0, 2},
       .num_groups = 4});
  ASSERT_THAT(router, IsOk());
  EXPECT_THAT(Route(**router, {-1}), ElementsAre(1));
  EXPECT_THAT(Route(**router, {9}), ElementsAre(3));
  EXPECT_THAT(Route(**router, {1}), ElementsAre(3));
}

TEST(NearestSampleRouterTest, NamesWhatIsWrong) {
  const PointSet points{.values = {0, 1, 2}, .dimension = 1};
  const auto error = [](ClusteredSample sample) {
    return NearestSampleRouter::Create(std::move(sample)).status();
  };
  EXPECT_THAT(error({.points = points, .groups = {0, 1}, .num_groups = 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("groups: 2 given for 3 points")));
  EXPECT_THAT(error({.points = points, .groups = {0, 2, 1}, .num_groups = 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("point 1 (from 0) has group 2")));
  EXPECT_THAT(error({.points = points,
                     .groups = {0, 1, 0, 0, 1, 0},
                     .num_groups = 2,
                     .copies = 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("point 1 (from 0) has group 0 twice")));
  EXPECT_THAT(error({.points = points, .groups = {0, 0, 0}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_groups is 0")));
  EXPECT_THAT(
      error({.num_groups = 1}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sample")));
}

// 20,000 distinct points on 16 groups: a load deviates from 1250 by more than
// 5 sqrt(1250) = 177 with probability below 1e-6.
TEST(RandomRouterTest, SpreadsDistinctPointsEvenly) {
  const runtime::Rng rng(runtime::TestSeed());
  const PointSet points = NormalPoints(rng, 20000, 3);
  const auto router = RandomRouter::Create(
      {.dimension = 3, .num_groups = 16, .copies = 1, .seed = 5});
  ASSERT_THAT(router, IsOk());
  std::vector<int32_t> groups(20000), others(20000);
  ASSERT_THAT((*router)->Route(points.View(), groups), IsOk());
  const LoadSpread spread = MeasureLoads(groups, 1, 16);
  EXPECT_NEAR(spread.smallest, 1, 177.0 / 1250);
  EXPECT_NEAR(spread.largest, 1, 177.0 / 1250);
  const auto other = RandomRouter::Create(
      {.dimension = 3, .num_groups = 16, .copies = 1, .seed = 6});
  ASSERT_THAT(other, IsOk());
  ASSERT_THAT((*other)->Route(points.View(), others), IsOk());
  EXPECT_NE(groups, others);
}

TEST(RandomRouterTest, NamesWhatIsWrong) {
  EXPECT_THAT(RandomRouter::Create({.dimension = 0, .num_groups = 2}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("dimension is 0")));
  EXPECT_THAT(
      RandomRouter::Create({.dimension = 1, .num_groups = int64_t{1} << 31}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("num_groups")));
  EXPECT_THAT(
      RandomRouter::Create({.dimension = 1, .num_groups = 2, .copies = 3}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("copies is 3")));
}

}  // namespace
}  // namespace muster::dispatch
