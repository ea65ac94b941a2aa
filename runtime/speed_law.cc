#include "muster/runtime/speed_law.h"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/check.h"
#include "muster/runtime/gamma_function.h"
#include "muster/runtime/math.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/parameter_range.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {
namespace {

using Kind = SpeedLaw::Kind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// Bounds on every length of time, so that no product or square overflows.
constexpr double kMinSeconds = 1e-100;
constexpr double kMaxSeconds = 1e100;
// Uniform variables lie in [2^-53, 1 - 2^-53]: a unit exponential in
// [1.1e-16, 36.8], a standard normal in [-8.3, 8.3]. With shapes from 0.06 on
// E^(1 / a) then stays in [1e-267, 1e27].
constexpr double kMinShape = 0.06;
constexpr double kMaxShape = 1e10;
constexpr double kMaxNormal = 8.3;
constexpr double kMaxLogSeconds = 230;  // e^230 is about kMaxSeconds

SpeedLaw Make(Kind kind, double a, double b, double shift) {
  SpeedLaw law;
  law.kind = kind;
  law.a = a;
  law.b = b;
  law.shift = shift;
  return law;
}

double StandardNormalCdf(double z) { return 0.5 * std::erfc(-z * M_SQRT1_2); }

// P(law without its shift <= x).
double CdfWithoutShift(const SpeedLaw& law, double x) {
  const double a = law.a;
  const double b = law.b;
  switch (law.kind) {
    case Kind::kConstant:
      return x >= a ? 1 : 0;
    case Kind::kUniform:
      if (x < a) return 0;
      return x >= b ? 1 : (x - a) / (b - a);
    case Kind::kExponential:
      return x <= 0 ? 0 : -std::expm1(-x / a);
    case Kind::kShiftedExponential:
      return x <= a ? 0 : -std::expm1(-(x - a) / b);
    case Kind::kHalfNormal:
      return x <= 0 ? 0 : std::erf(x / a * M_SQRT1_2);
    case Kind::kLognormal:
      return x <= 0 ? 0 : StandardNormalCdf((std::log(x) - a) / b);
    case Kind::kGamma:
      return RegularizedLowerGamma(a, x / b);
    case Kind::kWeibull:
      return x <= 0 ? 0 : -std::expm1(-std::pow(x / b, a));
    case Kind::kPareto:
      return x <= a ? 0 : -std::expm1(b * std::log(a / x));
    case Kind::kEmpirical: {
      const std::vector<double>& sorted = law.samples->ascending();
      const auto end = std::upper_bound(sorted.begin(), sorted.end(), x);
      return static_cast<double>(end - sorted.begin()) / sorted.size();
    }
  }
  return 0;
}

// Bisects the continuous, strictly increasing Cdf of a gamma law.
double GammaQuantile(const SpeedLaw& law, double u) {
  const double mean = law.a * law.b;
  double low = mean;
  double high = mean;
  while (low > 0 && CdfWithoutShift(law, low) > u) low /= 2;
  while (CdfWithoutShift(law, high) < u) high *= 2;
  for (int step = 0; step < 200; ++step) {
    const double middle = low + (high - low) / 2;
    if (middle <= low || middle >= high) break;
    (CdfWithoutShift(law, middle) < u ? low : high) = middle;
  }
  return high;
}

double QuantileWithoutShift(const SpeedLaw& law, double u) {
  const double a = law.a;
  const double b = law.b;
  switch (law.kind) {
    case Kind::kConstant:
      return a;
    case Kind::kUniform:
      return a + (b - a) * u;
    case Kind::kExponential:
      return -a * std::log1p(-u);
    case Kind::kShiftedExponential:
      return a - b * std::log1p(-u);
    case Kind::kHalfNormal:
      // P(|Z| <= x) = u  <=>  P(Z <= -x) = (1 - u) / 2.
      return -a * InverseNormalCdf((1 - u) / 2);
    case Kind::kLognormal:
      return std::exp(a + b * InverseNormalCdf(u));
    case Kind::kGamma:
      return GammaQuantile(law, u);
    case Kind::kWeibull:
      return b * std::pow(-std::log1p(-u), 1 / a);
    case Kind::kPareto:
      return a * std::exp(-std::log1p(-u) / b);
    case Kind::kEmpirical: {
      const std::vector<double>& sorted = law.samples->ascending();
      const double rank = std::ceil(u * sorted.size());
      const double last = static_cast<double>(sorted.size());
      return sorted[static_cast<size_t>(std::clamp(rank, 1.0, last)) - 1];
    }
  }
  return 0;
}

}  // namespace

