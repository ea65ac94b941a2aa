#ifndef MUSTER_BENCHMARKS_OUTCOME_H_
#define MUSTER_BENCHMARKS_OUTCOME_H_

// What one experiment of a reproduction left in its output folder.

#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/harness/claims.h"

namespace muster::benchmarks {

struct OutcomeFigure {
  std::string name = {};
  std::string title = {};
  std::string caption = {};
  std::string svg = {};  // empty: it was not drawn
};

struct OutcomeTable {
  std::string name = {};
  std::string title = {};
  std::vector<std::string> columns = {};
  std::vector<std::vector<std::string>> rows = {};  // for people: six digits
  std::vector<bool> is_number = {};                 // by column
};

struct Outcome {
  // From the list of experiments and the run.
  std::string name = {};         // e.g. "sqrt_law"
  std::string label = {};        // e.g. "//benchmarks/ata:sqrt_law"
  std::string description = {};  // one line
  std::string command = {};      // that runs it again
  int exit_code = -1;            // -1: not run (stopped before)
  double seconds = 0;
  std::vector<std::string> last_lines = {};  // of its output, for errors

  // Whether the run wrote results, and they were read.
  bool has_results = false;

  // From its files; empty when there are none.
  std::string title = {};
  std::string source = {};
  bool incomplete = false;
  std::vector<Claim> claims = {};
  std::vector<std::string> notes = {};
  std::vector<OutcomeFigure> figures = {};
  std::vector<OutcomeTable> tables = {};
  std::vector<std::string> missing_data = {};
  // Facts by name, in order: flags, checksums, commit, machine.
  std::vector<std::pair<std::string, std::string>> provenance = {};
  std::string figures_warning = {};  // empty: all were drawn

  // Ended by itself with results (whatever its verdicts).
  bool ok() const { return exit_code == 0 || exit_code == 2; }
};

// Fills the second half from the files in `folder`. DataLoss names a file that
// cannot be read or is not what an experiment writes.
absl::Status LoadOutcome(const std::string& folder, Outcome* outcome);

// The claims of all, each id as "experiment/id".
std::vector<Claim> UnionOfClaims(std::span<const Outcome> outcomes);

// The data files that any of them missed, sorted, each once.
std::vector<std::string> MissingData(std::span<const Outcome> outcomes);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_OUTCOME_H_
