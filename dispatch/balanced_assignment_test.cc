#include "muster/dispatch/balanced_assignment.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/assignment_oracle.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/distances.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TestSeed;
using ::muster::runtime::Uniform01;
using ::muster::runtime::UniformInt;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

constexpr absl::StatusCode kInvalid = absl::StatusCode::kInvalidArgument;

// Owns what an AssignmentProblem looks at.
struct Instance {
  PointSet points = {};
  PointSet centers = {};
  std::vector<double> weights = {};
  int64_t copies = 1;
  SizeBounds sizes = {};
  Objective objective = Objective::kKMeans;

  AssignmentProblem Problem() const {
    return {.points = points.View(),
            .centers = centers.View(),
            .copies = copies,
            .sizes = sizes,
            .objective = objective,
            .weights = weights};
  }
};

double CostOf(const Instance& instance, int64_t point, int64_t center) {
  const double squared = SquaredDistance(instance.points.Point(point),
                                         instance.centers.Point(center));
  return instance.objective == Objective::kKMeans ? squared
                                                  : std::sqrt(squared);
}

// All that must hold of any result without weights, and how many points are not
// at their centres of least reduced cost.
int64_t CheckWhole(const Instance& instance, const BalancedAssignment& result) {
  const int64_t n = instance.points.size(), k = instance.centers.size();
  const int64_t p = instance.copies;
  std::vector<int64_t> loads(static_cast<size_t>(k), 0);
  double scale = 0, cost = 0;
  int64_t elsewhere = 0;
  for (int64_t j = 0; j < n; ++j) {
    std::set<int32_t> mine;
    std::vector<double> reduced;
    double worst = -std::numeric_limits<double>::infinity();
    for (int64_t i = 0; i < k; ++i) {
      reduced.push_back(CostOf(instance, j, i) - result.prices[i]);
      scale = std::max(
          {scale, std::abs(reduced.back()), std::abs(result.prices[i])});
    }
    for (int64_t r = 0; r < p; ++r) {
      const int32_t center = result.clusters[j * p + r];
      mine.insert(center);
      ++loads[center];
      cost += CostOf(instance, j, center);
      worst = std::max(worst, reduced[center]);
    }
    EXPECT_EQ(static_cast<int64_t>(mine.size()), p);
    std::nth_element(reduced.begin(), reduced.begin() + (p - 1), reduced.end());
    if (worst > reduced[p - 1] + 1e-9 * scale) ++elsewhere;
  }
  EXPECT_EQ(loads, result.sizes);
  EXPECT_GE(*std::min_element(loads.begin(), loads.end()),
            instance.sizes.lower);
  EXPECT_LE(*std::max_element(loads.begin(), loads.end()),
            instance.sizes.upper);
  EXPECT_NEAR(result.cost, cost, 1e-12 * cost);
  EXPECT_LE(result.lower_bound, result.cost);
  EXPECT_GE(result.gap, 0);
  return elsewhere;
}

BalancedAssignment SolveExactly(const Instance& instance, int threads = 1) {
  const auto result =
      AssignBalanced(instance.Problem(), {}, {.threads = threads});
  EXPECT_THAT(result, IsOk());
  EXPECT_TRUE(result->optimal);
  EXPECT_EQ(result->greedy_moves, 0);
  if (instance.weights.empty()) {
    EXPECT_LE(result->gap, 1e-9 * result->cost);
    // In exact arithmetic no point at all: ties are within rounding.
    EXPECT_EQ(CheckWhole(instance, *result), 0);
  }
  return *result;
}

Instance Line(const std::vector<float>& points,
              const std::vector<float>& centers, SizeBounds sizes,
              int64_t copies = 1) {
  return {.points = {points, 1},
          .centers = {centers, 1},
          .copies = copies,
          .sizes = sizes};
}