absl::StatusOr<std::shared_ptr<const EmpiricalSamples>>
EmpiricalSamples::Create(std::vector<double> seconds) {
  if (seconds.empty()) {
    return absl::InvalidArgumentError(
        "empirical law: no samples; at least one duration is needed");
  }
  for (size_t i = 0; i < seconds.size(); ++i) {
    MUSTER_RETURN_IF_ERROR(
        CheckParameter("empirical law", absl::StrCat("sample ", i + 1),
                       seconds[i], kMinSeconds, kMaxSeconds));
  }
  return std::shared_ptr<const EmpiricalSamples>(
      new EmpiricalSamples(std::move(seconds)));
}

EmpiricalSamples::EmpiricalSamples(std::vector<double> seconds)
    : recorded_(std::move(seconds)), ascending_(recorded_) {
  std::sort(ascending_.begin(), ascending_.end());
  const double size = static_cast<double>(ascending_.size());
  for (const double x : ascending_) mean_ += x;
  mean_ /= size;
  for (const double x : ascending_) variance_ += (x - mean_) * (x - mean_);
  variance_ /= size;
}

SpeedLaw SpeedLaw::Constant(double seconds, double shift) {
  return Make(Kind::kConstant, seconds, 0, shift);
}
SpeedLaw SpeedLaw::Uniform(double low, double high, double shift) {
  return Make(Kind::kUniform, low, high, shift);
}
SpeedLaw SpeedLaw::Exponential(double mean, double shift) {
  return Make(Kind::kExponential, mean, 0, shift);
}
SpeedLaw SpeedLaw::ShiftedExponential(double offset, double mean,
                                      double shift) {
  return Make(Kind::kShiftedExponential, offset, mean, shift);
}
SpeedLaw SpeedLaw::HalfNormal(double sigma, double shift) {
  return Make(Kind::kHalfNormal, sigma, 0, shift);
}
SpeedLaw SpeedLaw::Lognormal(double mu, double sigma, double shift) {
  return Make(Kind::kLognormal, mu, sigma, shift);
}
SpeedLaw SpeedLaw::Gamma(double shape, double scale, double shift) {
  return Make(Kind::kGamma, shape, scale, shift);
}
SpeedLaw SpeedLaw::Weibull(double shape, double scale, double shift) {
  return Make(Kind::kWeibull, shape, scale, shift);
}
SpeedLaw SpeedLaw::Pareto(double minimum, double alpha, double shift) {
  return Make(Kind::kPareto, minimum, alpha, shift);
}
SpeedLaw SpeedLaw::Empirical(std::shared_ptr<const EmpiricalSamples> samples,
                             Sampling sampling, double shift) {
  SpeedLaw law = Make(Kind::kEmpirical, 0, 0, shift);
  law.samples = std::move(samples);
  law.sampling = sampling;
  return law;
}

double SpeedLaw::Mean() const {
  switch (kind) {
    case Kind::kConstant:
    case Kind::kExponential:
      return shift + a;
    case Kind::kUniform:
      return shift + 0.5 * (a + b);
    case Kind::kShiftedExponential:
      return shift + a + b;
    case Kind::kHalfNormal:
      return shift + a * std::sqrt(M_2_PI);
    case Kind::kLognormal:
      return shift + Exp(a + 0.5 * b * b);
    case Kind::kGamma:
      return shift + a * b;
    case Kind::kWeibull:
      return shift + b * std::tgamma(1 + 1 / a);
    case Kind::kPareto:
      return b > 1 ? shift + a * b / (b - 1) : kInfinity;
    case Kind::kEmpirical:
      return shift + samples->mean();
  }
  return 0;
}

double SpeedLaw::Variance() const {
  switch (kind) {
    case Kind::kConstant:
      return 0;
    case Kind::kUniform:
      return (b - a) * (b - a) / 12;
    case Kind::kExponential:
      return a * a;
    case Kind::kShiftedExponential:
      return b * b;
    case Kind::kHalfNormal:
      return a * a * (1 - M_2_PI);
    case Kind::kLognormal:
      return std::expm1(b * b) * std::exp(2 * a + b * b);
    case Kind::kGamma:
      return a * b * b;
    case Kind::kWeibull: {
      const double mean = b * std::tgamma(1 + 1 / a);
      return mean * mean * std::expm1(LogGammaGap(1 / a));
    }
    case Kind::kPareto:
      return b > 2 ? a * a * b / ((b - 1) * (b - 1) * (b - 2)) : kInfinity;
    case Kind::kEmpirical:
      return samples->variance();
  }
  return 0;
}

double SpeedLaw::Cdf(double seconds) const {
  return CdfWithoutShift(*this, seconds - shift);
}

