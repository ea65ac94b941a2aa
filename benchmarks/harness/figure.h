#ifndef MUSTER_BENCHMARKS_HARNESS_FIGURE_H_
#define MUSTER_BENCHMARKS_HARNESS_FIGURE_H_

// What a figure shows. The look (fonts, palette, line styles, layout) belongs
// to //tools/plot, which draws the specification as SVG and PNG.
//
// A series' colour and line style follow its `key` (default: its label): the
// same policy looks the same in every panel and every figure of a report,
// also for readers who cannot tell colours apart.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/status.h"

namespace muster::benchmarks {

struct Series {
  enum class Kind {
    kLine,      // y against x, with the band low..high when given
    kStep,      // y holds from x until the next x
    kScatter,   // points
    kBar,       // one bar per x, an index into Panel::categories
    kErrorBar,  // points with low..high
    kBand,      // the region low..high alone
  };
  std::string label = {};  // empty: not in the legend
  Kind kind = Kind::kLine;
  std::vector<double> x = {};
  std::vector<double> y = {};  // same size as x; NaN leaves a gap
  std::vector<double> low =
      {};  // empty, or same size as x: interval over seeds
  std::vector<double> high = {};  // as low
  std::string key = {};  // what colour and style follow; empty: the label
};

// A line across the panel, dashed: a published value, a bound, an event.
struct ReferenceLine {
  enum class Direction { kHorizontal, kVertical };
  Direction direction = Direction::kHorizontal;
  double value = 0;
  std::string label = {};  // e.g. "paper: 1.07"
};

struct AxisSpec {
  enum class Scale { kLinear, kLog };
  std::string label = {};
  std::string unit = {};  // shown in brackets after the label
  Scale scale = Scale::kLinear;
  std::optional<double> min = std::nullopt;
  std::optional<double> max = std::nullopt;
};

// One block of a Gantt panel. Activities: "compute", "cancelled", "lost",
// "expired" have colours of their own; any other word gets one as well.
struct GanttSegment {
  int64_t row = 0;  // worker
  double begin_seconds = 0;
  double end_seconds = 0;
  std::string activity = "compute";
  std::string label = {};  // drawn inside when there is room
};

struct Panel {
  std::string title = {};
  AxisSpec x = {};
  AxisSpec y = {};
  std::vector<Series> series = {};
  std::vector<ReferenceLine> references = {};
  std::vector<std::string> categories = {};  // names of x = 0, 1, … (bars)
  std::vector<GanttSegment> gantt = {};      // a Gantt panel when not empty
};

struct FigureSpec {
  // Becomes <name>.svg and <name>.png: letters, digits, '_', '-' and '.'.
  std::string name = {};
  std::string title = {};
  std::string caption = {};   // under the figure in the report
  int columns = 2;            // panels in a row of the grid
  bool shared_legend = true;  // one legend for all panels, or one in each
  std::vector<Panel> panels = {};
};

// InvalidArgument naming figure, panel, series and field: sizes that differ, a
// log axis with no positive value, a bar without its category, no panel.
absl::Status Validate(const FigureSpec& figure);

// The JSON that //tools/plot:plot.py draws; non-finite numbers become null.
// `incomplete` marks the title.
std::string FigureToJson(const FigureSpec& figure, bool incomplete);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_FIGURE_H_
