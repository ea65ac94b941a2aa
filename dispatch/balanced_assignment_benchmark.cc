// What the exact balanced assignment costs, beside LEMON's network simplex on
// the full graph in the same binary. One thread, but for the rows that say two.
//
// BM_AgainstNetworkSimplex: equal sizes; both must find the same cost, to the
// last digit (integer coordinates). Counter "ratio": simplex seconds / ours, in
// processor time, the making of its graph not counted. Target: 10 at 50,000 x
// 100.
//
// BM_AssignBalanced: the large rows. Targets: 1,000,000 x 100 exact in 10 s and
// 600 MB (counter peak_rss_mb, the points among them), 1,000,000 x 1000 with a
// gap of at most 0.1 % in 120 s on two threads; ours is exact.
//
// BM_BalancedFast: chunks, with the gap that is left.

#include <sys/resource.h>

#include <cmath>
#include <cstdint>
#include <ctime>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/dispatch/assignment_oracle.h"
#include "muster/dispatch/balanced_assignment.h"
#include "muster/dispatch/balanced_fast_clusterer.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::dispatch {
namespace {

using ::muster::runtime::Normal;
using ::muster::runtime::Rng;
using ::muster::runtime::Uniform01;
using ::muster::runtime::UniformInt;

constexpr int64_t kDimension = 20;

// The paper's synthetic data: 200 Gaussians of deviation 0.3 with means uniform
// in the unit cube, here times 1000 and rounded.
PointSet Mixture(int64_t n) {
  Rng rng = Rng(1).Fork("mixture");
  std::vector<double> means(200 * kDimension);
  for (double& mean : means) mean = Uniform01(rng);
  PointSet points{.dimension = kDimension};
  points.values.reserve(static_cast<size_t>(n * kDimension));
  for (int64_t j = 0; j < n; ++j) {
    const int64_t c = UniformInt(rng, 200);
    for (int64_t m = 0; m < kDimension; ++m) {
      const double value = means[c * kDimension + m] + 0.3 * Normal(rng);
      points.values.push_back(static_cast<float>(std::round(1000 * value)));
    }
  }
  return points;
}

double PeakMegabytes() {
  rusage usage = {};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

// Centres are the first points: far from balanced.
AssignmentProblem EqualProblem(const PointSet& points, int64_t k) {
  return {.points = points.View(),
          .centers = points.View().Slice(0, k),
          .sizes = EqualSizes(points.size(), k, 1)};
}

void BM_AgainstNetworkSimplex(benchmark::State& state) {
  const PointSet points = Mixture(state.range(0));
  const AssignmentProblem problem = EqualProblem(points, state.range(1));
  double cost = 0;
  const std::clock_t begin = std::clock();
  for (auto _ : state) {
    const auto result = AssignBalanced(problem, {}, {.threads = 1});
    MUSTER_CHECK_OK(result);
    MUSTER_CHECK(result->optimal);
    cost = result->cost;
  }
  const double ours = static_cast<double>(std::clock() - begin) /
                      CLOCKS_PER_SEC / static_cast<double>(state.iterations());
  const auto simplex = LeastCostByNetworkSimplex(problem);
  MUSTER_CHECK_OK(simplex);
  MUSTER_CHECK(cost == static_cast<double>(simplex->cost));
  state.counters["ratio"] = simplex->solve_seconds / ours;
  state.counters["simplex_s"] = simplex->solve_seconds;
}
BENCHMARK(BM_AgainstNetworkSimplex)
    ->Args({5000, 20})
    ->Args({20000, 100})
    ->Args({50000, 100})
    ->Unit(benchmark::kMillisecond);

void BM_AssignBalanced(benchmark::State& state) {
  const PointSet points = Mixture(state.range(0));
  AssignmentProblem problem = EqualProblem(points, state.range(1));
  if (state.range(3) == 1) {  // [n / 2k, 2n / k]
    problem.sizes.lower /= 2;
    problem.sizes.upper *= 2;
  }
  for (auto _ : state) {
    const auto result = AssignBalanced(
        problem, {}, {.threads = static_cast<int>(state.range(2))});
    MUSTER_CHECK_OK(result);
    MUSTER_CHECK(result->optimal);
    state.counters["gap"] = result->gap / result->cost;
    state.counters["searches"] = static_cast<double>(result->searches);
  }
  state.counters["peak_rss_mb"] = PeakMegabytes();
}
BENCHMARK(BM_AssignBalanced)
    ->ArgNames({"n", "k", "threads", "loose"})
    ->Args({200000, 100, 1, 0})
    ->Args({200000, 100, 1, 1})
    ->Args({1000000, 100, 1, 0})
    ->Args({1000000, 100, 1, 1})
    ->Args({1000000, 1000, 2, 0})
    ->Unit(benchmark::kMillisecond)
    ->UseRealTime();

void BM_BalancedFast(benchmark::State& state) {
  const PointSet points = Mixture(state.range(0));
  const ClusteringProblem problem{
      .points = points.View(),
      .num_clusters = state.range(1),
      .sizes = EqualSizes(points.size(), state.range(1), 1)};
  for (auto _ : state) {
    const auto result = BalancedFastClusterer({}).Cluster(
        problem, Rng(1), {.threads = static_cast<int>(state.range(2))});
    MUSTER_CHECK_OK(result);
    MUSTER_CHECK_OK(CheckClustering(problem, *result));
    state.counters["gap"] = 1 - result->lower_bound / result->cost;
  }
  state.counters["peak_rss_mb"] = PeakMegabytes();
}
BENCHMARK(BM_BalancedFast)
    ->ArgNames({"n", "k", "threads"})
    ->Args({2000000, 100, 1})
    ->Args({10000000, 100, 2})
    ->Unit(benchmark::kSecond)
    ->UseRealTime();

}  // namespace
}  // namespace muster::dispatch
