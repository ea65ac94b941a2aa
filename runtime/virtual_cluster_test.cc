#include "muster/runtime/virtual_cluster.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/cluster_contract.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/timeline.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

using ::testing::HasSubstr;

template <WorkerProgram P>
std::unique_ptr<VirtualCluster<P>> MakeCluster(
    std::vector<std::unique_ptr<P>> programs, const ClusterSpec& spec,
    int threads, const VirtualClusterOptions& options = {}) {
  absl::StatusOr<SpeedModel> model = SpeedModel::Create(spec, 1);
  MUSTER_CHECK_OK(model);
  return std::make_unique<VirtualCluster<P>>(std::move(programs),
                                             *std::move(model), options,
                                             Runtime{.threads = threads});
}

ClusterKind VirtualKind(int threads) {
  return MakeClusterKind(
      absl::StrCat(threads, "Threads"), /*exact_times=*/true,
      [threads]<typename P>(std::vector<std::unique_ptr<P>> programs,
                            const ClusterSpec& spec) {
        return MakeCluster(std::move(programs), spec, threads);
      });
}
INSTANTIATE_TEST_SUITE_P(
    Virtual, ClusterContractTest,
    ::testing::Combine(::testing::Values(VirtualKind(1), VirtualKind(2),
                                         VirtualKind(8)),
                       ::testing::ValuesIn(ClusterContract())),
    ClusterContractName);
TEST_P(ClusterContractTest, Holds) { CheckProperty(); }

// Whether a program may be cancelled is a matter of its type.
template <typename P>
concept CanCancel = requires(Cluster<P>& cluster) {
  cluster.Cancel(WorkerId{0});
};
static_assert(CanCancel<SumProgram>);
static_assert(WorkerProgram<CountingProgram>);
static_assert(!CanCancel<CountingProgram>);

// Runs any function as a program; counts the runs.
struct Numbers {
  int64_t a = 0;
  double b = 0;
  static void Fields(auto& self, auto&& visit) { visit(self.a, self.b); }
};
struct FunctionProgram {
  using Request = Numbers;
  using Response = Numbers;
  Response Run(const Request& request) const {
    num_runs->fetch_add(1);
    return function(request);
  }
  std::function<Numbers(const Numbers&)> function;
  std::atomic<int64_t>* num_runs;
};

// n workers with the same function on a cluster, and a count of its runs.
struct FunctionCluster {
  FunctionCluster(ClusterSpec spec, int threads,
                  std::function<Numbers(const Numbers&)> function,
                  const VirtualClusterOptions& options = {}) {
    std::vector<std::unique_ptr<FunctionProgram>> programs;
    for (size_t i = 0; i < spec.workers.size(); ++i) {
      programs.push_back(std::make_unique<FunctionProgram>(
          FunctionProgram{function, &num_runs}));
    }
    cluster = MakeCluster(std::move(programs), spec, threads, options);
  }
  std::atomic<int64_t> num_runs = 0;
  std::unique_ptr<VirtualCluster<FunctionProgram>> cluster;
};

ClusterSpec Workers(int32_t n, const WorkerSpec& worker) {
  return {.workers = std::vector<WorkerSpec>(n, worker), .text = ""};
}

// The same, for a program with a state that each run changes.
struct ChainProgram {
  using Request = Numbers;
  using Response = Numbers;
  Response Run(const Request& request) {
    for (int64_t i = 0; i < 50 + request.a % 400; ++i) {
      state = state * 0.999 + request.b / static_cast<double>(i + 1);
    }
    return {.a = request.a, .b = state};
  }
  double state = 1;
};

