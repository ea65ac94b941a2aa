#include "muster/runtime/blocks.h"

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "muster/runtime/check.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/thread_order.h"
#include "oneapi/tbb/blocked_range.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/parallel_for.h"
#include "oneapi/tbb/partitioner.h"
#include "oneapi/tbb/task_arena.h"

namespace muster::runtime {
namespace {

// A loop that TBB runs.
struct Loop {
  absl::FunctionRef<void(int64_t)> function;
  char fork = 0;  // places for HappensBefore and HappensAfter
  char join = 0;

  void Run(int64_t begin, int64_t end) const {
    HappensAfter(&fork);
    for (int64_t i = begin; i != end; ++i) function(i);
    HappensBefore(&join);
  }
};

void RunInCurrentArena(int64_t n, absl::FunctionRef<void(int64_t)> function) {
  const Loop loop = {function};
  HappensBefore(&loop.fork);
  tbb::parallel_for(
      tbb::blocked_range<int64_t>(0, n, 1),
      [&loop](const tbb::blocked_range<int64_t>& range)
          MUSTER_LIBRARY_TASK { loop.Run(range.begin(), range.end()); },
      tbb::simple_partitioner());
  HappensAfter(&loop.join);
  // TBB's threads signalled in the frames that have just been left, which other
  // calls will use.
  constexpr size_t kFrames = 4096;
  const auto* const top = static_cast<const char*>(__builtin_frame_address(0));
  HappensAfterSignals(top - kFrames, kFrames);
}

}  // namespace

std::vector<Block> CutBlocks(int64_t size, int64_t block_size) {
  MUSTER_CHECK_GE(size, 0);
  MUSTER_CHECK_GE(block_size, 1);
  std::vector<Block> blocks;
  blocks.reserve(static_cast<size_t>(size / block_size) + 1);
  for (int64_t begin = 0; begin < size;) {
    const int64_t end = begin + std::min(block_size, size - begin);
    blocks.push_back({begin, end});
    begin = end;
  }
  return blocks;
}

std::vector<Block> CutBlocksByMass(std::span<const int64_t> mass,
                                   int64_t block_mass) {
  MUSTER_CHECK_GE(block_mass, 1);
  const int64_t size = static_cast<int64_t>(mass.size());
  std::vector<Block> blocks;
  Block block;
  int64_t room = block_mass;
  for (int64_t i = 0; i < size; ++i) {
    const int64_t item = mass[static_cast<size_t>(i)];
    MUSTER_DCHECK_GE(item, 0);
    block.end = i + 1;
    if (item >= room) {
      blocks.push_back(block);
      block.begin = block.end;
      room = block_mass;
    } else {
      room -= item;
    }
  }
  if (block.end > block.begin) blocks.push_back(block);
  return blocks;
}

int NumThreads(const Runtime& runtime) {
  if (runtime.threads > 0) return runtime.threads;
  return std::max(1, tbb::this_task_arena::max_concurrency());
}

void ParallelForEach(const Runtime& runtime, int64_t n,
                     absl::FunctionRef<void(int64_t)> function) {
  const int threads = NumThreads(runtime);
  if (threads == 1 || n <= 1) {
    for (int64_t i = 0; i < n; ++i) function(i);
    return;
  }
  if (threads == tbb::this_task_arena::max_concurrency()) {
    RunInCurrentArena(n, function);
    return;
  }
  // TBB starts no more threads than cores unless told to.
  std::optional<tbb::global_control> more_threads;
  if (threads > tbb::info::default_concurrency()) {
    more_threads.emplace(tbb::global_control::max_allowed_parallelism,
                         static_cast<size_t>(threads));
  }
  tbb::task_arena arena(threads);
  arena.execute([&] { RunInCurrentArena(n, function); });
}

void ParallelForBlocks(const Runtime& runtime, std::span<const Block> blocks,
                       absl::FunctionRef<void(int64_t, Block)> function) {
  ParallelForEach(runtime, static_cast<int64_t>(blocks.size()),
                  [&](int64_t index) {
                    function(index, blocks[static_cast<size_t>(index)]);
                  });
}

absl::Status TryParallelForEach(
    const Runtime& runtime, int64_t n,
    absl::FunctionRef<absl::Status(int64_t)> function) {
  std::atomic<int64_t> lowest = n;  // index of the lowest error so far
  std::mutex mutex;
  absl::Status error;  // of index `lowest`; guarded by mutex
  ParallelForEach(runtime, n, [&](int64_t i) {
    if (i > lowest.load(std::memory_order_relaxed)) return;
    absl::Status status = function(i);
    if (status.ok()) return;
    const std::lock_guard<std::mutex> lock(mutex);
    if (i < lowest.load(std::memory_order_relaxed)) {
      lowest.store(i, std::memory_order_relaxed);
      error = std::move(status);
    }
  });
  return error;
}

absl::Status TryParallelForBlocks(
    const Runtime& runtime, std::span<const Block> blocks,
    absl::FunctionRef<absl::Status(int64_t, Block)> function) {
  return TryParallelForEach(
      runtime, static_cast<int64_t>(blocks.size()), [&](int64_t index) {
        return function(index, blocks[static_cast<size_t>(index)]);
      });
}

double PairwiseSum(std::span<const double> values) {
  constexpr size_t kRun = 32;
  if (values.size() <= kRun) {
    double sum = 0;
    for (const double value : values) sum += value;
    return sum;
  }
  const size_t num_runs = (values.size() + kRun - 1) / kRun;
  const size_t left = std::bit_floor(num_runs - 1) * kRun;
  return PairwiseSum(values.first(left)) + PairwiseSum(values.subspan(left));
}

}  // namespace muster::runtime
