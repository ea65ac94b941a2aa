#ifndef MUSTER_RUNTIME_PARAMETER_RANGE_H_
#define MUSTER_RUNTIME_PARAMETER_RANGE_H_

// The one check, and the one wording, for parameters of laws and modifiers.

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::runtime {

// OK if value is in [low, high]; else, also for NaN, InvalidArgument
// "exponential: mean = -3 must be a number from 1e-100 to 1e+100".
absl::Status CheckParameter(absl::string_view family, absl::string_view name,
                            double value, double low, double high);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_PARAMETER_RANGE_H_
