#ifndef MUSTER_BENCHMARKS_ATA_LAW_COMPARISON_H_
#define MUSTER_BENCHMARKS_ATA_LAW_COMPARISON_H_

// The paper's synthetic experiments: every policy on one family of laws, at
// several numbers of workers, over several seeds; both presets of the learners.

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/ata/policies.h"
#include "muster/benchmarks/ata/policy_grid.h"
#include "muster/benchmarks/ata/policy_run.h"
#include "muster/benchmarks/ata/published.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"

namespace muster::benchmarks {

struct ComparisonOptions {
  LawFamily family;
  std::vector<int32_t> sizes;
  int64_t budget = kPaperBudget;
  int64_t rounds = 0;
};

// All runs of a comparison: 7 policies (GTA, OFTA, UTA, and the two learners in
// two presets) at each size and seed.
class Comparison {
 public:
  // Runs what has no checkpoint yet. Cancelled when stopped before the end.
  static absl::StatusOr<Comparison> Run(Experiment& experiment,
                                        const ComparisonOptions& options);

  const ComparisonOptions& options() const { return options_; }
  const std::vector<Policy>& policies() const { return policies_; }
  const Workers& workers(int32_t size_index) const {
    return workers_[size_index];
  }

  // One run per seed.
  const std::vector<PolicyRun>& runs(int32_t size_index,
                                     absl::string_view policy_key) const;

 private:
  ComparisonOptions options_;
  std::vector<Policy> policies_;
  std::vector<Workers> workers_;  // by size
  GridRuns runs_;
};

// The table of ratios (ours in both presets beside the published ones) and a
// table of each policy's means per round.
void AddComparisonTables(Experiment& experiment, const Comparison& comparison,
                         absl::string_view source,
                         std::span<const PublishedRatios> published);

// A claim per published number, 1 % (skipped for the learners when the run is
// shorter than the paper's), named `source`.
void JudgePublishedRatios(Experiment& experiment, const Comparison& comparison,
                          absl::string_view source,
                          std::span<const PublishedRatios> published);

// What holds at any number of rounds: exact bills, closed forms, orders of the
// policies, the length of the exploration.
void JudgeComparison(Experiment& experiment, const Comparison& comparison,
                     absl::string_view source);

// The paper's figure: a row per size; columns optimality against runtime and
// against worker time, average round time and average regret against rounds.
void AddComparisonFigure(Experiment& experiment, const Comparison& comparison,
                         Preset preset, absl::string_view name,
                         absl::string_view title);

// A figure and a table of the paper on one family: runs, tables, all claims
// above, figures in both presets. K is the paper's but with --quick.
struct PublishedComparison {
  LawFamily family;
  std::vector<int32_t> sizes;
  std::string table;                           // "Table 1"
  std::span<const PublishedRatios> published;  // its rows
  std::string figure;                          // "Figure 1"
  std::string figure_file;                     // "figure_1"
  std::string title;                           // "Square-root law"
};
absl::Status Reproduce(Experiment& experiment, const PublishedComparison& what);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_LAW_COMPARISON_H_
