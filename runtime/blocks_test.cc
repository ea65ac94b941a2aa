#include "muster/runtime/blocks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <thread>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(CutBlocksTest, CutsBySize) {
  EXPECT_THAT(CutBlocks(0, 4), IsEmpty());
  EXPECT_THAT(CutBlocks(3, 4), ElementsAre(Block{0, 3}));
  EXPECT_THAT(CutBlocks(8, 4), ElementsAre(Block{0, 4}, Block{4, 8}));
  EXPECT_THAT(CutBlocks(9, 4),
              ElementsAre(Block{0, 4}, Block{4, 8}, Block{8, 9}));
  EXPECT_THAT(CutBlocks(2, INT64_MAX), ElementsAre(Block{0, 2}));
  EXPECT_THAT(
      CutBlocks(INT64_MAX, INT64_MAX - 1),
      ElementsAre(Block{0, INT64_MAX - 1}, Block{INT64_MAX - 1, INT64_MAX}));
}

TEST(CutBlocksDeathTest, RefusesBadSizes) {
  EXPECT_DEATH(CutBlocks(-1, 4), "size >= 0");
  EXPECT_DEATH(CutBlocks(4, 0), "block_size >= 1");
}

TEST(CutBlocksTest, CutsByMass) {
  const std::vector<int64_t> mass = {1, 1, 5, 0, 2, 1, 9, 1};
  EXPECT_THAT(CutBlocksByMass(mass, 3),
              ElementsAre(Block{0, 3}, Block{3, 6}, Block{6, 7}, Block{7, 8}));
  EXPECT_THAT(CutBlocksByMass({}, 3), IsEmpty());
  EXPECT_THAT(CutBlocksByMass(std::vector<int64_t>{0, 0}, 1),
              ElementsAre(Block{0, 2}));
  EXPECT_THAT(
      CutBlocksByMass(std::vector<int64_t>{INT64_MAX, INT64_MAX}, INT64_MAX),
      ElementsAre(Block{0, 1}, Block{1, 2}));
}

constexpr int kThreadCounts[] = {0, 1, 2, 3, 8};

TEST(ParallelForTest, CallsEachIndexOnce) {
  for (const int threads : kThreadCounts) {
    for (const int64_t n : {0, 1, 2, 1000}) {
      std::vector<std::atomic<int>> calls(static_cast<size_t>(n));
      ParallelForEach({.threads = threads}, n,
                      [&](int64_t i) { ++calls[static_cast<size_t>(i)]; });
      EXPECT_TRUE(std::all_of(calls.begin(), calls.end(),
                              [](const auto& count) { return count == 1; }));
    }
  }
}