// A random but seeded policy whose decisions depend on the responses, so that a
// wrong response changes all that follows. Returns everything that it saw.
template <typename P>
std::vector<double> Observe(VirtualCluster<P>& cluster, int steps) {
  std::vector<double> seen;
  Rng rng = Rng(5).Fork("policy");
  double x = 1;
  const auto submit = [&](int32_t worker) {
    TaskOptions options;
    options.work_units = 1 + static_cast<double>(UniformInt(rng, 3));
    if constexpr (PureWorkerProgram<P>) {
      if (UniformInt(rng, 4) == 0) options.abandon_after_seconds = 1.5;
    }
    cluster.Submit({worker}, {.a = UniformInt(rng, 1000), .b = x}, options);
  };
  for (int32_t i = 0; i < cluster.num_workers(); ++i) submit(i);
  for (int step = 0; step < steps; ++step) {
    if (cluster.num_in_flight() == 0) {
      MUSTER_CHECK_OK(cluster.AdvanceTo(cluster.NowSeconds() + 1));
      for (int32_t i = 0; i < cluster.num_workers(); ++i) submit(i);
    }
    const auto done = cluster.Next();
    MUSTER_CHECK_OK(done);
    seen.insert(seen.end(), {static_cast<double>(done->worker.index),
                             static_cast<double>(done->task),
                             done->started_seconds, done->finished_seconds});
    if (done->response.ok()) {
      seen.push_back(done->response->b);
      x = 0.5 * x + 0.5 * done->response->b;
    } else {
      seen.push_back(-static_cast<double>(done->response.status().raw_code()));
    }
    submit(done->worker.index);
    if (UniformInt(rng, 3) == 0) {
      submit(static_cast<int32_t>(UniformInt(rng, cluster.num_workers())));
    }
    if constexpr (PureWorkerProgram<P>) {
      if (UniformInt(rng, 10) == 0) {
        // As a greedy policy does: everyone, or one.
        if (UniformInt(rng, 4) == 0) {
          for (int32_t i = 0; i < cluster.num_workers(); ++i) {
            cluster.Cancel({i});
            submit(i);
          }
        } else {
          cluster.Cancel(
              {static_cast<int32_t>(UniformInt(rng, cluster.num_workers()))});
        }
      }
    }
  }
  const TimelineTotals& totals = cluster.timeline().totals();
  seen.insert(seen.end(), totals.seconds.begin(), totals.seconds.end());
  seen.insert(seen.end(), totals.tasks.begin(), totals.tasks.end());
  seen.push_back(static_cast<double>(totals.bytes_returned));
  return seen;
}

ClusterSpec CrashingWorkers(int32_t n) {
  ClusterSpec spec;
  for (int32_t i = 0; i < n; ++i) {
    spec.workers.push_back(
        {.law = SpeedLaw::Exponential(1 + 0.1 * i), .modifiers = {}});
    if (i % 4 == 0) {
      spec.workers.back().modifiers = {SpeedModifier::Crash(20, 3)};
    }
  }
  return spec;
}

TEST(VirtualClusterTest, PureProgramsGiveTheSameBitsForAnyThreads) {
  const auto compute = [](const Numbers& request) {
    Numbers result = request;
    for (int64_t i = 0; i < 50 + request.a % 400; ++i) {
      result.b = result.b * 0.999 + 1 / static_cast<double>(i + 1);
    }
    return result;
  };
  std::vector<double> expected;
  for (const int threads : {1, 2, 3, 8}) {
    for (const int window : {1, 4, 32}) {
      FunctionCluster run(CrashingWorkers(13), threads, compute,
                          {.window_per_thread = window});
      const std::vector<double> seen = Observe(*run.cluster, 1500);
      if (expected.empty()) expected = seen;
      EXPECT_EQ(seen, expected) << threads << " threads, window " << window;
    }
  }
  EXPECT_GT(expected.size(), 1500u);
}

TEST(VirtualClusterTest, ProgramsWithStateGiveTheSameBitsForAnyThreads) {
  std::vector<double> expected;
  for (const int threads : {1, 2, 3, 8}) {
    for (const int window : {1, 4, 32}) {
      std::vector<std::unique_ptr<ChainProgram>> programs;
      for (int i = 0; i < 5; ++i) {
        programs.push_back(std::make_unique<ChainProgram>());
      }
      const auto cluster = MakeCluster(std::move(programs), CrashingWorkers(5),
                                       threads, {.window_per_thread = window});
      const std::vector<double> seen = Observe(*cluster, 1000);
      if (expected.empty()) expected = seen;
      EXPECT_EQ(seen, expected) << threads << " threads, window " << window;
    }
  }
}

TEST(VirtualClusterTest, OnlyAFewBodiesRunAheadOfTheClock) {
  const auto identity = [](const Numbers& request) { return request; };
  for (const int threads : {1, 2, 8}) {
    FunctionCluster run(
        Workers(200, {.law = SpeedLaw::Exponential(1), .modifiers = {}}),
        threads, identity, {.window_per_thread = 2});
    int64_t num_computed = 0;
    for (int round = 0; round < 20; ++round) {
      for (int32_t i = 0; i < 200; ++i) run.cluster->Submit({i}, {});
      for (int i = 0; i < 10; ++i, ++num_computed) {
        ASSERT_THAT(run.cluster->Next(), IsOk());
      }
      for (int32_t i = 0; i < 200; ++i) run.cluster->Cancel({i});
    }
    // In each round at most a window of bodies was computed in vain.
    const int64_t wasted = run.num_runs - num_computed;
    EXPECT_GE(wasted, 0);
    EXPECT_LE(wasted, threads == 1 ? 0 : 20 * threads * 2);
  }
}

