// E1: the square-root law, mu_i = 58 sqrt(i). ATA (ICML 2025), figure 1 and
// table 1.
//
// Workers X_i = 29 sqrt(i) + Exp(29 sqrt(i)), n = 17, 51, 153, 459, B = 23, K =
// 3,000,000 rounds. Scoring: each of the table's 24 ratios within 1 % with the
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
  return mb::Reproduce(experiment, {.family = mb::LawFamily::kSqrt,
                                    .sizes = {17, 51, 153, 459},
                                    .table = "Table 1",
                                    .published = mb::kTable1,
                                    .figure = "Figure 1",
                                    .figure_file = "figure_1",
                                    .title = "Square-root law"});
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "sqrt_law",
       .title = "ATA on workers of mean 58 sqrt(i)",
       .source = "Maranjyan et al., ATA (ICML 2025), figure 1 and table 1",
       .claims = "all 24 ratios of table 1 within 1 % (3,000,000 rounds)\n"
                 "bills and orders of the policies, length of the exploration",
       .default_seeds = 1,
       .quick_seeds = 3,
       .full_seeds = 3},
      Run);
}
