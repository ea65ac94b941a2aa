#include "muster/allocation/score_allocation.h"

#include <algorithm>
#include <cstddef>
#include <limits>
#include <utility>

#include "muster/runtime/check.h"
#include "muster/runtime/distributions.h"

namespace muster::allocation {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Moves a uniformly random subset of `count` members to the front.
void ShuffleFront(size_t count, runtime::Rng* rng,
                  std::vector<int32_t>* members) {
  const size_t size = members->size();
  for (size_t i = 0; i < count && i + 1 < size; ++i) {
    const size_t j = i + static_cast<size_t>(runtime::UniformInt(
                             *rng, static_cast<int64_t>(size - i)));
    std::swap((*members)[i], (*members)[j]);
  }
}

}  // namespace

void CheckRequest(const RoundRequest& request, int32_t num_workers) {
  const size_t n = static_cast<size_t>(num_workers);
  MUSTER_CHECK_GE(request.round, 1);
  MUSTER_CHECK_GE(request.budget, 1);
  MUSTER_CHECK_LE(request.budget, std::numeric_limits<int32_t>::max());
  MUSTER_CHECK(request.ready_seconds.empty() ||
               request.ready_seconds.size() == n);
  if (request.up.empty()) return;
  MUSTER_CHECK_EQ(request.up.size(), n);
  MUSTER_CHECK(std::any_of(request.up.begin(), request.up.end(),
                           [](uint8_t up) { return up != 0; }))
      << "no worker is up in round " << request.round;
}

ScoreAllocation::ScoreAllocation(Options options)
    : options_(std::move(options)) {
  MUSTER_CHECK_GE(options_.num_workers, 1);
  MUSTER_CHECK(options_.communication_seconds.empty() ||
               options_.communication_seconds.size() ==
                   static_cast<size_t>(options_.num_workers));
}

void ScoreAllocation::Allocate(std::span<const double> scores,
                               std::span<const double> counts,
                               const RoundRequest& request,
                               Allocation* allocation,
                               std::span<const double> spreads) {
  MUSTER_DCHECK_EQ(scores.size(), static_cast<size_t>(options_.num_workers));
  CheckRequest(request, options_.num_workers);
  spreads_ = spreads;
  allocation->mode = Allocation::Mode::kBarrier;
  allocation->budget = request.budget;
  allocation->exploring = false;
  if (request.up.empty()) {
    const MinMaxRepair::Bracket bracket = repair_.Look(scores);
    if (bracket.min_score > 0) {
      if (request.ready_seconds.empty() && spreads.empty() &&
          options_.communication_seconds.empty() &&
          bracket.max_inside < kInfinity) {
        const std::vector<WorkerTasks>& tasks =
            repair_.Solve(scores, request.budget, bracket);
        allocation->tasks.assign(tasks.begin(), tasks.end());
      } else {
        MinMax(scores, request, request.budget, &allocation->tasks);
      }
      return;
    }
  }
  Explore(scores, counts, request, allocation);
}

void ScoreAllocation::Explore(std::span<const double> scores,
                              std::span<const double> counts,
                              const RoundRequest& request,
                              Allocation* allocation) {
  // One branch-free pass; most workers are on one side only.
  const size_t n = scores.size();
  unexplored_.resize(n);
  zeros_.resize(n);
  size_t num_unexplored = 0;
  size_t num_zeros = 0;
  size_t num_positive = 0;
  for (size_t i = 0; i < n; ++i) {
    const bool up = IsUp(request, i);
    const bool unexplored = scores[i] == -kInfinity;
    unexplored_[num_unexplored] = static_cast<int32_t>(i);
    num_unexplored += up & unexplored;
    zeros_[num_zeros] = static_cast<int32_t>(i);
    num_zeros += up & !unexplored & (scores[i] <= 0);
    num_positive += up & (scores[i] > 0);
  }
  unexplored_.resize(num_unexplored);
  zeros_.resize(num_zeros);
  if (num_unexplored == 0 && num_zeros == 0) {
    MinMax(scores, request, request.budget, &allocation->tasks);
    return;
  }

  allocation->exploring = true;
  runtime::Rng rng =
      runtime::Rng(options_.seed)
          .Fork("zero_scores", static_cast<uint64_t>(request.round));
  parts_.clear();
  int64_t left = request.budget;
  if (num_unexplored > 0) {
    const size_t tried =
        static_cast<size_t>(std::min<int64_t>(left, num_unexplored));
    if (tried < num_unexplored) ShuffleFront(tried, &rng, &unexplored_);
    for (size_t i = 0; i < tried; ++i) parts_.push_back({unexplored_[i], 1});
    left -= static_cast<int64_t>(tried);
  }
  if (left > 0 && num_zeros > 0) {
    if (options_.zero_rule == ZeroRule::kProbe && num_positive > 0) {
      const size_t probed =
          static_cast<size_t>(std::min<int64_t>(left, num_zeros));
      ChooseFront(probed, counts, &rng, &zeros_);
      for (size_t i = 0; i < probed; ++i) parts_.push_back({zeros_[i], 1});
      left -= static_cast<int64_t>(probed);
    } else {
      Spread(left, counts, &rng, &zeros_);
      left = 0;
    }
  }
  if (left > 0 && num_positive > 0) {
    MinMax(scores, request, left, &rest_);
    parts_.insert(parts_.end(), rest_.begin(), rest_.end());
  } else if (left > 0) {
    std::sort(unexplored_.begin(), unexplored_.end());
    Spread(left, counts, &rng, &unexplored_);
  }
  MergeInto(allocation);
}

