#include "muster/allocation/hot_set.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "muster/allocation/min_max_allocation.h"
#include "muster/runtime/check.h"

namespace muster::allocation {
namespace {

// Longer epochs and higher caps make fewer full scans and larger hot sets; both
// measured at n = 10^6 and flat within a factor of two.
constexpr double kEpochGrowth = 1.2;
constexpr double kCapMargin = 1.3;
constexpr int64_t kWorkRatio = 4;
constexpr int64_t kSmall = 2048;  // a hot set that is cheap at any epoch length

}  // namespace

HotSet::HotSet(WidthKind kind, double width,
               const ScoreAllocation::Options& options)
    : kind_(kind), width_(width), options_(options) {
  MUSTER_CHECK(options.zero_rule != ZeroRule::kRoundRobin &&
               options.zero_rule != ZeroRule::kProbe);
  MUSTER_CHECK(options.communication_seconds.empty());
}

void HotSet::Allocate(const RoundRequest& request, const ArmStatistics& arms,
                      ScoreAllocation* full, std::span<double> scores,
                      Allocation* allocation) {
  MUSTER_CHECK(request.up.empty() && request.ready_seconds.empty());
  if (valid_ && request.round >= first_round_ && request.round <= last_round_ &&
      AllocateHot(request, allocation)) {
    return;
  }
  valid_ = false;
  ComputeScores(kind_, arms, LogTerm(request.round), width_, scores);
  full->Allocate(scores, arms.counts(), request, allocation);
  if (allocation->exploring) return;
  BeginEpoch(request.round, MinMaxLoss(scores, {}, allocation->tasks), arms,
             scores);
}

bool HotSet::AllocateHot(const RoundRequest& request, Allocation* allocation) {
  ComputeScores(kind_, *arms_, LogTerm(request.round), width_, scores_);
  split_->Allocate(scores_, arms_->counts(), request, allocation);
  if (!allocation->exploring &&
      !(MinMaxLoss(scores_, {}, allocation->tasks) < cap_)) {
    return false;
  }
  for (WorkerTasks& t : allocation->tasks) t.worker = workers_[t.worker];
  return true;
}

void HotSet::BeginEpoch(int64_t round, double loss, const ArmStatistics& arms,
                        std::span<double> scores) {
  const int64_t longest = static_cast<int64_t>(
      std::ceil((kEpochGrowth - 1) * static_cast<double>(round)));
  epoch_rounds_ = std::clamp<int64_t>(2 * epoch_rounds_, 1, longest);
  if (num_epochs_ == 0) epoch_rounds_ = longest;
  cap_ = kCapMargin * loss;
  const int64_t n = arms.size();
  while (true) {
    ComputeScores(kind_, arms, LogTerm(round + epoch_rounds_), width_, scores);
    const int64_t size = std::count_if(scores.begin(), scores.end(),
                                       [&](double s) { return s <= cap_; });
    // Work on H in the epoch against the scan that ends it.
    if (epoch_rounds_ == 1 || size * epoch_rounds_ <= kWorkRatio * n ||
        size <= kSmall) {
      break;
    }
    epoch_rounds_ = (epoch_rounds_ + 3) / 4;
  }
  first_round_ = round;
  last_round_ = round + epoch_rounds_;
  for (const int32_t worker : workers_) positions_[worker] = -1;
  positions_.resize(static_cast<size_t>(arms.size()), -1);
  workers_.clear();
  for (int32_t i = 0; i < arms.size(); ++i) {
    if (scores[i] <= cap_) workers_.push_back(i);
  }
  arms_.emplace(static_cast<int32_t>(workers_.size()));
  for (size_t place = 0; place < workers_.size(); ++place) {
    const int32_t worker = workers_[place];
    positions_[worker] = static_cast<int32_t>(place);
    arms_->Set(static_cast<int32_t>(place), arms.counts()[worker],
               arms.totals()[worker]);
  }
  options_.num_workers = static_cast<int32_t>(workers_.size());
  split_.emplace(options_);
  scores_.resize(workers_.size());
  valid_ = true;
  ++num_epochs_;
}

void HotSet::Update(int32_t worker, const ArmStatistics& arms) {
  if (!valid_) return;
  const int32_t place = positions_[worker];
  if (place < 0) {
    valid_ = false;  // its bound holds no longer
    return;
  }
  arms_->Set(place, arms.counts()[worker], arms.totals()[worker]);
}

}  // namespace muster::allocation
