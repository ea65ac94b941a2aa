#ifndef MUSTER_RUNTIME_TIMELINE_H_
#define MUSTER_RUNTIME_TIMELINE_H_

// What each worker of a cluster did, and when: totals always, single segments
// on request.
//
// A worker does one thing at a time, so for a horizon of H seconds and n
// workers
//
//   compute + cancelled + lost + expired + idle = n * H,
//
// where idle is what the other four leave. Worker time, the resource bill of a
// policy, is the sum of the four.
//
// Does not promise: an order of segments in time (they are in the order in
// which they were recorded); anything about tasks that were not recorded.

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/ids.h"

namespace muster::runtime {

// How a worker spent a stretch of time.
enum class Activity : int8_t {
  kCompute,    // on a task that was completed
  kCancelled,  // on a task that the coordinator dropped
  kLost,       // on a task that ended with the worker's crash
  kExpired,    // on a task that was abandoned after its time limit
};
inline constexpr int kNumActivities = 4;

// "compute", "cancelled", "lost", "expired".
absl::string_view ActivityName(Activity activity);

struct TimelineOptions {
  // Keep each segment, for figures and trace files. Costs 40 bytes a task.
  bool keep_segments = false;
  // Segments after this many are dropped (the totals still count them), and
  // truncated() says so. >= 0. Default: 40 MB; trace viewers are slow beyond
  // it.
  int64_t max_segments = int64_t{1} << 20;
};

// Sums over the tasks of one worker, or of all.
struct TimelineTotals {
  std::array<double, kNumActivities> seconds = {};  // by Activity
  std::array<int64_t, kNumActivities> tasks = {};   // by Activity
  int64_t bytes_requested = 0;                      // sent to workers
  int64_t bytes_returned = 0;                       // sent by workers

  double Seconds(Activity activity) const {
    return seconds[static_cast<int>(activity)];
  }
  int64_t Tasks(Activity activity) const {
    return tasks[static_cast<int>(activity)];
  }
  // The resource bill: time spent on tasks, whatever became of them.
  double WorkerSeconds() const {
    return (seconds[0] + seconds[1]) + (seconds[2] + seconds[3]);
  }
};

class Timeline {
 public:
  struct Segment {
    double begin_seconds = 0;
    double end_seconds = 0;
    int64_t task = 0;  // the worker's task number
    int32_t worker = 0;
    int32_t label = 0;  // index in labels()
    Activity activity = Activity::kCompute;
  };

  // num_workers >= 0 and max_segments >= 0 (CHECKed). 88 bytes per worker.
  explicit Timeline(int32_t num_workers, TimelineOptions options = {});

  // Enters one task. begin <= end, both finite (CHECKed in debug builds). A
  // task that never ran has begin = end: it counts as a task and leaves no
  // segment. O(1).
  void Record(WorkerId worker, Activity activity, double begin_seconds,
              double end_seconds, int64_t task, absl::string_view label = {}) {
    Record(worker, activity, begin_seconds, end_seconds, task,
           LabelIndex(label));
  }
  // As above, with a label from LabelIndex: no look-up.
  void Record(WorkerId worker, Activity activity, double begin_seconds,
              double end_seconds, int64_t task, int32_t label_index);

  // The index of a label in labels(), entered if new; 0 (no label) when
  // segments are not kept.
  int32_t LabelIndex(absl::string_view label);

  void RecordRequestBytes(WorkerId worker, int64_t bytes) {
    workers_[worker.index].bytes_requested += bytes;
    totals_.bytes_requested += bytes;
  }
  void RecordResponseBytes(WorkerId worker, int64_t bytes) {
    workers_[worker.index].bytes_returned += bytes;
    totals_.bytes_returned += bytes;
  }

  // A hint that something of this worker will be recorded soon.
  void Prefetch(WorkerId worker) const {
    __builtin_prefetch(&workers_[worker.index], /*rw=*/1);
    __builtin_prefetch(&workers_[worker.index].tasks, /*rw=*/1);
  }

  int32_t num_workers() const { return static_cast<int32_t>(workers_.size()); }
  const TimelineOptions& options() const { return options_; }

  // Over all workers, summed in the order of recording; O(1).
  const TimelineTotals& totals() const { return totals_; }
  const TimelineTotals& worker_totals(WorkerId worker) const {
    return workers_[worker.index];
  }
  // The latest end recorded; 0 if there is none.
  double end_seconds() const { return end_seconds_; }

  // The total worker time of all workers: the resource bill.
  double WorkerSeconds() const { return totals_.WorkerSeconds(); }
  // What is left of n * horizon. The horizon is a time at or after
  // end_seconds(), usually the cluster's clock.
  double IdleSeconds(double horizon_seconds) const;
  // Time on completed tasks / (n * horizon), in [0, 1]; NaN if that is 0.
  double Utilisation(double horizon_seconds) const;

  // In the order of recording; empty unless options().keep_segments.
  std::span<const Segment> segments() const { return segments_; }
  // Segments that did not fit in options().max_segments.
  int64_t num_dropped_segments() const { return num_dropped_segments_; }
  bool truncated() const { return num_dropped_segments_ > 0; }
  // labels()[0] is the empty label.
  std::span<const std::string> labels() const { return labels_; }

 private:
  TimelineOptions options_;
  std::vector<TimelineTotals> workers_;  // by worker
  TimelineTotals totals_;
  double end_seconds_ = 0;
  std::vector<Segment> segments_;
  int64_t num_dropped_segments_ = 0;
  std::vector<std::string> labels_;
  absl::flat_hash_map<std::string, int32_t> label_indices_;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_TIMELINE_H_
