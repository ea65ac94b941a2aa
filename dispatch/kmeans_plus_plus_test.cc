#include "muster/dispatch/kmeans_plus_plus.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <set>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/squared_distance.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::StatusIs;
using ::muster::runtime::TestSeed;
using ::muster::runtime::UniformInt;
using ::testing::UnorderedElementsAre;

std::vector<int64_t> Seed(const PointSet& points, int64_t k, Rng rng,
                          SeedOptions options = {}, int threads = 1,
                          std::span<const double> weights = {}) {
  const auto seeds = SeedKMeansPlusPlus(points.View(), k, weights, options, rng,
                                        {.threads = threads});
  EXPECT_THAT(seeds, IsOk());
  return *seeds;
}

PointSet RandomPoints(Rng rng, int64_t n, int64_t d) {
  PointSet points{.dimension = d};
  for (int64_t i = 0; i < n * d; ++i) {
    points.values.push_back(static_cast<float>(Normal(rng)));
  }
  return points;
}

TEST(KMeansPlusPlusTest, TakesOnePointOfEachHeap) {
  // Three heaps of equal points: after one is taken its heap has no mass.
  const PointSet points{.values = {0, 0, 0, 5, 5, 9}, .dimension = 1};
  for (uint64_t seed = 0; seed < 50; ++seed) {
    const std::vector<int64_t> centers = Seed(points, 3, Rng(seed));
    std::vector<float> values;
    for (const int64_t j : centers) values.push_back(points.values[j]);
    EXPECT_THAT(values, UnorderedElementsAre(0, 5, 9));
  }
}

TEST(KMeansPlusPlusTest, WithoutMassTheRestIsUniform) {
  const PointSet points{.values = {2, 2, 2, 2, 2}, .dimension = 1};
  EXPECT_THAT(Seed(points, 5, Rng(1)), UnorderedElementsAre(0, 1, 2, 3, 4));
  std::vector<int> second(5, 0);
  for (uint64_t seed = 0; seed < 5000; ++seed) {
    const std::vector<int64_t> centers = Seed(points, 2, Rng(seed));
    EXPECT_NE(centers[0], centers[1]);
    ++second[centers[1]];
  }
  // 1000 expected each, standard deviation 28.
  for (const int count : second) EXPECT_NEAR(count, 1000, 5 * 28);
}

// Brief example: 112 points at 0, 111 at 1, one at 11, k = 2. Probability that
// 11 is a centre: 112/224 121/232 + 111/224 100/212 + 1/224 = 0.49898 for D^2,
// 112/224 11/122 + 111/224 10/122 + 1/224 = 0.09016 for D.
TEST(KMeansPlusPlusTest, DrawsByThePowerOfTheDistance) {
  PointSet points{.dimension = 1};
  points.values.assign(112, 0.0F);
  points.values.insert(points.values.end(), 111, 1.0F);
  points.values.push_back(11.0F);
  const Rng root(TestSeed());
  for (const int power : {1, 2}) {
    const int trials = 8000;
    int hits = 0;
    for (int t = 0; t < trials; ++t) {
      const std::vector<int64_t> centers =
          Seed(points, 2, root.Fork("line", t), {.power = power});
      hits += static_cast<int>(centers[0] == 223 || centers[1] == 223);
    }
    const double expected = power == 2 ? 0.49898 : 0.09016;
    EXPECT_NEAR(static_cast<double>(hits) / trials, expected,
                4.5 * std::sqrt(expected * (1 - expected) / trials));
  }
}

TEST(KMeansPlusPlusTest, DrawsByWeight) {
  const PointSet points{.values = {0, 1, 2, 3}, .dimension = 1};
  const std::vector<double> weights = {0.4, 0.4, 0.4, 2.8};
  int last = 0;
  for (uint64_t seed = 0; seed < 4000; ++seed) {
    last +=
        static_cast<int>(Seed(points, 1, Rng(seed), {}, 1, weights)[0] == 3);
  }
  EXPECT_NEAR(last / 4000.0, 0.7, 4.5 * std::sqrt(0.7 * 0.3 / 4000));
}

TEST(KMeansPlusPlusTest, HugeAndTinyValuesAreFine) {
  for (const float scale : {1e-30F, 1e30F}) {
    PointSet points{.dimension = 1};
    for (int i = 0; i < 10; ++i) {
      points.values.push_back(scale * static_cast<float>(i / 2));
    }
    const std::vector<int64_t> centers = Seed(points, 5, Rng(3));
    std::set<float> values;
    for (const int64_t j : centers) values.insert(points.values[j]);
    EXPECT_EQ(values.size(), 5);
  }
}

