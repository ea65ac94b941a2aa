#ifndef MUSTER_BENCHMARKS_ATA_POLICY_RUN_H_
#define MUSTER_BENCHMARKS_ATA_POLICY_RUN_H_

// One policy against one cluster for K rounds, as a task of a study: it reports
// progress, saves itself on the way and goes on where it was cut off.

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/allocation/round_simulator.h"
#include "muster/allocation/study.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/tasks.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_model.h"

namespace muster::benchmarks {

// What is kept of a run: the totals at the recorded rounds; the last point is
// that of the last round.
struct PolicyRun {
  std::vector<allocation::StudyPoint> points;

  const allocation::StudyPoint& last() const { return points.back(); }
  // Means over the rounds (first, last], each one of the recorded rounds, or 0.
  double MeanRoundSeconds(int64_t first = 0, int64_t last = -1) const;
  double MeanWorkerSeconds(int64_t first = 0, int64_t last = -1) const;

  static void Fields(auto& self, auto&& visit) { visit(self.points); }
};

struct PolicyRunOptions {
  Policy policy;
  int64_t budget = kPaperBudget;
  int64_t rounds = 0;
  uint64_t seed = 1;  // of the durations and of the policy's own choices
  std::vector<int64_t> record_rounds = {};  // empty: the study's own grid
};

// On durations that do not change with time.
absl::StatusOr<PolicyRun> RunPolicy(const Workers& workers,
                                    const PolicyRunOptions& options,
                                    TaskContext& context);

// On a speed model; `workers` tells the policies' constants and, where a policy
// is an oracle, the means it believes in. No regret.
absl::StatusOr<PolicyRun> RunPolicyOnModel(const Workers& workers,
                                           runtime::SpeedModel* model,
                                           const PolicyRunOptions& options,
                                           TaskContext& context);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_POLICY_RUN_H_
