// Points routed per second, one thread. Counters: vs_plain, how many times
// faster than the definition as a loop in double (in the same run, on fewer
// points); recall, the share of points that find their true nearest neighbour.
// Every benchmark checks its routes after the loop.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/dispatch/clustered_sample.h"
#include "muster/dispatch/distances.h"
#include "muster/dispatch/forest_router.h"
#include "muster/dispatch/kd_tree_router.h"
#include "muster/dispatch/nearest_sample_router.h"
#include "muster/dispatch/online_balancer.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/price_router.h"
#include "muster/dispatch/random_projection.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kSample = 10000;

// This thread's processor time: less disturbed by other programs.
double Now() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

void Require(bool holds, const char* what) {
  if (holds) return;
  std::cerr << what << "\n";
  std::abort();
}

// A mixture of 100 Gaussians of sd 0.3 around means uniform in [0, 1]^d.
PointSet MixturePoints(int64_t n, int64_t d, const char* purpose) {
  const runtime::Rng root(1);
  runtime::Rng means = root.Fork("means"), rng = root.Fork(purpose);
  std::vector<float> centers;
  for (int64_t i = 0; i < 100 * d; ++i) {
    centers.push_back(static_cast<float>(runtime::Uniform01(means)));
  }
  PointSet points{.dimension = d};
  points.values.reserve(static_cast<size_t>(n * d));
  for (int64_t j = 0; j < n; ++j) {
    const int64_t c = runtime::UniformInt(rng, 100);
    for (int64_t m = 0; m < d; ++m) {
      points.values.push_back(
          static_cast<float>(centers[c * d + m] + 0.3 * runtime::Normal(rng)));
    }
  }
  return points;
}

// Groups that tell the nearest sample point: 0, 1, 2, ...
ClusteredSample Sample(int64_t d) {
  ClusteredSample sample{.points = MixturePoints(kSample, d, "sample"),
                         .num_groups = kSample};
  for (int32_t j = 0; j < kSample; ++j) sample.groups.push_back(j);
  return sample;
}

// Routes `points` in the loop; returns the last routes and, in *seconds, the
// time of all iterations.
std::vector<int32_t> Run(benchmark::State& state, const Router& router,
                         PointsView points, double* seconds) {
  std::vector<int32_t> groups(
      static_cast<size_t>(points.size * router.copies()));
  for (auto _ : state) {
    const double start = Now();
    Require(router.Route(points, groups, {.threads = 1}).ok(), "routes");
    const double time = Now() - start;
    *seconds += time;
    state.SetIterationTime(time);
  }
  state.SetItemsProcessed(state.iterations() * points.size);
  return groups;
}

// argmin ||x - c||^2 - price_c by the definition; sets vs_plain.
void CompareWithPlain(benchmark::State& state, PointsView points,
                      PointsView centers, std::span<const double> prices,
                      const std::vector<int32_t>& routes, double seconds) {
  const int64_t some = std::min<int64_t>(points.size, 4000000 / centers.size);
  const double start = Now();
  int64_t differ = 0;
  for (int64_t j = 0; j < some; ++j) {
    int32_t best = 0;
    double least = HUGE_VAL;
    for (int64_t c = 0; c < centers.size; ++c) {
      const double cost = SquaredDistance(points.Point(j), centers.Point(c)) -
                          (prices.empty() ? 0 : prices[c]);
      if (cost < least) {
        least = cost;
        best = static_cast<int32_t>(c);
      }
    }
    differ += static_cast<int64_t>(best != routes[j]);
  }
  const double plain = (Now() - start) / static_cast<double>(some);
  Require(differ == 0, "routes differ from the definition");
  state.counters["vs_plain"] =
      plain * static_cast<double>(state.iterations() * points.size) / seconds;
}

// Arguments: d, k.
void BM_Router_Price(benchmark::State& state) {
  const int64_t d = state.range(0), k = state.range(1);
  PriceRouterState price{.centers = MixturePoints(k, d, "centers")};
  runtime::Rng rng(2);
  for (int64_t c = 0; c < k; ++c) price.prices.push_back(runtime::Normal(rng));
  const auto router = PriceRouter::Create(price);
  Require(router.ok(), "router");
  const PointSet points = MixturePoints(50000, d, "points");
  double seconds = 0;
  const auto routes = Run(state, **router, points.View(), &seconds);
  CompareWithPlain(state, points.View(), price.centers.View(), price.prices,
                   routes, seconds);
}
BENCHMARK(BM_Router_Price)
    ->ArgNames({"d", "k"})
    ->Args({64, 256})
    ->Args({20, 64})
    ->Args({784, 64})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// One point at a time, as a server asks.
void BM_Router_PriceOne(benchmark::State& state) {
  PriceRouterState price{.centers = MixturePoints(256, 64, "centers"),
                         .prices = std::vector<double>(256, 0.0)};
  const auto router = PriceRouter::Create(price);
  Require(router.ok(), "router");
  const PointSet points = MixturePoints(1000, 64, "points");
  std::vector<int32_t> all(1000), one(1);
  Require((*router)->Route(points.View(), all).ok(), "routes");
  int64_t j = 0;
  for (auto _ : state) {
    j = (j + 1) % 1000;
    Require((*router)->RouteOne(points.Point(j), one).ok(), "route");
    benchmark::DoNotOptimize(one.data());
  }
  Require(one[0] == all[j], "a single route differs");
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Router_PriceOne)->Unit(benchmark::kMicrosecond);

