#ifndef MUSTER_BENCHMARKS_CHILD_PROCESS_H_
#define MUSTER_BENCHMARKS_CHILD_PROCESS_H_

// Runs a program and hears what it says.

#include <atomic>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

struct ChildProcess {
  std::vector<std::string> arguments = {};  // [0] is the program's path
  // NAME=VALUE, added to this process's environment or replacing its values.
  std::vector<std::string> environment = {};
  // Called with each line of its standard output and error, without the line
  // end, from the thread that called RunChild.
  std::function<void(absl::string_view)> on_line = nullptr;
  // When set while it runs, the child gets `stop_signal()` once and is waited
  // for. May be null.
  const std::atomic<bool>* stop = nullptr;
  std::function<int()> stop_signal = nullptr;
};

// Its exit code, 128 + the signal that ended it. Internal when it cannot be
// started. The child has a process group of its own (the terminal's Ctrl-C does
// not reach it twice), no input, and gets SIGTERM when this process dies.
absl::StatusOr<int> RunChild(const ChildProcess& child);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_CHILD_PROCESS_H_
