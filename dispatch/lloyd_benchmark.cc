// Ten iterations of Lloyd with pruning, one thread, on points without structure
// and on a mixture of normals. Counters: vs_plain, how many times faster than
// the same program without bounds (group_size 0) in the same run; scored, the
// share of all point-centre pairs that were scored. Against other programs:
// benchmarks/dispatch/compare_kmeans.py.

#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <iostream>

#include "benchmark/benchmark.h"
#include "muster/dispatch/lloyd.h"
#include "muster/dispatch/points.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kIterations = 10;

// This thread's processor time: less disturbed by other programs.
double Now() {
  timespec time = {};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) +
         1e-9 * static_cast<double>(time.tv_nsec);
}

// Normal points; with `means` > 0 around as many normal means, a third as wide.
PointSet MakePoints(int64_t n, int64_t d, int64_t means) {
  runtime::Rng rng = runtime::Rng(1).Fork("points");
  PointSet points{.dimension = d};
  points.values.reserve(static_cast<size_t>(n * d));
  for (int64_t j = 0; j < n; ++j) {
    runtime::Rng mean = runtime::Rng(2).Fork(
        "mean",
        static_cast<uint64_t>(runtime::UniformInt(rng, means > 0 ? means : 1)));
    for (int64_t m = 0; m < d; ++m) {
      const double noise = runtime::Normal(rng);
      points.values.push_back(static_cast<float>(
          means > 0 ? runtime::Normal(mean) + noise / 3 : noise));
    }
  }
  return points;
}

// Arguments: n, k, d, means of the mixture (0: none).
void BM_Lloyd(benchmark::State& state) {
  const int64_t n = state.range(0), k = state.range(1), d = state.range(2);
  const PointSet points = MakePoints(n, d, state.range(3));
  PointSet centers{.dimension = d};
  centers.values.assign(points.values.begin(), points.values.begin() + k * d);
  double pruned = 0, plain = 0, scored = 0;
  for (auto _ : state) {
    const double start = Now();
    const auto fast = Lloyd(points.View(), centers,
                            {.max_iterations = kIterations}, {.threads = 1});
    const double middle = Now();
    const auto slow =
        Lloyd(points.View(), centers,
              {.max_iterations = kIterations, .group_size = 0}, {.threads = 1});
    plain += Now() - middle;
    pruned += middle - start;
    state.SetIterationTime(middle - start);
    if (!fast.ok() || !slow.ok() || fast->assignment != slow->assignment ||
        fast->centers != slow->centers) {
      std::cerr << "pruning changed the result\n";
      std::abort();
    }
    scored =
        static_cast<double>(fast->pairs) / static_cast<double>(slow->pairs);
  }
  state.counters["vs_plain"] = plain / pruned;
  state.counters["scored"] = scored;
  state.SetItemsProcessed(state.iterations() * n * kIterations);
}
BENCHMARK(BM_Lloyd)
    ->ArgNames({"n", "k", "d", "means"})
    ->Args({20000, 100, 16, 0})
    ->Args({20000, 100, 16, 100})
    ->Args({20000, 100, 64, 0})
    ->Args({20000, 100, 64, 100})
    ->Args({20000, 1000, 64, 100})
    ->Args({20000, 100, 256, 100})
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::dispatch
