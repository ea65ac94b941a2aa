// E2: the linear law, mu_i = 58 i. ATA (ICML 2025), figure 2 and
// table 2.
//
// Workers X_i = 29 i + Exp(29 i), n = 17, 51, 153, B = 23, K =
// 3,000,000 rounds. Scoring: each of the table's 18 ratios within 1 % with the
// constants of the published figures (width 4e, eta = 2); the same ratios with
// the constants of the published text (2, eta = 1) stand beside them.

#include "absl/status/status.h"
#include "muster/benchmarks/ata/law_comparison.h"
#include "muster/benchmarks/ata/published.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/status_macros.h"

namespace {

using muster::benchmarks::Comparison;
using muster::benchmarks::Experiment;

absl::Status Run(Experiment& experiment) {
  namespace mb = muster::benchmarks;
  MUSTER_ASSIGN_OR_RETURN(
      Comparison comparison,
      Comparison::Run(experiment,
                      {.family = mb::LawFamily::kLinear,
                       .sizes = {17, 51, 153},
                       .rounds = experiment.flags().ByEffort<int64_t>(
                           20'000, mb::kPaperRounds, mb::kPaperRounds)}));
  AddComparisonTables(experiment, comparison, "Table 2", mb::kTable2);
  JudgePublishedRatios(experiment, comparison, "Table 2", mb::kTable2);
  JudgeComparison(experiment, comparison, "Figure 2");
  AddComparisonFigure(experiment, comparison, mb::Preset::kFigures, "figure_2",
                      "Linear law, constants of the published figures");
  AddComparisonFigure(experiment, comparison, mb::Preset::kText,
                      "figure_2_text",
                      "Linear law, constants of the published text");
  return absl::OkStatus();
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "linear_law",
       .title = "ATA on workers of mean 58 i",
       .source = "Maranjyan et al., ATA (ICML 2025), figure 2 and table 2",
       .claims = "all 18 ratios of table 2 within 1 % (3,000,000 rounds)\n"
                 "bills and orders of the policies, length of the exploration",
       .default_seeds = 1,
       .quick_seeds = 3,
       .full_seeds = 3},
      Run);
}
