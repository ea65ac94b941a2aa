#ifndef MUSTER_RUNTIME_MATH_H_
#define MUSTER_RUNTIME_MATH_H_

// Elementary functions specified to the bit: Log, Exp, Pow, InverseNormalCdf.
//
// The logarithm of the standard library differs between libraries and versions
// in the last bit, and with it every simulated duration. Here each function is
// a fixed sequence of IEEE double additions, multiplications, divisions and
// square roots (which IEEE rounds exactly), in the order written: the result
// has the same bits on every machine in round-to-nearest mode. That needs a
// build without -ffast-math and with -ffp-contract=off (a fused multiply-add
// rounds once where the sequence rounds twice); our Bazel macros set both.
//
// No tables, no branches (InverseNormalCdf excepted): loops that call them
// vectorise (runtime/vectorize.h). Accuracy, measured against long double in
// math_test.cc: Log below 1 ulp, Exp below 1 ulp (subnormal results below 1.5),
// InverseNormalCdf below 8 ulp.
//
// The polynomial coefficients of Log and Exp are minimax (Remez exchange in
// 40-digit arithmetic) for the error weights stated there; InverseNormalCdf is
// the rational approximation PPND16 of M. Wichura, "Algorithm AS 241: The
// percentage points of the normal distribution", Applied Statistics 37 (1988).

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include "muster/runtime/vectorize.h"

