#ifndef MUSTER_RUNTIME_WORKER_SPEC_H_
#define MUSTER_RUNTIME_WORKER_SPEC_H_

// What is known of the speed of each worker of a cluster: plain data, made from
// text by ParseClusterSpec (cluster_spec.h) or directly.

#include <cstdint>
#include <string>
#include <vector>

#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"

namespace muster::runtime {

// Largest cluster that is accepted from a user.
inline constexpr int64_t kMaxWorkers = 10'000'000;

struct WorkerSpec {
  SpeedLaw law;
  std::vector<SpeedModifier> modifiers;

  friend bool operator==(const WorkerSpec&, const WorkerSpec&) = default;
};

struct ClusterSpec {
  std::vector<WorkerSpec> workers;  // by WorkerId::index
  // The spec in its canonical spelling: parsing it gives these workers again
  // (from the same trace files). Empty if not made from text.
  std::string text;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_WORKER_SPEC_H_
