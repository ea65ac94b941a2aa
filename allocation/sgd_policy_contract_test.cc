// What every gradient method promises, over the whole table.

#include <gtest/gtest.h>

#include <cmath>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "muster/allocation/allocators.h"
#include "muster/allocation/sgd_policies.h"
#include "muster/allocation/sgd_run.h"
#include "muster/allocation/sgd_test_allocator.h"
#include "muster/allocation/sgd_test_cluster.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::IsOk;
using ::muster::runtime::StatusIs;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr int32_t kWorkers = 6;

SgdPolicyOptions MakeOptions(const SgdPolicyEntry& entry,
                             const char* allocator = "ata_empirical") {
  SgdPolicyOptions options;
  options.step = 0.05;
  options.batch = 4;
  options.delay_threshold = 5;
  if (entry.needs_allocator) {
    options.allocator =
        *CreateAllocator(allocator, MakeAllocatorOptions(kWorkers, 4));
  }
  options.mindflayer_workers.assign(
      kWorkers,
      {.attempts = 2, .abandon_after_seconds = 4, .success_probability = 0.7});
  return options;
}

class SgdPolicyContractTest : public ::testing::TestWithParam<size_t> {
 protected:
  const SgdPolicyEntry& entry() const { return SgdPolicyTable()[GetParam()]; }

  absl::StatusOr<SgdSummary> RunCase(std::vector<runtime::WorkerSpec> workers,
                                     std::vector<Parabola> problems,
                                     const Parabola& objective,
                                     const SgdOptions& options, int threads = 1,
                                     const char* allocator = "ata_empirical") {
    const auto policy =
        *CreateSgdPolicy(entry().name, MakeOptions(entry(), allocator));
    EXPECT_EQ(policy->name(), entry().name);
    return RunSgd(*MakeCluster(std::move(workers), std::move(problems), 3,
                               {.threads = threads}),
                  objective, *policy, options);
  }
};

TEST_P(SgdPolicyContractTest, ConvergesWithoutNoise) {
  const Parabola problem = {.centre = -3};
  const auto summary =
      RunCase(ExponentialWorkers(kWorkers), {problem}, problem,
              {.max_seconds = 5000, .target_objective = 1e-12});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kTargetReached);
}

TEST_P(SgdPolicyContractTest, BitsDoNotDependOnThreads) {
  const Parabola problem = {.centre = 0.5, .noise = 0.7};
  auto workers = ExponentialWorkers(kWorkers, 0.1);
  workers[1].modifiers.push_back(runtime::SpeedModifier::Crash(20, 5));
  const SgdOptions options = {.max_steps = 400, .keep_rounds = true};
  const auto one = RunCase(workers, {problem}, problem, options, 1);
  ASSERT_THAT(one, IsOk());
  EXPECT_EQ(one->steps, 400);
  for (int threads : {2, 3, 8}) {
    const auto many = RunCase(workers, {problem}, problem, options, threads);
    ASSERT_THAT(many, IsOk());
    EXPECT_EQ(many->x, one->x);
    EXPECT_EQ(many->trace, one->trace);
    EXPECT_EQ(many->rounds_log, one->rounds_log);
    EXPECT_EQ(many->losses, one->losses);
  }
}

TEST_P(SgdPolicyContractTest, TraceIsMonotoneAndBilledOnce) {
  const Parabola problem = {.centre = 0, .noise = 1};
  const auto summary = RunCase(ExponentialWorkers(kWorkers), {problem}, problem,
                               {.max_steps = 300});
  ASSERT_THAT(summary, IsOk());
  for (size_t i = 1; i < summary->trace.size(); ++i) {
    const SgdTracePoint& before = summary->trace[i - 1];
    const SgdTracePoint& after = summary->trace[i];
    EXPECT_LT(before.step, after.step);
    EXPECT_LE(before.seconds, after.seconds);
    EXPECT_LE(before.gradients, after.gradients);
    EXPECT_LE(before.worker_seconds, after.worker_seconds);
  }
  // Nobody can be paid for more than all the time.
  EXPECT_LE(summary->worker_seconds, kWorkers * summary->seconds * (1 + 1e-12));
  EXPECT_GT(summary->worker_seconds, 0);
}

// Each worker crashes every now and then: the method goes on, and on
// homogeneous data reaches the target all the same.
TEST_P(SgdPolicyContractTest, SurvivesCrashes) {
  const Parabola problem = {.centre = 2};
  for (const char* allocator : {"uta", "gta", "ata", "top_m_greedy"}) {
    auto workers = ExponentialWorkers(kWorkers);
    for (auto& worker : workers) {
      worker.modifiers.push_back(runtime::SpeedModifier::Crash(15, 10));
    }
    const auto summary = RunCase(
        workers, {problem}, problem,
        {.max_seconds = 20000, .target_objective = 1e-10}, 1, allocator);
    ASSERT_THAT(summary, IsOk());
    EXPECT_EQ(summary->termination, Termination::kTargetReached) << allocator;
    EXPECT_GT(summary->losses, 0);
    if (!entry().needs_allocator) break;
  }
}

