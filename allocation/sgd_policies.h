#ifndef MUSTER_ALLOCATION_SGD_POLICIES_H_
#define MUSTER_ALLOCATION_SGD_POLICIES_H_

// The table of stochastic gradient methods, and creation by name.

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/mindflayer.h"
#include "muster/allocation/sgd_policy.h"

namespace muster::allocation {

// The options of every method in one plain struct: each reads the fields that
// its own header names and ignores the others.
struct SgdPolicyOptions {
  // gamma > 0. All methods. Required.
  double step = 0;
  // B of sgd, asgd_rounds, sgd_heterogeneous and rennala, S of malenia, m of
  // synchronous_sgd; >= 1.
  int64_t batch = 1;
  // R of ringmaster and ringmaster_stop, >= 1.
  int64_t delay_threshold = 1;
  // L of delay_adaptive_asgd, > 0.
  double smoothness = 1;
  // Of sgd, asgd_rounds and sgd_heterogeneous, which require it.
  std::shared_ptr<Allocator> allocator;
  // Of mindflayer, which requires it.
  std::vector<MindFlayerWorker> mindflayer_workers;
};

struct SgdPolicyEntry {
  absl::string_view name;
  absl::string_view description;  // one line
  // Unbiased when each worker has data of its own.
  bool for_heterogeneous_data;
  bool needs_allocator;
  absl::StatusOr<std::unique_ptr<SgdPolicy>> (*create)(
      const SgdPolicyOptions& options);
};

// All members, in the order of presentation.
std::span<const SgdPolicyEntry> SgdPolicyTable();

// The method called `name`. NotFound, with the names that exist;
// InvalidArgument for options that are wrong or missing.
absl::StatusOr<std::unique_ptr<SgdPolicy>> CreateSgdPolicy(
    absl::string_view name, const SgdPolicyOptions& options);

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_SGD_POLICIES_H_
