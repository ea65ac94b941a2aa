#include "muster/allocation/ringmaster.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::StatusIs;
using ::testing::HasSubstr;

std::unique_ptr<SgdPolicy> Make(const RingmasterOptions& options) {
  return *CreateRingmaster(options);
}

std::vector<double> Objectives(const SgdSummary& summary) {
  std::vector<double> column;
  for (const SgdTracePoint& point : summary.trace) {
    column.push_back(point.objective);
  }
  return column;
}

// Two workers of 1 and 3 seconds, gamma = 1/2, f = x^2 / 2 from 1:
//
//   t      0    1    2    3    4
//   w0     |-x0-|-x1-|-x2-|-x3-|       xk: computed at x_k
//   w1     |------x0------|--..
//
//   t = 1: delay 0, x1 = 1/2.  t = 2: x2 = 1/4.  t = 3: w0, x3 = 1/8; then w1's
//   gradient 1 has delay 3: R = 4 applies it, x4 = 1/8 - 1/2 = -3/8.
TEST(RingmasterTest, WorkedExample) {
  const std::vector<double> seconds = {1, 3};
  const auto loose = Make({.step = 0.5, .delay_threshold = 4});
  const SgdSummary applied = RunConstant(*loose, seconds, 4);
  EXPECT_EQ(Seconds(applied), (std::vector<double>{0, 1, 2, 3, 3}));
  EXPECT_EQ(applied.x, std::vector<double>{-0.375});

  // R = 3 ignores it; at t = 4 worker 0 has x4 = 1/16.
  const auto strict = Make({.step = 0.5, .delay_threshold = 3});
  const SgdSummary ignored = RunConstant(*strict, seconds, 4);
  EXPECT_EQ(Seconds(ignored), (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_EQ(ignored.x, std::vector<double>{0.0625});
  EXPECT_EQ(ignored.gradients, 5);
}

// R = 2 with stopping: worker 1 is restarted at t = 2, 4, ... and never ends a
// gradient; it is billed all the same.
TEST(RingmasterTest, StopsComputationsThatBecomeStale) {
  const auto policy =
      Make({.step = 0.5, .delay_threshold = 2, .stop_stale = true});
  const SgdSummary summary = RunConstant(*policy, std::vector<double>{1, 3}, 4);
  EXPECT_EQ(Seconds(summary), (std::vector<double>{0, 1, 2, 3, 4}));
  EXPECT_EQ(summary.gradients, 4);
  EXPECT_EQ(WorkerSeconds(summary), (std::vector<double>{0, 1, 4, 5, 8}));
}

// Stopping changes no step of worker 0 here, but worker 1 (2.5 seconds, R = 2)
// gets fresher points: its second try starts at t = 2 rather than 2.5.
TEST(RingmasterTest, StoppingIsNotSlower) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    const Parabola problem = {.centre = 0, .noise = 0.1};
    const SgdOptions options = {.max_steps = 200};
    double seconds[2];
    for (bool stop : {false, true}) {
      const auto policy =
          Make({.step = 0.05, .delay_threshold = 4, .stop_stale = stop});
      seconds[stop] = RunSgd(*MakeCluster(ConstantWorkers(std::vector<double>{
                                              1, 1.7, 2.9, 5.3, 11.1, 30.3}),
                                          {problem}, seed),
                             problem, *policy, options)
                          ->seconds;
    }
    EXPECT_LE(seconds[1], seconds[0] + 1e-9);
  }
}

TEST(RingmasterTest, ThresholdOneIsTheSingleFastestWorker) {
  const auto policy = Make({.step = 0.25, .delay_threshold = 1});
  const auto alone = Make({.step = 0.25, .delay_threshold = 1});
  const SgdSummary all =
      RunConstant(*policy, std::vector<double>{4, 1.25, 3, 2}, 40);
  const SgdSummary one = RunConstant(*alone, std::vector<double>{1.25}, 40);
  EXPECT_EQ(all.x, one.x);
  EXPECT_EQ(Seconds(all), Seconds(one));
}

TEST(RingmasterTest, LargeThresholdIsClassicAsgd) {
  const Parabola problem = {.centre = 0, .noise = 0.3};
  const SgdOptions options = {.max_steps = 300};
  SgdSummary summaries[2];
  for (int i = 0; i < 2; ++i) {
    const auto policy =
        Make({.step = 0.05,
              .delay_threshold =
                  i == 0 ? RingmasterOptions::kNoThreshold : int64_t{301}});
    summaries[i] = *RunSgd(*MakeCluster(ExponentialWorkers(8), {problem}),
                           problem, *policy, options);
  }
  EXPECT_EQ(summaries[0].x, summaries[1].x);
  EXPECT_EQ(summaries[0].trace, summaries[1].trace);
  EXPECT_EQ(summaries[0].gradients, 300);  // everything is applied
}

// A delay bound pays: a slow worker's old gradients keep classic ASGD from
// settling, at a step that fresh gradients bear well.
TEST(RingmasterTest, ConvergesWhereClassicAsgdDiverges) {
  const std::vector<double> seconds = {1, 1, 1, 1, 1, 1, 1, 1};
  const auto bounded = Make({.step = 0.9, .delay_threshold = 2});
  const auto classic = Make({.step = 0.9});
  EXPECT_LT(Objectives(RunConstant(*bounded, seconds, 200)).back(), 1e-6);
  EXPECT_GT(Objectives(RunConstant(*classic, seconds, 200)).back(), 1e3);
}

TEST(RingmasterTest, RejectsBadOptions) {
  EXPECT_THAT(CreateRingmaster({.step = -1}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("RingmasterOptions.step is -1")));
  EXPECT_THAT(CreateRingmaster({.step = 1, .delay_threshold = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("delay_threshold is 0")));
}

}  // namespace
}  // namespace muster::allocation