// Kinds of data, most of them unkind.
Instance Generate(Rng rng, int64_t n, int64_t k, int64_t d, int64_t p,
                  int64_t kinds = 8) {
  Instance instance;
  instance.copies = p;
  const int64_t kind = UniformInt(rng, kinds);
  for (int64_t j = 0; j < n + k; ++j) {
    const double cluster = static_cast<double>(UniformInt(rng, 3));
    for (int64_t m = 0; m < d; ++m) {
      double value = std::round(1000 * Normal(rng));
      if (kind == 1) value = static_cast<double>(UniformInt(rng, 3));
      if (kind == 2) value = m == 0 ? value : 7;           // constant features
      if (kind == 3) value = m == 0 ? value * 64 : value;  // ratio
      if (kind == 4) value = 5;                            // all the same
      if (kind == 5) value += 30000 * cluster;             // far apart
      if (kind == 6) value += 8000000;  // far from the origin
      if (kind == 7) value = std::round(value / 500) * 500;
      (j < n ? instance.points : instance.centers)
          .values.push_back(static_cast<float>(value));
    }
  }
  instance.points.dimension = instance.centers.dimension = d;
  if (UniformInt(rng, 3) == 0) {  // centres that are points, some twice
    for (int64_t i = 0; i < k; ++i) {
      const int64_t j = UniformInt(rng, n);
      std::copy_n(instance.points.values.begin() + j * d, d,
                  instance.centers.values.begin() + i * d);
    }
  }
  instance.sizes = EqualSizes(n, k, p);
  const int64_t slack = UniformInt(rng, 3);
  if (slack > 0) {
    instance.sizes.lower -= UniformInt(rng, instance.sizes.lower + 1);
    instance.sizes.upper += UniformInt(rng, n);
  }
  if (slack == 2) instance.sizes.upper = SizeBounds{}.upper;
  return instance;
}

TEST(BalancedAssignmentTest, MovesTheCheapestPointOverTheBorder) {
  // Points 0 1 2 10, centres 0 and 10: without bounds three to one. Two each:
  // point 2 moves, at a price difference of 64 - 4 = 60 or more.
  const BalancedAssignment result =
      SolveExactly(Line({0, 1, 2, 10}, {0, 10}, {2, 2}));
  EXPECT_THAT(result.clusters, ElementsAre(0, 0, 1, 1));
  EXPECT_EQ(result.cost, 0 + 1 + 64 + 0);
  EXPECT_GE(result.prices[1] - result.prices[0], 60);
  EXPECT_LE(result.prices[1] - result.prices[0], 80);  // point 1 stays
}

TEST(BalancedAssignmentTest, SolvesTheExampleOnEightPoints) {
  // L8 of the tests of clusterers, in two fours: centres at the means.
  const Instance instance =
      Line({0, 1, 2, 10, 11, 12, 30, 31}, {3.25, 21}, {4, 4});
  EXPECT_THAT(SolveExactly(instance).sizes, ElementsAre(4, 4));
}

TEST(BalancedAssignmentTest, LooseBoundsNeedNoPrices) {
  const BalancedAssignment result =
      SolveExactly(Line({0, 1, 2, 10}, {0, 10}, {}));
  EXPECT_THAT(result.clusters, ElementsAre(0, 0, 0, 1));
  EXPECT_THAT(result.prices, ElementsAre(0, 0));
}

TEST(BalancedAssignmentTest, CopiesAreDistinctAndNearestFirst) {
  // All four are nearest to 5 as first or second. Point 8 leaves it for the
  // least, 64 - 9.
  const BalancedAssignment result =
      SolveExactly(Line({0, 1, 8, 10}, {0, 5, 10}, {2, 3}, 2));
  EXPECT_THAT(result.clusters, ElementsAre(0, 1, 0, 1, 2, 0, 2, 1));
}

TEST(BalancedAssignmentTest, TakesTheExtremesOfItsSizes) {
  // k = 1, k = n, p = k, n = 1.
  EXPECT_THAT(SolveExactly(Line({1, 2}, {0}, {2, 2})).clusters,
              ElementsAre(0, 0));
  EXPECT_THAT(SolveExactly(Line({5, 1, 3}, {1, 3, 5}, {1, 1})).clusters,
              ElementsAre(2, 0, 1));
  EXPECT_THAT(SolveExactly(Line({5, 1, 3}, {1, 5}, {3, 3}, 2)).clusters,
              ElementsAre(1, 0, 0, 1, 0, 1));
  EXPECT_THAT(SolveExactly(Line({5}, {1}, {})).clusters, ElementsAre(0));
}

TEST(BalancedAssignmentTest, DividesIdenticalPoints) {
  const Instance instance =
      Line(std::vector<float>(100, 3.0F), {1, 2, 3, 3, 8}, {20, 20});
  const BalancedAssignment result = SolveExactly(instance);
  EXPECT_EQ(result.cost, 20 * (4 + 1 + 25));
}

TEST(BalancedAssignmentTest, MovesManyDuplicatesAtOnce) {
  // Nine distinct points, 20,000 times; pushes of many copies each.
  Instance instance{.copies = 2, .sizes = EqualSizes(20000, 12, 2)};
  instance.points.dimension = instance.centers.dimension = 2;
  Rng rng = Rng(TestSeed()).Fork("duplicates");
  for (int64_t m = 0; m < 40000; ++m) {
    instance.points.values.push_back(static_cast<float>(UniformInt(rng, 3)));
  }
  for (int64_t m = 0; m < 24; ++m) {
    instance.centers.values.push_back(static_cast<float>(Normal(rng)));
  }
  const BalancedAssignment result = SolveExactly(instance);
  EXPECT_LT(result.pushes, 2000);
}