// All are down from 10 to 50, worker 0 alone is back before: nothing is stuck.
TEST_P(SgdPolicyContractTest, SurvivesATotalOutage) {
  const Parabola problem = {.centre = 2};
  for (const char* allocator : {"uta", "gta", "ata", "top_m_greedy"}) {
    auto workers = ExponentialWorkers(kWorkers);
    for (int32_t i = 0; i < kWorkers; ++i) {
      workers[i].modifiers.push_back(
          runtime::SpeedModifier::Outage(10, i == 0 ? 30 : 50 + i));
    }
    const auto summary = RunCase(
        workers, {problem}, problem,
        {.max_seconds = 20000, .target_objective = 1e-10}, 1, allocator);
    ASSERT_THAT(summary, IsOk());
    EXPECT_EQ(summary->termination, Termination::kTargetReached) << allocator;
    EXPECT_GT(summary->seconds, 30);
    if (!entry().needs_allocator) break;
  }
}

// The two fastest, whom top_m_greedy lets race, are gone for good in the midst
// of a round: the four others end it and go on.
TEST_P(SgdPolicyContractTest, SurvivesAnOutageOfTheRacers) {
  const Parabola problem = {.centre = 2};
  for (const char* allocator : {"uta", "gta", "ata", "top_m_greedy"}) {
    auto workers = ExponentialWorkers(kWorkers);
    for (int32_t i = 0; i < 2; ++i) {
      workers[i].modifiers.push_back(runtime::SpeedModifier::Outage(5.5));
    }
    const auto summary = RunCase(
        workers, {problem}, problem,
        {.max_seconds = 20000, .target_objective = 1e-10}, 1, allocator);
    ASSERT_THAT(summary, IsOk());
    EXPECT_EQ(summary->termination, Termination::kTargetReached)
        << allocator << ": " << summary->BriefReport();
    EXPECT_GT(summary->seconds, 5.5);
    if (!entry().needs_allocator) break;
  }
}

TEST_P(SgdPolicyContractTest, EndsWhenAllAreGone) {
  auto workers = ExponentialWorkers(kWorkers);
  for (auto& worker : workers) {
    worker.modifiers.push_back(runtime::SpeedModifier::Outage(20));
  }
  const auto summary =
      RunCase(workers, {Parabola()}, Parabola(), {.max_seconds = 1000});
  ASSERT_THAT(summary, IsOk());
  EXPECT_EQ(summary->termination, Termination::kNoWorkers);
  EXPECT_LE(summary->seconds, 20);
}

// Workers with data of their own, the fastest with an optimum far away. Those
// for heterogeneous data find the minimum of the mean; the others lean towards
// the fast workers.
TEST_P(SgdPolicyContractTest, HeterogeneousDataBiasesTheOthers) {
  std::vector<Parabola> problems;
  double mean = 0;
  for (int32_t i = 0; i < kWorkers; ++i) {
    problems.push_back({.centre = 10.0 - 4 * i});
    mean += problems.back().centre / kWorkers;
  }
  const auto summary = RunCase(ExponentialWorkers(kWorkers), problems,
                               Parabola{.centre = mean}, {.max_seconds = 3000});
  ASSERT_THAT(summary, IsOk());
  if (entry().for_heterogeneous_data) {
    EXPECT_NEAR(summary->x[0], mean, 1e-4);
  } else {
    EXPECT_GT(std::abs(summary->x[0] - mean), 0.01);
  }
}

// The allocator, or MindFlayer's table, is for six workers.
TEST_P(SgdPolicyContractTest, RefusesAnotherNumberOfWorkers) {
  for (const int32_t n : {kWorkers - 3, kWorkers + 500}) {
    const auto summary = RunCase(ExponentialWorkers(n), {Parabola()},
                                 Parabola(), {.max_steps = 1});
    if (entry().needs_allocator) {
      EXPECT_THAT(summary,
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           AllOf(HasSubstr("ata_empirical is for 6 workers"),
                                 HasSubstr(absl::StrCat("cluster has ", n,
                                                        "; create it with")))));
    } else if (entry().name == "mindflayer") {
      EXPECT_THAT(summary,
                  StatusIs(absl::StatusCode::kInvalidArgument,
                           AllOf(HasSubstr("workers has 6 entries"),
                                 HasSubstr(absl::StrCat("cluster has ", n)))));
    } else {
      EXPECT_THAT(summary, IsOk());
    }
  }
}

TEST_P(SgdPolicyContractTest, NeedsAStep) {
  SgdPolicyOptions options = MakeOptions(entry());
  options.step = 0;
  EXPECT_THAT(
      CreateSgdPolicy(entry().name, options),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("step is 0")));
}

INSTANTIATE_TEST_SUITE_P(Table, SgdPolicyContractTest,
                         ::testing::Range(size_t{0}, SgdPolicyTable().size()),
                         [](const ::testing::TestParamInfo<size_t>& info) {
                           return std::string(
                               SgdPolicyTable()[info.param].name);
                         });

TEST(SgdPolicyTableTest, NamesAreUniqueAndUnknownOnesListThem) {
  for (const SgdPolicyEntry& entry : SgdPolicyTable()) {
    int count = 0;
    for (const SgdPolicyEntry& other : SgdPolicyTable()) {
      count += entry.name == other.name;
    }
    EXPECT_EQ(count, 1) << entry.name;
    EXPECT_FALSE(entry.description.empty());
  }
  EXPECT_THAT(CreateSgdPolicy("sgdd", {}),
              StatusIs(absl::StatusCode::kNotFound,
                       HasSubstr("'sgdd'; there are sgd, asgd_rounds, ")));
}

}  // namespace
}  // namespace muster::allocation
