#include "muster/runtime/timeline.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>

#include "absl/strings/string_view.h"
#include "muster/runtime/check.h"

namespace muster::runtime {
absl::string_view ActivityName(Activity activity) {
  switch (activity) {
    case Activity::kCompute:
      return "compute";
    case Activity::kCancelled:
      return "cancelled";
    case Activity::kLost:
      return "lost";
    case Activity::kExpired:
      return "expired";
  }
  MUSTER_CHECK(false) << "activity " << static_cast<int>(activity);
  return "";
}

Timeline::Timeline(int32_t num_workers, TimelineOptions options)
    : options_(options), labels_(1) {
  MUSTER_CHECK_GE(num_workers, 0);
  MUSTER_CHECK_GE(options.max_segments, 0);
  workers_.resize(num_workers);
}

void Timeline::Record(WorkerId worker, Activity activity, double begin_seconds,
                      double end_seconds, int64_t task, int32_t label_index) {
  MUSTER_DCHECK(std::isfinite(begin_seconds) && std::isfinite(end_seconds));
  MUSTER_DCHECK_LE(begin_seconds, end_seconds);
  MUSTER_DCHECK_GE(worker.index, 0);
  MUSTER_DCHECK_LT(worker.index, num_workers());
  const int column = static_cast<int>(activity);
  const double seconds = end_seconds - begin_seconds;
  TimelineTotals& totals = workers_[worker.index];
  totals.seconds[column] += seconds;
  totals_.seconds[column] += seconds;
  ++totals.tasks[column];
  ++totals_.tasks[column];
  end_seconds_ = std::max(end_seconds_, end_seconds);
  if (!options_.keep_segments || begin_seconds == end_seconds) return;
  if (static_cast<int64_t>(segments_.size()) >= options_.max_segments) {
    ++num_dropped_segments_;
    return;
  }
  segments_.push_back({.begin_seconds = begin_seconds,
                       .end_seconds = end_seconds,
                       .task = task,
                       .worker = worker.index,
                       .label = label_index,
                       .activity = activity});
}

int32_t Timeline::LabelIndex(absl::string_view label) {
  if (label.empty() || !options_.keep_segments) return 0;
  const auto found = label_indices_.find(label);
  if (found != label_indices_.end()) return found->second;
  const int32_t index = static_cast<int32_t>(labels_.size());
  labels_.emplace_back(label);
  label_indices_.emplace(labels_.back(), index);
  return index;
}

double Timeline::IdleSeconds(double horizon_seconds) const {
  return static_cast<double>(num_workers()) * horizon_seconds - WorkerSeconds();
}

double Timeline::Utilisation(double horizon_seconds) const {
  const double available = static_cast<double>(num_workers()) * horizon_seconds;
  if (!(available > 0)) return std::numeric_limits<double>::quiet_NaN();
  return totals_.Seconds(Activity::kCompute) / available;
}

}  // namespace muster::runtime