double SpeedLaw::Quantile(double u) const {
  MUSTER_CHECK(u > 0 && u < 1) << "u = " << u;
  return shift + QuantileWithoutShift(*this, u);
}

absl::Status SpeedLaw::Validate() const {
  const SpeedLawFamily& family = SpeedLawFamilies()[static_cast<int>(kind)];
  const absl::string_view name = family.long_name;
  const auto check = [&](absl::string_view parameter, double value, double low,
                         double high) {
    return CheckParameter(name, parameter, value, low, high);
  };
  const auto check_seconds = [&](absl::string_view parameter, double value) {
    return check(parameter, value, kMinSeconds, kMaxSeconds);
  };
  const absl::string_view first = family.parameters[0];
  const absl::string_view second = family.parameters[1];
  MUSTER_RETURN_IF_ERROR(check("shift", shift, 0, kMaxSeconds));
  switch (kind) {
    case Kind::kConstant:
    case Kind::kExponential:
    case Kind::kHalfNormal:
      return check_seconds(first, a);
    case Kind::kUniform:
      MUSTER_RETURN_IF_ERROR(check_seconds(second, b));
      return check(first, a, 0, b);
    case Kind::kShiftedExponential:
      MUSTER_RETURN_IF_ERROR(check(first, a, 0, kMaxSeconds));
      return check_seconds(second, b);
    case Kind::kLognormal:
      // Every duration, exp(mu + sigma z), must be within the bounds.
      MUSTER_RETURN_IF_ERROR(check(first, a, -kMaxLogSeconds, kMaxLogSeconds));
      return check(second, b, kMinSeconds,
                   (2 * kMaxLogSeconds - std::abs(a)) / kMaxNormal);
    case Kind::kGamma:
    case Kind::kWeibull:
      MUSTER_RETURN_IF_ERROR(check(first, a, kMinShape, kMaxShape));
      return check_seconds(second, b);
    case Kind::kPareto:
      MUSTER_RETURN_IF_ERROR(check_seconds(first, a));
      return check(second, b, kMinShape, kMaxShape);
    case Kind::kEmpirical:
      if (samples != nullptr) return absl::OkStatus();
      return absl::InvalidArgumentError(
          "empirical law: samples is null; make them with "
          "EmpiricalSamples::Create");
  }
  return absl::InvalidArgumentError("speed law of unknown kind");
}

std::string SpeedLaw::ToText() const {
  const SpeedLawFamily& family = SpeedLawFamilies()[static_cast<int>(kind)];
  std::vector<std::string> arguments;
  absl::string_view name = family.name;
  if (kind == Kind::kEmpirical) {
    if (sampling == Sampling::kReplay) name = "replay";
    for (const double x : samples->recorded()) {
      arguments.push_back(NumberText(x));
    }
  } else {
    arguments.push_back(NumberText(a));
    if (family.num_parameters == 2) arguments.push_back(NumberText(b));
  }
  const std::string text =
      absl::StrCat(name, "(", absl::StrJoin(arguments, ", "), ")");
  return shift == 0 ? text : absl::StrCat(NumberText(shift), " + ", text);
}

bool operator==(const SpeedLaw& x, const SpeedLaw& y) {
  if (x.kind != y.kind || x.a != y.a || x.b != y.b || x.shift != y.shift) {
    return false;
  }
  if (x.kind != Kind::kEmpirical) return true;
  return x.sampling == y.sampling &&
         (x.samples == y.samples ||
          x.samples->recorded() == y.samples->recorded());
}

const std::vector<SpeedLawFamily>& SpeedLawFamilies() {
  static const auto* const families = new std::vector<SpeedLawFamily>{
      {Kind::kConstant, "const", "constant", 1, {"seconds", ""}},
      {Kind::kUniform, "uniform", "uniform", 2, {"low", "high"}},
      {Kind::kExponential, "exp", "exponential", 1, {"mean", ""}},
      {Kind::kShiftedExponential,
       "shifted_exp",
       "shifted_exponential",
       2,
       {"offset", "mean"}},
      {Kind::kHalfNormal, "half_normal", "half_normal", 1, {"sigma", ""}},
      {Kind::kLognormal, "lognormal", "lognormal", 2, {"mu", "sigma"}},
      {Kind::kGamma, "gamma", "gamma", 2, {"shape", "scale"}},
      {Kind::kWeibull, "weibull", "weibull", 2, {"shape", "scale"}},
      {Kind::kPareto, "pareto", "pareto", 2, {"minimum", "alpha"}},
      {Kind::kEmpirical, "resample", "empirical", 0, {"", ""}},
  };
  return *families;
}

}  // namespace muster::runtime