void ScoreAllocation::Spread(int64_t budget, std::span<const double> counts,
                             runtime::Rng* rng, std::vector<int32_t>* members) {
  const int64_t size = static_cast<int64_t>(members->size());
  const int32_t each = static_cast<int32_t>(budget / size);
  const size_t extra = static_cast<size_t>(budget % size);
  ChooseFront(extra, counts, rng, members);
  const size_t served = each > 0 ? members->size() : extra;
  for (size_t i = 0; i < served; ++i) {
    parts_.push_back({(*members)[i], each + (i < extra ? 1 : 0)});
  }
}

void ScoreAllocation::ChooseFront(size_t count, std::span<const double> counts,
                                  runtime::Rng* rng,
                                  std::vector<int32_t>* members) {
  if (count == 0) return;
  switch (options_.zero_rule) {
    case ZeroRule::kRandomRemainder:
    case ZeroRule::kProbe:
      ShuffleFront(count, rng, members);
      break;
    case ZeroRule::kLowestIndex:
      break;  // they are ascending
    case ZeroRule::kLowestCountFirst:
      std::nth_element(members->begin(), members->begin() + (count - 1),
                       members->end(), [&](int32_t x, int32_t y) {
                         return counts[x] < counts[y] ||
                                (counts[x] == counts[y] && x < y);
                       });
      break;
    case ZeroRule::kRoundRobin: {
      const auto next =
          std::lower_bound(members->begin(), members->end(), cursor_);
      std::rotate(members->begin(), next, members->end());
      cursor_ = (*members)[count - 1] + 1;
      break;
    }
  }
}

void ScoreAllocation::MinMax(std::span<const double> scores,
                             const RoundRequest& request, int64_t budget,
                             std::vector<WorkerTasks>* tasks) {
  const size_t n = scores.size();
  masked_scores_.resize(n);
  for (size_t i = 0; i < n; ++i) {
    masked_scores_[i] =
        IsUp(request, i) && scores[i] > 0 ? scores[i] : kInfinity;
  }
  std::span<const double> ready = request.ready_seconds;
  if (!options_.communication_seconds.empty()) {
    ready_.assign(options_.communication_seconds.begin(),
                  options_.communication_seconds.end());
    for (size_t i = 0; i < ready.size(); ++i) ready_[i] += ready[i];
    ready = ready_;
  }
  if (spreads_.empty()) {
    MinMaxAllocate(masked_scores_, ready, budget, &workspace_, tasks);
  } else {
    MinMaxAllocateWithSpreads(masked_scores_, ready, spreads_, budget,
                              &workspace_, tasks);
  }
}

void ScoreAllocation::MergeInto(Allocation* allocation) {
  std::sort(parts_.begin(), parts_.end(),
            [](const WorkerTasks& x, const WorkerTasks& y) {
              return x.worker < y.worker;
            });
  std::vector<WorkerTasks>& tasks = allocation->tasks;
  tasks.clear();
  for (const WorkerTasks& part : parts_) {
    if (!tasks.empty() && tasks.back().worker == part.worker) {
      tasks.back().tasks += part.tasks;
    } else {
      tasks.push_back(part);
    }
  }
}

}  // namespace muster::allocation
