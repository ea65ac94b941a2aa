#ifndef MUSTER_RUNTIME_SPEED_MODIFIER_H_
#define MUSTER_RUNTIME_SPEED_MODIFIER_H_

// What changes a worker's speed as (virtual) time passes. Factors multiply
// durations: 2 is twice as slow, 0.5 twice as fast. Times are in seconds.
//
//   step     factor `factor` from time `at` on, 1 before
//   ramp     1 until `begin`, then linear in time to `factor` at `end`,
//   constant
//            after
//   sine     1 + amplitude sin(2 pi (t / period + phase)); mean 1 over a period
//   markov   two states, fast (factor 1, the first) and slow (factor `slow`);
//            exponential dwell times of mean `up` in fast and `down` in slow
//   pause    work stops for exponential times of mean `length`, after
//            exponential running times of mean `every`
//   crash    the worker is down, and loses its task, for exponential times of
//            mean `down` after exponential up times of mean `up`
//   outage   the same at a given time: down in [at, back)
//
// Markov, pause and crash follow paths that depend on the seed and the worker
// alone, never on what the worker is given to do: see speed_model.h, which also
// states how modifiers combine.

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/string_view.h"

namespace muster::runtime {

struct SpeedModifier {
  enum class Kind : uint8_t {
    kStep,    // a = at, b = factor
    kRamp,    // a = begin, b = end, c = factor
    kSine,    // a = period, b = amplitude, c = phase in turns
    kMarkov,  // a = slow, b = up, c = down
    kPause,   // a = every, b = length
    kCrash,   // a = up, b = down
    kOutage,  // a = at, b = back
  };

  Kind kind = Kind::kStep;
  double a = 0;
  double b = 1;
  double c = 0;  // 0 if unused

  // None of these checks its arguments: Validate() does.
  static SpeedModifier Step(double at, double factor);
  static SpeedModifier Ramp(double begin, double end, double factor);
  static SpeedModifier Sine(double period, double amplitude, double phase = 0);
  static SpeedModifier Markov(double slow, double up, double down);
  static SpeedModifier Pause(double every, double length);
  static SpeedModifier Crash(double up, double down);
  static SpeedModifier Outage(
      double at, double back = std::numeric_limits<double>::infinity());

  // True for step, ramp and sine.
  bool IsDrift() const { return kind <= Kind::kSine; }

  // The drift's factor at time t >= 0; 1 for the others. The same bits on every
  // machine.
  double DriftFactor(double t) const;

  // Long-run mean of the rate of work (seconds of work done per second, of a
  // worker that always has some): markov (up + down / slow) / (up + down),
  // pause every / (every + length), crash up / (up + down); 1 for drifts and
  // outages, which have no stationary law.
  double StationaryRate() const;

  // InvalidArgument naming modifier, parameter, value and bound: factors from
  // 1e-6 to 1e6, amplitude in [0, 1), mean times from 1e-9 to 1e100, begin <
  // end, at < back (back may be infinite: never).
  absl::Status Validate() const;

  // In the grammar of cluster_spec.h; parsing it gives an equal modifier.
  std::string ToText() const;

  friend bool operator==(const SpeedModifier&, const SpeedModifier&) = default;
};

// The modifiers as the cluster spec names them. Two may share a name (crash,
// outage): their parameters tell them apart.
struct SpeedModifierFamily {
  struct Parameter {
    absl::string_view name;  // empty: unused
    double default_value;    // NaN: must be given
  };
  SpeedModifier::Kind kind;
  absl::string_view name;
  Parameter parameters[3];
};
// One entry for each kind, in the order of the enum.
const std::vector<SpeedModifierFamily>& SpeedModifierFamilies();

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_SPEED_MODIFIER_H_