// Plain k-means++ on a line, all distances, with the same draws (one block).
std::vector<int64_t> PlainOnALine(const PointSet& points, int64_t k, Rng rng) {
  std::vector<int64_t> centers;
  std::vector<double> mass(points.values.size(), 1.0);
  while (static_cast<int64_t>(centers.size()) < k) {
    double sum = 0;
    for (const double m : mass) sum += m;
    Rng draw = rng.Fork("kmeans++", centers.size());
    double left = runtime::Uniform01(draw) * sum;
    int64_t chosen = -1;
    for (size_t j = 0; j < mass.size(); ++j) {
      if (mass[j] == 0) continue;
      chosen = static_cast<int64_t>(j);
      left -= mass[j];
      if (left < 0) break;
    }
    centers.push_back(chosen);
    for (size_t j = 0; j < mass.size(); ++j) {
      const double square = SquaredDistance(
          points.Point(static_cast<int64_t>(j)), points.Point(chosen));
      mass[j] = centers.size() == 1 ? square : std::min(mass[j], square);
    }
  }
  return centers;
}

// The pruned search does not change a single draw.
TEST(KMeansPlusPlusTest, PruningLeavesTheDrawsAsTheyAre) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 60; ++trial) {
    Rng rng = root.Fork("prune", trial);
    const int64_t n = 5 + UniformInt(rng, 1000);
    const int64_t k = 1 + UniformInt(rng, std::min<int64_t>(n, 60));
    const PointSet points = RandomPoints(rng.Fork("points"), n, 1);
    EXPECT_EQ(Seed(points, k, rng), PlainOnALine(points, k, rng));
  }
}

TEST(KMeansPlusPlusTest, ChoosesDistinctPointsAndExtends) {
  const Rng root(TestSeed());
  for (int64_t trial = 0; trial < 40; ++trial) {
    Rng rng = root.Fork("distinct", trial);
    const int64_t n = 5 + UniformInt(rng, 300);
    const int64_t d = 1 + UniformInt(rng, 20);
    const int64_t k = 2 + UniformInt(rng, std::min<int64_t>(n - 1, 30));
    const PointSet points = RandomPoints(rng.Fork("points"), n, d);
    for (const int64_t trials : {1, 4}) {
      const SeedOptions options{.trials = trials};
      const std::vector<int64_t> centers = Seed(points, k, rng, options);
      EXPECT_EQ(std::set<int64_t>(centers.begin(), centers.end()).size(),
                static_cast<size_t>(k));
      // The first k - 1 choices do not depend on k.
      const std::vector<int64_t> fewer = Seed(points, k - 1, rng, options);
      EXPECT_TRUE(std::equal(fewer.begin(), fewer.end(), centers.begin()));
    }
  }
}

double Potential(const PointSet& points, const std::vector<int64_t>& centers) {
  double potential = 0;
  for (int64_t j = 0; j < points.size(); ++j) {
    double least = INFINITY;
    for (const int64_t c : centers) {
      least =
          std::min(least, SquaredDistance(points.Point(j), points.Point(c)));
    }
    potential += least;
  }
  return potential;
}

TEST(KMeansPlusPlusTest, MoreTrialsGiveLowerPotentials) {
  const Rng root(TestSeed());
  const PointSet points = RandomPoints(root.Fork("points"), 400, 3);
  double plain = 0, greedy = 0;
  for (int64_t trial = 0; trial < 20; ++trial) {
    plain += Potential(points, Seed(points, 20, root.Fork("draw", trial)));
    greedy += Potential(
        points, Seed(points, 20, root.Fork("draw", trial), {.trials = 5}));
  }
  EXPECT_LT(greedy, 0.97 * plain);
}

// Stops before a centre.
class StopAt : public runtime::Observer {
 public:
  explicit StopAt(int64_t centers) : centers_(centers) {}
  bool OnProgress(const runtime::Progress& progress) override {
    EXPECT_EQ(progress.phase, "k-means++");
    EXPECT_EQ(progress.done, calls_++);
    EXPECT_EQ(progress.total, 12);
    return progress.done < centers_;
  }
  int64_t calls() const { return calls_; }

 private:
  const int64_t centers_;
  int64_t calls_ = 0;
};

TEST(KMeansPlusPlusTest, StopsBeforeAnyCentre) {
  const PointSet points = RandomPoints(Rng(5), 100, 3);
  const auto seed = [&](const runtime::Runtime& runtime) {
    return SeedKMeansPlusPlus(points.View(), 12, {}, {}, Rng(9), runtime);
  };
  for (const int64_t centers : {0, 1, 11}) {
    StopAt observer(centers);
    EXPECT_THAT(seed({.observer = &observer}),
                StatusIs(absl::StatusCode::kCancelled));
    EXPECT_EQ(observer.calls(), centers + 1);
  }
  StopAt never(12);
  EXPECT_THAT(seed({.observer = &never}), IsOk());
  EXPECT_EQ(never.calls(), 12);
  const std::atomic<bool> stop = true;
  EXPECT_THAT(seed({.stop = &stop}), StatusIs(absl::StatusCode::kCancelled));
}

TEST(KMeansPlusPlusTest, DoesNotDependOnThreads) {
  const PointSet points = RandomPoints(Rng(5), 9000, 3);
  const std::vector<int64_t> one = Seed(points, 12, Rng(9), {.trials = 2});
  for (const int threads : {2, 3, 8}) {
    EXPECT_EQ(Seed(points, 12, Rng(9), {.trials = 2}, threads), one);
  }
}

}  // namespace
}  // namespace muster::dispatch
