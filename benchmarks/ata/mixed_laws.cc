// E3: five different laws side by side. ATA (ICML 2025), figure 3.
//
// Groups of five workers of one mean 2m, m = 29 (5 g + 1): a constant m plus an
// exponential, uniform, half-normal, lognormal or gamma time of mean m; n = 15,
// 45, 150, B = 23, K = 3,000,000. The paper prints no numbers for it. Scoring:
// its statement that nothing changes against one law (the orders), the oracle
// allocation (5, 5, 5, 4, 4), closed-form bills. The lognormal of the slowest
// group has a coefficient of variation of 37: UTA's means are noisy.

#include <algorithm>
#include <cstdint>
#include <functional>
#include <iterator>
#include <vector>

#include "absl/status/status.h"
#include "muster/benchmarks/ata/law_comparison.h"
#include "muster/benchmarks/ata/workers.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/status_macros.h"

namespace {

using muster::benchmarks::Experiment;
namespace mb = muster::benchmarks;

constexpr int32_t kSizes[] = {15, 45, 150};

void JudgeOracle(Experiment& experiment, const mb::Workers& workers) {
  const mb::ProxyOptimum optimum =
      mb::FindProxyOptimum(workers, mb::kPaperBudget);
  // Equal means may differ in their last bits, so which of the five get five
  // tasks is open.
  std::vector<int32_t> counts(optimum.counts.begin(),
                              optimum.counts.begin() + 5);
  std::sort(counts.begin(), counts.end(), std::greater<>());
  const bool equal = counts == std::vector<int32_t>{5, 5, 5, 4, 4};
  experiment.claims().JudgeTrue(
      {.id = "oracle",
       .source = "Figure 3",
       .statement = "the oracle gives 5, 5, 5, 4 and 4 tasks to the "
                    "fastest group"},
      equal);
}

absl::Status Run(Experiment& experiment) {
  MUSTER_ASSIGN_OR_RETURN(mb::Workers workers,
                          MakeWorkers(mb::LawFamily::kMixed, kSizes[0]));
  JudgeOracle(experiment, workers);
  return mb::Reproduce(experiment,
                       {.family = mb::LawFamily::kMixed,
                        .sizes = {std::begin(kSizes), std::end(kSizes)},
                        .table = "Figure 3",
                        .published = {},
                        .figure = "Figure 3",
                        .figure_file = "figure_3",
                        .title = "Five laws"});
}

}  // namespace

int main(int argc, char** argv) {
  return muster::benchmarks::RunExperiment(
      argc, argv,
      {.name = "mixed_laws",
       .title = "ATA on workers of five different laws",
       .source = "Maranjyan et al., ATA (ICML 2025), figure 3",
       .claims = "the orders of the policies are those of one law\n"
                 "oracle allocation and bills, length of the exploration",
       .default_seeds = 1,
       .quick_seeds = 3,
       .full_seeds = 3},
      Run);
}
