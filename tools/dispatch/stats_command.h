#ifndef MUSTER_TOOLS_DISPATCH_STATS_COMMAND_H_
#define MUSTER_TOOLS_DISPATCH_STATS_COMMAND_H_

// `dispatch stats`: how evenly a router spreads the rows of a file, or what a
// folder of shards holds.

#include <string>

#include "absl/status/status.h"
#include "muster/tools/dispatch/command.h"
#include "muster/tools/dispatch/input.h"

namespace muster::tools::dispatch {

struct StatsOptions {
  // Either a folder of shards …
  std::string shards = {};
  // … whose rows are read and counted, not only its manifest, …
  bool verify = false;
  // … or a router, by itself or with a file of rows.
  std::string router = {};
  // For shards only the CSV options, which go before those of the manifest.
  InputOptions input = {};
  // A line per shard; otherwise only the extremes of many shards are shown.
  bool all = false;
};

absl::Status Validate(const StatsOptions& options);

// Errors of the files; DataLoss when a shard is not what its manifest says.
absl::Status RunStats(const StatsOptions& options,
                      const CommandContext& context);

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_STATS_COMMAND_H_
