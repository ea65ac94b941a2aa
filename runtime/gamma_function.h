#ifndef MUSTER_RUNTIME_GAMMA_FUNCTION_H_
#define MUSTER_RUNTIME_GAMMA_FUNCTION_H_

// Regularised lower incomplete gamma function P(a, x), the distribution
// function of a gamma variable of shape a and scale 1. Power series below
// x = a + 1, Legendre's continued fraction (Lentz's evaluation) above; both
// need O(sqrt(a)) terms where x is near a and few elsewhere. The common factor
// x^a e^-x / Gamma(a) is formed without cancellation for large a, from
// a (r - 1 - ln r), r = x / a, and Stirling's series.

namespace muster::runtime {

// P(a, x) for a > 0 (CHECKed); 0 for x <= 0. Absolute error below 1e-12 for a
// up to 1e10.
double RegularizedLowerGamma(double a, double x);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_GAMMA_FUNCTION_H_
