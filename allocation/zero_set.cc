#include "muster/allocation/zero_set.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"

namespace muster::allocation {
namespace {

constexpr auto kLater = [](const auto& x, const auto& y) {
  return x.log_term > y.log_term ||
         (x.log_term == y.log_term && x.worker > y.worker);
};

}  // namespace

bool ZeroSet::Supports(ZeroRule rule) {
  return rule == ZeroRule::kRandomRemainder || rule == ZeroRule::kLowestIndex;
}

ZeroSet::ZeroSet(WidthKind kind, double width,
                 const ScoreAllocation::Options& options)
    : kind_(kind),
      width_(width),
      options_(options),
      unexplored_(options.num_workers),
      zeros_(options.num_workers) {
  MUSTER_CHECK(Supports(options.zero_rule));
}

double ZeroSet::Score(int32_t worker, double log_term,
                      const ArmStatistics& arms) const {
  return ComputeScore(kind_, arms.means()[worker], arms.inverse_roots()[worker],
                      log_term, width_);
}

void ZeroSet::Begin(int64_t round, const ArmStatistics& arms) {
  const int32_t n = options_.num_workers;
  unexplored_ = IndexSet(n);
  zeros_ = IndexSet(n);
  falls_.clear();
  changed_.clear();
  round_ = round;
  const double log_term = LogTerm(round);
  for (int32_t i = 0; i < n; ++i) {
    const double score = Score(i, log_term, arms);
    if (arms.counts()[i] == 0) {
      unexplored_.Insert(i);
    } else if (score <= 0) {
      zeros_.Insert(i);
    } else {
      Push(i, arms);
    }
  }
  valid_ = true;
}

void ZeroSet::Push(int32_t worker, const ArmStatistics& arms) {
  if (width_ == 0) return;  // never falls
  const double y =
      ExitRoot(kind_ == WidthKind::kAbsolute ? arms.means()[worker] / width_
                                             : 1 / width_);
  // Below the exact value by more than the rounding of either formula.
  falls_.push_back({arms.counts()[worker] * y * y * (1 - 1e-6), worker});
  std::push_heap(falls_.begin(), falls_.end(), kLater);
}

void ZeroSet::Place(int32_t worker, double log_term,
                    const ArmStatistics& arms) {
  if (arms.counts()[worker] == 0) return;  // unexplored still
  unexplored_.Erase(worker);
  if (Score(worker, log_term, arms) <= 0) {
    zeros_.Insert(worker);
  } else {
    zeros_.Erase(worker);
    Push(worker, arms);
  }
}

void ZeroSet::CatchUp(double log_term, const ArmStatistics& arms) {
  for (const int32_t worker : changed_) Place(worker, log_term, arms);
  changed_.clear();
  // An entry may be out of date (the worker has more tasks now); the score
  // decides, and a worker not yet at zero waits on with its present key.
  undecided_.clear();
  while (!falls_.empty() && falls_.front().log_term <= log_term) {
    const int32_t worker = falls_.front().worker;
    std::pop_heap(falls_.begin(), falls_.end(), kLater);
    falls_.pop_back();
    if (zeros_.Contains(worker)) continue;
    if (Score(worker, log_term, arms) <= 0) {
      zeros_.Insert(worker);
    } else {
      undecided_.push_back(worker);
    }
  }
  // One entry each.
  std::sort(undecided_.begin(), undecided_.end());
  undecided_.erase(std::unique(undecided_.begin(), undecided_.end()),
                   undecided_.end());
  for (const int32_t worker : undecided_) Push(worker, arms);
}

void ZeroSet::Choose(int64_t count, int64_t size, bool at_random,
                     runtime::Rng* rng) {
  ranks_.clear();
  if (!at_random || count == size) {
    for (int64_t rank = 0; rank < count; ++rank) ranks_.push_back(rank);
    return;
  }
  // The same draws as swapping place i with a later one in a list.
  moved_.clear();
  const auto at = [this](int64_t place) {
    const auto found = moved_.find(place);
    return found == moved_.end() ? place : found->second;
  };
  for (int64_t i = 0; i < count && i + 1 < size; ++i) {
    const int64_t j = i + runtime::UniformInt(*rng, size - i);
    const int64_t chosen = at(j);
    moved_[j] = at(i);
    ranks_.push_back(chosen);
  }
  std::sort(ranks_.begin(), ranks_.end());
}

bool ZeroSet::Allocate(const RoundRequest& request, const ArmStatistics& arms,
                       Allocation* allocation) {
  CheckRequest(request, options_.num_workers);
  MUSTER_CHECK(valid_);
  if (request.round < round_) Begin(request.round, arms);
  round_ = request.round;
  CatchUp(LogTerm(request.round), arms);
  const int64_t fresh = std::min(request.budget, unexplored_.size());
  const int64_t left = request.budget - fresh;
  if (left > 0 && zeros_.size() == 0) {
    valid_ = false;
    return false;
  }
  allocation->mode = Allocation::Mode::kBarrier;
  allocation->budget = request.budget;
  allocation->exploring = true;
  allocation->tasks.clear();
  runtime::Rng rng =
      runtime::Rng(options_.seed)
          .Fork("zero_scores", static_cast<uint64_t>(request.round));
  Choose(fresh, unexplored_.size(), true, &rng);
  for (const int64_t rank : ranks_) {
    allocation->tasks.push_back({unexplored_.Select(rank), 1});
  }
  if (left > 0) {
    const int32_t each = static_cast<int32_t>(left / zeros_.size());
    Choose(left % zeros_.size(), zeros_.size(),
           options_.zero_rule == ZeroRule::kRandomRemainder, &rng);
    size_t next = 0;
    for (int64_t rank = 0; each > 0 && rank < zeros_.size(); ++rank) {
      const bool extra = next < ranks_.size() && ranks_[next] == rank;
      next += extra ? 1 : 0;
      allocation->tasks.push_back(
          {zeros_.Select(rank), each + (extra ? 1 : 0)});
    }
    for (const int64_t rank : ranks_) {
      if (each == 0) allocation->tasks.push_back({zeros_.Select(rank), 1});
    }
  }
  std::sort(allocation->tasks.begin(), allocation->tasks.end(),
            [](const WorkerTasks& x, const WorkerTasks& y) {
              return x.worker < y.worker;
            });
  return true;
}

}  // namespace muster::allocation
