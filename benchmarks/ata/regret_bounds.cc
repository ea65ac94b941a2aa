#include "muster/benchmarks/ata/regret_bounds.h"

#include <algorithm>

#include "muster/allocation/confidence.h"

namespace muster::benchmarks {
namespace {

// coefficient(i) is c_i.
template <typename Coefficient>
double Bound(const Workers& workers, int64_t budget, int64_t rounds,
             Coefficient coefficient) {
  const ProxyOptimum optimum = FindProxyOptimum(workers, budget);
  const double log_term = allocation::LogTerm(rounds);
  double worst = 0;
  double sum = 0;
  for (int32_t i = 0; i < workers.size(); ++i) {
    const double mean = workers.means[i];
    const double loss = static_cast<double>(budget) * mean - optimum.loss;
    double tasks = optimum.counts[i] + 1;
    while (tasks * mean <= optimum.loss) ++tasks;
    const double gap = tasks * mean - optimum.loss;
    worst = std::max(worst, loss);
    sum += coefficient(i) * tasks * loss * log_term / (gap * gap);
  }
  return 2 * workers.size() * worst + sum;
}

}  // namespace

double AtaRegretBound(const Workers& workers, int64_t budget, double alpha,
                      int64_t rounds) {
  return Bound(workers, budget, rounds,
               [&](int32_t) { return 24 * alpha * alpha; });
}

double AtaEmpiricalRegretBound(const Workers& workers, int64_t budget,
                               double eta, int64_t rounds) {
  return Bound(workers, budget, rounds, [&](int32_t i) {
    return 185 * eta * eta * workers.means[i] * workers.means[i];
  });
}

}  // namespace muster::benchmarks
