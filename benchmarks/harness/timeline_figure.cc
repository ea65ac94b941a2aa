#include "muster/benchmarks/harness/timeline_figure.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"
#include "muster/runtime/trace_event.h"

namespace muster::benchmarks {

Panel GanttPanel(const runtime::Timeline& timeline,
                 const GanttOptions& options) {
  MUSTER_CHECK(timeline.options().keep_segments || timeline.end_seconds() == 0)
      << "the timeline did not keep its segments";
  Panel panel = {.x = {.label = "time", .unit = "s"}, .y = {.label = "worker"}};
  int64_t left_out = timeline.num_dropped_segments();
  for (const auto& segment : timeline.segments()) {
    const double begin = std::max(segment.begin_seconds, options.begin_seconds);
    const double end = std::min(segment.end_seconds, options.end_seconds);
    if (begin >= end || segment.worker >= options.max_workers) continue;
    if (static_cast<int64_t>(panel.gantt.size()) >= options.max_segments) {
      ++left_out;
      continue;
    }
    const std::string& label = timeline.labels()[segment.label];
    panel.gantt.push_back(
        {.row = segment.worker,
         .begin_seconds = begin,
         .end_seconds = end,
         .activity = std::string(runtime::ActivityName(segment.activity)),
         .label = label.empty() ? absl::StrCat(segment.task) : label});
  }
  if (left_out > 0) {
    panel.title = absl::StrCat(left_out, " more tasks are not drawn");
  }
  return panel;
}

void AddTimeline(Experiment& experiment, const std::string& name,
                 const std::string& title, const runtime::Timeline& timeline,
                 const GanttOptions& options) {
  experiment.AddFigure({.name = name,
                        .title = title,
                        .caption = "One row per worker, one block per task.",
                        .panels = {GanttPanel(timeline, options)}});
  experiment.AddFile(name + ".trace.json",
                     runtime::TraceEventsAsJson(timeline));
}

}  // namespace muster::benchmarks
