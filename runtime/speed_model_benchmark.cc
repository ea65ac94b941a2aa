// Nanoseconds per task of SpeedModel::Finish, one task after another on each of
// 100 workers: as drawn, and through chains, pauses and crashes that change
// every few tens of tasks.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "benchmark/benchmark.h"
#include "muster/runtime/check.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

constexpr int kWorkers = 100;

void RunTasks(benchmark::State& state,
              const std::vector<SpeedModifier>& modifiers) {
  ClusterSpec spec;
  spec.workers.assign(
      kWorkers, {.law = SpeedLaw::Exponential(1), .modifiers = modifiers});
  absl::StatusOr<SpeedModel> model = SpeedModel::Create(spec, 1);
  MUSTER_CHECK_OK(model);
  std::vector<double> now(kWorkers, 0.0);
  int64_t task = 0;
  for (auto _ : state) {
    for (int w = 0; w < kWorkers; ++w) {
      const WorkerId worker{w};
      const TaskEnd end = model->Finish(worker, task, now[w]);
      now[w] = end.completed ? end.seconds : model->NextUp(worker, end.seconds);
    }
    ++task;
  }
  MUSTER_CHECK_GT(now[0], 0.0);
  state.SetItemsProcessed(state.iterations() * kWorkers);
}

void BM_Finish_Plain(benchmark::State& state) { RunTasks(state, {}); }
BENCHMARK(BM_Finish_Plain);

void BM_Finish_Drift(benchmark::State& state) {
  RunTasks(state, {SpeedModifier::Sine(100, 0.5)});
}
BENCHMARK(BM_Finish_Drift);

void BM_Finish_Markov(benchmark::State& state) {
  RunTasks(state, {SpeedModifier::Markov(10, 100, 10)});
}
BENCHMARK(BM_Finish_Markov);

void BM_Finish_MarkovPauseCrash(benchmark::State& state) {
  RunTasks(state,
           {SpeedModifier::Markov(10, 100, 10), SpeedModifier::Pause(50, 1),
            SpeedModifier::Crash(1000, 10)});
}
BENCHMARK(BM_Finish_MarkovPauseCrash);

}  // namespace
}  // namespace muster::runtime
