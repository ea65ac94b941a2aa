#include "muster/runtime/speed_law.h"

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_matchers.h"

namespace muster::runtime {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

std::shared_ptr<const EmpiricalSamples> Samples(std::vector<double> seconds) {
  auto samples = EmpiricalSamples::Create(std::move(seconds));
  MUSTER_CHECK_OK(samples);
  return *samples;
}

std::vector<SpeedLaw> ContinuousLaws() {
  return {SpeedLaw::Uniform(2, 5),
          SpeedLaw::Uniform(0, 1, 3),
          SpeedLaw::Exponential(29),
          SpeedLaw::Exponential(0.25, 1),
          SpeedLaw::ShiftedExponential(3, 7),
          SpeedLaw::ShiftedExponential(3, 7, 0.5),
          SpeedLaw::HalfNormal(2),
          SpeedLaw::Lognormal(1, 0.5),
          SpeedLaw::Gamma(0.7, 3),
          SpeedLaw::Gamma(29 * 29, 1.0 / 29, 29),
          SpeedLaw::Weibull(0.8, 2),
          SpeedLaw::Weibull(3, 2),
          SpeedLaw::Pareto(2, 3.5)};
}

TEST(SpeedLawTest, MomentsOfEachFamilyByHand) {
  EXPECT_EQ(SpeedLaw::Constant(3, 1).Mean(), 4);
  EXPECT_EQ(SpeedLaw::Constant(3, 1).Variance(), 0);
  EXPECT_EQ(SpeedLaw::Uniform(2, 6, 1).Mean(), 5);
  EXPECT_DOUBLE_EQ(SpeedLaw::Uniform(2, 6, 1).Variance(), 16.0 / 12);
  EXPECT_EQ(SpeedLaw::Exponential(29, 29).Mean(), 58);
  EXPECT_EQ(SpeedLaw::Exponential(29, 29).Variance(), 29 * 29);
  EXPECT_EQ(SpeedLaw::ShiftedExponential(2, 3).Mean(), 5);
  EXPECT_EQ(SpeedLaw::ShiftedExponential(2, 3).Variance(), 9);
  EXPECT_DOUBLE_EQ(SpeedLaw::HalfNormal(1).Variance(), 1 - 2 / M_PI);
  EXPECT_DOUBLE_EQ(SpeedLaw::Lognormal(0, 1).Mean(), std::exp(0.5));
  EXPECT_DOUBLE_EQ(SpeedLaw::Lognormal(0, 1).Variance(),
                   (std::exp(1) - 1) * std::exp(1));
  EXPECT_EQ(SpeedLaw::Gamma(4, 0.5).Mean(), 2);
  EXPECT_EQ(SpeedLaw::Gamma(4, 0.5).Variance(), 1);
  EXPECT_DOUBLE_EQ(SpeedLaw::Weibull(2, 1).Mean(), std::sqrt(M_PI) / 2);
  EXPECT_NEAR(SpeedLaw::Weibull(2, 1).Variance(), 1 - M_PI / 4, 1e-15);
  EXPECT_EQ(SpeedLaw::Pareto(2, 3).Mean(), 3);
  EXPECT_EQ(SpeedLaw::Pareto(2, 3).Variance(), 3);
  EXPECT_EQ(SpeedLaw::Pareto(2, 1).Mean(), kInfinity);
  EXPECT_EQ(SpeedLaw::Pareto(2, 2).Variance(), kInfinity);
  const SpeedLaw recorded = SpeedLaw::Empirical(
      Samples({3, 1, 2, 2}), SpeedLaw::Sampling::kResample, 10);
  EXPECT_EQ(recorded.Mean(), 12);
  EXPECT_EQ(recorded.Variance(), 0.5);
}

// Gamma(1 + 2 / a) - Gamma(1 + 1 / a)^2 in 60 digits by mpmath; pi^2 / (6 a^2)
// for large shapes a.
TEST(SpeedLawTest, WeibullVarianceHoldsForEveryShape) {
  const struct {
    double shape;
    double variance;
  } cases[] = {{0.06, 2.8038651502585177e37}, {0.5, 20.0},
               {3, 0.10533288486847872543},   {15.9, 0.0055964936536474363},
               {16, 0.0055315126338003424},   {100, 0.00016030491620026113},
               {1e4, 1.6445038762822376e-8},  {1e6, 1.6449297637827162e-12},
               {1e8, 1.6449340238174553e-16}, {2.9e8, 1.9559263400832690e-17},
               {1e10, 1.6449340664179187e-20}};
  for (const auto& c : cases) {
    const double scale = 3;
    EXPECT_NEAR(SpeedLaw::Weibull(c.shape, scale).Variance() /
                    (scale * scale * c.variance),
                1, 1e-12)
        << c.shape;
  }
}

// ATA paper, appendix A.2: five laws of the same mean m.
TEST(SpeedLawTest, LawsOfTheMixedExperimentHaveMeanM) {
  for (const double m : {29.0, 174.0, 4234.0}) {
    const double sigma = m * std::sqrt(M_PI / 2);
    EXPECT_NEAR(SpeedLaw::Exponential(m).Mean() / m, 1, 1e-13);
    EXPECT_NEAR(SpeedLaw::Uniform(m / 2, 3 * m / 2).Mean() / m, 1, 1e-13);
    EXPECT_NEAR(SpeedLaw::HalfNormal(sigma).Mean() / m, 1, 1e-13);
    const SpeedLaw lognormal =
        SpeedLaw::Lognormal(std::log(m) / 2, std::sqrt(std::log(m)));
    EXPECT_NEAR(lognormal.Mean() / m, 1, 1e-13);
    // Coefficient of variation sqrt(m - 1).
    EXPECT_NEAR(lognormal.Variance() / (m * m * (m - 1)), 1, 1e-12);
    const SpeedLaw gamma = SpeedLaw::Gamma(m * m, 1 / m);
    EXPECT_NEAR(gamma.Mean() / m, 1, 1e-13);
    EXPECT_NEAR(gamma.Variance(), 1, 1e-13);
  }
}

// The moments are those of the quantile function: E[X] = int Q(u) du, by the
// tanh-sinh rule, which copes with the ends u = 0 and 1.
TEST(SpeedLawTest, MomentsAreIntegralsOfTheQuantile) {
  for (const SpeedLaw& law : ContinuousLaws()) {
    double mean = 0;
    double square = 0;
    const double step = 1.0 / 64;
    for (double t = -3.2; t <= 3.2; t += step) {
      const double s = 0.5 * M_PI * std::sinh(t);
      const double u = 1 / (1 + std::exp(-2 * s));
      if (u <= 0 || u >= 1) continue;
      const double weight =
          step * 0.25 * M_PI * std::cosh(t) / (std::cosh(s) * std::cosh(s));
      const double x = law.Quantile(u);
      mean += weight * x;
      square += weight * (x - law.Mean()) * (x - law.Mean());
    }
    EXPECT_NEAR(mean / law.Mean(), 1, 1e-7) << law.ToText();
    // u ends at 1 - 1e-16, which cuts the square of a heavy tail.
    const double tolerance = law.kind == SpeedLaw::Kind::kPareto ? 1e-3 : 1e-7;
    EXPECT_NEAR(square / law.Variance(), 1, tolerance) << law.ToText();
  }
}

TEST(SpeedLawTest, QuantileInvertsCdf) {
  for (const SpeedLaw& law : ContinuousLaws()) {
    double last = 0;
    for (const double u : {1e-9, 0.001, 0.1, 0.5, 0.77, 0.999, 1 - 1e-9}) {
      const double x = law.Quantile(u);
      EXPECT_GT(x, last) << law.ToText();
      EXPECT_NEAR(law.Cdf(x), u, 1e-9) << law.ToText() << " at " << u;
      last = x;
    }
    EXPECT_EQ(law.Cdf(0), 0) << law.ToText();
    EXPECT_EQ(law.Cdf(kInfinity), 1) << law.ToText();
  }
}

TEST(SpeedLawTest, StepFunctionsOfConstantAndEmpiricalLaws) {
  const SpeedLaw constant = SpeedLaw::Constant(2, 1);
  EXPECT_EQ(constant.Cdf(2.999), 0);
  EXPECT_EQ(constant.Cdf(3), 1);
  EXPECT_EQ(constant.Quantile(0.3), 3);
  const SpeedLaw recorded =
      SpeedLaw::Empirical(Samples({5, 1, 1, 2}), SpeedLaw::Sampling::kReplay);
  EXPECT_EQ(recorded.Cdf(0.5), 0);
  EXPECT_EQ(recorded.Cdf(1), 0.5);
  EXPECT_EQ(recorded.Cdf(4.9), 0.75);
  EXPECT_EQ(recorded.Cdf(5), 1);
  EXPECT_EQ(recorded.Quantile(0.5), 1);
  EXPECT_EQ(recorded.Quantile(0.51), 2);
  EXPECT_EQ(recorded.Quantile(0.99), 5);
}

TEST(SpeedLawTest, ValidLawsPass) {
  for (const SpeedLaw& law : ContinuousLaws()) {
    EXPECT_THAT(law.Validate(), IsOk()) << law.ToText();
  }
  EXPECT_THAT(SpeedLaw::Constant(1).Validate(), IsOk());
  EXPECT_THAT(SpeedLaw::Uniform(1, 1).Validate(), IsOk());
}

TEST(SpeedLawTest, EachBadParameterIsNamed) {
  struct Case {
    SpeedLaw law;
    std::string family;
    std::string parameter;
  };
  const std::vector<Case> cases = {
      {SpeedLaw::Constant(0), "constant", "seconds = 0"},
      {SpeedLaw::Constant(1, -1), "constant", "shift = -1"},
      {SpeedLaw::Constant(kInfinity), "constant", "seconds = inf"},
      {SpeedLaw::Uniform(-1, 2), "uniform", "low = -1"},
      {SpeedLaw::Uniform(3, 2), "uniform", "low = 3"},
      {SpeedLaw::Uniform(0, 0), "uniform", "high = 0"},
      {SpeedLaw::Exponential(-3), "exponential", "mean = -3"},
      {SpeedLaw::Exponential(kNaN), "exponential", "mean = nan"},
      {SpeedLaw::Exponential(1, kNaN), "exponential", "shift = nan"},
      {SpeedLaw::ShiftedExponential(-1, 1), "shifted_exponential",
       "offset = -1"},
      {SpeedLaw::ShiftedExponential(1, 0), "shifted_exponential", "mean = 0"},
      {SpeedLaw::HalfNormal(0), "half_normal", "sigma = 0"},
      {SpeedLaw::Lognormal(kNaN, 1), "lognormal", "mu = nan"},
      {SpeedLaw::Lognormal(0, 0), "lognormal", "sigma = 0"},
      {SpeedLaw::Lognormal(0, 99), "lognormal", "sigma = 99"},
      {SpeedLaw::Gamma(0, 1), "gamma", "shape = 0"},
      {SpeedLaw::Gamma(1, -1), "gamma", "scale = -1"},
      {SpeedLaw::Weibull(0.01, 1), "weibull", "shape = 0.01"},
      {SpeedLaw::Weibull(1, 1e200), "weibull", "scale = 1e+200"},
      {SpeedLaw::Pareto(0, 1), "pareto", "minimum = 0"},
      {SpeedLaw::Pareto(1, 0), "pareto", "alpha = 0"},
      {SpeedLaw::Empirical(nullptr, SpeedLaw::Sampling::kReplay), "empirical",
       "samples is null"},
  };
  for (const Case& bad : cases) {
    EXPECT_THAT(bad.law.Validate(), StatusIs(absl::StatusCode::kInvalidArgument,
                                             AllOf(HasSubstr(bad.family),
                                                   HasSubstr(bad.parameter))));
  }
}

TEST(SpeedLawTest, BadSamplesAreNamedByPosition) {
  for (const double bad : {0.0, -1.0, kNaN, kInfinity}) {
    EXPECT_THAT(
        EmpiricalSamples::Create({1, 2, bad}),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("sample 3")));
  }
  EXPECT_THAT(
      EmpiricalSamples::Create({}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no samples")));
}

TEST(SpeedLawTest, TextNamesTheLaw) {
  EXPECT_EQ(SpeedLaw::Constant(1.5).ToText(), "const(1.5)");
  EXPECT_EQ(SpeedLaw::Exponential(29, 29).ToText(), "29 + exp(29)");
  EXPECT_EQ(SpeedLaw::Gamma(4, 0.1).ToText(), "gamma(4, 0.1)");
  EXPECT_EQ(SpeedLaw::Empirical(Samples({1, 0.5}), SpeedLaw::Sampling::kReplay)
                .ToText(),
            "replay(1, 0.5)");
}

TEST(SpeedLawTest, EqualityComparesValues) {
  EXPECT_EQ(SpeedLaw::Gamma(1, 2), SpeedLaw::Gamma(1, 2));
  EXPECT_FALSE(SpeedLaw::Gamma(1, 2) == SpeedLaw::Weibull(1, 2));
  EXPECT_FALSE(SpeedLaw::Gamma(1, 2) == SpeedLaw::Gamma(1, 2, 1));
  const auto law = [](std::vector<double> x, SpeedLaw::Sampling sampling) {
    return SpeedLaw::Empirical(Samples(std::move(x)), sampling);
  };
  using Sampling = SpeedLaw::Sampling;
  EXPECT_EQ(law({1, 2}, Sampling::kReplay), law({1, 2}, Sampling::kReplay));
  EXPECT_FALSE(law({1, 2}, Sampling::kReplay) ==
               law({2, 1}, Sampling::kReplay));
  EXPECT_FALSE(law({1, 2}, Sampling::kReplay) ==
               law({1, 2}, Sampling::kResample));
}

TEST(SpeedLawTest, FamilyTableFollowsTheEnum) {
  for (size_t k = 0; k < SpeedLawFamilies().size(); ++k) {
    EXPECT_EQ(static_cast<size_t>(SpeedLawFamilies()[k].kind), k);
  }
}

}  // namespace
}  // namespace muster::runtime
