// What a round of allocation costs, against plain references in the same
// binary. Times per round; n workers, B tasks. Targets:
// BM_StudyRound/ata_empirical at n = 51, B = 23 in at most 1 us with sampling;
// BM_HotSet at n = 10^6, B = 1000 in 0.3 ms and BM_FullScan in 5 ms.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "benchmark/benchmark.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocators.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/hot_set.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/allocation/round_simulator.h"
#include "muster/allocation/score_allocation.h"
#include "muster/runtime/check.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/task_durations.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::SpeedLaw;
using ::muster::runtime::TaskDurations;

TaskDurations SqrtLaw(int64_t n) {
  std::vector<SpeedLaw> laws;
  for (int64_t i = 1; i <= n; ++i) {
    const double beta = 29 * std::sqrt(static_cast<double>(i));
    laws.push_back(SpeedLaw::ShiftedExponential(beta, beta));
  }
  return TaskDurations(laws, 1);
}

AllocatorOptions OptionsFor(const TaskDurations& durations, int64_t budget) {
  AllocatorOptions options;
  options.num_workers = durations.num_workers();
  options.budget = budget;
  options.alpha = 2 * durations.Mean(durations.num_workers() - 1);
  for (int32_t i = 0; i < durations.num_workers(); ++i) {
    options.true_means.push_back(durations.Mean(i));
  }
  return options;
}

// Whole rounds: allocate, draw the durations, learn.
void StudyRound(benchmark::State& state, const char* policy) {
  const TaskDurations durations = SqrtLaw(state.range(0));
  auto allocator = CreateAllocator(policy, OptionsFor(durations, 23));
  MUSTER_CHECK_OK(allocator);
  RoundSimulator simulator(&durations);
  Allocation allocation;
  int64_t round = 0;
  for (auto _ : state) {
    auto outcome = simulator.Play(**allocator, ++round, 23, &allocation);
    MUSTER_CHECK_OK(outcome);
    benchmark::DoNotOptimize(outcome->round_seconds);
  }
  state.SetItemsProcessed(state.iterations() * 23);
}
BENCHMARK_CAPTURE(StudyRound, ata, "ata")->Arg(51)->Arg(459);
BENCHMARK_CAPTURE(StudyRound, ata_empirical, "ata_empirical")
    ->Arg(51)
    ->Arg(459);
BENCHMARK_CAPTURE(StudyRound, ofta, "ofta")->Arg(51)->Arg(459);
BENCHMARK_CAPTURE(StudyRound, uta, "uta")->Arg(51)->Arg(459);
BENCHMARK_CAPTURE(StudyRound, gta, "gta")->Arg(51)->Arg(459);
BENCHMARK_CAPTURE(StudyRound, kl_lcb, "kl_lcb")->Arg(51);
BENCHMARK_CAPTURE(StudyRound, thompson, "thompson")->Arg(51);

// ATA-Empirical as one would first write it: scores with a root and a division
// each, a heap over all workers, one draw at a time.
void BM_PlainRound(benchmark::State& state) {
  const TaskDurations durations = SqrtLaw(state.range(0));
  const size_t n = static_cast<size_t>(state.range(0));
  std::vector<int64_t> counts(n, 0);
  std::vector<double> totals(n, 0);
  int64_t round = 0;
  for (auto _ : state) {
    const double k = static_cast<double>(++round);
    const double log_term = std::log(2 * k * k);
    using Key = std::pair<double, size_t>;
    std::priority_queue<Key, std::vector<Key>, std::greater<Key>> heap;
    std::vector<double> scores(n);
    std::vector<int64_t> given(n, 0);
    for (size_t i = 0; i < n; ++i) {
      const double count = static_cast<double>(counts[i]);
      const double w = std::sqrt(log_term / count) + log_term / count;
      scores[i] =
          counts[i] == 0 ? 0 : totals[i] / count * std::max(0.0, 1 - 2 * w);
      heap.push({scores[i], i});
    }
    for (int b = 0; b < 23; ++b) {
      const size_t i = heap.top().second;
      heap.pop();
      ++given[i];
      heap.push({static_cast<double>(given[i] + 1) * scores[i], i});
    }
    double longest = 0;
    for (size_t i = 0; i < n; ++i) {
      double total = 0;
      for (int64_t u = 0; u < given[i]; ++u) {
        total += durations.Draw(static_cast<int32_t>(i), counts[i]++);
      }
      totals[i] += total;
      longest = std::max(longest, total);
    }
    benchmark::DoNotOptimize(longest);
  }
}
BENCHMARK(BM_PlainRound)->Arg(51)->Arg(459);

// A settled run in round 10^6 of ATA-Empirical: everybody well above score zero
// (spread 0) or up to 20 % from it (spread 1), where many fall to it every
// round.
ArmStatistics Settled(int64_t n, double power, int64_t close) {
  ArmStatistics arms(static_cast<int32_t>(n));
  const double certain = LogTerm(1'000'000) * 7.464;
  for (int32_t i = 0; i < arms.size(); ++i) {
    const double margin =
        close != 0 ? 1 + 0.2 * (i * 0.6180339887 - std::floor(i * 0.6180339887))
                   : 2;
    const double count = std::ceil(certain * margin);
    arms.Set(i, count, count * 58 * std::pow(i + 1, power));
  }
  return arms;
}

