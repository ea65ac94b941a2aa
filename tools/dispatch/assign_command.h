#ifndef MUSTER_TOOLS_DISPATCH_ASSIGN_COMMAND_H_
#define MUSTER_TOOLS_DISPATCH_ASSIGN_COMMAND_H_

// `dispatch assign`: streams a file of any size through a router into k shard
// files of the same format, each row into p of them.
//
// Memory is constant: two batches of rows and the shards' buffers. Rows keep
// their order within a shard, and are copied as they stand. The bytes of the
// folder depend on the file, the router and the options, not on the threads.
// The folder appears whole or not at all (shard_writer.h).

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "muster/tools/dispatch/command.h"
#include "muster/tools/dispatch/input.h"

namespace muster::tools::dispatch {

struct AssignOptions {
  InputOptions input = {};  // num_features is the router's
  std::string router = {};  // a router file
  std::string out = {};     // the folder of shards
  bool overwrite = false;   // replace the shards of a former run
  // "auto": as the input is; "gzip", "none".
  std::string compression = "auto";
  int64_t gzip_level = 1;  // 1..9
  // Bytes of rows that wait for being written, in MiB, >= 1.
  int64_t buffer_mib = 64;
  // Keep every shard within [lower_factor, upper_factor] times the mean load
  // while streaming, by moving the prices (dispatch/online_balancer.h): at the
  // end, if the number of rows is told, else at the end of each window of 64 k
  // rows. Needs a price router.
  bool online = false;
  int64_t expected_rows = 0;  // exactly; 0: not known
  double lower_factor = 0.5;
  double upper_factor = 2;
  // Rows routed at a time, >= 1; no effect on results.
  int64_t batch_rows = 4096;
};

// InvalidArgument naming the flag, its value and bound.
absl::Status Validate(const AssignOptions& options);

// Errors of the files; Cancelled when the stop flag was set: nothing is left.
absl::Status RunAssign(const AssignOptions& options,
                       const CommandContext& context);

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_ASSIGN_COMMAND_H_
