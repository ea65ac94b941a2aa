// Philox blocks one by one against PhiloxBatch: nanoseconds a block (128 bits)
// are the inverse of items_per_second.

#include <cstddef>
#include <cstdint>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/runtime/rng.h"

namespace muster::runtime {
namespace {

struct Names {
  explicit Names(size_t size) : streams(size), positions(size) {
    for (size_t m = 0; m < size; ++m) {
      streams[m] = Rng(1).Fork("worker", m).stream();
      positions[m] = m * m;
    }
  }
  std::vector<uint64_t> streams, positions;
};

void BM_Philox_OneByOne(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  const Names names(size);
  std::vector<uint64_t> first(size), second(size);
  for (auto _ : state) {
    for (size_t m = 0; m < size; ++m) {
      const BlockBits bits =
          PhiloxBlock(7, names.streams[m], names.positions[m]);
      first[m] = bits.first;
      second[m] = bits.second;
    }
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Philox_OneByOne)->Arg(1024);

void BM_Philox_Batch(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  const Names names(size);
  std::vector<uint64_t> first(size), second(size);
  for (auto _ : state) {
    PhiloxBatch(7, names.streams, names.positions, first, second);
    benchmark::ClobberMemory();
  }
  for (size_t m = 0; m < size; ++m) {
    if (first[m] !=
        PhiloxBlock(7, names.streams[m], names.positions[m]).first) {
      state.SkipWithError("wrong bits");
    }
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_Philox_Batch)->Arg(16)->Arg(64)->Arg(1024);

void BM_Rng_NextUint64(benchmark::State& state) {
  Rng rng(1);
  for (auto _ : state) benchmark::DoNotOptimize(rng.NextUint64());
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Rng_NextUint64);

void BM_Rng_Fork(benchmark::State& state) {
  const Rng root(1);
  uint64_t worker = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(root.Fork("task_duration", ++worker).stream());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(BM_Rng_Fork);

}  // namespace
}  // namespace muster::runtime
