#ifndef MUSTER_BENCHMARKS_HARNESS_COMMAND_LINE_H_
#define MUSTER_BENCHMARKS_HARNESS_COMMAND_LINE_H_

// The flags of every experiment, on top of tools/command_line.h.

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/tools/command_line.h"

namespace muster::benchmarks {

using tools::InvalidFlag;

struct ExperimentInfo {
  std::string name = {};   // folder and program name, e.g. "sqrt_law"
  std::string title = {};  // e.g. "ATA on the square-root law"
  std::string source =
      {};  // paper and place, e.g. "ATA (2025), Table 1, Figure 2"
  std::string claims = {};    // what it claims, for --help; one per line
  std::string examples = {};  // command lines, for --help; one per line
  int64_t default_seeds = 1;  // seeds when --seeds=0; quick runs: see below
  int64_t quick_seeds = 1;
  int64_t full_seeds = 1;
};

// How much work: --quick ends in ten seconds, --full is the paper's size, the
// default lies between.
enum class Effort { kQuick, kDefault, kFull };

// The flags that every experiment has, parsed and checked.
struct CommonFlags {
  std::string out = {};  // absolute path
  Effort effort = Effort::kDefault;
  int64_t seeds = 1;          // >= 1
  uint64_t seed = 1;          // the first seed; seed i is seed + i
  int threads = 0;            // 0: all cores
  std::string data_dir = {};  // absolute path; empty when not given
  bool figures = true;        // draw them; their specifications are kept anyway
  bool resume = false;

  bool quick() const { return effort == Effort::kQuick; }
  bool full() const { return effort == Effort::kFull; }
  // One of three by effort.
  template <typename T>
  T ByEffort(T quick_value, T default_value, T full_value) const {
    return quick() ? quick_value : full() ? full_value : default_value;
  }
};

// The common flags as set, checked, with the defaults of `info` put in.
absl::StatusOr<CommonFlags> ReadCommonFlags(const ExperimentInfo& info);

// The flags that shape results, by name, with their values: the experiment's
// own, and quick, full, seeds, seed. Not out, threads, data_dir, figures,
// resume.
std::vector<std::pair<std::string, std::string>> ResultFlags();

// The flags of the program with types, defaults and meaning, under two
// headings: its own, and those of every experiment.
std::string FlagsHelp(absl::string_view own_heading);

// Title, source, claims, flags with defaults, outputs, exit codes, examples.
std::string HelpText(const ExperimentInfo& info);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_COMMAND_LINE_H_
