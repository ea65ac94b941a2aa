#ifndef MUSTER_RUNTIME_TRACE_EVENT_H_
#define MUSTER_RUNTIME_TRACE_EVENT_H_

// A timeline as a file for trace viewers: chrome://tracing and ui.perfetto.dev.
//
// The format is the JSON object of Google's "Trace Event Format":
//
//   {"displayTimeUnit": "ms", "otherData": {…}, "traceEvents": [
//     {"ph": "M", "name": "process_name", "pid": 0, "tid": 0,
//      "args": {"name": "cluster"}},
//     {"ph": "M", "name": "thread_name", "pid": 0, "tid": 3,
//      "args": {"name": "worker 3"}},
//     {"ph": "X", "name": "gradient", "cat": "compute", "pid": 0, "tid": 3,
//      "ts": 1500000.0, "dur": 250000.0, "args": {"task": 17}}, …]}
//
// "M" events are metadata: the cluster is the process, each worker that has a
// segment is a thread. "X" events are complete: begin `ts` and duration `dur`
// in microseconds, one for each segment. A segment's name is its label, or its
// activity if it has none; its category is its activity.
//
// Does not promise: digits below the resolution of a double. Viewers round to
// nanoseconds and place virtual time 0 at the left edge.

#include <ostream>
#include <string>

#include "absl/strings/string_view.h"
#include "muster/runtime/timeline.h"

namespace muster::runtime {

struct TraceEventOptions {
  // The name of the process: what a viewer shows above the workers.
  absl::string_view process_name = "cluster";
  // Trace microseconds per second of the timeline. Positive (CHECKed). The
  // default shows seconds as seconds; a smaller factor fits long virtual runs
  // into a viewer (they overflow beyond some centuries).
  double microseconds_per_second = 1e6;
};

// Writes the kept segments, an event to a line. Whether the timeline was
// truncated, and how many segments are missing, is told under "otherData". O(1)
// memory beside the timeline.
void WriteTraceEvents(const Timeline& timeline,
                      const TraceEventOptions& options, std::ostream& out);

// The same as a string.
std::string TraceEventsAsJson(const Timeline& timeline,
                              const TraceEventOptions& options = {});

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_TRACE_EVENT_H_
