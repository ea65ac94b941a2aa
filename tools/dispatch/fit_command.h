#ifndef MUSTER_TOOLS_DISPATCH_FIT_COMMAND_H_
#define MUSTER_TOOLS_DISPATCH_FIT_COMMAND_H_

// `dispatch fit`: draws a sample of a file, clusters it, writes the router.
//
// The file is read once; memory is the sample's, whatever the file's size. Rows
// with many features are projected to few dimensions at random
// (dispatch/random_projection.h), and so will be those that the router meets.

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "muster/dispatch/fit.h"
#include "muster/tools/dispatch/command.h"
#include "muster/tools/dispatch/input.h"

namespace muster::tools::dispatch {

struct FitCommandOptions {
  // num_features > 0: of the router, for LIBSVM files whose rows may have more
  // than those of this one; 0: the largest of the file.
  InputOptions input = {};
  std::string out = {};  // the router file
  // Its sample_size is the number of rows clustered; its weighing_points are
  // drawn from the file besides (all that are left if it is shorter).
  lib::FitOptions fit = {};
  // Other rows, drawn beside the sample, that tell what loads to expect on the
  // whole file; 0: none.
  int64_t check_rows = 10'000;
  // Dimensions that rows are projected to: 0: never, the router sees the
  // features themselves; -1: 128 when there are more than 1024 features.
  int64_t project = -1;
  // Scale each row to length 1 first: distances then compare angles, as TF-IDF
  // wants it.
  bool unit_length = false;
};

// InvalidArgument naming the flag, its value and bound.
absl::Status Validate(const FitCommandOptions& options);

// Errors of the files and of dispatch::FitRouter; Cancelled when the stop flag
// was set: no router is written.
absl::Status RunFit(const FitCommandOptions& options,
                    const CommandContext& context);

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_FIT_COMMAND_H_
