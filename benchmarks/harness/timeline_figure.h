#ifndef MUSTER_BENCHMARKS_HARNESS_TIMELINE_FIGURE_H_
#define MUSTER_BENCHMARKS_HARNESS_TIMELINE_FIGURE_H_

// A cluster's timeline as a Gantt figure and as a trace file.

#include <cstdint>
#include <limits>
#include <string>

#include "muster/benchmarks/harness/experiment.h"
#include "muster/benchmarks/harness/figure.h"
#include "muster/runtime/timeline.h"

namespace muster::benchmarks {

struct GanttOptions {
  // The window of time that is drawn; segments are cut at its ends.
  double begin_seconds = 0;
  double end_seconds = std::numeric_limits<double>::infinity();
  // Workers 0 … max_workers - 1 are drawn. Default: as many rows as are still
  // told apart on a page.
  int32_t max_workers = 60;
  // Segments beyond this many (in the order of recording) are left out, and
  // the panel's title says so. Default: about a second of drawing.
  int64_t max_segments = 5000;
};

// One row per worker, one block per segment in the window; blocks carry the
// segment's label, or else the task number. The timeline must have kept its
// segments (CHECKed when it recorded any task).
Panel GanttPanel(const runtime::Timeline& timeline,
                 const GanttOptions& options = {});

// Adds the figure <name>.svg/.png with GanttPanel alone, and the whole timeline
// as <name>.trace.json for the viewers of Chrome and Perfetto.
void AddTimeline(Experiment& experiment, const std::string& name,
                 const std::string& title, const runtime::Timeline& timeline,
                 const GanttOptions& options = {});

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_TIMELINE_FIGURE_H_