TEST(ParallelForTest, PassesBlocksWithTheirIndex) {
  const std::vector<Block> blocks = CutBlocks(10'000, 7);
  std::vector<int64_t> owner(10'000, -1);
  ParallelForBlocks({.threads = 3}, blocks, [&](int64_t index, Block block) {
    for (int64_t i = block.begin; i < block.end; ++i) {
      owner[static_cast<size_t>(i)] = index;
    }
  });
  for (int64_t i = 0; i < 10'000; ++i) {
    ASSERT_EQ(owner[static_cast<size_t>(i)], i / 7);
  }
}

// The most functions that ran at once. Each waits, for at most `patience`,
// until `wanted` of them run.
int MostAtOnce(const Runtime& runtime, int wanted,
               std::chrono::milliseconds patience) {
  std::atomic<int> running = 0;
  std::atomic<int> most = 0;
  const auto deadline = std::chrono::steady_clock::now() + patience;
  ParallelForEach(runtime, 64, [&](int64_t) {
    const int now = ++running;
    int seen = most;
    while (seen < now && !most.compare_exchange_weak(seen, now)) {
    }
    while (most < wanted && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    --running;
  });
  return most;
}

TEST(ParallelForTest, UsesAsManyThreadsAsAskedFor) {
  using std::chrono::milliseconds;
  EXPECT_EQ(MostAtOnce({.threads = 1}, 2, milliseconds(5)), 1);
  for (const int threads : {2, 3, 8}) {
    EXPECT_EQ(MostAtOnce({.threads = threads}, threads, milliseconds(20'000)),
              threads);
    EXPECT_LE(MostAtOnce({.threads = threads}, threads + 1, milliseconds(5)),
              threads);
  }
}

TEST(ParallelForTest, InnerLoopsShareTheThreadsOfOuterOnes) {
  std::atomic<int> calls = 0;
  ParallelForEach({.threads = 3}, 8, [&](int64_t) {
    EXPECT_EQ(NumThreads(Runtime()), 3);
    ParallelForEach(Runtime(), 8, [&](int64_t) {
      ParallelForEach({.threads = 3}, 8, [&](int64_t) { ++calls; });
    });
  });
  EXPECT_EQ(calls, 512);
}

// Values of wildly different size, so that any other order of summation shows.
double NoisySum(const Runtime& runtime, int64_t size, int64_t block_size) {
  return SumBlocks(
      runtime, CutBlocks(size, block_size), [](int64_t index, Block block) {
        Rng rng = Rng(1).Fork("values", static_cast<uint64_t>(index));
        double sum = 0;
        for (int64_t i = block.begin; i < block.end; ++i) {
          sum += std::ldexp(Normal(rng),
                            static_cast<int>(UniformInt(rng, 120)) - 60);
        }
        return sum;
      });
}

TEST(SumBlocksTest, BitsDoNotDependOnTheThreads) {
  const double expected = NoisySum({.threads = 1}, 50'000, 64);
  for (const int threads : kThreadCounts) {
    for (int repeat = 0; repeat < 5; ++repeat) {
      ASSERT_EQ(NoisySum({.threads = threads}, 50'000, 64), expected)
          << threads << " threads";
    }
  }
  // The test can tell: another cut gives other bits.
  EXPECT_NE(NoisySum({.threads = 1}, 50'000, 63), expected);
}

TEST(FoldBlocksTest, FoldsInIndexOrder) {
  const std::vector<Block> blocks = CutBlocks(100, 7);
  std::string expected;
  for (const Block& block : blocks) absl::StrAppend(&expected, block.end, " ");
  for (const int threads : kThreadCounts) {
    EXPECT_EQ(
        FoldBlocks(
            Runtime{.threads = threads}, blocks, std::string(),
            [](int64_t, Block block) { return absl::StrCat(block.end, " "); },
            [](std::string all, std::string one) { return all + one; }),
        expected);
  }
}

TEST(FoldBlocksTest, NoBlocksGiveTheInitialValue) {
  EXPECT_EQ(FoldBlocks(
                Runtime(), {}, 7, [](int64_t, Block) { return 1; },
                [](int a, int b) { return a + b; }),
            7);
  EXPECT_EQ(SumBlocks(Runtime(), {}, [](int64_t, Block) { return 1.0; }), 0);
}

TEST(PairwiseSumTest, IsTheDocumentedTree) {
  EXPECT_EQ(PairwiseSum({}), 0);
  Rng rng(TestSeed());
  std::vector<double> x(5 * 32 + 3);  // six runs: (4) + (2)
  for (double& value : x) value = Normal(rng) * Exp(Normal(rng) * 20);
  const auto run = [&x](size_t index) {
    double sum = 0;
    for (size_t i = 32 * index; i < std::min(x.size(), 32 * index + 32); ++i) {
      sum += x[i];
    }
    return sum;
  };
  EXPECT_EQ(PairwiseSum(x),
            ((run(0) + run(1)) + (run(2) + run(3))) + (run(4) + run(5)));
}

// 2^20 times 0.1: left to right the error is 1e-6, by halves it is a few ulp.
TEST(PairwiseSumTest, LosesLittle) {
  const std::vector<double> x(1 << 20, 0.1);
  const double exact = 0.1 * (1 << 20);
  EXPECT_NEAR(PairwiseSum(x), exact, 8 * 0x1p-36);
  EXPECT_GT(std::abs(std::accumulate(x.begin(), x.end(), 0.0) - exact), 1e-7);
}

TEST(TryParallelForTest, GivesTheErrorOfTheLowestIndex) {
  for (const int threads : kThreadCounts) {
    for (int repeat = 0; repeat < 20; ++repeat) {
      std::vector<std::atomic<int>> calls(1000);
      const absl::Status status = TryParallelForEach(
          {.threads = threads}, 1000, [&](int64_t i) -> absl::Status {
            ++calls[static_cast<size_t>(i)];
            if (i == 300 || i == 17 || i > 900) {
              return absl::InvalidArgumentError(absl::StrCat("index ", i));
            }
            return absl::OkStatus();
          });
      ASSERT_THAT(status,
                  StatusIs(absl::StatusCode::kInvalidArgument, "index 17"));
      for (size_t i = 0; i <= 17; ++i) ASSERT_EQ(calls[i], 1);
    }
  }
}

TEST(TryParallelForTest, IsOkWhenAllAre) {
  const std::vector<Block> blocks = CutBlocks(100, 9);
  std::atomic<int64_t> sum = 0;
  EXPECT_THAT(TryParallelForBlocks({.threads = 3}, blocks,
                                   [&](int64_t, Block block) {
                                     sum += block.size();
                                     return absl::OkStatus();
                                   }),
              IsOk());
  EXPECT_EQ(sum, 100);
  EXPECT_THAT(TryParallelForBlocks(
                  {.threads = 3}, blocks,
                  [&](int64_t index, Block block) -> absl::Status {
                    if (index < 4) return absl::OkStatus();
                    return absl::DataLossError(absl::StrCat(block.begin));
                  }),
              StatusIs(absl::StatusCode::kDataLoss, "36"));
  EXPECT_THAT(TryParallelForEach(Runtime(), 0,
                                 [](int64_t) { return absl::OkStatus(); }),
              IsOk());
}

class Countdown : public Observer {
 public:
  explicit Countdown(int calls) : calls_(calls) {}
  bool OnProgress(const Progress&) override { return --calls_ > 0; }

 private:
  int calls_;
};

TEST(RuntimeTest, StopsByObserverOrFlag) {
  EXPECT_FALSE(ShouldStop(Runtime()));
  EXPECT_TRUE(ReportProgress(Runtime(), Progress()));
  Countdown countdown(2);
  std::atomic<bool> stop = false;
  const Runtime runtime = {.observer = &countdown, .stop = &stop};
  EXPECT_TRUE(ReportProgress(runtime, {.phase = "rounds", .done = 1}));
  EXPECT_FALSE(ReportProgress(runtime, {.phase = "rounds", .done = 2}));
  EXPECT_FALSE(ShouldStop(runtime));
  stop = true;
  EXPECT_TRUE(ShouldStop(runtime));
  EXPECT_FALSE(ReportProgress({.stop = &stop}, Progress()));
}

}  // namespace
}  // namespace muster::runtime
