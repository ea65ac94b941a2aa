#ifndef MUSTER_RUNTIME_SPEED_LAW_H_
#define MUSTER_RUNTIME_SPEED_LAW_H_

// The law of one worker's task durations, in seconds: a value from a closed
// set of families, each plus a constant `shift`. With E a unit exponential, Z a
// standard normal and U a uniform variable of (0, 1), a duration is shift plus
//
//   kConstant            a                            a > 0
//   kUniform             a + (b - a) U                0 <= a <= b, b > 0
//   kExponential         a E                          mean a (a *scale*)
//   kShiftedExponential  a + b E                      offset a, mean b of the
//   rest kHalfNormal          a |Z|                        mean a sqrt(2 / pi)
//   kLognormal           exp(a + b Z)                 mean exp(a + b^2 / 2)
//   kGamma               Gamma(shape a, scale b)      mean a b
//   kWeibull             b E^(1 / a)                  shape a, scale b
//   kPareto              a exp(E / b)                 minimum a, tail index b
//   kEmpirical           one of the recorded samples
//
// Closed-form moments, distribution and quantile functions only: durations are
// drawn by TaskDurations (task_durations.h). Mean, Variance, Cdf and Quantile
// are accurate to about 1e-12 relative (gamma quantile: 1e-9) and, where they
// need erf, lgamma or tgamma of the C library, may differ in the last bits
// between machines. Drawn durations never do.

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::runtime {

// Recorded durations of one worker, shared by every law that refers to them.
class EmpiricalSamples {
 public:
  // `seconds` in the order of their recording. InvalidArgument, naming the
  // position from 1, when empty or when a duration is not a finite positive
  // number. O(m log m) time, 16 m bytes for m samples.
  static absl::StatusOr<std::shared_ptr<const EmpiricalSamples>> Create(
      std::vector<double> seconds);

  const std::vector<double>& recorded() const { return recorded_; }
  const std::vector<double>& ascending() const { return ascending_; }
  double mean() const { return mean_; }
  // Of the recorded population (divided by m).
  double variance() const { return variance_; }

 private:
  explicit EmpiricalSamples(std::vector<double> seconds);

  std::vector<double> recorded_;
  std::vector<double> ascending_;
  double mean_ = 0;
  double variance_ = 0;
};

struct SpeedLaw {
  enum class Kind : uint8_t {
    kConstant,
    kUniform,
    kExponential,
    kShiftedExponential,
    kHalfNormal,
    kLognormal,
    kGamma,
    kWeibull,
    kPareto,
    kEmpirical,
  };
  // How an empirical law uses its samples.
  enum class Sampling : uint8_t {
    kResample,  // each task draws one sample, independently
    kReplay,    // task t lasts recorded[t modulo the number of samples]
  };

  Kind kind = Kind::kConstant;
  Sampling sampling = Sampling::kResample;  // of kEmpirical only
  double a = 1;                             // see the table above
  double b = 0;                             // see the table above; 0 if unused
  double shift = 0;                         // seconds, >= 0, added to each task
  std::shared_ptr<const EmpiricalSamples> samples;  // of kEmpirical only

  // None of these checks its arguments: Validate() does.
  static SpeedLaw Constant(double seconds, double shift = 0);
  static SpeedLaw Uniform(double low, double high, double shift = 0);
  static SpeedLaw Exponential(double mean, double shift = 0);
  static SpeedLaw ShiftedExponential(double offset, double mean,
                                     double shift = 0);
  static SpeedLaw HalfNormal(double sigma, double shift = 0);
  // `mu` and `sigma` are those of the logarithm.
  static SpeedLaw Lognormal(double mu, double sigma, double shift = 0);
  static SpeedLaw Gamma(double shape, double scale, double shift = 0);
  static SpeedLaw Weibull(double shape, double scale, double shift = 0);
  static SpeedLaw Pareto(double minimum, double alpha, double shift = 0);
  static SpeedLaw Empirical(std::shared_ptr<const EmpiricalSamples> samples,
                            Sampling sampling, double shift = 0);

  // The expected duration; +infinity for a Pareto law with b <= 1.
  double Mean() const;
  // +infinity for a Pareto law with b <= 2, or beyond the doubles.
  double Variance() const;
  // P(duration <= seconds).
  double Cdf(double seconds) const;
  // The smallest x with Cdf(x) >= u, for 0 < u < 1 (CHECKed). O(1), except
  // that a gamma law bisects its Cdf.
  double Quantile(double u) const;

  // InvalidArgument naming family, parameter, value and bound. A valid law
  // yields finite, positive durations only, whatever the random bits: hence the
  // bounds on magnitudes (1e-100 to 1e100 seconds, shapes from 0.06 on).
  absl::Status Validate() const;

  // The law in the grammar of cluster_spec.h; parsing it gives an equal law.
  std::string ToText() const;

  // Equal parameters and equal recorded samples.
  friend bool operator==(const SpeedLaw& x, const SpeedLaw& y);
};

// The families as the cluster spec names them, parameters in order.
struct SpeedLawFamily {
  SpeedLaw::Kind kind;
  absl::string_view name;       // "exp"
  absl::string_view long_name;  // "exponential"; may equal name
  int num_parameters;           // 0: any number of samples
  absl::string_view parameters[2];
};
// One entry for each kind, in the order of the enum.
const std::vector<SpeedLawFamily>& SpeedLawFamilies();

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_SPEED_LAW_H_
