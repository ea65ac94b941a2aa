#include "muster/runtime/speed_modifier.h"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/status_matchers.h"

namespace muster::runtime {
namespace {

using ::testing::HasSubstr;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

TEST(SpeedModifierTest, StepJumpsAtItsTime) {
  const SpeedModifier step = SpeedModifier::Step(10, 0.1);
  EXPECT_EQ(step.DriftFactor(0), 1);
  EXPECT_EQ(step.DriftFactor(9.999), 1);
  EXPECT_EQ(step.DriftFactor(10), 0.1);
  EXPECT_EQ(step.DriftFactor(1e9), 0.1);
}

TEST(SpeedModifierTest, RampIsLinearBetweenItsEnds) {
  const SpeedModifier ramp = SpeedModifier::Ramp(10, 20, 3);
  EXPECT_EQ(ramp.DriftFactor(5), 1);
  EXPECT_EQ(ramp.DriftFactor(10), 1);
  EXPECT_EQ(ramp.DriftFactor(15), 2);
  EXPECT_EQ(ramp.DriftFactor(20), 3);
  EXPECT_EQ(ramp.DriftFactor(50), 3);
}

TEST(SpeedModifierTest, SineFollowsTheSine) {
  const SpeedModifier sine = SpeedModifier::Sine(8, 0.5, 0.125);
  double sum = 0;
  const int points = 1000;
  for (int k = 0; k < points; ++k) {
    const double t = 8.0 * k / points;
    sum += sine.DriftFactor(t);
    EXPECT_NEAR(sine.DriftFactor(t),
                1 + 0.5 * std::sin(2 * M_PI * (t / 8 + 0.125)), 1e-15)
        << t;
  }
  EXPECT_NEAR(sum / points, 1, 1e-13);  // mean 1 over a period
  EXPECT_NEAR(SpeedModifier::Sine(4, 0.25).DriftFactor(1e6 + 1), 1.25, 1e-15);
}

TEST(SpeedModifierTest, OthersAreNoDrift) {
  EXPECT_FALSE(SpeedModifier::Markov(10, 5, 1).IsDrift());
  EXPECT_EQ(SpeedModifier::Markov(10, 5, 1).DriftFactor(3), 1);
  EXPECT_TRUE(SpeedModifier::Sine(4, 0.25).IsDrift());
}

TEST(SpeedModifierTest, StationaryRates) {
  EXPECT_DOUBLE_EQ(SpeedModifier::Markov(10, 90, 10).StationaryRate(), 0.91);
  EXPECT_DOUBLE_EQ(SpeedModifier::Pause(9, 1).StationaryRate(), 0.9);
  EXPECT_DOUBLE_EQ(SpeedModifier::Crash(3, 1).StationaryRate(), 0.75);
}

TEST(SpeedModifierTest, TextNamesParametersAndLeavesOutDefaults) {
  EXPECT_EQ(SpeedModifier::Step(1e6, 0.1).ToText(),
            "step(at=1e+06, factor=0.1)");
  EXPECT_EQ(SpeedModifier::Ramp(1, 2, 3).ToText(),
            "ramp(begin=1, end=2, factor=3)");
  EXPECT_EQ(SpeedModifier::Sine(4, 0.5).ToText(),
            "sine(period=4, amplitude=0.5)");
  EXPECT_EQ(SpeedModifier::Outage(5).ToText(), "crash(at=5)");
  EXPECT_EQ(SpeedModifier::Outage(5, 6).ToText(), "crash(at=5, back=6)");
  EXPECT_EQ(SpeedModifier::Crash(5, 6).ToText(), "crash(up=5, down=6)");
}

TEST(SpeedModifierTest, EachBadParameterIsNamed) {
  struct Case {
    SpeedModifier modifier;
    std::string message;
  };
  const std::vector<Case> cases = {
      {SpeedModifier::Step(-1, 2), "step: at = -1"},
      {SpeedModifier::Step(1, 0), "step: factor = 0"},
      {SpeedModifier::Step(1, kNaN), "step: factor = nan"},
      {SpeedModifier::Ramp(-1, 2, 2), "ramp: begin = -1"},
      {SpeedModifier::Ramp(2, 2, 2), "ramp: end = 2"},
      {SpeedModifier::Ramp(1, 2, -2), "ramp: factor = -2"},
      {SpeedModifier::Sine(0, 0.5), "sine: period = 0"},
      {SpeedModifier::Sine(1, 1), "sine: amplitude = 1"},
      {SpeedModifier::Sine(1, 0.5, 2), "sine: phase = 2"},
      {SpeedModifier::Markov(0, 1, 1), "markov: slow = 0"},
      {SpeedModifier::Markov(2, 0, 1), "markov: up = 0"},
      {SpeedModifier::Markov(2, 1, -1), "markov: down = -1"},
      {SpeedModifier::Pause(0, 1), "pause: every = 0"},
      {SpeedModifier::Pause(1, kNaN), "pause: length = nan"},
      {SpeedModifier::Crash(0, 1), "crash: up = 0"},
      {SpeedModifier::Crash(1, 0), "crash: down = 0"},
      {SpeedModifier::Outage(-1, 1), "crash: at = -1"},
      {SpeedModifier::Outage(3, 3), "crash: back = 3"},
  };
  for (const Case& bad : cases) {
    EXPECT_THAT(
        bad.modifier.Validate(),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(bad.message)));
  }
  EXPECT_THAT(SpeedModifier::Outage(3).Validate(), IsOk());
}

TEST(SpeedModifierTest, FamilyTableFollowsTheEnum) {
  for (size_t k = 0; k < SpeedModifierFamilies().size(); ++k) {
    EXPECT_EQ(static_cast<size_t>(SpeedModifierFamilies()[k].kind), k);
  }
}

}  // namespace
}  // namespace muster::runtime
