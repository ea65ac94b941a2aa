// Nanoseconds per drawn task duration. The peers are the same draws one at a
// time: BM_Draw_* against BM_DrawBatch_*.

#include <cmath>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/task_durations.h"

namespace muster::runtime {
namespace {

// The ATA paper's sqrt law for n workers.
std::vector<SpeedLaw> SqrtLaw(int n) {
  std::vector<SpeedLaw> laws;
  for (int i = 1; i <= n; ++i) {
    laws.push_back(SpeedLaw::Exponential(29 * std::sqrt(i), 29 * std::sqrt(i)));
  }
  return laws;
}

std::vector<SpeedLaw> MixedLaws(int n) {
  std::vector<SpeedLaw> laws;
  for (int i = 0; i < n; ++i) {
    const double m = 29.0 * (i - i % 5 + 1);
    const SpeedLaw five[] = {
        SpeedLaw::Exponential(m, m), SpeedLaw::Uniform(m / 2, 3 * m / 2, m),
        SpeedLaw::HalfNormal(m * std::sqrt(M_PI / 2), m),
        SpeedLaw::Lognormal(std::log(m) / 2, std::sqrt(std::log(m)), m),
        SpeedLaw::Gamma(m * m, 1 / m, m)};
    laws.push_back(five[i % 5]);
  }
  return laws;
}

void DrawOneByOne(benchmark::State& state, std::vector<SpeedLaw> laws) {
  const int batch = static_cast<int>(state.range(0));
  const int n = static_cast<int>(laws.size());
  const TaskDurations durations(std::move(laws), 1);
  int64_t task = 0;
  double sum = 0;
  for (auto _ : state) {
    for (int k = 0; k < batch; ++k) sum += durations.Draw(k * 7 % n, task);
    ++task;
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * batch);
}

void DrawBatches(benchmark::State& state, std::vector<SpeedLaw> laws) {
  const int batch = static_cast<int>(state.range(0));
  const int n = static_cast<int>(laws.size());
  const TaskDurations durations(std::move(laws), 1);
  std::vector<int32_t> workers(batch);
  std::vector<int64_t> tasks(batch);
  std::vector<double> seconds(batch);
  for (int k = 0; k < batch; ++k) workers[k] = k * 7 % n;
  double sum = 0;
  for (auto _ : state) {
    durations.DrawBatch(workers, tasks, seconds);
    for (int k = 0; k < batch; ++k) {
      sum += seconds[k];
      ++tasks[k];
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * batch);
}

void BM_Draw_Exponential(benchmark::State& state) {
  DrawOneByOne(state, SqrtLaw(51));
}
BENCHMARK(BM_Draw_Exponential)->Arg(23)->Arg(459);

void BM_DrawBatch_Exponential(benchmark::State& state) {
  DrawBatches(state, SqrtLaw(51));
}
BENCHMARK(BM_DrawBatch_Exponential)->Arg(8)->Arg(23)->Arg(459);

void BM_DrawConsecutive_Exponential(benchmark::State& state) {
  const int n = static_cast<int>(state.range(0));
  const TaskDurations durations(SqrtLaw(n), 1);
  std::vector<int64_t> tasks(n);
  std::vector<double> seconds(n);
  double sum = 0;
  for (auto _ : state) {
    durations.DrawConsecutive(0, tasks, seconds);
    for (int k = 0; k < n; ++k) {
      sum += seconds[k];
      ++tasks[k];
    }
  }
  benchmark::DoNotOptimize(sum);
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(BM_DrawConsecutive_Exponential)->Arg(17)->Arg(459)->Arg(1000000);

void BM_Draw_Mixed(benchmark::State& state) {
  DrawOneByOne(state, MixedLaws(150));
}
BENCHMARK(BM_Draw_Mixed)->Arg(23)->Arg(150);

void BM_DrawBatch_Mixed(benchmark::State& state) {
  DrawBatches(state, MixedLaws(150));
}
BENCHMARK(BM_DrawBatch_Mixed)->Arg(23)->Arg(150);

}  // namespace
}  // namespace muster::runtime
