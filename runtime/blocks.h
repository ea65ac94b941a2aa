#ifndef MUSTER_RUNTIME_BLOCKS_H_
#define MUSTER_RUNTIME_BLOCKS_H_

// Deterministic parallel loops: blocks cut by size, a slot each, folded in
// index order.
//
// A range is cut into blocks by its size alone, never by the number of threads;
// blocks run in any order on any thread; each writes only what belongs to its
// index; results are folded in index order afterwards. So a result has the same
// bits for any number of threads, which no reduction of TBB promises on
// floating point. A block's index also names its random stream:
//
//   const std::vector<Block> blocks = CutBlocks(n, 1024);
//   const double sum = SumBlocks(runtime, blocks, [&](int64_t b, Block block) {
//     Rng rng = root.Fork("noise", b);
//     ...
//   });
//
// Blocks should be worth several microseconds each; a parallel loop costs about
// that much. Loops may be nested. Functions passed must be callable from many
// threads at once.

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include "absl/functional/function_ref.h"
#include "absl/status/status.h"
#include "muster/runtime/runtime.h"

namespace muster::runtime {

// The half-open range [begin, end).
struct Block {
  int64_t begin = 0;
  int64_t end = 0;

  int64_t size() const { return end - begin; }
  friend bool operator==(const Block&, const Block&) = default;
};

// [0, size) in blocks of `block_size`, the last one shorter. size >= 0 and
// block_size >= 1 (CHECKed). Empty for size 0.
std::vector<Block> CutBlocks(int64_t size, int64_t block_size);

// [0, mass.size()) in blocks that are closed as soon as their mass reaches
// `block_mass` (>= 1, CHECKed; masses are >= 0): for items of uneven cost.
std::vector<Block> CutBlocksByMass(std::span<const int64_t> mass,
                                   int64_t block_mass);

// The number of threads that `runtime` asks for, at least 1.
int NumThreads(const Runtime& runtime);

// Calls function(i) once for each i in [0, n), in any order, on up to
// runtime.threads threads, and returns when all are done.
void ParallelForEach(const Runtime& runtime, int64_t n,
                     absl::FunctionRef<void(int64_t)> function);

// Calls function(block_index, block) once for each block.
void ParallelForBlocks(const Runtime& runtime, std::span<const Block> blocks,
                       absl::FunctionRef<void(int64_t, Block)> function);

// The same for functions that may fail: the error of the lowest failing index,
// whatever the threads. All lower indices have run then; higher ones may not
// have.
absl::Status TryParallelForEach(
    const Runtime& runtime, int64_t n,
    absl::FunctionRef<absl::Status(int64_t)> function);
absl::Status TryParallelForBlocks(
    const Runtime& runtime, std::span<const Block> blocks,
    absl::FunctionRef<absl::Status(int64_t, Block)> function);

// map(block_index, block) for every block, as a vector in index order. T must
// be default constructible and movable (bool is not allowed: its vector packs
// neighbours into one byte).
template <typename Map>
auto MapBlocks(const Runtime& runtime, std::span<const Block> blocks,
               Map&& map) {
  using T = decltype(map(int64_t{0}, Block{}));
  static_assert(!std::is_same_v<T, bool>, "return char or int instead");
  std::vector<T> slots(blocks.size());
  ParallelForBlocks(runtime, blocks, [&](int64_t index, Block block) {
    slots[static_cast<size_t>(index)] = map(index, block);
  });
  return slots;
}

// fold(... fold(fold(init, slot 0), slot 1) ..., last slot) over the slots
// map(block_index, block). The fold runs in index order on the caller's thread.
template <typename T, typename Map, typename Fold>
T FoldBlocks(const Runtime& runtime, std::span<const Block> blocks, T init,
             Map&& map, Fold&& fold) {
  auto slots = MapBlocks(runtime, blocks, map);
  for (auto& slot : slots) init = fold(std::move(init), std::move(slot));
  return init;
}

// Sum by halves: runs of at most 32 from left to right, and the sum of the two
// halves (the left one the largest power-of-two number of runs) above that.
// Error O(log n) ulp instead of O(n). Empty: 0.
double PairwiseSum(std::span<const double> values);

// PairwiseSum of map(block_index, block), doubles.
template <typename Map>
double SumBlocks(const Runtime& runtime, std::span<const Block> blocks,
                 Map&& map) {
  const std::vector<double> slots = MapBlocks(runtime, blocks, map);
  return PairwiseSum(slots);
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_BLOCKS_H_
