#include "muster/runtime/thread_cluster.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace muster::runtime {

absl::Status Validate(const ThreadClusterOptions& options,
                      int64_t num_workers) {
  if (num_workers < 1 || num_workers > kMaxThreadClusterWorkers) {
    return absl::InvalidArgumentError(absl::StrCat(
        "a ThreadCluster with ", num_workers,
        " workers: it has a thread for "
        "each, so there must be from 1 to ",
        kMaxThreadClusterWorkers, "; a VirtualCluster takes any number"));
  }
  const double scale = options.seconds_per_virtual_second;
  if (!(scale >= 1e-9 && scale <= 1e9)) {
    return absl::InvalidArgumentError(
        absl::StrCat("ThreadClusterOptions.seconds_per_virtual_second is ",
                     scale, ": must be in [1e-9, 1e9]"));
  }
  if (options.timeline.max_segments < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("ThreadClusterOptions.timeline.max_segments is ",
                     options.timeline.max_segments, ": must be at least 0"));
  }
  return absl::OkStatus();
}

absl::Status ValidateSlowdowns(const std::vector<double>& slowdowns) {
  for (size_t worker = 0; worker < slowdowns.size(); ++worker) {
    const double slowdown = slowdowns[worker];
    if (!std::isfinite(slowdown) || slowdown < 1) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the slowdown of worker ", worker, " is ", slowdown,
          ": must be finite and at least 1 (1 is the speed of its body)"));
    }
  }
  return absl::OkStatus();
}

}  // namespace muster::runtime
