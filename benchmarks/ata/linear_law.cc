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
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"

namespace {

absl::Status Run(muster::benchmarks::Experiment& experiment) {
  namespace mb = muster::benchmarks;
  return mb::Reproduce(experiment, {.family = mb::LawFamily::kLinear,
                                    .sizes = {17, 51, 153},
                                    .table = "Table 2",
                                    .published = mb::kTable2,
                                    .figure = "Figure 2",
                                    .figure_file = "figure_2",
                                    .title = "Linear law"});
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
