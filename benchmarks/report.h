#ifndef MUSTER_BENCHMARKS_REPORT_H_
#define MUSTER_BENCHMARKS_REPORT_H_

// One page for all experiments of a reproduction: the claims with their
// verdicts, and for each experiment its figures, tables, notes, provenance and
// the command that runs it again. The page refers to nothing outside itself.

#include <span>
#include <string>

#include "muster/benchmarks/harness/data_catalog.h"
#include "muster/benchmarks/outcome.h"

namespace muster::benchmarks {

struct ReportHead {
  std::string title = {};
  std::string effort = {};  // "quick", "full"
  std::string begin_utc = {};
  double wall_seconds = 0;
  std::string command = {};  // that makes the page again
  DataAdvice missing_data = {};
};

// HTML, UTF-8. Verdicts are told by words and signs, not by colour alone.
std::string ReportHtml(const ReportHead& head,
                       std::span<const Outcome> outcomes);

// Text for use between tags or inside a quoted attribute.
std::string HtmlEscape(absl::string_view text);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_REPORT_H_
