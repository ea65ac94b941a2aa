#ifndef MUSTER_BENCHMARKS_HARNESS_RESULT_FILES_H_
#define MUSTER_BENCHMARKS_HARNESS_RESULT_FILES_H_

// The files of a run's results in an output folder that an earlier run may have
// used: afterwards there are those of the new results only.

#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

// A path under the folder, and the contents.
using ResultFile = std::pair<std::string, std::string>;

// Files that the results.json in `folder` speaks of: tables, figures, drawings,
// further files; sorted. Names that lead out of the folder are left out. Empty
// when there is no results.json or it is not an experiment's.
std::vector<std::string> ListedFiles(const std::string& folder);

// Writes `files` in their order, each by a rename, results.json among the last;
// before that and after the others, removes run.json and what ListedFiles has
// of earlier results and `files` has not. Drawings always go, since they are
// made from the new figures.
absl::Status ReplaceResults(const std::string& folder,
                            const std::vector<ResultFile>& files);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_RESULT_FILES_H_
