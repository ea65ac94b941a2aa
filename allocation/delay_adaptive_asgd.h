#ifndef MUSTER_ALLOCATION_DELAY_ADAPTIVE_ASGD_H_
#define MUSTER_ALLOCATION_DELAY_ADAPTIVE_ASGD_H_

// Asynchronous SGD whose step shrinks with the delay: a gradient of delay delta
// is applied, x_{k+1} = x_k - gamma_delta g, with
//
//   gamma_0 = gamma,   gamma_delta = min(gamma, c / (L delta)),
//
// and its worker starts anew at the newest iterate. Nothing is thrown away, but
// what comes from slow workers counts for little.
//
// Source: Koloskova, Stich, Jaggi, "Sharper convergence guarantees for
// asynchronous SGD", 2022; Mishchenko, Bach, Even, Woodworth, "Asynchronous SGD
// beats minibatch SGD under arbitrary delays", 2022. Not looked up: the form of
// gamma_delta is recalled from memory, and so is the size of c; do not cite
// either as the papers'.

#include <memory>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

struct DelayAdaptiveAsgdOptions {
  // gamma > 0.
  double step = 0;
  // L > 0, of the objective's gradient.
  double smoothness = 1;
  // c > 0. A larger one uses late gradients more. Default: 1/4, from memory of
  // the order of the papers' constants, not looked up.
  double delay_factor = 0.25;
};

// InvalidArgument naming the field, its value and bound.
absl::Status Validate(const DelayAdaptiveAsgdOptions& options);
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateDelayAdaptiveAsgd(
    const DelayAdaptiveAsgdOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_DELAY_ADAPTIVE_ASGD_H_
