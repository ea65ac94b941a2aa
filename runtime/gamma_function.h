#ifndef MUSTER_RUNTIME_GAMMA_FUNCTION_H_
#define MUSTER_RUNTIME_GAMMA_FUNCTION_H_

// Two functions of the gamma family.
//
// Regularised lower incomplete gamma function P(a, x), the distribution
// function of a gamma variable of shape a and scale 1. Power series below
// x = a + 1, Legendre's continued fraction (Lentz's evaluation) above; both
// need O(sqrt(a)) terms where x is near a and few elsewhere. The common factor
// x^a e^-x / Gamma(a) is formed without cancellation for large a, from
// a (r - 1 - ln r), r = x / a, and Stirling's series.
//
// ln of E[X^2] / E[X]^2 for a Weibull variable X of shape 1 / x, from
// ln Gamma(1 + y) = -gamma y + sum_{k >= 2} zeta(k) (-y)^k / k, in whose
// difference the linear terms, which dwarf the rest for small x, are gone.

namespace muster::runtime {

// P(a, x) for a > 0 (CHECKed); 0 for x <= 0. Absolute error below 1e-12 for a
// up to 1e10.
double RegularizedLowerGamma(double a, double x);

// ln Gamma(1 + 2 x) - 2 ln Gamma(1 + x) for x > 0 (CHECKed); relative error
// below 1e-12, also where it is as small as pi^2 x^2 / 6.
double LogGammaGap(double x);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_GAMMA_FUNCTION_H_
