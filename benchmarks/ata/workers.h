#ifndef MUSTER_BENCHMARKS_ATA_WORKERS_H_
#define MUSTER_BENCHMARKS_ATA_WORKERS_H_

// The simulated workers of the ATA experiments, and what an oracle knows of
// them.
//
// Source: Maranjyan, Saad, Richtarik, Orabona, "ATA: Adaptive Task Allocation
// for Efficient Resource Management in Distributed Machine Learning", ICML
// 2025, section 5 and appendix A; constants that the text leaves out are those
// of the published figures (README.md says which).

#include <cstdint>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/worker_spec.h"

namespace muster::benchmarks {

// B in all experiments but the regret's.
inline constexpr int64_t kPaperBudget = 23;

// A family of worker laws, one member for each number of workers.
enum class LawFamily {
  kSqrt,    // E1: 29 sqrt(i) + Exp(29 sqrt(i)), alpha = 4 * 29 sqrt(n)
  kLinear,  // E2, E5, E6: 29 i + Exp(29 i), alpha = 4 * 29 n
  kMixed,   // E3: groups of five different laws, alpha = 2 max mu
  kRegret,  // E4: Exp(2 i), alpha = max mu
};

struct Workers {
  std::vector<runtime::SpeedLaw> laws;  // n
  std::vector<double> means;            // n, seconds a task
  std::vector<double> deviations;       // n, standard deviations, seconds
  double alpha = 0;                     // the experiment's psi_1 bound, seconds

  int32_t size() const { return static_cast<int32_t>(laws.size()); }
};

// n workers of `family`. InvalidArgument for n < 1 (and for n not a multiple of
// five in the mixed family).
absl::StatusOr<Workers> MakeWorkers(LawFamily family, int32_t n);

// The laws of a cluster, whatever its modifiers; alpha = 2 max mean.
Workers WorkersOf(const runtime::ClusterSpec& cluster);

// The optimum of the proxy loss: a* = argmin max_i a_i mu_i and what it costs.
struct ProxyOptimum {
  std::vector<int32_t> counts;  // n
  double loss = 0;              // l(a*, mu), seconds
  double worker_seconds = 0;    // sum a*_i mu_i
};
ProxyOptimum FindProxyOptimum(const Workers& workers, int64_t budget);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_WORKERS_H_