TEST(BalancedAssignmentTest, KeepsScalesThatAFloatCannotSquare) {
  for (const double scale : {1e-30, 1e-20, 1e18, 1e30}) {
    std::vector<float> points, centers;
    for (const double x : {0.0, 1.0, 2.0, 10.0}) {
      points.push_back(static_cast<float>(x * scale));
    }
    for (const double x : {0.0, 10.0}) {
      centers.push_back(static_cast<float>(x * scale));
    }
    const BalancedAssignment result =
        SolveExactly(Line(points, centers, {2, 2}));
    EXPECT_THAT(result.clusters, ElementsAre(0, 0, 1, 1));
    EXPECT_NEAR(result.cost / (scale * scale), 65, 1e-4);
  }
}

TEST(BalancedAssignmentTest, KeepsScalesBelowTheLeastNormalFloat) {
  const BalancedAssignment result =
      SolveExactly(Line({0, 1e-40F, 2e-40F}, {0, 2e-40F}, {1, 2}, 1));
  EXPECT_EQ(result.clusters[0], 0);
  EXPECT_EQ(result.clusters[2], 1);
  EXPECT_NEAR(result.cost / 1e-80, 1, 1e-4);
}

TEST(BalancedAssignmentTest, CostsTheLeastOfAllAssignments) {
  const Rng root = Rng(TestSeed()).Fork("enumeration");
  for (int t = 0; t < 400; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t k = 1 + UniformInt(rng, 4);
    const int64_t n = k + UniformInt(rng, 9 - k);
    const int64_t p = 1 + UniformInt(rng, std::min<int64_t>(3, k));
    Instance instance = Generate(rng.Fork("data"), n, k, 2, p);
    if (UniformInt(rng, 2) == 0) instance.objective = Objective::kKMedian;
    SCOPED_TRACE(t);
    const double least = LeastCostByEnumeration(instance.Problem());
    EXPECT_NEAR(SolveExactly(instance).cost, least, 1e-9 * least);
  }
}

TEST(BalancedAssignmentTest, CostsWhatTheNetworkSimplexCosts) {
  const Rng root = Rng(TestSeed()).Fork("network simplex");
  for (int t = 0; t < 300; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t k = 2 + UniformInt(rng, 19);
    const int64_t n = k + UniformInt(rng, 300 - k);
    const int64_t p = 1 + UniformInt(rng, std::min<int64_t>(3, k));
    const Instance instance =
        Generate(rng.Fork("data"), n, k, 1 + UniformInt(rng, 4), p);
    SCOPED_TRACE(t);
    const auto simplex = LeastCostByNetworkSimplex(instance.Problem());
    ASSERT_THAT(simplex, IsOk());
    // Whole numbers: equal to the last digit.
    EXPECT_EQ(SolveExactly(instance).cost, static_cast<double>(simplex->cost));
  }
}

TEST(BalancedAssignmentTest, SamplesBeforeItSolvesLargeProblems) {
  // Above two samples of 8192 points.
  for (const int64_t p : {1, 2}) {
    Instance instance = Generate(Rng(3).Fork("large"), 17000, 3, 3, p, 1);
    instance.sizes = EqualSizes(17000, 3, p);
    const auto simplex = LeastCostByNetworkSimplex(instance.Problem());
    ASSERT_THAT(simplex, IsOk());
    EXPECT_EQ(SolveExactly(instance).cost, static_cast<double>(simplex->cost));
  }
}

TEST(BalancedAssignmentTest, OrderAndScaleDoNotMatter) {
  const Rng root = Rng(TestSeed()).Fork("order");
  for (int t = 0; t < 20; ++t) {
    Instance instance = Generate(root.Fork("data", t), 200, 7, 3, 1 + t % 2);
    instance.objective = t % 3 == 0 ? Objective::kKMedian : Objective::kKMeans;
    const double cost = SolveExactly(instance).cost;
    // Backwards, and three times as large.
    Instance other = instance;
    std::reverse(other.points.values.begin(), other.points.values.end());
    for (int64_t i = 0; i < 7; ++i) {
      std::reverse(other.centers.values.begin() + i * 3,
                   other.centers.values.begin() + (i + 1) * 3);
    }
    EXPECT_NEAR(SolveExactly(other).cost, cost, 1e-9 * cost);
    for (PointSet* set : {&other.points, &other.centers}) {
      for (float& value : set->values) value *= 4;
    }
    EXPECT_NEAR(SolveExactly(other).cost, cost * (t % 3 == 0 ? 4 : 16),
                1e-8 * cost);
  }
}

