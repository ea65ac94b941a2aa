#include "muster/allocation/min_max_repair.h"

#include <algorithm>
#include <cstddef>
#include <limits>

#include "muster/runtime/check.h"
#include "muster/runtime/vectorize.h"

namespace muster::allocation {
namespace internal {

// Minima and maxima over four independent lanes; their combination does not
// depend on the order, so every version gives the same bits.
MUSTER_VECTORIZE_CLONES
void BracketKeys(const double* scores, const double* counts, size_t n,
                 double* min_score, double* max_inside, double* min_outside) {
  typedef double Lanes __attribute__((vector_size(32), aligned(8), may_alias));
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  Lanes low = {kInfinity, kInfinity, kInfinity, kInfinity};
  Lanes inside = {0, 0, 0, 0};
  Lanes outside = low;
  size_t i = 0;
  for (; i + 4 <= n; i += 4) {
    const Lanes s = *reinterpret_cast<const Lanes*>(scores + i);
    const Lanes a = *reinterpret_cast<const Lanes*>(counts + i);
    const Lanes in = a * s;
    const Lanes out = (a + 1.0) * s;
    low = s < low ? s : low;
    inside = in > inside ? in : inside;
    outside = out < outside ? out : outside;
  }
  double lowest = std::min(std::min(low[0], low[1]), std::min(low[2], low[3]));
  double in =
      std::max(std::max(inside[0], inside[1]), std::max(inside[2], inside[3]));
  double out = std::min(std::min(outside[0], outside[1]),
                        std::min(outside[2], outside[3]));
  for (; i < n; ++i) {
    lowest = std::min(lowest, scores[i]);
    in = std::max(in, counts[i] * scores[i]);
    out = std::min(out, (counts[i] + 1) * scores[i]);
  }
  *min_score = lowest;
  *max_inside = in;
  *min_outside = out;
}

}  // namespace internal

namespace {

// Beyond this many moves the full algorithm is faster: a move costs about three
// passes over n workers, the full algorithm one pass and some 30 times as much
// for each of the min(n, B) workers that can get a task (measured).
int64_t MaxMoves(size_t n, int64_t budget) {
  const int64_t size = static_cast<int64_t>(n);
  return std::min<int64_t>(64, 1 + 10 * std::min(size, budget) / size);
}

}  // namespace

MinMaxRepair::Bracket MinMaxRepair::Look(std::span<const double> scores) {
  if (counts_.size() != scores.size()) {
    counts_.assign(scores.size(), 0);
    budget_ = 0;
  }
  Bracket bracket;
  internal::BracketKeys(scores.data(), counts_.data(), scores.size(),
                        &bracket.min_score, &bracket.max_inside,
                        &bracket.min_outside);
  return bracket;
}

const std::vector<WorkerTasks>& MinMaxRepair::Solve(
    std::span<const double> scores, int64_t budget, Bracket bracket) {
  MUSTER_DCHECK_GT(bracket.min_score, 0);
  if (budget == budget_) {
    if (bracket.max_inside < bracket.min_outside) return tasks_;
    if (Mend(scores, bracket)) return tasks_;
  }
  for (const WorkerTasks& t : tasks_) counts_[t.worker] = 0;
  MinMaxAllocate(scores, {}, budget, &workspace_, &tasks_);
  for (const WorkerTasks& t : tasks_) counts_[t.worker] = t.tasks;
  budget_ = budget;
  return tasks_;
}

bool MinMaxRepair::Mend(std::span<const double> scores, Bracket bracket) {
  const size_t n = scores.size();
  const int64_t max_moves = MaxMoves(n, budget_);
  bool solved = false;
  for (int64_t move = 0; move <= max_moves; ++move) {
    // The last of the largest inside, the first of the smallest outside.
    size_t from = n;
    while (counts_[--from] == 0 ||
           counts_[from] * scores[from] != bracket.max_inside) {
    }
    size_t to = 0;
    while ((counts_[to] + 1) * scores[to] != bracket.min_outside) ++to;
    if (bracket.max_inside < bracket.min_outside ||
        (bracket.max_inside == bracket.min_outside && from < to)) {
      solved = true;
      break;
    }
    if (move == max_moves) break;
    counts_[from] -= 1;
    counts_[to] += 1;
    bracket = Look(scores);
  }
  // tasks_ lists what counts_ holds, also when the full algorithm follows.
  tasks_.clear();
  for (size_t i = 0; i < n; ++i) {
    if (counts_[i] > 0) {
      tasks_.push_back(
          {static_cast<int32_t>(i), static_cast<int32_t>(counts_[i])});
    }
  }
  return solved;
}

}  // namespace muster::allocation
