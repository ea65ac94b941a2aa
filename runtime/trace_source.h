#ifndef MUSTER_RUNTIME_TRACE_SOURCE_H_
#define MUSTER_RUNTIME_TRACE_SOURCE_H_

// trace:... of a cluster spec: recorded workers as speed laws.

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/cluster_spec_parser.h"
#include "muster/runtime/speed_law.h"

namespace muster::runtime {

// The laws of the trace's workers, at least one; `text` is the spec, for
// errors. InvalidArgument (SpecErrorAt) for a wrong call, else the error of
// trace_file.h.
absl::StatusOr<std::vector<SpeedLaw>> LawsOfTrace(absl::string_view text,
                                                  const CallSource& call,
                                                  const std::string& data_dir);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_TRACE_SOURCE_H_
