#ifndef MUSTER_BENCHMARKS_HARNESS_PROVENANCE_H_
#define MUSTER_BENCHMARKS_HARNESS_PROVENANCE_H_

// Where a result comes from: machine, compiler, commit, and where this program
// and its data files are.

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

struct Machine {
  std::string cpu;           // e.g. "Intel(R) Xeon(R) CPU @ 2.20GHz"
  int64_t cores = 0;         // that this process may use
  int64_t memory_bytes = 0;  // -1: not known
  std::string os;            // e.g. "Debian GNU/Linux 12 (bookworm), Linux 6.1"
};

// Reads /proc and /etc/os-release; "unknown" where they do not say.
Machine ThisMachine();

// e.g. "gcc 12.2.0".
std::string Compiler();

// "opt" or "debug", with "+asan" and "+tsan" when so built.
std::string BuildMode();

// The commit of the source tree: $MUSTER_COMMIT, else what git says of the
// folder that `bazel run` was called for ($BUILD_WORKSPACE_DIRECTORY), with
// "+changes" when files differ from it. "unknown" elsewhere.
std::string Commit();

// A file of the source tree that was built in as `data`, by its path from the
// workspace root. NotFound lists where it was looked for.
absl::StatusOr<std::string> Runfile(absl::string_view path);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_PROVENANCE_H_
