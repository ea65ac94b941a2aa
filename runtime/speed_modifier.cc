#include "muster/runtime/speed_modifier.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/parameter_range.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {
namespace {

using Kind = SpeedModifier::Kind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kRequired = std::numeric_limits<double>::quiet_NaN();
constexpr double kMinFactor = 1e-6;
constexpr double kMaxFactor = 1e6;
constexpr double kMinMeanSeconds = 1e-9;
constexpr double kMaxSeconds = 1e100;

// sin(2 pi turns) by its Taylor series on a quarter turn (error below 1e-16):
// the same bits on every machine, unlike the C library's.
double SineOfTurns(double turns) {
  double r = turns - std::floor(turns) - 0.5;  // in [-1/2, 1/2): sine negated
  if (r > 0.25) r = 0.5 - r;
  if (r < -0.25) r = -0.5 - r;
  const double y = 2 * M_PI * r;
  const double square = y * y;
  double sum = 1;
  for (int k = 20; k >= 2; k -= 2) {
    sum = 1 - square / (k * (k + 1)) * sum;
  }
  return -y * sum;
}

}  // namespace

SpeedModifier SpeedModifier::Step(double at, double factor) {
  return {Kind::kStep, at, factor, 0};
}
SpeedModifier SpeedModifier::Ramp(double begin, double end, double factor) {
  return {Kind::kRamp, begin, end, factor};
}
SpeedModifier SpeedModifier::Sine(double period, double amplitude,
                                  double phase) {
  return {Kind::kSine, period, amplitude, phase};
}
SpeedModifier SpeedModifier::Markov(double slow, double up, double down) {
  return {Kind::kMarkov, slow, up, down};
}
SpeedModifier SpeedModifier::Pause(double every, double length) {
  return {Kind::kPause, every, length, 0};
}
SpeedModifier SpeedModifier::Crash(double up, double down) {
  return {Kind::kCrash, up, down, 0};
}
SpeedModifier SpeedModifier::Outage(double at, double back) {
  return {Kind::kOutage, at, back, 0};
}

double SpeedModifier::DriftFactor(double t) const {
  switch (kind) {
    case Kind::kStep:
      return t < a ? 1 : b;
    case Kind::kRamp:
      if (t <= a) return 1;
      return t >= b ? c : 1 + (c - 1) * ((t - a) / (b - a));
    case Kind::kSine:
      return 1 + b * SineOfTurns(t / a + c);
    default:
      return 1;
  }
}

double SpeedModifier::StationaryRate() const {
  switch (kind) {
    case Kind::kMarkov:
      return (b + c / a) / (b + c);
    case Kind::kPause:
    case Kind::kCrash:
      return a / (a + b);
    default:
      return 1;
  }
}

absl::Status SpeedModifier::Validate() const {
  const SpeedModifierFamily& family =
      SpeedModifierFamilies()[static_cast<int>(kind)];
  const auto check = [&](int parameter, double low, double high) {
    const double values[] = {a, b, c};
    return CheckParameter(family.name, family.parameters[parameter].name,
                          values[parameter], low, high);
  };
  switch (kind) {
    case Kind::kStep:
      MUSTER_RETURN_IF_ERROR(check(0, 0, kMaxSeconds));
      return check(1, kMinFactor, kMaxFactor);
    case Kind::kRamp:
      MUSTER_RETURN_IF_ERROR(check(0, 0, kMaxSeconds));
      MUSTER_RETURN_IF_ERROR(
          check(1, std::nextafter(a, kInfinity), kMaxSeconds));
      return check(2, kMinFactor, kMaxFactor);
    case Kind::kSine:
      MUSTER_RETURN_IF_ERROR(check(0, kMinMeanSeconds, kMaxSeconds));
      MUSTER_RETURN_IF_ERROR(check(1, 0, 1 - kMinFactor));
      return check(2, -1, 1);
    case Kind::kMarkov:
      MUSTER_RETURN_IF_ERROR(check(0, kMinFactor, kMaxFactor));
      MUSTER_RETURN_IF_ERROR(check(1, kMinMeanSeconds, kMaxSeconds));
      return check(2, kMinMeanSeconds, kMaxSeconds);
    case Kind::kPause:
    case Kind::kCrash:
      MUSTER_RETURN_IF_ERROR(check(0, kMinMeanSeconds, kMaxSeconds));
      return check(1, kMinMeanSeconds, kMaxSeconds);
    case Kind::kOutage:
      MUSTER_RETURN_IF_ERROR(check(0, 0, kMaxSeconds));
      return check(1, std::nextafter(a, kInfinity), kInfinity);
  }
  return absl::InvalidArgumentError("speed modifier of unknown kind");
}

std::string SpeedModifier::ToText() const {
  const SpeedModifierFamily& family =
      SpeedModifierFamilies()[static_cast<int>(kind)];
  const double values[] = {a, b, c};
  std::string text = absl::StrCat(family.name, "(");
  absl::string_view separator = "";
  for (int k = 0; k < 3; ++k) {
    const SpeedModifierFamily::Parameter& parameter = family.parameters[k];
    if (parameter.name.empty() || values[k] == parameter.default_value) {
      continue;
    }
    absl::StrAppend(&text, separator, parameter.name, "=",
                    NumberText(values[k]));
    separator = ", ";
  }
  return absl::StrCat(text, ")");
}

const std::vector<SpeedModifierFamily>& SpeedModifierFamilies() {
  static const auto* const families = new std::vector<SpeedModifierFamily>{
      {Kind::kStep, "step", {{"at", kRequired}, {"factor", kRequired}, {}}},
      {Kind::kRamp,
       "ramp",
       {{"begin", kRequired}, {"end", kRequired}, {"factor", kRequired}}},
      {Kind::kSine,
       "sine",
       {{"period", kRequired}, {"amplitude", kRequired}, {"phase", 0}}},
      {Kind::kMarkov,
       "markov",
       {{"slow", kRequired}, {"up", kRequired}, {"down", kRequired}}},
      {Kind::kPause,
       "pause",
       {{"every", kRequired}, {"length", kRequired}, {}}},
      {Kind::kCrash, "crash", {{"up", kRequired}, {"down", kRequired}, {}}},
      {Kind::kOutage, "crash", {{"at", kRequired}, {"back", kInfinity}, {}}},
  };
  return *families;
}

}  // namespace muster::runtime