// Argument: d. A sample of 10,000.
void BM_Router_Nearest(benchmark::State& state) {
  const int64_t d = state.range(0);
  const ClusteredSample sample = Sample(d);
  const auto router = NearestSampleRouter::Create(sample);
  Require(router.ok(), "router");
  const PointSet points = MixturePoints(2000, d, "points");
  double seconds = 0;
  const auto routes = Run(state, **router, points.View(), &seconds);
  CompareWithPlain(state, points.View(), sample.points.View(), {}, routes,
                   seconds);
}
BENCHMARK(BM_Router_Nearest)
    ->ArgName("d")
    ->Arg(4)
    ->Arg(6)
    ->Arg(32)
    ->Arg(128)
    ->Arg(784)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void BM_Router_KdTree(benchmark::State& state) {
  const int64_t d = state.range(0);
  const ClusteredSample sample = Sample(d);
  const auto router = KdTreeRouter::Create(sample);
  Require(router.ok(), "router");
  const PointSet points = MixturePoints(2000, d, "points");
  double seconds = 0;
  const auto routes = Run(state, **router, points.View(), &seconds);
  CompareWithPlain(state, points.View(), sample.points.View(), {}, routes,
                   seconds);
}
BENCHMARK(BM_Router_KdTree)
    ->ArgName("d")
    ->Arg(2)
    ->Arg(4)
    ->Arg(6)
    ->Arg(20)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// Arguments: d, trees, leaf size.
void BM_Router_Forest(benchmark::State& state) {
  const int64_t d = state.range(0);
  const ClusteredSample sample = Sample(d);
  const auto exact = NearestSampleRouter::Create(sample);
  const auto router = ForestRouter::Create(
      {.sample = sample,
       .forest = {.num_trees = state.range(1), .leaf_size = state.range(2)}});
  Require(exact.ok() && router.ok(), "router");
  const PointSet points = MixturePoints(4000, d, "points");
  std::vector<int32_t> expected(4000);
  Require((*exact)->Route(points.View(), expected).ok(), "routes");
  double seconds = 0;
  const auto routes = Run(state, **router, points.View(), &seconds);
  int64_t found = 0;
  for (size_t j = 0; j < routes.size(); ++j) found += routes[j] == expected[j];
  Require(found > 0, "no nearest neighbour was found");
  state.counters["recall"] = static_cast<double>(found) / 4000;
}
BENCHMARK(BM_Router_Forest)
    ->ArgNames({"d", "trees", "leaf"})
    ->Args({20, 1, 100})
    ->Args({20, 1, 200})
    ->Args({20, 2, 100})
    ->Args({20, 4, 50})
    ->Args({784, 1, 200})
    ->Args({784, 4, 50})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// A stream with bounds: d = 64, k = 256, p = 1.
void BM_OnlineBalancer(benchmark::State& state) {
  const PriceRouterState price{.centers = MixturePoints(256, 64, "centers"),
                               .prices = std::vector<double>(256, 0.0)};
  const PointSet points = MixturePoints(20000, 64, "points");
  std::vector<int32_t> groups(20000);
  for (auto _ : state) {
    auto balancer = OnlineBalancer::Create(price, {.total_points = 20000});
    Require(balancer.ok(), "balancer");
    const double start = Now();
    Require(balancer->Assign(points.View(), groups, {.threads = 1}).ok(),
            "assigns");
    state.SetIterationTime(Now() - start);
  }
  const LoadSpread spread = MeasureLoads(groups, 1, 256);
  Require(spread.smallest > 0.49 && spread.largest < 2.02, "bounds");
  state.SetItemsProcessed(state.iterations() * points.size());
}
BENCHMARK(BM_OnlineBalancer)->UseManualTime()->Unit(benchmark::kMillisecond);

// 1000 rows of 100 non-zeros out of 100,000 to d' = 128.
void BM_RandomProjection(benchmark::State& state) {
  SparseRows rows{.num_columns = 100000};
  runtime::Rng rng(3);
  for (int64_t r = 0; r < 1000; ++r) {
    for (int32_t i = 0; i < 100; ++i) {
      rows.columns.push_back(
          static_cast<int32_t>(i * 1000 + runtime::UniformInt(rng, 1000)));
      rows.values.push_back(1);
    }
    rows.row_begin.push_back(static_cast<int64_t>(rows.columns.size()));
  }
  const auto projection =
      RandomProjection::Create({.num_features = 100000, .unit_length = true});
  Require(projection.ok(), "projection");
  double squares = 0;
  for (auto _ : state) {
    const auto points = projection->Project(rows.View(), {.threads = 1});
    Require(points.ok(), "projects");
    squares = 0;
    for (const float value : points->values) squares += value * value;
  }
  Require(squares > 900 && squares < 1100, "lengths are not kept");
  state.SetItemsProcessed(state.iterations() * 100000);
}
BENCHMARK(BM_RandomProjection)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::dispatch