TEST(BalancedAssignmentTest, WarmPricesChangeTheWorkAlone) {
  Instance instance = Generate(Rng(5).Fork("warm"), 3000, 10, 3, 1, 1);
  instance.sizes = EqualSizes(3000, 10, 1);
  const BalancedAssignment cold = SolveExactly(instance);
  for (const double factor : {1.0, 1.1, -3.0}) {
    AssignmentOptions options{.initial_prices = cold.prices};
    for (double& price : options.initial_prices) price *= factor;
    const auto warm = AssignBalanced(instance.Problem(), options);
    ASSERT_THAT(warm, IsOk());
    EXPECT_TRUE(warm->optimal);
    EXPECT_EQ(warm->cost, cold.cost);
  }
}

TEST(BalancedAssignmentTest, LimitedSearchesGiveAFeasibleAnswerWithItsGap) {
  const Rng root = Rng(TestSeed()).Fork("limit");
  for (int t = 0; t < 60; ++t) {
    Rng rng = root.Fork("copies", t);
    const Instance instance =
        Generate(root.Fork("data", t), 300, 12, 2, 1 + UniformInt(rng, 4));
    const BalancedAssignment best = SolveExactly(instance);
    const auto result = AssignBalanced(instance.Problem(),
                                       {.max_searches = UniformInt(rng, 3)});
    ASSERT_THAT(result, IsOk());
    SCOPED_TRACE(t);
    CheckWhole(instance, *result);
    EXPECT_GE(result->cost, best.cost * (1 - 1e-12));
    EXPECT_LE(result->lower_bound, best.cost * (1 + 1e-12));
    EXPECT_NEAR(result->gap, result->cost - result->lower_bound,
                1e-9 * result->cost);
  }
}

TEST(BalancedAssignmentTest, BitsDoNotDependOnThreads) {
  for (const bool weighted : {false, true}) {
    Instance instance = Generate(Rng(9).Fork("threads"), 20000, 9, 3, 2, 1);
    instance.sizes = {3000, 6000};
    for (int64_t j = 0; weighted && j < 20000; ++j) {
      instance.weights.push_back(j % 2 == 0 ? 0.5 : 1.5);
    }
    const BalancedAssignment one = SolveExactly(instance, 1);
    for (const int threads : {2, 3, 8}) {
      const BalancedAssignment other = SolveExactly(instance, threads);
      EXPECT_EQ(one.clusters, other.clusters);
      EXPECT_EQ(one.prices, other.prices);
      EXPECT_EQ(one.cost, other.cost);
      EXPECT_EQ(one.gap, other.gap);
    }
  }
}

TEST(BalancedAssignmentTest, SplitsFewPointsByWeight) {
  const Rng root = Rng(TestSeed()).Fork("weights");
  for (int t = 0; t < 100; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t k = 2 + UniformInt(rng, 8), n = 100;
    const int64_t p = 1 + UniformInt(rng, std::min<int64_t>(3, k));
    Instance instance = Generate(rng.Fork("data"), n, k, 2, p);
    double sum = 0;
    for (int64_t j = 0; j < n; ++j) {
      instance.weights.push_back(0.1 + Uniform01(rng));
      sum += instance.weights.back();
    }
    for (double& weight : instance.weights) weight *= n / sum;
    SCOPED_TRACE(t);
    const BalancedAssignment result = SolveExactly(instance);
    EXPECT_LE(result.split_points, k - 1);
    std::vector<double> loads(static_cast<size_t>(k), 0.0);
    for (int64_t at = 0; at < n * p; ++at) {
      loads[result.clusters[at]] += instance.weights[at / p];
    }
    for (const double load : loads) {
      EXPECT_GE(load, static_cast<double>(instance.sizes.lower) -
                          result.violation_bound - 1e-9 * n);
      EXPECT_LE(load, static_cast<double>(instance.sizes.upper) +
                          result.violation_bound + 1e-9 * n);
      EXPECT_GE(load * (1 + 1e-9), result.guaranteed_sizes.lower);
      EXPECT_LE(load * (1 - 1e-9), result.guaranteed_sizes.upper);
    }
  }
}

