#ifndef MUSTER_TOOLS_COMMAND_LINE_H_
#define MUSTER_TOOLS_COMMAND_LINE_H_

// The command line of a program. Flags are gflags', but read here: gflags' own
// reader ends the process at a mistake and cannot say how to mend it.

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gflags/gflags.h"

namespace muster::tools {

// All flags of the program but gflags' own, sorted by name.
std::vector<gflags::CommandLineFlagInfo> ProgramFlags();

// Sets the flags named in argv[1 .. argc - 1]: `--name=value`, `--name value`,
// `--name` and `--noname` for a bool; one dash does as well, and a dash within
// a name counts as an underscore. Returns whether help was asked for (--help,
// -h): what follows is not read then. InvalidArgument: an unknown name (with
// the nearest known ones), a value that is not of the flag's type, an argument
// that is no flag.
//
// With `allowed`, only those names; another flag of the program is named as
// one that does not go with `command` ("fit"), and all that do are listed.
absl::StatusOr<bool> ParseFlags(int argc, const char* const* argv);
absl::StatusOr<bool> ParseFlags(int argc, const char* const* argv,
                                const std::vector<std::string>& allowed,
                                absl::string_view command);

// "--name=value: must be <bound>; <mend>", for checks of a program's own flags:
// InvalidFlag("rounds", "-3", "at least 1", "leave it out for …").
absl::Status InvalidFlag(absl::string_view name, absl::string_view value,
                         absl::string_view bound, absl::string_view mend);

// The known names nearest to `name`: at most two letters away, or that begin
// with it. For "did you mean".
std::vector<std::string> NearestNames(absl::string_view name,
                                      const std::vector<std::string>& known);

// A flag's line of a help text: name, type, description, default.
std::string FlagHelp(const gflags::CommandLineFlagInfo& flag);

}  // namespace muster::tools

#endif  // MUSTER_TOOLS_COMMAND_LINE_H_
