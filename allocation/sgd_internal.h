#ifndef MUSTER_ALLOCATION_SGD_INTERNAL_H_
#define MUSTER_ALLOCATION_SGD_INTERNAL_H_

// What the gradient methods' sources share. Not for use outside the package.

#include <cmath>
#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/sgd_server.h"
#include "muster/runtime/check.h"
#include "muster/runtime/ids.h"

namespace muster::allocation::internal {

// sum <- sum + gradient.
inline void Accumulate(std::span<const double> gradient,
                       std::vector<double>& sum) {
  MUSTER_CHECK_EQ(gradient.size(), sum.size());
  for (size_t i = 0; i < sum.size(); ++i) sum[i] += gradient[i];
}

// One gradient at the newest iterate, with a draw of its own.
inline void SendNext(SgdServer& server, runtime::WorkerId worker) {
  server.Send(worker, server.TakeDraw());
}

// That to every worker that is up and has nothing in flight, in order.
inline void SendToIdle(SgdServer& server) {
  for (int32_t i = 0; i < server.num_workers(); ++i) {
    const runtime::WorkerId worker{i};
    if (server.IsUp(worker) && server.NumInFlight(worker) == 0) {
      SendNext(server, worker);
    }
  }
}

// `mend` says what to give instead.
inline absl::Status CheckFinitePositive(absl::string_view options,
                                        absl::string_view field, double value,
                                        absl::string_view mend) {
  if (value > 0 && std::isfinite(value)) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s.%s is %g, must be finite and > 0; %s", options, field, value, mend));
}

inline absl::Status CheckStep(absl::string_view options, double step) {
  return CheckFinitePositive(options, "step", step,
                             "give a step size, for instance 1 / (2 L) where "
                             "the gradients are L-Lipschitz");
}

inline absl::Status CheckPositive(absl::string_view options,
                                  absl::string_view field, int64_t value,
                                  absl::string_view mend) {
  if (value >= 1) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s.%s is %d, must be >= 1; %s", options, field, value, mend));
}

}  // namespace muster::allocation::internal

#endif  // MUSTER_ALLOCATION_SGD_INTERNAL_H_
