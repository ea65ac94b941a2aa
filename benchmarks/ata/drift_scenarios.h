#ifndef MUSTER_BENCHMARKS_ATA_DRIFT_SCENARIOS_H_
#define MUSTER_BENCHMARKS_ATA_DRIFT_SCENARIOS_H_

// Clusters whose speeds change, and what theory expects there of the policies
// that forget.

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/runtime/cluster_spec.h"

namespace muster::benchmarks {

// Policies that forget, by key: each is judged in every scenario.
inline constexpr char kChangeDetection[] = "change_detection";
inline constexpr const char* kRemedies[] = {"window", "discount",
                                            kChangeDetection};

struct DriftScenario {
  std::string key;
  std::string title;
  runtime::ClusterSpec cluster = {};
  int64_t budget = kPaperBudget;
  int64_t rounds = 0;
  double changes = 1;  // expected in a run, for the remedies' memory
  // Remedies from which theory promises no gain, and why; the others are
  // claimed to beat plain ATA-Empirical.
  std::vector<std::string> without_gain = {};
  std::string no_gain_reason = {};
  // The durations are one recording, the same for every seed.
  bool recorded = false;
  double change_seconds = -1;  // of a single change; < 0: none
  // Means after the single change, for the oracle that knows them.
  int32_t changed_worker = -1;
  double changed_factor = 1;
};

// Four scenarios on ten workers of the square-root law.
absl::StatusOr<std::vector<DriftScenario>> LawScenarios(int64_t rounds);

// The job recorded in the file `path`: each worker's speed follows its recorded
// mini-batch times, a task is 1/23 of a mini-batch. Every iteration is
// stretched over `rounds_per_iteration` rounds, so that the run is long enough
// to learn in.
absl::StatusOr<DriftScenario> RecordedStragglers(const std::string& path,
                                                 int64_t rounds_per_iteration);

// The memory W of window and discount (1 - 1/W), in rounds. It weighs what a
// memory costs: all workers must be explored anew every W rounds, which takes C
// = sum_i L Q mu_i seconds (allocation/confidence.h), against W rounds of about
// twice the optimal time l after each of c changes: C K / W + W c l is least at
// W = sqrt(C K / (c l)).
double MemoryRounds(const DriftScenario& scenario, const Workers& workers);

// What a remedy may cost where it cannot help, as a share of the proxy optimum
// l. The scores of window and discount are lower bounds within a factor 1 - d
// of the means, d the relative width after W tasks: the loss is at most l / (1
// - d). Change detection adds a task to a random worker every probe_period-th
// round, mean(mu) seconds on average at most. And a worker that is forgotten is
// explored anew, L Q mu_i seconds for each change.
double CostBound(const std::string& remedy, const DriftScenario& scenario,
                 const Workers& workers);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_DRIFT_SCENARIOS_H_
