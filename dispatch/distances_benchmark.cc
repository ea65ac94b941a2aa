// Finding the nearest of k centres to many points, one thread. Counters:
// gflops (2 n k d per pass), and vs_gemm, how many times faster than the usual
// way in the same run: Eigen's matrix product (with the same processor's best
// instructions only under --config=native), norms added and a scan. share is
// of the peak that a loop of independent multiply-adds reaches here.

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>
#include <vector>

#include "Eigen/Core"
#include "benchmark/benchmark.h"
#include "muster/dispatch/distances.h"
#include "muster/dispatch/packed_centers.h"
#include "muster/dispatch/points.h"
#include "muster/dispatch/score_kernel.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::dispatch {
namespace {

using Matrix =
    Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

// This thread's processor time: less disturbed by other programs.
double Now() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

PointSet RandomPoints(int64_t n, int64_t d, const char* purpose) {
  runtime::Rng rng = runtime::Rng(1).Fork(purpose);
  PointSet points{.dimension = d};
  points.values.reserve(static_cast<size_t>(n * d));
  for (int64_t i = 0; i < n * d; ++i) {
    points.values.push_back(static_cast<float>(runtime::Normal(rng)));
  }
  return points;
}

// The kernel on operands that stay in the first-level cache: what the
// multiply-add units reach when nothing else is in the way.
double PeakFlops() {
  static const double peak = [] {
    const int64_t d = 64;
    std::vector<float> tile(12 * 64, 1.0F), scores(12 * 32);
    std::vector<PanelRow> panels(2 * 64), bias(2);
    double best = 0;
    for (int repeat = 0; repeat < 20; ++repeat) {
      const double start = Now();
      for (int i = 0; i < 1000; ++i) {
        ComputeScores(tile.data(), 12, d, panels.data(), bias.data(), 2,
                      scores.data(), 32);
        benchmark::ClobberMemory();
      }
      best = std::max(best, 1000.0 * 2 * 12 * 32 * d / (Now() - start));
    }
    return best;
  }();
  return peak;
}

// The nearest by |c|^2 / 2 - <x, c>, blocks of 256 points.
void NearestByGemm(const PointSet& points, const PointSet& centers,
                   std::vector<int32_t>& nearest) {
  const int64_t n = points.size(), k = centers.size(), d = points.dimension;
  const Eigen::Map<const Matrix> x(points.values.data(), n, d);
  const Eigen::Map<const Matrix> c(centers.values.data(), k, d);
  const Eigen::RowVectorXf half = c.rowwise().squaredNorm().transpose() / 2;
  Matrix scores;
  for (int64_t begin = 0; begin < n; begin += 256) {
    const int64_t rows = std::min<int64_t>(256, n - begin);
    scores.noalias() = x.middleRows(begin, rows) * c.transpose();
    for (int64_t i = 0; i < rows; ++i) {
      Eigen::Index at = 0;
      (half - scores.row(i)).minCoeff(&at);
      nearest[begin + i] = static_cast<int32_t>(at);
    }
  }
}

// Arguments: n, k, d, count.
void BM_Nearest(benchmark::State& state) {
  const int64_t n = state.range(0), k = state.range(1), d = state.range(2);
  const int64_t count = state.range(3);
  const PointSet points = RandomPoints(n, d, "points");
  const PointSet centers = RandomPoints(k, d, "centers");
  std::vector<int32_t> nearest(static_cast<size_t>(n * count)),
      reference(static_cast<size_t>(n));
  double ours = 0, gemm = 0;
  for (auto _ : state) {
    const double start = Now();
    NearestCenters(points.View(), centers.View(), count, nearest,
                   {.threads = 1});
    const double middle = Now();
    NearestByGemm(points, centers, reference);
    ours += middle - start;
    gemm += Now() - middle;
    state.SetIterationTime(middle - start);
  }
  int64_t differ = 0;
  for (int64_t j = 0; j < n; ++j) {
    differ += static_cast<int64_t>(nearest[j * count] != reference[j]);
  }
  if (differ > n / 100) {
    std::cerr << "the nearest differ at " << differ << " points\n";
    std::abort();
  }
  const double flops = 2.0 * static_cast<double>(n * k * d) *
                       static_cast<double>(state.iterations());
  state.counters["gflops"] = flops / ours * 1e-9;
  state.counters["share"] = flops / ours / PeakFlops();
  state.counters["vs_gemm"] = gemm / ours;
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(BM_Nearest)
    ->ArgNames({"n", "k", "d", "count"})
    ->Args({20000, 100, 16, 1})
    ->Args({20000, 100, 64, 1})
    ->Args({20000, 256, 64, 1})
    ->Args({20000, 256, 64, 3})
    ->Args({20000, 100, 256, 1})
    ->Args({2000, 10000, 32, 1})
    ->Args({1000, 10000, 784, 1})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

void BM_SquaredDistances(benchmark::State& state) {
  const int64_t n = 20000, k = state.range(0), d = state.range(1);
  const PointSet points = RandomPoints(n, d, "points");
  const PointSet centers = RandomPoints(k, d, "centers");
  std::vector<float> distances(static_cast<size_t>(n * k));
  for (auto _ : state) {
    SquaredDistances(points.View(), centers.View(), distances);
  }
  state.counters["gflops"] =
      benchmark::Counter(3.0 * static_cast<double>(n * k * d) * 1e-9,
                         benchmark::Counter::kIsIterationInvariantRate);
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(BM_SquaredDistances)
    ->ArgNames({"k", "d"})
    ->Args({100, 16})
    ->Args({100, 64})
    ->Args({256, 64})
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::dispatch
