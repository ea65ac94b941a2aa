#ifndef MUSTER_TOOLS_CALL_FOLDER_H_
#define MUSTER_TOOLS_CALL_FOLDER_H_

// Paths as the caller of a program meant them: `bazel run` starts programs in
// another folder than the one it was called from.

#include <string>

#include "absl/strings/string_view.h"

namespace muster::tools {

// The folder of the call: $BUILD_WORKING_DIRECTORY, which `bazel run` sets,
// else the working directory. Absolute.
std::string CallFolder();

// `path` as the caller meant it: absolute as it is, else under CallFolder();
// without ".", ".." and a slash at the end.
std::string ResolvePath(absl::string_view path);

}  // namespace muster::tools

#endif  // MUSTER_TOOLS_CALL_FOLDER_H_
