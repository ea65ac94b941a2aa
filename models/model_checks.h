#ifndef MUSTER_MODELS_MODEL_CHECKS_H_
#define MUSTER_MODELS_MODEL_CHECKS_H_

// What the models ask of their options and data alike. Not for use outside the
// package.

#include <cmath>
#include <cstdint>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"

namespace muster::models::internal {

// The weight of a squared norm; `options` names the struct.
inline absl::Status CheckL2(absl::string_view options, double l2) {
  if (l2 >= 0 && std::isfinite(l2)) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrFormat("%s.l2 is %g, must be finite and >= 0", options, l2));
}

// `user` says who needs the rows, for the message.
inline absl::Status CheckHasRows(absl::string_view user, int64_t num_rows) {
  if (num_rows > 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s needs at least one row, the data set has none", user));
}

}  // namespace muster::models::internal

#endif  // MUSTER_MODELS_MODEL_CHECKS_H_
