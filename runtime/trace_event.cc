#include "muster/runtime/trace_event.h"

#include <cstdint>
#include <ostream>
#include <sstream>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/check.h"
#include "muster/runtime/timeline.h"
#include "nlohmann/json.hpp"

namespace muster::runtime {
namespace {

using Json = nlohmann::ordered_json;

constexpr int kProcess = 0;

// Labels are the user's bytes; a trace file must be UTF-8.
void WriteJson(const Json& json, std::ostream& out) {
  out << json.dump(/*indent=*/-1, ' ', /*ensure_ascii=*/false,
                   Json::error_handler_t::replace);
}

Json Metadata(absl::string_view what, int32_t thread, absl::string_view name) {
  return {{"ph", "M"},
          {"name", std::string(what)},
          {"pid", kProcess},
          {"tid", thread},
          {"args", {{"name", std::string(name)}}}};
}

}  // namespace

void WriteTraceEvents(const Timeline& timeline,
                      const TraceEventOptions& options, std::ostream& out) {
  MUSTER_CHECK(options.microseconds_per_second > 0)
      << options.microseconds_per_second;
  std::vector<bool> has_segment(timeline.num_workers());
  for (const Timeline::Segment& segment : timeline.segments()) {
    has_segment[segment.worker] = true;
  }

  out << "{\"displayTimeUnit\": \"ms\",\n\"otherData\": ";
  WriteJson({{"truncated", timeline.truncated()},
             {"dropped_segments", timeline.num_dropped_segments()}},
            out);
  out << ",\n\"traceEvents\": [\n";
  WriteJson(Metadata("process_name", 0, options.process_name), out);
  for (int32_t worker = 0; worker < timeline.num_workers(); ++worker) {
    if (!has_segment[worker]) continue;
    out << ",\n";
    WriteJson(Metadata("thread_name", worker, absl::StrCat("worker ", worker)),
              out);
  }
  for (const Timeline::Segment& segment : timeline.segments()) {
    const std::string activity(ActivityName(segment.activity));
    const std::string& label = timeline.labels()[segment.label];
    const double begin =
        segment.begin_seconds * options.microseconds_per_second;
    // The difference of rounded ends, so that a segment never reaches into the
    // next one.
    const double end = segment.end_seconds * options.microseconds_per_second;
    out << ",\n";
    WriteJson({{"ph", "X"},
               {"name", label.empty() ? activity : label},
               {"cat", activity},
               {"pid", kProcess},
               {"tid", segment.worker},
               {"ts", begin},
               {"dur", end - begin},
               {"args", {{"task", segment.task}}}},
              out);
  }
  out << "\n]}\n";
}

std::string TraceEventsAsJson(const Timeline& timeline,
                              const TraceEventOptions& options) {
  std::ostringstream out;
  WriteTraceEvents(timeline, options, out);
  return std::move(out).str();
}

}  // namespace muster::runtime
