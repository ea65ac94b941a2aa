#include "muster/runtime/gamma_function.h"

#include <cmath>
#include <limits>

#include "muster/runtime/check.h"

namespace muster::runtime {
namespace {

constexpr double kEpsilon = std::numeric_limits<double>::epsilon();

// d - ln(1 + d) >= 0 without cancellation near d = 0.
double MinusLog1p(double d) {
  if (std::abs(d) > 0.1) return d - std::log1p(d);
  double sum = 0;
  double power = d * d;
  for (int k = 2; std::abs(power) > kEpsilon * kEpsilon * d * d; ++k) {
    sum += (k % 2 == 0 ? power : -power) / k;
    power *= d;
    if (k > 40) break;
  }
  return sum;
}

// x^a e^-x / Gamma(a).
double CommonFactor(double a, double x) {
  if (a < 20) return std::exp(a * std::log(x) - x - std::lgamma(a));
  const double inverse_square = 1 / (a * a);
  const double stirling =
      (1.0 / 12 - inverse_square *
                      (1.0 / 360 -
                       inverse_square * (1.0 / 1260 - inverse_square / 1680))) /
      a;
  return std::sqrt(a / (2 * M_PI)) *
         std::exp(-a * MinusLog1p((x - a) / a) - stirling);
}

double Series(double a, double x) {
  double term = 1 / a;
  double sum = term;
  for (double k = a + 1; term > kEpsilon * sum; ++k) {
    term *= x / k;
    sum += term;
  }
  return sum;
}

// Gamma(a, x) e^x / x^a for x > a + 1.
double ContinuedFraction(double a, double x) {
  constexpr double kTiny = 1e-300;
  double b = x + 1 - a;
  double c = 1 / kTiny;
  double d = 1 / b;
  double h = d;
  const double max_terms = 1000 + 20 * std::sqrt(a);
  for (double k = 1; k < max_terms; ++k) {
    const double numerator = -k * (k - a);
    b += 2;
    d = numerator * d + b;
    if (std::abs(d) < kTiny) d = kTiny;
    c = b + numerator / c;
    if (std::abs(c) < kTiny) c = kTiny;
    d = 1 / d;
    const double factor = c * d;
    h *= factor;
    if (std::abs(factor - 1) < kEpsilon) break;
  }
  return h;
}

// zeta(2), zeta(3), ...
constexpr double kZeta[] = {
    1.6449340668482264, 1.2020569031595942, 1.0823232337111381,
    1.03692775514337,   1.0173430619844492, 1.008349277381923,
    1.0040773561979444, 1.0020083928260821, 1.000994575127818,
    1.0004941886041194, 1.000246086553308,  1.0001227133475785,
    1.0000612481350588, 1.000030588236307,  1.0000152822594086,
    1.0000076371976379, 1.000003817293265,  1.0000019082127165,
    1.0000009539620338, 1.0000004769329869};

}  // namespace

double LogGammaGap(double x) {
  MUSTER_CHECK_GT(x, 0);
  if (x > 1.0 / 16) return std::lgamma(1 + 2 * x) - 2 * std::lgamma(1 + x);
  double sum = 0;  // of zeta(k) (2^k - 2) (-x)^k / k; terms fall by 8 and more
  double power = x * x;
  double twos = 4;
  int k = 2;
  for (const double zeta : kZeta) {
    sum += zeta * (twos - 2) * power / k++;
    power *= -x;
    twos *= 2;
  }
  return sum;
}

double RegularizedLowerGamma(double a, double x) {
  MUSTER_CHECK_GT(a, 0);
  if (!(x > 0)) return 0;
  if (std::isinf(x)) return 1;
  const double factor = CommonFactor(a, x);
  if (factor == 0) return x < a ? 0 : 1;
  return x < a + 1 ? factor * Series(a, x)
                   : 1 - factor * ContinuedFraction(a, x);
}

}  // namespace muster::runtime
