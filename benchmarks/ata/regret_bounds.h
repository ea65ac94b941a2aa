#ifndef MUSTER_BENCHMARKS_ATA_REGRET_BOUNDS_H_
#define MUSTER_BENCHMARKS_ATA_REGRET_BOUNDS_H_

// The regret bounds of the paper's theorems 6.1 and 6.3 with the constants of
// its appendix D. With k_i the smallest integer for which (a*_i + k_i) mu_i >
// l = l(a*, mu),
//
//   R_K <= 2 n max_i (B mu_i - l)
//        + sum_i c_i (a*_i + k_i) (B mu_i - l) ln(2 K^2)
//                / ((a*_i + k_i) mu_i - l)^2,
//
// c_i = 24 alpha^2 for ATA, 185 eta^2 mu_i^2 for ATA-Empirical. Loose by one to
// three orders of magnitude.

#include <cstdint>

#include "muster/benchmarks/ata/workers.h"

namespace muster::benchmarks {

double AtaRegretBound(const Workers& workers, int64_t budget, double alpha,
                      int64_t rounds);
double AtaEmpiricalRegretBound(const Workers& workers, int64_t budget,
                               double eta, int64_t rounds);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_ATA_REGRET_BOUNDS_H_
