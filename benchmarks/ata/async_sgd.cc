// Asynchronous stochastic gradient methods on heterogeneous workers: time to a
// target in virtual seconds and in worker time, gradients really computed.
//
// Papers: Rennala (Tyurin, Richtarik 2023), Ringmaster ASGD (2025), Ringleader
// ASGD (2025), MindFlayer SGD (2025), ATA (2025), delay-adaptive ASGD (2022).
// Problems: the papers' tridiagonal quadratic, with the exact law of SGD on it,
// and L2 logistic regression on a9a. Every method's step and batch (or delay
// threshold) are tuned on a seed of its own and judged on the others; a run
// that does not reach the target counts with the time it ran, a lower bound.

#include <string>

#include "absl/status/status.h"
#include "muster/benchmarks/ata/async_sgd_sections.h"
#include "muster/benchmarks/harness/experiment.h"
#include "muster/runtime/status_macros.h"

namespace {

namespace mb = muster::benchmarks;

absl::Status Run(mb::Experiment& experiment) {
  MUSTER_RETURN_IF_ERROR(mb::CompareOnThreads(experiment));
  MUSTER_RETURN_IF_ERROR(mb::CompareAllocators(experiment));
  MUSTER_RETURN_IF_ERROR(mb::CompareBySize(experiment));
  MUSTER_RETURN_IF_ERROR(mb::CompareUnderHeavyTails(experiment));
  MUSTER_RETURN_IF_ERROR(mb::CompareOnA9a(experiment));
  return mb::CompareOnSortedA9a(experiment);
}

}  // namespace

int main(int argc, char** argv) {
  return mb::RunExperiment(
      argc, argv,
      {.name = "async_sgd",
       .title = "Asynchronous SGD on heterogeneous workers",
       .source = "Rennala 2023; Ringmaster, Ringleader, MindFlayer, ATA 2025",
       .claims =
           "Ringmaster and Rennala are optimal: slow workers do them no harm\n"
           "giving up pays under heavy-tailed delays\n"
           "allocation changes the clock, not the iterates\n"
           "with data of their own, fast workers bias plain ASGD",
       .examples = "async_sgd --quick\n"
                   "async_sgd --full --seeds=5 --data_dir=/data",
       .default_seeds = 5,
       .quick_seeds = 5,
       .full_seeds = 5},
      Run);
}
