// The relaxation of k-median and k-means for points of ten overlapping groups
// in five dimensions, p = 2, sizes from half to twice the mean. Counters:
// vs_whole, how many times faster than the same solver on the whole programme
// in the same run; arcs, the share of the n^2 that was generated.

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>

#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "muster/dispatch/clustering.h"
#include "muster/dispatch/clustering_lp.h"
#include "muster/dispatch/metric.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/size_bounds.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kDimension = 5, kGroups = 10, kCopies = 2;

// This thread's processor time: less disturbed by other programs.
double Now() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

PointSet MakePoints(int64_t n) {
  runtime::Rng noise = runtime::Rng(1).Fork("noise");
  PointSet points{.dimension = kDimension};
  for (int64_t j = 0; j < n; ++j) {
    runtime::Rng mean =
        runtime::Rng(1).Fork("mean", static_cast<uint64_t>(j % kGroups));
    for (int64_t m = 0; m < kDimension; ++m) {
      points.values.push_back(static_cast<float>(runtime::Uniform(mean, 0, 3) +
                                                 0.5 * runtime::Normal(noise)));
    }
  }
  return points;
}

// Arguments: n, k, whether k-means, whether to solve the whole programme too.
void BM_ClusteringLp(benchmark::State& state) {
  const int64_t n = state.range(0), k = state.range(1);
  const DistanceMatrix costs = ConnectionCosts(
      state.range(2) != 0 ? Objective::kKMeans : Objective::kKMedian,
      DistanceMatrix::Of(MakePoints(n).View()));
  const SizeBounds sizes = *RelativeSizes(n, k, kCopies, 0.5, 2);
  double generated = 0, whole = 0, arcs = 0;
  for (auto _ : state) {
    const double start = Now();
    const absl::StatusOr<LpSolution> some =
        SolveClusteringLp(costs, k, kCopies, sizes);
    const double middle = Now();
    generated += middle - start;
    state.SetIterationTime(middle - start);
    if (!some.ok() || some->cost - some->lower_bound > 1e-7 * some->cost) {
      std::cerr << "the relaxation was not solved\n";
      std::abort();
    }
    arcs = static_cast<double>(some->arcs) / static_cast<double>(n * n);
    if (state.range(3) == 0) continue;
    const absl::StatusOr<LpSolution> all = SolveClusteringLp(
        costs, k, kCopies, sizes, {.initial_arcs = static_cast<double>(n)});
    whole += Now() - middle;
    if (!all.ok() || std::abs(all->cost - some->cost) > 1e-7 * all->cost) {
      std::cerr << "generated columns changed the value\n";
      std::abort();
    }
  }
  state.counters["arcs"] = arcs;
  if (whole > 0) state.counters["vs_whole"] = whole / generated;
}
BENCHMARK(BM_ClusteringLp)
    ->ArgNames({"n", "k", "means", "whole"})
    ->Args({50, 8, 0, 1})
    ->Args({100, 8, 0, 1})
    ->Args({100, 8, 1, 1})
    ->Args({150, 8, 0, 1})
    ->Args({200, 8, 0, 1})
    ->Args({200, 16, 0, 1})
    ->Args({200, 16, 1, 1})
    ->Args({200, 32, 0, 1})
    ->Args({400, 32, 0, 0})
    ->Args({700, 64, 0, 0})
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::dispatch
