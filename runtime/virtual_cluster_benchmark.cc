// What a virtual cluster costs beside the bodies that it runs.
//
//   Completions/n/threads      empty bodies: completions per second (event
//                              queue, duration, timeline, bookkeeping)
//   GreedyRounds/n             a round of greedy collection: n submissions, 23
//                              completions, n cancellations
//   TenMicrosecondBodies/n/threads
//                              bodies of 10 microseconds against a plain
//                              tbb::parallel_for over the same bodies, taken in
//                              turns; of_parallel_for is the median of the
//                              paired ratios of throughput (1 is the limit)
//   WindowPerThread/w          the same on two threads by the size of the
//   window

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "muster/runtime/check.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/virtual_cluster.h"
#include "muster/runtime/worker_spec.h"
#include "oneapi/tbb/parallel_for.h"
#include "oneapi/tbb/task_arena.h"

namespace muster::runtime {
namespace {

struct Number {
  double value = 0;
  static void Fields(auto& self, auto&& visit) { visit(self.value); }
};

// `steps` dependent multiply-adds.
double Work(double value, int64_t steps) {
  for (int64_t i = 0; i < steps; ++i) value = value * 0.999 + 1;
  return value;
}

struct WorkProgram {
  using Request = Number;
  using Response = Number;
  Response Run(const Request& request) const {
    return {Work(request.value, steps)};
  }
  int64_t steps = 0;
};

std::unique_ptr<VirtualCluster<WorkProgram>> MakeCluster(
    int32_t n, int threads, int64_t steps,
    const VirtualClusterOptions& options = {}) {
  ClusterSpec spec;
  std::vector<std::unique_ptr<WorkProgram>> programs;
  for (int32_t i = 0; i < n; ++i) {
    spec.workers.push_back(
        {.law = SpeedLaw::Exponential(1.0 + i % 10), .modifiers = {}});
    programs.push_back(std::make_unique<WorkProgram>(WorkProgram{steps}));
  }
  absl::StatusOr<SpeedModel> model = SpeedModel::Create(spec, 1);
  MUSTER_CHECK_OK(model);
  return std::make_unique<VirtualCluster<WorkProgram>>(
      std::move(programs), *std::move(model), options,
      Runtime{.threads = threads});
}

// Takes `count` completions and gives each worker a new task; the sum of the
// responses.
double Step(VirtualCluster<WorkProgram>& cluster, int64_t count) {
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    auto done = cluster.Next();
    MUSTER_CHECK_OK(done);
    sum += done->response->value;
    cluster.Submit(done->worker, {1.0});
  }
  return sum;
}

void BM_Completions(benchmark::State& state) {
  const int32_t n = static_cast<int32_t>(state.range(0));
  const auto cluster = MakeCluster(n, static_cast<int>(state.range(1)), 0);
  for (int32_t i = 0; i < n; ++i) cluster->Submit({i}, {1.0});
  constexpr int64_t kCount = 1000;
  double sum = 0;
  for (auto _ : state) sum += Step(*cluster, kCount);
  state.SetItemsProcessed(state.iterations() * kCount);
  MUSTER_CHECK_EQ(sum, static_cast<double>(state.iterations() * kCount));
}
BENCHMARK(BM_Completions)
    ->ArgNames({"n", "threads"})
    ->Args({51, 1})
    ->Args({1000, 1})
    ->Args({100'000, 1})
    ->Args({1000, 2})
    ->UseRealTime();

void BM_GreedyRounds(benchmark::State& state) {
  const int32_t n = static_cast<int32_t>(state.range(0));
  const auto cluster = MakeCluster(n, 1, 0);
  for (auto _ : state) {
    for (int32_t i = 0; i < n; ++i) cluster->Submit({i}, {1.0});
    benchmark::DoNotOptimize(Step(*cluster, 23));
    for (int32_t i = 0; i < n; ++i) cluster->Cancel({i});
  }
  MUSTER_CHECK_EQ(cluster->num_in_flight(), 0);
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(BM_GreedyRounds)->ArgName("n")->Arg(51)->Arg(1000);

double Seconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

// Steps that take 10 microseconds here: the least of some trials.
int64_t StepsOfTenMicroseconds() {
  static const int64_t steps = [] {
    constexpr int64_t kTrial = 100'000;
    double least = 1e9;
    for (int i = 0; i < 50; ++i) {
      const double begin = Seconds();
      benchmark::DoNotOptimize(Work(i, kTrial));
      least = std::min(least, Seconds() - begin);
    }
    return static_cast<int64_t>(10e-6 / (least / kTrial));
  }();
  return steps;
}

// The same bodies by a parallel loop; the sum of the results.
double ParallelFor(tbb::task_arena& arena, int64_t count, int64_t steps,
                   std::vector<double>* results) {
  results->resize(count);
  arena.execute([&] {
    tbb::parallel_for(int64_t{0}, count,
                      [&](int64_t i) { (*results)[i] = Work(1.0, steps); });
  });
  double sum = 0;
  for (const double result : *results) sum += result;
  return sum;
}

void CompareWithParallelFor(benchmark::State& state, int32_t n, int threads,
                            const VirtualClusterOptions& options) {
  const int64_t steps = StepsOfTenMicroseconds();
  const auto cluster = MakeCluster(n, threads, steps, options);
  for (int32_t i = 0; i < n; ++i) cluster->Submit({i}, {1.0});
  tbb::task_arena arena(threads);
  constexpr int64_t kCount = 500;
  std::vector<double> results;
  std::vector<double> ratios;
  ParallelFor(arena, kCount, steps, &results);  // wakes the threads
  for (auto _ : state) {
    const double begin = Seconds();
    const double expected = ParallelFor(arena, kCount, steps, &results);
    const double middle = Seconds();
    MUSTER_CHECK_EQ(Step(*cluster, kCount), expected);
    const double end = Seconds();
    state.SetIterationTime(end - middle);
    ratios.push_back((middle - begin) / (end - middle));
  }
  const auto median = ratios.begin() + ratios.size() / 2;
  std::nth_element(ratios.begin(), median, ratios.end());
  state.counters["of_parallel_for"] = *median;
  state.SetItemsProcessed(state.iterations() * kCount);
}

void BM_TenMicrosecondBodies(benchmark::State& state) {
  CompareWithParallelFor(state, static_cast<int32_t>(state.range(0)),
                         static_cast<int>(state.range(1)), {});
}
BENCHMARK(BM_TenMicrosecondBodies)
    ->ArgNames({"n", "threads"})
    ->ArgsProduct({{51, 10'000}, {1, 2}})
    ->UseManualTime()
    ->MinTime(1.0)
    ->Unit(benchmark::kMillisecond);

void BM_WindowPerThread(benchmark::State& state) {
  CompareWithParallelFor(
      state, 1000, 2, {.window_per_thread = static_cast<int>(state.range(0))});
}
BENCHMARK(BM_WindowPerThread)
    ->ArgName("window")
    ->Arg(1)
    ->Arg(2)
    ->Arg(4)
    ->Arg(8)
    ->Arg(32)
    ->UseManualTime()
    ->MinTime(1.0)
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace muster::runtime
