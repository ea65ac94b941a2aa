#ifndef MUSTER_TOOLS_DISPATCH_COMMAND_H_
#define MUSTER_TOOLS_DISPATCH_COMMAND_H_

// What every command is given besides its options, and ways to say numbers.

#include <cstdint>
#include <functional>
#include <string>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/router.h"
#include "muster/runtime/runtime.h"

namespace muster::tools::dispatch {

// The library's package, from within this one.
namespace lib = ::muster::dispatch;

struct CommandContext {
  // Threads, progress and stop flag. Results do not depend on it.
  runtime::Runtime runtime = {};
  // A line of the result, without its newline.
  std::function<void(absl::string_view)> print = nullptr;
  // A line for the user's eyes, such as a bad row.
  std::function<void(absl::string_view)> warn = nullptr;
};

// Cancelled: what every command answers to its stop flag.
absl::Status StoppedError();

// "1,234,567".
std::string Thousands(int64_t number);
// "9.7 MiB", "812 B".
std::string Bytes(int64_t bytes);
// "label     text": labels are set in a column.
std::string Line(absl::string_view label, absl::string_view text);
// "smallest 0.52, largest 1.31, deviation 0.12 (of the mean load)".
std::string SpreadText(const lib::LoadSpread& spread);

// InvalidArgument naming --lower or --upper unless 0 <= lower <= 1 <= upper,
// both finite.
absl::Status CheckFactors(double lower, double upper);

// Bad rows are told one by one up to a number, then only counted.
class BadRowPrinter {
 public:
  explicit BadRowPrinter(const CommandContext* context) : context_(context) {}
  void operator()(absl::string_view message);

 private:
  const CommandContext* context_;
  int64_t count_ = 0;
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_COMMAND_H_