TEST(VirtualClusterTest, TasksWithoutAResultAreNotComputed) {
  FunctionCluster run(Workers(2, {.law = SpeedLaw::Constant(2),
                                  .modifiers = {SpeedModifier::Outage(5)}}),
                      2, [](const Numbers& request) { return request; });
  for (int i = 0; i < 10; ++i) {
    run.cluster->Submit({0}, {});
    run.cluster->Submit({1}, {}, {.abandon_after_seconds = 1});
  }
  while (run.cluster->num_in_flight() > 0) {
    ASSERT_THAT(run.cluster->Next(), IsOk());
  }
  EXPECT_EQ(run.num_runs, 2);
  EXPECT_EQ(run.cluster->timeline().totals().Tasks(Activity::kExpired), 4);
  EXPECT_EQ(run.cluster->timeline().totals().Tasks(Activity::kLost), 14);
}

// Two bodies that wait for one another: the coordinator must take the second
// while a helper is in the first, or the other way round.
TEST(VirtualClusterTest, TheCoordinatorComputesInsteadOfWaiting) {
  std::atomic<int> num_inside = 0;
  FunctionCluster run(
      Workers(2, {.law = SpeedLaw::Constant(1), .modifiers = {}}), 2,
      [&](const Numbers& request) {
        num_inside.fetch_add(1);
        const auto limit =
            std::chrono::steady_clock::now() + std::chrono::seconds(30);
        while (num_inside < 2 && std::chrono::steady_clock::now() < limit) {
          std::this_thread::yield();
        }
        return Numbers{.a = num_inside, .b = request.b};
      });
  run.cluster->Submit({0}, {});
  run.cluster->Submit({1}, {});
  const auto done = run.cluster->Next();
  ASSERT_THAT(done, IsOk());
  ASSERT_THAT(done->response, IsOk());
  EXPECT_EQ(done->response->a, 2);
}

TEST(VirtualClusterTest, BodiesMayUseParallelLoops) {
  FunctionCluster run(
      Workers(20, {.law = SpeedLaw::Exponential(1), .modifiers = {}}), 3,
      [](const Numbers& request) {
        const std::vector<Block> blocks = CutBlocks(1000, 100);
        Numbers result = request;
        result.b =
            SumBlocks(Runtime{.threads = 3}, blocks, [&](int64_t, Block block) {
              return static_cast<double>(block.size());
            });
        return result;
      });
  for (int32_t i = 0; i < 20; ++i) run.cluster->Submit({i}, {});
  for (int i = 0; i < 200; ++i) {
    const auto done = run.cluster->Next();
    ASSERT_THAT(done, IsOk());
    ASSERT_THAT(done->response, IsOk());
    EXPECT_EQ(done->response->b, 1000);
    run.cluster->Submit(done->worker, {});
  }
}

// A program whose requests share a version of a model.
struct SnapshotProgram {
  struct Request {
    std::shared_ptr<const std::vector<double>> point;
    static void Fields(auto& self, auto&& visit) { visit(self.point); }
  };
  using Response = Numbers;
  Response Run(const Request& request) const {
    return {.a = static_cast<int64_t>(request.point->size()),
            .b = request.point->front()};
  }
};

TEST(VirtualClusterTest, SnapshotsAreSharedAndReleased) {
  std::vector<std::unique_ptr<SnapshotProgram>> programs;
  for (int i = 0; i < 10; ++i) {
    programs.push_back(std::make_unique<SnapshotProgram>());
  }
  const auto cluster = MakeCluster(
      std::move(programs),
      Workers(10, {.law = SpeedLaw::Exponential(1), .modifiers = {}}), 1);
  const auto point = std::make_shared<const std::vector<double>>(100, 3.0);
  for (int32_t i = 0; i < 10; ++i) cluster->Submit({i}, {.point = point});
  EXPECT_EQ(point.use_count(), 11);
  const auto done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->response->b, 3);
  EXPECT_EQ(point.use_count(), 10);
  for (int32_t i = 0; i < 10; ++i) cluster->Cancel({i});
  EXPECT_EQ(point.use_count(), 1);
  // Bytes count what would be on the wire: a flag, a length, the numbers.
  EXPECT_EQ(cluster->timeline().totals().bytes_requested, 10 * (1 + 8 + 800));
  EXPECT_EQ(cluster->timeline().totals().bytes_returned, 16);
}

