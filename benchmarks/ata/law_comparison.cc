#include "muster/benchmarks/ata/law_comparison.h"

#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

std::vector<Policy> AllPolicies() {
  std::vector<Policy> policies = PaperPolicies(Preset::kFigures);
  policies.push_back(Ata(Preset::kText));
  policies.push_back(AtaEmpirical(Preset::kText));
  return policies;
}

std::string GridName(const Workers& workers) {
  return absl::StrFormat("n%d", workers.size());
}

}  // namespace

absl::StatusOr<Comparison> Comparison::Run(Experiment& experiment,
                                           const ComparisonOptions& options) {
  Comparison result;
  result.options_ = options;
  result.policies_ = AllPolicies();
  for (int32_t n : options.sizes) {
    MUSTER_ASSIGN_OR_RETURN(Workers workers, MakeWorkers(options.family, n));
    result.workers_.push_back(std::move(workers));
  }
  std::vector<GridRun> grid;
  for (const Workers& workers : result.workers_) {
    for (const Policy& policy : result.policies_) {
      grid.push_back({.name = GridName(workers),
                      .workers = &workers,
                      .options = {.policy = policy,
                                  .budget = options.budget,
                                  .rounds = options.rounds}});
    }
  }
  MUSTER_ASSIGN_OR_RETURN(result.runs_, RunGrid(experiment, "policies", grid));
  return result;
}

const std::vector<PolicyRun>& Comparison::runs(
    int32_t size_index, absl::string_view policy_key) const {
  return runs_.at(GridName(workers_[size_index]), policy_key);
}

absl::Status Reproduce(Experiment& experiment,
                       const PublishedComparison& what) {
  MUSTER_ASSIGN_OR_RETURN(
      Comparison comparison,
      Comparison::Run(
          experiment,
          {.family = what.family,
           .sizes = what.sizes,
           .rounds = experiment.flags().quick() ? 20'000 : kPaperRounds}));
  AddComparisonTables(experiment, comparison, what.table, what.published);
  JudgePublishedRatios(experiment, comparison, what.table, what.published);
  JudgeComparison(experiment, comparison, what.figure);
  AddComparisonFigure(
      experiment, comparison, Preset::kFigures, what.figure_file,
      absl::StrCat(what.title, ", constants of the published figures"));
  AddComparisonFigure(
      experiment, comparison, Preset::kText,
      absl::StrCat(what.figure_file, "_text"),
      absl::StrCat(what.title, ", constants of the published text"));
  return absl::OkStatus();
}

}  // namespace muster::benchmarks
