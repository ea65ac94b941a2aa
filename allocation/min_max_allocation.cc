#include "muster/allocation/min_max_allocation.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::allocation {
namespace internal {

// The first multiple of 16 at or after `begin` whose block of 16 values holds
// one below `cutoff`; n when there is none (a last partial block counts as
// holding one). `begin` is a multiple of 16.
MUSTER_VECTORIZE_CLONES
size_t NextBlockBelow(const double* values, size_t n, size_t begin,
                      double cutoff) {
  for (; begin + 16 <= n; begin += 16) {
    int64_t any = 0;
    for (size_t j = 0; j < 16; ++j) {
      any |= values[begin + j] < cutoff ? -1 : 0;
    }
    if (any != 0) return begin;
  }
  return std::min(begin, n);
}

}  // namespace internal

namespace {

using Arm = MinMaxWorkspace::Arm;
using Candidate = MinMaxWorkspace::Candidate;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kMaxBudget = std::numeric_limits<int32_t>::max();

// Adding a zero spread changes no bits.
double Key(const Arm& arm, double tasks) {
  const double key = arm.ready + tasks * arm.score;
  return arm.spread == 0 ? key : key + arm.spread * std::sqrt(tasks);
}

bool Before(double key, int32_t worker, double other_key,
            int32_t other_worker) {
  return key < other_key || (key == other_key && worker < other_worker);
}

void KeepSmallest(size_t limit, std::vector<Candidate>* candidates) {
  if (candidates->size() <= limit) return;
  std::nth_element(candidates->begin(), candidates->begin() + (limit - 1),
                   candidates->end(),
                   [](const Candidate& x, const Candidate& y) {
                     return Before(x.key, x.worker, y.key, y.worker);
                   });
  candidates->resize(limit);
}

// The `limit` workers whose first tasks end earliest: no other can get a task.
// One pass with a falling cutoff: the pool is cut back to `limit` whenever it
// has doubled, so a worker is looked at once and moved O(1) times.
void SelectWorkers(std::span<const double> scores,
                   std::span<const double> ready,
                   std::span<const double> spreads, size_t limit,
                   std::vector<Candidate>* candidates) {
  candidates->clear();
  const size_t n = scores.size();
  const size_t capacity = std::max<size_t>(2 * limit, 64);
  candidates->reserve(std::min(capacity, n) + 16);
  double cutoff = kInfinity;
  for (size_t block = 0; block < n; block += 16) {
    if (cutoff < kInfinity) {  // no key is below its score
      block = internal::NextBlockBelow(scores.data(), n, block, cutoff);
    }
    for (size_t i = block; i < std::min(n, block + 16); ++i) {
      double key = ready.empty() ? scores[i] : ready[i] + scores[i];
      if (!spreads.empty()) key += spreads[i];
      if (!(key < cutoff)) continue;  // equal keys go to the lower index
      candidates->push_back({key, static_cast<int32_t>(i)});
    }
    if (candidates->size() >= capacity) {
      KeepSmallest(limit, candidates);
      cutoff = candidates->back().key;
      for (const Candidate& c : *candidates) cutoff = std::max(cutoff, c.key);
    }
  }
  KeepSmallest(limit, candidates);
}

// A threshold below which at most `budget` keys lie: the optimum of the problem
// without integrality, T with sum_i max(0, (T - r_i) / s_i) = B, less a margin
// for rounding (relative error of a sum of 10^7 terms is below 2e-9). Newton's
// method from the right on a convex function. 0 when out of range.
double StartThreshold(const std::vector<Arm>& arms, int64_t budget) {
  double threshold = kInfinity;
  for (int iteration = 0; iteration < 100; ++iteration) {
    double rate = 0;
    double offset = 0;
    for (const Arm& arm : arms) {
      if (arm.ready > threshold) continue;
      rate += 1 / arm.score;
      offset += arm.ready / arm.score;
    }
    const double next = (static_cast<double>(budget) + offset) / rate;
    if (!(next < threshold)) break;
    threshold = next;
  }
  return std::isfinite(threshold) ? threshold * (1 - 1e-8) : 0;
}

// Gives every arm the tasks whose keys are at most the threshold; returns how
// many of the budget are left.
int64_t GiveBelowThreshold(double threshold, int64_t budget,
                           std::vector<Arm>* arms) {
  int64_t left = budget;
  for (Arm& arm : *arms) {
    const double ratio = (threshold - arm.ready) / arm.score;
    double tasks =
        std::floor(std::clamp(ratio, 0.0, static_cast<double>(budget)));
    while (tasks > 0 && Key(arm, tasks) > threshold) --tasks;
    arm.tasks = static_cast<int32_t>(tasks);
    left -= arm.tasks;
    arm.key = Key(arm, tasks + 1);
  }
  MUSTER_CHECK_GE(left, 0) << "more keys than tasks below the threshold";
  return left;
}

// Hands out the rest one by one, each to the smallest next key.
void GiveRest(int64_t left, std::vector<Arm>* arms) {
  const auto later = [](const Arm& x, const Arm& y) {
    return Before(y.key, y.worker, x.key, x.worker);
  };
  std::make_heap(arms->begin(), arms->end(), later);
  for (; left > 0; --left) {
    // Replace the root and let it sink.
    Arm arm = arms->front();
    ++arm.tasks;
    arm.key = Key(arm, static_cast<double>(arm.tasks) + 1);
    const size_t size = arms->size();
    size_t hole = 0;
    for (size_t child = 1; child < size; child = 2 * hole + 1) {
      if (child + 1 < size && later((*arms)[child], (*arms)[child + 1])) {
        ++child;
      }
      if (!later(arm, (*arms)[child])) break;
      (*arms)[hole] = (*arms)[child];
      hole = child;
    }
    (*arms)[hole] = arm;
  }
}

double Solve(std::span<const double> scores, std::span<const double> ready,
             std::span<const double> spreads, int64_t budget,
             MinMaxWorkspace* workspace, std::vector<WorkerTasks>* tasks) {
  MUSTER_CHECK(!scores.empty());
  MUSTER_CHECK(ready.empty() || ready.size() == scores.size());
  MUSTER_CHECK(spreads.empty() || spreads.size() == scores.size());
  MUSTER_CHECK(budget >= 1 && budget <= kMaxBudget) << "budget " << budget;
  const size_t limit =
      static_cast<size_t>(std::min<int64_t>(budget, scores.size()));
  SelectWorkers(scores, ready, spreads, limit, &workspace->candidates);

  std::vector<Arm>& arms = workspace->arms;
  arms.clear();
  for (const Candidate& candidate : workspace->candidates) {
    const int32_t worker = candidate.worker;
    const double score = scores[worker];
    MUSTER_CHECK_GT(score, 0) << "worker " << worker;
    if (score == kInfinity) continue;
    arms.push_back({.key = candidate.key,
                    .worker = worker,
                    .tasks = 0,
                    .score = score,
                    .ready = ready.empty() ? 0 : ready[worker],
                    .spread = spreads.empty() ? 0 : spreads[worker]});
  }
  MUSTER_CHECK(!arms.empty()) << "no worker has a finite score";
  int64_t left = budget;
  if (spreads.empty()) {
    left = GiveBelowThreshold(StartThreshold(arms, budget), budget, &arms);
  }
  GiveRest(left, &arms);

  std::sort(arms.begin(), arms.end(),
            [](const Arm& x, const Arm& y) { return x.worker < y.worker; });
  tasks->clear();
  double loss = 0;
  for (const Arm& arm : arms) {
    if (arm.tasks == 0) continue;
    tasks->push_back({arm.worker, arm.tasks});
    loss = std::max(loss, Key(arm, arm.tasks));
  }
  return loss;
}

}  // namespace

double MinMaxAllocate(std::span<const double> scores,
                      std::span<const double> ready, int64_t budget,
                      MinMaxWorkspace* workspace,
                      std::vector<WorkerTasks>* tasks) {
  return Solve(scores, ready, {}, budget, workspace, tasks);
}

double MinMaxAllocateWithSpreads(std::span<const double> scores,
                                 std::span<const double> ready,
                                 std::span<const double> spreads,
                                 int64_t budget, MinMaxWorkspace* workspace,
                                 std::vector<WorkerTasks>* tasks) {
  return Solve(scores, ready, spreads, budget, workspace, tasks);
}

double MinMaxLoss(std::span<const double> scores, std::span<const double> ready,
                  std::span<const WorkerTasks> tasks) {
  double loss = 0;
  for (const WorkerTasks& t : tasks) {
    const double start = ready.empty() ? 0 : ready[t.worker];
    loss = std::max(loss, start + t.tasks * scores[t.worker]);
  }
  return loss;
}

}  // namespace muster::allocation