namespace muster::runtime {
namespace internal_math {

// ln 2 = kLn2High + kLn2Low; the high part has 21 zero bits at its end, so its
// product with an exponent (11 bits) is exact.
inline constexpr double kLn2High = 0x1.62e42feep-1;
inline constexpr double kLn2Low = 0x1.a39ef35793c76p-33;

// condition ? a : b without a branch: g++ gives up vectorising a loop when it
// has turned several conditional expressions into jumps.
MUSTER_ALWAYS_INLINE double Select(bool condition, double a, double b) {
  const uint64_t mask = -static_cast<uint64_t>(condition);
  return std::bit_cast<double>((std::bit_cast<uint64_t>(a) & mask) |
                               (std::bit_cast<uint64_t>(b) & ~mask));
}

// log(y) + (1023 - exponent_bias) log 2, for positive normal finite y.
//
// y = 2^k (1 + f) with sqrt(1/2) <= 1 + f < sqrt(2); s = f / (2 + f), z = s^2:
//   log(1 + f) = 2 atanh(s) = 2 s + s z g(z) = f - f^2/2 + s (f^2/2 + z g(z)).
// g is minimax of degree 6 on z <= 0.02944, weight z: 0.011 ulp of the result.
MUSTER_ALWAYS_INLINE double LogOfScaled(double y, double exponent_bias) {
  const uint64_t bits = std::bit_cast<uint64_t>(y);
  // Moves the cut between exponents from 1 to sqrt(1/2).
  const uint64_t exponent =
      (bits + (0x3ff0000000000000 - 0x3fe6a09e667f3bcd)) >> 52;
  const double k = std::bit_cast<double>(exponent | 0x4330000000000000) -
                   (0x1p52 + exponent_bias);
  const double f =
      std::bit_cast<double>(bits - (exponent << 52) + 0x3ff0000000000000) - 1.0;
  const double s = f / (2.0 + f);
  const double z = s * s;
  double g = 0.14796105432180023;
  g = g * z + 0.1531403583573761;
  g = g * z + 0.1818356486667656;
  g = g * z + 0.22222198563484816;
  g = g * z + 0.2857142874247489;
  g = g * z + 0.3999999999941432;
  g = g * z + 0.6666666666666734;
  const double half_square = 0.5 * f * f;
  return k * kLn2High -
         ((half_square - (s * (half_square + z * g) + k * kLn2Low)) - f);
}

}  // namespace internal_math

// Natural logarithm of a positive, normal, finite x: the same bits as Log(x)
// there, without its special cases; other x give a meaningless number.
MUSTER_ALWAYS_INLINE double LogOfNormal(double x) {
  return internal_math::LogOfScaled(x, 1023.0);
}

// Natural logarithm. Log(0) = -inf, Log(inf) = inf, Log(x < 0) = NaN.
MUSTER_ALWAYS_INLINE double Log(double x) {
  constexpr double kInf = std::numeric_limits<double>::infinity();
  constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
  using internal_math::Select;
  const bool subnormal = x < std::numeric_limits<double>::min();
  const double scale = Select(subnormal, 0x1p54, 1.0);
  const double bias = Select(subnormal, 1023.0 + 54.0, 1023.0);
  double y = internal_math::LogOfScaled(x * scale, bias);
  // inf and NaN are their own logarithms.
  y = Select(x <= std::numeric_limits<double>::max(), y, x);
  y = Select(x < 0, kNan, y);
  return Select(x == 0, -kInf, y);
}

// e to the x. Overflows to inf above 709.78, to 0 below -745.13.
//
// x = k ln 2 + r, |r| <= ln(2)/2; exp(r) = 1 + r + r^2 q(r) with q minimax of
// degree 9, 0.033 ulp of the result.
MUSTER_ALWAYS_INLINE double Exp(double x) {
  constexpr double kRound = 0x1.8p52;  // adding it rounds to an integer
  // Bounds keep k in range; beyond them the result is inf or 0 all the same.
  double bounded = internal_math::Select(x > 710.0, 710.0, x);
  bounded = internal_math::Select(x < -746.0, -746.0, bounded);
  const double shifted = bounded * 1.4426950408889634 + kRound;
  const double k = shifted - kRound;
  const double r =
      (bounded - k * internal_math::kLn2High) - k * internal_math::kLn2Low;
  double q = 2.5000058290183946e-08;
  q = q * r + 2.7630248038558586e-07;
  q = q * r + 2.7557586382622224e-06;
  q = q * r + 2.480149309997026e-05;
  q = q * r + 0.00019841269506571313;
  q = q * r + 0.0013888888943628945;
  q = q * r + 0.008333333333494463;
  q = q * r + 0.04166666666653016;
  q = q * r + 0.16666666666666413;
  q = q * r + 0.5000000000000011;
  const double y = 1.0 + (r + r * r * q);
  // 2^k in two factors, so that overflow and gradual underflow round once.
  const uint64_t biased =
      (std::bit_cast<uint64_t>(shifted) - std::bit_cast<uint64_t>(kRound)) +
      uint64_t{2} * 1023;
  const uint64_t first = biased >> 1;
  const uint64_t second = biased - first;
  return y * std::bit_cast<double>(first << 52) *
         std::bit_cast<double>(second << 52);
}

// x to the y for x > 0: Exp(y Log(x)). Relative error about |y log x| 2^-53,
// plus that of Exp.
MUSTER_ALWAYS_INLINE double Pow(double x, double y) { return Exp(y * Log(x)); }

// The x with Phi(x) = p, Phi the standard normal distribution function.
// p outside [0, 1] gives NaN; 0 and 1 give -inf and inf.
inline double InverseNormalCdf(double p) {
  const double q = p - 0.5;
  if (q <= 0.425 && q >= -0.425) {
    const double r = 0.180625 - q * q;
    double a = 2.5090809287301226727e+3;
    a = a * r + 3.3430575583588128105e+4;
    a = a * r + 6.7265770927008700853e+4;
    a = a * r + 4.5921953931549871457e+4;
    a = a * r + 1.3731693765509461125e+4;
    a = a * r + 1.9715909503065514427e+3;
    a = a * r + 1.3314166789178437745e+2;
    a = a * r + 3.3871328727963666080e+0;
    double b = 5.2264952788528545610e+3;
    b = b * r + 2.8729085735721942674e+4;
    b = b * r + 3.9307895800092710610e+4;
    b = b * r + 2.1213794301586595867e+4;
    b = b * r + 5.3941960214247511077e+3;
    b = b * r + 6.8718700749205790830e+2;
    b = b * r + 4.2313330701600911252e+1;
    b = b * r + 1.0;
    return q * a / b;
  }
  const double tail = q < 0 ? p : 1.0 - p;
  if (!(tail > 0)) {
    if (tail == 0) {
      const double inf = std::numeric_limits<double>::infinity();
      return q < 0 ? -inf : inf;
    }
    return std::numeric_limits<double>::quiet_NaN();
  }
  double r = std::sqrt(-Log(tail));
  double x;
  if (r <= 5.0) {
    r -= 1.6;
    double c = 7.74545014278341407640e-4;
    c = c * r + 2.27238449892691845833e-2;
    c = c * r + 2.41780725177450611770e-1;
    c = c * r + 1.27045825245236838258e+0;
    c = c * r + 3.64784832476320460504e+0;
    c = c * r + 5.76949722146069140550e+0;
    c = c * r + 4.63033784615654529590e+0;
    c = c * r + 1.42343711074968357734e+0;
    double d = 1.05075007164441684324e-9;
    d = d * r + 5.47593808499534494600e-4;
    d = d * r + 1.51986665636164571966e-2;
    d = d * r + 1.48103976427480074590e-1;
    d = d * r + 6.89767334985100004550e-1;
    d = d * r + 1.67638483018380384940e+0;
    d = d * r + 2.05319162663775882187e+0;
    d = d * r + 1.0;
    x = c / d;
  } else {
    r -= 5.0;
    double e = 2.01033439929228813265e-7;
    e = e * r + 2.71155556874348757815e-5;
    e = e * r + 1.24266094738807843860e-3;
    e = e * r + 2.65321895265761230930e-2;
    e = e * r + 2.96560571828504891230e-1;
    e = e * r + 1.78482653991729133580e+0;
    e = e * r + 5.46378491116411436990e+0;
    e = e * r + 6.65790464350110377720e+0;
    double f = 2.04426310338993978564e-15;
    f = f * r + 1.42151175831644588870e-7;
    f = f * r + 1.84631831751005468180e-5;
    f = f * r + 7.86869131145613259100e-4;
    f = f * r + 1.48753612908506148525e-2;
    f = f * r + 1.36929880922735805310e-1;
    f = f * r + 5.99832206555887937690e-1;
    f = f * r + 1.0;
    x = e / f;
  }
  return q < 0 ? -x : x;
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_MATH_H_
