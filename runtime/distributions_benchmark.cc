// Draws of each distribution, one by one, and exponentials in batches.

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/math.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/vectorize.h"

namespace muster::runtime {
namespace {

template <typename Draw>
void Run(benchmark::State& state, Draw draw) {
  Rng rng(1);
  for (auto _ : state) benchmark::DoNotOptimize(draw(rng));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK_CAPTURE(Run, uniform, [](Rng& rng) { return Uniform01(rng); });
BENCHMARK_CAPTURE(Run, exponential, [](Rng& rng) { return Exponential(rng); });
BENCHMARK_CAPTURE(Run, normal, [](Rng& rng) { return Normal(rng); });
BENCHMARK_CAPTURE(Run, gamma_0_5, [](Rng& rng) { return Gamma(rng, 0.5); });
BENCHMARK_CAPTURE(Run, gamma_841, [](Rng& rng) { return Gamma(rng, 841); });
BENCHMARK_CAPTURE(Run, uniform_int,
                  [](Rng& rng) { return UniformInt(rng, 1'000'000'007); });

// One exponential per (stream, position): what task durations are made of.
MUSTER_VECTORIZE_CLONES void ToExponential(const uint64_t* bits, double* x,
                                           size_t size) {
  for (size_t m = 0; m < size; ++m) x[m] = -LogOfNormal(ToUnitOpen(bits[m]));
}

void BM_Exponential_Batch(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  std::vector<uint64_t> streams(size), positions(size), first(size),
      second(size);
  for (size_t m = 0; m < size; ++m) {
    streams[m] = Rng(1).Fork("worker", m).stream();
  }
  std::vector<double> x(size);
  for (auto _ : state) {
    for (uint64_t& position : positions) ++position;
    PhiloxBatch(1, streams, positions, first, second);
    ToExponential(first.data(), x.data(), size);
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Exponential_Batch)->Arg(64)->Arg(1024);

void BM_Shuffle(benchmark::State& state) {
  std::vector<int32_t> values(static_cast<size_t>(state.range(0)));
  std::iota(values.begin(), values.end(), 0);
  Rng rng(1);
  for (auto _ : state) Shuffle(rng, std::span<int32_t>(values));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Shuffle)->Arg(51)->Arg(10'000);

void BM_SampleWithoutReplacement(benchmark::State& state) {
  Rng rng(1);
  std::vector<int64_t> sample;
  for (auto _ : state) {
    SampleWithoutReplacement(rng, state.range(0), 23, &sample);
  }
  state.SetItemsProcessed(state.iterations() * 23);
}
BENCHMARK(BM_SampleWithoutReplacement)->Arg(51)->Arg(459)->Arg(1'000'000);

void BM_AliasTable(benchmark::State& state) {
  Rng rng(1);
  std::vector<double> weights(static_cast<size_t>(state.range(0)));
  for (double& weight : weights) weight = Exponential(rng);
  const AliasTable table = AliasTable::Create(weights).value();
  for (auto _ : state) benchmark::DoNotOptimize(table.Sample(rng));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_AliasTable)->Arg(100)->Arg(1'000'000);

}  // namespace
}  // namespace muster::runtime
