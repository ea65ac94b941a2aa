// What a parallel loop costs, and what threads gain on blocks of 10 us.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/runtime.h"

namespace muster::runtime {
namespace {

// One loop over `blocks` empty bodies: the overhead a loop and a block.
void BM_ParallelForEach_Empty(benchmark::State& state) {
  const int64_t n = state.range(0);
  const Runtime runtime = {.threads = static_cast<int>(state.range(1))};
  for (auto _ : state) {
    ParallelForEach(runtime, n, [](int64_t i) { benchmark::DoNotOptimize(i); });
  }
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(BM_ParallelForEach_Empty)
    ->ArgNames({"blocks", "threads"})
    ->Args({1000, 1})
    ->Args({10, 2})
    ->Args({1000, 2})
    ->Args({10, 0})
    ->Args({1000, 0})
    ->UseRealTime();

void BM_SumBlocks(benchmark::State& state) {
  const std::vector<double> values(1 << 20, 0.5);
  const std::vector<Block> blocks = CutBlocks(1 << 20, 1 << 14);
  const Runtime runtime = {.threads = static_cast<int>(state.range(0))};
  double sum = 0;
  for (auto _ : state) {
    sum = SumBlocks(runtime, blocks, [&](int64_t, Block block) {
      double partial = 0;
      for (int64_t i = block.begin; i < block.end; ++i) {
        partial += values[static_cast<size_t>(i)];
      }
      return partial;
    });
  }
  if (sum != 1 << 19) state.SkipWithError("wrong sum");
  state.SetItemsProcessed(state.iterations() * (1 << 20));
}
BENCHMARK(BM_SumBlocks)->ArgName("threads")->Arg(1)->Arg(2)->UseRealTime();

void BM_PairwiseSum(benchmark::State& state) {
  const std::vector<double> values(static_cast<size_t>(state.range(0)), 0.5);
  for (auto _ : state) benchmark::DoNotOptimize(PairwiseSum(values));
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_PairwiseSum)->Arg(1000)->Arg(1'000'000);

}  // namespace
}  // namespace muster::runtime
