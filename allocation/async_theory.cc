#include "muster/allocation/async_theory.h"

#include <algorithm>
#include <limits>
#include <vector>

#include "muster/allocation/allocator.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/runtime/check.h"

namespace muster::allocation {
namespace {

std::vector<double> Ascending(std::span<const double> task_seconds) {
  MUSTER_CHECK(!task_seconds.empty());
  std::vector<double> sorted(task_seconds.begin(), task_seconds.end());
  std::sort(sorted.begin(), sorted.end());
  MUSTER_CHECK_GT(sorted.front(), 0);
  return sorted;
}

}  // namespace

TimeComplexity OptimalTime(std::span<const double> task_seconds,
                           double exact_steps, double noise_ratio) {
  MUSTER_CHECK_GT(exact_steps, 0);
  MUSTER_CHECK_GE(noise_ratio, 0);
  TimeComplexity best = {.seconds = std::numeric_limits<double>::infinity()};
  double rate = 0;  // sum of 1 / tau_i, i <= m
  double m = 0;
  for (double seconds : Ascending(task_seconds)) {
    rate += 1 / seconds;
    m += 1;
    const double time = m / rate * exact_steps * (1 + noise_ratio / m);
    if (time < best.seconds) {
      best = {.seconds = time, .workers = static_cast<int64_t>(m)};
    }
  }
  return best;
}

double ClassicAsgdTime(std::span<const double> task_seconds, double exact_steps,
                       double noise_ratio) {
  double rate = 0;
  for (double seconds : task_seconds) rate += 1 / seconds;
  const auto n = static_cast<double>(task_seconds.size());
  return n / rate * exact_steps * (1 + noise_ratio / n);
}

double MiniBatchTime(std::span<const double> task_seconds, double exact_steps,
                     double noise_ratio) {
  const auto n = static_cast<double>(task_seconds.size());
  return Ascending(task_seconds).back() * exact_steps * (1 + noise_ratio / n);
}

double GreedyBatchSeconds(std::span<const double> task_seconds, int64_t batch) {
  MinMaxWorkspace workspace;
  std::vector<WorkerTasks> tasks;
  return MinMaxAllocate(task_seconds, {}, batch, &workspace, &tasks);
}

}  // namespace muster::allocation