// Worker 1's body is on a helper when it is cancelled, most of the time, and
// ends only after that.
TEST(VirtualClusterTest, CancelDoesNotWaitForTheBody) {
  int num_running_when_cancelled = 0;
  for (int repetition = 0; repetition < 50; ++repetition) {
    const auto coordinator = std::this_thread::get_id();
    std::atomic<bool> started = false;
    std::atomic<bool> ended = false;
    std::atomic<bool> release = false;
    FunctionCluster run(
        Workers(2, {.law = SpeedLaw::Constant(1), .modifiers = {}}), 2,
        [&](const Numbers& request) {
          if (request.a == 0) {
            while (!started) std::this_thread::yield();
          } else if (request.a == 1) {
            started = true;
            while (!release && std::this_thread::get_id() != coordinator) {
              std::this_thread::yield();
            }
            ended = true;
          }
          return request;
        });
    run.cluster->Submit({0}, {.a = 0});
    run.cluster->Submit({1}, {.a = 1});
    ASSERT_THAT(run.cluster->Next(), IsOk());
    run.cluster->Cancel({1});
    num_running_when_cancelled += !ended;
    EXPECT_EQ(run.cluster->num_in_flight(), 0);
    run.cluster->Submit({1}, {.a = 2});
    release = true;
    const auto done = run.cluster->Next();
    ASSERT_THAT(done, IsOk());
    EXPECT_EQ(done->task, 1);
    ASSERT_THAT(done->response, IsOk());
    EXPECT_EQ(done->response->a, 2);
    EXPECT_EQ(run.num_runs, 3);
  }
  RecordProperty("num_running_when_cancelled", num_running_when_cancelled);
}

TEST(VirtualClusterTest, MayBeDestroyedWithBodiesRunning) {
  for (int repetition = 0; repetition < 20; ++repetition) {
    FunctionCluster run(
        Workers(50, {.law = SpeedLaw::Exponential(1), .modifiers = {}}), 3,
        [](const Numbers& request) {
          Numbers result = request;
          for (int i = 0; i < 20'000; ++i) result.b = result.b * 0.5 + 1;
          return result;
        });
    for (int32_t i = 0; i < 50; ++i) run.cluster->Submit({i}, {});
    ASSERT_THAT(run.cluster->Next(), IsOk());
    run.cluster->Cancel({0});
    run.cluster.reset();
  }
}

TEST(VirtualClusterTest, SegmentsCarryLabels) {
  FunctionCluster run(
      Workers(1, {.law = SpeedLaw::Constant(2), .modifiers = {}}), 1,
      [](const Numbers& request) { return request; },
      {.timeline = {.keep_segments = true}});
  run.cluster->Submit({0}, {}, {.label = "round 1"});
  ASSERT_THAT(run.cluster->Next(), IsOk());
  const Timeline& timeline = run.cluster->timeline();
  ASSERT_EQ(timeline.segments().size(), 1u);
  const Timeline::Segment& segment = timeline.segments()[0];
  EXPECT_EQ(segment.activity, Activity::kCompute);
  EXPECT_EQ(segment.end_seconds, 2);
  EXPECT_EQ(timeline.labels()[segment.label], "round 1");
}

TEST(VirtualClusterTest, OptionsAreValidated) {
  EXPECT_THAT(Validate(VirtualClusterOptions{}), IsOk());
  EXPECT_THAT(Validate(VirtualClusterOptions{.window_per_thread = 0}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("window_per_thread is 0")));
  EXPECT_THAT(Validate(VirtualClusterOptions{.timeline = {.max_segments = -1}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max_segments is -1")));
}

TEST(VirtualClusterDeathTest, AnExceptionFromABodyEndsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  for (const int threads : {1, 2}) {
    EXPECT_DEATH(
        {
          FunctionCluster run(
              Workers(9, {.law = SpeedLaw::Constant(1), .modifiers = {}}),
              threads, [](const Numbers&) -> Numbers {
                throw std::runtime_error("the body's own words");
              });
          for (int32_t i = 0; i < 9; ++i) run.cluster->Submit({i}, {});
          run.cluster->Next().IgnoreError();
        },
        "terminate called");
  }
}

TEST(VirtualClusterDeathTest, ChecksItsArguments) {
  std::vector<std::unique_ptr<ChainProgram>> programs;
  programs.push_back(std::make_unique<ChainProgram>());
  const ClusterSpec two =
      Workers(2, {.law = SpeedLaw::Constant(1), .modifiers = {}});
  EXPECT_DEATH(MakeCluster(std::move(programs), two, 1), "num_workers");
  std::vector<std::unique_ptr<ChainProgram>> nulls(2);
  EXPECT_DEATH(MakeCluster(std::move(nulls), two, 1), "nullptr");
  // Only a run that leaves nothing behind can be given up.
  std::vector<std::unique_ptr<ChainProgram>> chains;
  for (int i = 0; i < 2; ++i)
    chains.push_back(std::make_unique<ChainProgram>());
  const auto cluster = MakeCluster(std::move(chains), two, 1);
  EXPECT_DEATH(cluster->Submit({0}, {}, {.abandon_after_seconds = 1}),
               "Run is const");
}

}  // namespace
}  // namespace muster::runtime
