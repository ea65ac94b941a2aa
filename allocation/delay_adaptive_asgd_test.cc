#include "muster/allocation/delay_adaptive_asgd.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

// Workers of 1 and 1.5 seconds, gamma = 1/2, L = 1, c = 1/4:
//   t = 1    w0, gradient 1 at x_0, delay 0: x_1 = 1 - 1/2   = 1/2
//   t = 1.5  w1, gradient 1 at x_0, delay 1: x_2 = 1/2 - 1/4 = 1/4
//   t = 2    w0, gradient 1/2 at x_1, delay 1: x_3 = 1/4 - 1/8 = 1/8
//   t = 3    w0, gradient 1/8 at x_3, delay 0: x_4 = 1/16
//   t = 3    w1, gradient 1/4 at x_2, delay 2: x_5 = 1/16 - 1/8 / 4 = 1/32
TEST(DelayAdaptiveAsgdTest, WorkedExample) {
  const auto policy = *CreateDelayAdaptiveAsgd({.step = 0.5});
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 1.5}, 5);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 1, 1.5, 2, 3, 3}));
  EXPECT_EQ(summary.trace[4].objective, 0.5 / 256);
  EXPECT_EQ(summary.x, std::vector<double>{1.0 / 32});
}

// Never more than gamma: with c / (L delta) above gamma nothing adapts.
TEST(DelayAdaptiveAsgdTest, StepIsCappedByGamma) {
  const auto policy =
      *CreateDelayAdaptiveAsgd({.step = 0.25, .delay_factor = 100});
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>{1, 1.5}, 2);
  EXPECT_EQ(summary.x, std::vector<double>{0.5});  // 1 - 1/4 - 1/4
}

TEST(DelayAdaptiveAsgdTest, ConvergesWithManyEqualWorkers) {
  const auto policy = *CreateDelayAdaptiveAsgd({.step = 0.9});
  const SgdSummary summary =
      RunConstant(*policy, std::vector<double>(8, 1.0), 400);
  EXPECT_LT(summary.objective, 1e-6);
}

TEST(DelayAdaptiveAsgdTest, RejectsBadOptions) {
  const auto expect = [](const DelayAdaptiveAsgdOptions& options,
                         const char* message) {
    EXPECT_THAT(
        CreateDelayAdaptiveAsgd(options),
        StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(message)));
  };
  expect({.step = 0}, "step is 0");
  expect({.step = 1, .smoothness = -1}, "smoothness is -1");
  expect({.step = 1, .delay_factor = std::numeric_limits<double>::quiet_NaN()},
         "delay_factor is nan");
}

}  // namespace
}  // namespace muster::allocation
