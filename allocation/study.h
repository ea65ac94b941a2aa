// A scheduling-only study: one allocator against one cluster of simulated
// workers for K rounds, with the totals that the paper plots, at a grid of
// rounds.
//
//   runtime       sum_k C(a_k)                        seconds
//   worker time   sum of the rounds' bills            seconds
//   proxy regret  R_k = sum_{j<=k} l(a_j, mu) - k l(a*, mu),
//                 l(a, mu) = max_i a_i mu_i, a* = min-max allocation of mu
//
// with mu the true means (those at the round's beginning when the speed model
// drifts), so the regret has no sampling noise of its own.
//
// A study can be saved after any round and goes on to the same bytes. Studies
// of different seeds, sizes and policies are independent: run them in parallel.
//
// Source: Maranjyan et al. (ICML 2025), sections 3 and 5.

#ifndef MUSTER_ALLOCATION_STUDY_H_
#define MUSTER_ALLOCATION_STUDY_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/min_max_allocation.h"
#include "muster/allocation/round_simulator.h"
#include "muster/runtime/runtime.h"

namespace muster::allocation {

// Ascending distinct rounds in [1, rounds], `rounds` among them: the union of
// `per_decade` rounds per factor of ten, geometrically spaced, and `linear`
// evenly spaced ones. rounds >= 1, the others >= 0 (CHECKed).
std::vector<int64_t> RecordGrid(int64_t rounds, int per_decade, int linear);

struct StudyOptions {
  int64_t rounds = 0;  // K >= 1, required
  int64_t budget = 0;  // B >= 1, required
  // Rounds after which totals are recorded: ascending, in [1, rounds]. Empty:
  // RecordGrid(rounds, 20, 200).
  std::vector<int64_t> record_rounds = {};
  // Whether to compute the proxy regret (O(n log n) per round when the model
  // drifts, O(support) otherwise).
  bool regret = true;
  // True means for the regret, n entries > 0; empty: the simulator's. For laws
  // without a finite mean, give others or turn the regret off.
  std::vector<double> true_means = {};
};

// InvalidArgument naming field, value, bound and mend.
absl::Status Validate(const StudyOptions& options);

// Totals after `round` rounds.
struct StudyPoint {
  int64_t round = 0;
  double runtime_seconds = 0;
  double worker_seconds = 0;
  double proxy_regret = 0;  // seconds; NaN without regret or after a greedy
                            // round, for which it is not defined
  int64_t exploring_rounds = 0;  // decided by unexplored or zero scores
  int64_t completed_tasks = 0;

  static void Fields(auto& self, auto&& visit) {
    visit(self.round, self.runtime_seconds, self.worker_seconds,
          self.proxy_regret, self.exploring_rounds, self.completed_tasks);
  }
  friend bool operator==(const StudyPoint&, const StudyPoint&) = default;
};

struct StudySummary {
  std::vector<StudyPoint> points;  // at the recorded rounds that were reached
  StudyPoint last;                 // after the last round played
  bool complete = false;           // false: stopped early
};

// Not thread-safe. Allocator and simulator are borrowed and must outlive it; no
// one else may use them in between.
class Study {
 public:
  // Starts at round 1 with an allocator and a simulator as they are.
  static absl::StatusOr<Study> Create(Allocator* allocator,
                                      RoundSimulator* simulator,
                                      StudyOptions options);

  // Plays on until options.rounds, or until runtime.stop or the observer ask to
  // stop (looked at every few milliseconds; the phase is the policy's name). A
  // round that takes longer, because crashed tasks are handed out again and
  // again, can be left too: the study then goes back to the last look. Errors
  // are the simulator's.
  absl::Status Run(const runtime::Runtime& runtime);

  StudySummary Summary() const;

  // Everything: options, totals, points, allocator and simulator. RestoreState:
  // DataLoss for damaged bytes, FailedPrecondition naming the field and both
  // values for a study of other options, and the errors of the allocator's and
  // the simulator's; nothing changes then.
  std::string SaveState() const;
  absl::Status RestoreState(absl::string_view bytes);

 private:
  struct State;

  Study(Allocator* allocator, RoundSimulator* simulator, StudyOptions options);
  // Adds a round that was allocated as allocation_ to the totals.
  void AddRound(const RoundOutcome& outcome);
  // FailedPrecondition if they are not this study's.
  absl::Status CheckOptions(const State& state) const;
  // Sets means_ and optimal_loss_ to those of the present clock.
  void ComputeOptimum();

  Allocator* allocator_;
  RoundSimulator* simulator_;
  StudyOptions options_;
  StudyPoint total_;
  std::vector<StudyPoint> points_;
  Allocation allocation_;
  std::vector<double> means_;
  double optimal_loss_ = 0;
  MinMaxWorkspace workspace_;
  std::vector<WorkerTasks> optimum_;
};

// Create, Run, Summary.
absl::StatusOr<StudySummary> RunStudy(Allocator* allocator,
                                      RoundSimulator* simulator,
                                      StudyOptions options,
                                      const runtime::Runtime& runtime = {});

}  // namespace muster::allocation

#endif  // MUSTER_ALLOCATION_STUDY_H_