void Learn(const Allocation& allocation, ArmStatistics* arms, HotSet* hot) {
  for (const WorkerTasks& t : allocation.tasks) {
    for (int32_t u = 0; u < t.tasks; ++u) {
      arms->Add(t.worker, arms->means()[t.worker]);
    }
    arms->Refresh(t.worker);
    if (hot != nullptr) hot->Update(t.worker, *arms);
  }
}

// range: n, B, close; power of the means 1 (linear) or 1/2.
template <bool kHot>
void SettledRound(benchmark::State& state, double power) {
  const int64_t n = state.range(0);
  const int64_t budget = state.range(1);
  ArmStatistics arms = Settled(n, power, state.range(2));
  const ScoreAllocation::Options options{.num_workers =
                                             static_cast<int32_t>(n)};
  ScoreAllocation full(options);
  HotSet hot(WidthKind::kRelative, 2, options);
  std::vector<double> scores(static_cast<size_t>(n));
  Allocation allocation;
  int64_t round = 1'000'000;
  int64_t exploring = 0;
  for (auto _ : state) {
    const RoundRequest request{.round = ++round, .budget = budget};
    if (kHot) {
      hot.Allocate(request, arms, &full, scores, &allocation);
    } else {
      ComputeScores(WidthKind::kRelative, arms, LogTerm(round), 2, scores);
      full.Allocate(scores, arms.counts(), request, &allocation);
    }
    exploring += allocation.exploring ? 1 : 0;
    Learn(allocation, &arms, kHot ? &hot : nullptr);
  }
  state.counters["exploring"] = benchmark::Counter(
      static_cast<double>(exploring), benchmark::Counter::kAvgIterations);
  if (kHot) {
    state.counters["epochs"] = static_cast<double>(hot.num_epochs());
    state.counters["hot_workers"] = static_cast<double>(hot.size());
  }
}
void BM_HotSet_Linear(benchmark::State& state) { SettledRound<true>(state, 1); }
void BM_FullScan_Linear(benchmark::State& state) {
  SettledRound<false>(state, 1);
}
void BM_HotSet_Sqrt(benchmark::State& state) { SettledRound<true>(state, 0.5); }
void BM_FullScan_Sqrt(benchmark::State& state) {
  SettledRound<false>(state, 0.5);
}
#define MUSTER_SETTLED_SIZES       \
  ->Args({100'000, 23, 0})         \
      ->Args({1'000'000, 1000, 0}) \
      ->Args({1'000'000, 1000, 1})
BENCHMARK(BM_HotSet_Linear) MUSTER_SETTLED_SIZES;
BENCHMARK(BM_FullScan_Linear) MUSTER_SETTLED_SIZES;
BENCHMARK(BM_HotSet_Sqrt) MUSTER_SETTLED_SIZES;
BENCHMARK(BM_FullScan_Sqrt) MUSTER_SETTLED_SIZES;
#undef MUSTER_SETTLED_SIZES

std::vector<double> Scores(int64_t n) {
  std::vector<double> scores;
  uint64_t x = 1;
  for (int64_t i = 0; i < n; ++i) {
    x = x * 6364136223846793005 + 1442695040888963407;
    scores.push_back(1 + static_cast<double>(x >> 40));
  }
  return scores;
}

// The solution from scratch.
void BM_MinMaxAllocate(benchmark::State& state) {
  const std::vector<double> scores = Scores(state.range(0));
  MinMaxWorkspace workspace;
  std::vector<WorkerTasks> tasks;
  for (auto _ : state) {
    benchmark::DoNotOptimize(
        MinMaxAllocate(scores, {}, state.range(1), &workspace, &tasks));
  }
}
// By a heap over all workers.
void BM_PlainHeap(benchmark::State& state) {
  const std::vector<double> scores = Scores(state.range(0));
  using Key = std::pair<double, size_t>;
  for (auto _ : state) {
    std::vector<Key> keys;
    for (size_t i = 0; i < scores.size(); ++i) keys.push_back({scores[i], i});
    std::priority_queue<Key, std::vector<Key>, std::greater<Key>> heap(
        std::greater<Key>(), std::move(keys));
    std::vector<int64_t> given(scores.size(), 0);
    double loss = 0;
    for (int64_t b = 0; b < state.range(1); ++b) {
      const auto [key, i] = heap.top();
      heap.pop();
      loss = key;
      ++given[i];
      heap.push({static_cast<double>(given[i] + 1) * scores[i], i});
    }
    benchmark::DoNotOptimize(loss);
  }
}
#define MUSTER_MIN_MAX_SIZES    \
  ->Args({51, 23})              \
      ->Args({459, 23})         \
      ->Args({1000, 1'000'000}) \
      ->Args({1'000'000, 1000})
BENCHMARK(BM_MinMaxAllocate) MUSTER_MIN_MAX_SIZES;
BENCHMARK(BM_PlainHeap) MUSTER_MIN_MAX_SIZES;
#undef MUSTER_MIN_MAX_SIZES

}  // namespace
}  // namespace muster::allocation
