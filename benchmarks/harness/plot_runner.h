#ifndef MUSTER_BENCHMARKS_HARNESS_PLOT_RUNNER_H_
#define MUSTER_BENCHMARKS_HARNESS_PLOT_RUNNER_H_

// Calls //tools/plot:plot.py, once for all figures of a folder.

#include <string>
#include <vector>

#include "absl/status/status.h"

namespace muster::benchmarks {

// Draws each specification file as <name>.svg and <name>.png into `folder`.
// Unavailable: Python's Matplotlib is missing (says which package); Internal:
// what plot.py wrote. Draws `threads` figures at a time, as many as there are
// cores for 0. About a second, and on two cores 0.3 s a figure (2 s for one of
// 16 panels).
absl::Status DrawFigures(const std::string& folder,
                         const std::vector<std::string>& specification_files,
                         int threads);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_PLOT_RUNNER_H_