TEST(BalancedAssignmentTest, WholeWeightsAreRepeatedPoints) {
  // A point of weight m / 2 is m points in one place, of which half as many
  // count; the flow may split it, as it may divide the m.
  const Rng root = Rng(TestSeed()).Fork("repeat");
  for (int t = 0; t < 60; ++t) {
    Rng rng = root.Fork("instance", t);
    const int64_t n = 30, k = 4;
    Instance instance = Generate(rng.Fork("data"), n, k, 2, 1);
    instance.sizes = {3, 12};
    Instance repeated{.centers = instance.centers, .sizes = {6, 24}};
    repeated.points.dimension = 2;
    for (int64_t j = 0; j < n; ++j) {
      // 1, 2 or 3 times, twice on average.
      const int64_t times = 1 + (j * 7 + t) % 3;
      instance.weights.push_back(static_cast<double>(times) / 2);
      for (int64_t r = 0; r < times; ++r) {
        const auto point = instance.points.Point(j);
        repeated.points.values.insert(repeated.points.values.end(),
                                      point.begin(), point.end());
      }
    }
    ASSERT_EQ(repeated.points.size(), 2 * n);
    SCOPED_TRACE(t);
    const double cost = SolveExactly(repeated).cost;
    EXPECT_NEAR(2 * SolveExactly(instance).flow_cost, cost, 1e-9 * cost);
  }
}

TEST(BalancedAssignmentTest, NamesWhatIsWrong) {
  const Instance good = Line({0, 1, 2, 10}, {0, 10}, {2, 2});
  const auto error = [&](auto change) {
    AssignmentProblem problem = good.Problem();
    change(&problem);
    return AssignBalanced(problem).status();
  };
  EXPECT_THAT(error([](auto* p) {
                p->sizes = {3, 4};
              }),
              StatusIs(kInvalid, HasSubstr("k a <= n p fails")));
  EXPECT_THAT(error([](auto* p) {
                p->sizes = {0, 1};
              }),
              StatusIs(kInvalid, HasSubstr("n p <= k min(b, n) fails")));
  EXPECT_THAT(error([](auto* p) { p->copies = 3; }),
              StatusIs(kInvalid, HasSubstr("p <= k = 2")));
  EXPECT_THAT(error([](auto* p) { p->centers.size = 0; }),
              StatusIs(kInvalid, HasSubstr("k >= 1")));
  EXPECT_THAT(error([](auto* p) { p->points.size = 0; }),
              StatusIs(kInvalid, HasSubstr("points: no points")));
  EXPECT_THAT(error([](auto* p) { p->objective = Objective::kKCenter; }),
              StatusIs(kInvalid, HasSubstr("k-center")));
  const std::vector<float> bad = {0, std::nanf("")};
  EXPECT_THAT(error([&](auto* p) { p->centers.values = bad.data(); }),
              StatusIs(kInvalid, HasSubstr("centers: row 1, column 0")));
  EXPECT_THAT(error([](auto* p) {
                p->centers = {p->centers.values, 1, 2};
                p->sizes = {};
              }),
              StatusIs(kInvalid, HasSubstr("centers have 2 features")));
  const std::vector<double> weights = {1, 2, 3};
  EXPECT_THAT(error([&](auto* p) { p->weights = weights; }),
              StatusIs(kInvalid, HasSubstr("weights: 3 given for 4 points")));
}

TEST(BalancedAssignmentTest, NamesWhatIsWrongWithTheOptions) {
  EXPECT_THAT(Validate(AssignmentOptions{}, 2), IsOk());
  EXPECT_THAT(Validate(AssignmentOptions{.initial_prices = {1}}, 2),
              StatusIs(kInvalid, HasSubstr("1 given for k = 2")));
  EXPECT_THAT(
      Validate(AssignmentOptions{.initial_prices = {1, std::nan("")}}, 2),
      StatusIs(kInvalid, HasSubstr("entry 1")));
  EXPECT_THAT(Validate(AssignmentOptions{.max_searches = -1}, 2),
              StatusIs(kInvalid, HasSubstr("max_searches = -1")));
}

TEST(BalancedAssignmentTest, StopsWhenAsked) {
  const std::atomic<bool> stop = true;
  for (const Instance& instance : {Line({0, 1, 2, 10}, {0, 10}, {2, 2}),
                                   Line({0, 1, 2, 10}, {0, 10}, {4, 4}, 2)}) {
    EXPECT_THAT(
        AssignBalanced(instance.Problem(), {}, {.threads = 1, .stop = &stop})
            .status(),
        StatusIs(absl::StatusCode::kCancelled));
  }
}

}  // namespace
}  // namespace muster::dispatch
