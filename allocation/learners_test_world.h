#ifndef MUSTER_ALLOCATION_LEARNERS_TEST_WORLD_H_
#define MUSTER_ALLOCATION_LEARNERS_TEST_WORLD_H_

// For tests of what the learning policies learn: rounds played against shifted
// exponential workers, by their definition and without a simulator.

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <utility>
#include <vector>

#include "muster/allocation/allocator.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {

// 58 i^power, i = 1 .. n: the means of the paper's tables 1 and 2.
inline std::vector<double> PaperMeans(int32_t n, double power) {
  std::vector<double> means;
  for (int32_t i = 1; i <= n; ++i) means.push_back(58 * std::pow(i, power));
  return means;
}

// Worker i's durations are shift_share means[i] plus an exponential time.
class LearnersTestWorld {
 public:
  LearnersTestWorld(std::vector<double> means, double shift_share,
                    uint64_t seed)
      : means_(std::move(means)),
        shift_share_(shift_share),
        rng_(runtime::Rng(seed).Fork("world")) {}

  const std::vector<double>& means() const { return means_; }

  // l(abar, mu) for `budget` tasks.
  double OptimalLoss(int64_t budget) {
    std::vector<WorkerTasks> tasks;
    return MinMaxAllocate(means_, {}, budget, &workspace_, &tasks);
  }

  // Plays a round and returns the loss l(a, mu) of its allocation (0 for a
  // race).
  double Play(Allocator& allocator, int64_t round, int64_t budget) {
    allocator.Allocate({.round = round, .budget = budget}, &allocation_);
    completed_.clear();
    cancelled_.clear();
    double loss = 0;
    if (allocation_.mode == Allocation::Mode::kGreedy) {
      Race(budget);
    } else {
      loss = MinMaxLoss(means_, {}, allocation_.tasks);
      for (const WorkerTasks& entry : allocation_.tasks) {
        for (int32_t u = 0; u < entry.tasks; ++u) {
          completed_.push_back({entry.worker, Draw(entry.worker)});
        }
      }
    }
    allocator.Observe({.round = round,
                       .round_seconds = 1,
                       .completed = completed_,
                       .cancelled = cancelled_});
    return loss;
  }

 private:
  double Draw(int32_t worker) {
    return means_[worker] *
           (shift_share_ + (1 - shift_share_) * runtime::Exponential(rng_));
  }

  // To the budget-th completion; what runs then is cancelled.
  void Race(int64_t budget) {
    struct Task {
      double start;
      double end;
      int32_t worker;
    };
    std::vector<Task> running;
    for (const WorkerTasks& entry : allocation_.tasks) {
      running.push_back({0, Draw(entry.worker), entry.worker});
    }
    double now = 0;
    for (int64_t done = 0; done < budget; ++done) {
      Task& first = *std::min_element(
          running.begin(), running.end(),
          [](const Task& x, const Task& y) { return x.end < y.end; });
      now = first.end;
      completed_.push_back({first.worker, first.end - first.start});
      first = {now, now + Draw(first.worker), first.worker};
    }
    for (const Task& task : running) {
      cancelled_.push_back({task.worker, now - task.start});
    }
  }

  const std::vector<double> means_;
  const double shift_share_;
  runtime::Rng rng_;
  MinMaxWorkspace workspace_;
  Allocation allocation_;
  std::vector<TaskRun> completed_;
  std::vector<TaskRun> cancelled_;
};

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_LEARNERS_TEST_WORLD_H_
