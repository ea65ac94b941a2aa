#include "muster/allocation/mindflayer_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

#include "muster/runtime/speed_law.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::SpeedLaw;
using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// Exponential of mean 1: E[min(X, t)] = 1 - e^-t = F(t), so that every limit
// costs 1 per success: memoryless.
TEST(MindFlayerPlanTest, LimitsOfAnExponentialAllCostItsMean) {
  const SpeedLaw law = SpeedLaw::Exponential(1);
  for (double t : {0.1, 1.0, 3.0}) {
    const AttemptLimit limit = LimitAt(law, t);
    EXPECT_NEAR(limit.success_probability, 1 - std::exp(-t), 1e-9);
    EXPECT_NEAR(limit.attempt_seconds, 1 - std::exp(-t), 1e-3);
    EXPECT_NEAR(limit.SecondsPerSuccess(), 1, 2e-3);
  }
  EXPECT_TRUE(std::isinf(BestLimit(law).seconds));
}

// Pareto, minimum 1, alpha: E[min(X, t)] = 1 + (1 - t^(1 - alpha)) / (alpha -
// 1) for t >= 1.
TEST(MindFlayerPlanTest, LimitOfAParetoLaw) {
  const double alpha = 1.5;
  const SpeedLaw law = SpeedLaw::Pareto(1, alpha);
  for (double t : {1.5, 4.0, 20.0}) {
    const AttemptLimit limit = LimitAt(law, t);
    EXPECT_NEAR(limit.success_probability, 1 - std::pow(t, -alpha), 1e-9);
    EXPECT_NEAR(limit.attempt_seconds,
                1 + (1 - std::pow(t, 1 - alpha)) / (alpha - 1),
                2e-3 * limit.attempt_seconds);
  }
}

// No limit helps when the residual time falls: constants, uniforms, shifted
// exponentials, gammas of shape above 1.
TEST(MindFlayerPlanTest, SteadyLawsHaveNoLimit) {
  for (const SpeedLaw& law : {SpeedLaw::Constant(3), SpeedLaw::Uniform(1, 2),
                              SpeedLaw::ShiftedExponential(29, 29),
                              SpeedLaw::Gamma(4, 2), SpeedLaw::HalfNormal(1)}) {
    const AttemptLimit limit = BestLimit(law);
    EXPECT_TRUE(std::isinf(limit.seconds)) << law.ToText();
    EXPECT_EQ(limit.success_probability, 1);
    EXPECT_EQ(limit.attempt_seconds, law.Mean());
  }
}

// Heavy tails have one, and no other limit is better.
TEST(MindFlayerPlanTest, HeavyTailsHaveTheBestLimit) {
  for (const SpeedLaw& law :
       {SpeedLaw::Lognormal(0, 2, 1), SpeedLaw::Pareto(1, 1.2),
        SpeedLaw::Weibull(0.4, 1, 0.5)}) {
    const AttemptLimit best = BestLimit(law);
    ASSERT_TRUE(std::isfinite(best.seconds)) << law.ToText();
    EXPECT_LT(best.SecondsPerSuccess(), 0.99 * law.Mean());
    EXPECT_NEAR(LimitAt(law, best.seconds).SecondsPerSuccess(),
                best.SecondsPerSuccess(), 0.01 * best.SecondsPerSuccess());
    for (double u = 0.01; u < 0.995; u += 0.01) {
      EXPECT_GE(LimitAt(law, law.Quantile(u)).SecondsPerSuccess(),
                0.99 * best.SecondsPerSuccess())
          << law.ToText() << " " << u;
    }
  }
}

// Constants of 1 and 2 seconds, batch 3: T = 2 gives 2 + 1 attempts.
TEST(MindFlayerPlanTest, AttemptsFillTheShortestRound) {
  const std::vector<SpeedLaw> laws = {
      SpeedLaw::Constant(1), SpeedLaw::Constant(2), SpeedLaw::Constant(50)};
  const auto plan = PlanMindFlayer(laws, 3);
  ASSERT_THAT(plan, runtime::IsOk());
  EXPECT_EQ((*plan)[0].attempts, 2);
  EXPECT_EQ((*plan)[1].attempts, 1);
  EXPECT_EQ((*plan)[2].attempts, 0);
}

TEST(MindFlayerPlanTest, PlanReachesTheBatch) {
  std::vector<SpeedLaw> laws;
  for (int i = 1; i <= 6; ++i) {
    laws.push_back(SpeedLaw::Lognormal(0, 1.5 + 0.1 * i, i));
  }
  for (int64_t batch : {1, 5, 40}) {
    const auto plan = PlanMindFlayer(laws, batch);
    ASSERT_THAT(plan, runtime::IsOk());
    double expected = 0;
    for (const MindFlayerWorker& worker : *plan) {
      expected +=
          worker.success_probability * static_cast<double>(worker.attempts);
    }
    EXPECT_GE(expected, static_cast<double>(batch));
    EXPECT_LT(expected, static_cast<double>(batch) + 2);
  }
}

TEST(MindFlayerPlanTest, RejectsBadArguments) {
  EXPECT_THAT(
      PlanMindFlayer({}, 1),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("no laws")));
  EXPECT_THAT(
      PlanMindFlayer(std::vector<SpeedLaw>{SpeedLaw::Constant(1)}, 0),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("batch is 0")));
}

}  // namespace
}  // namespace muster::allocation
