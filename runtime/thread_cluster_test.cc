#include "muster/runtime/thread_cluster.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/check.h"
#include "muster/runtime/cluster.h"
#include "muster/runtime/cluster_contract.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_model.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/timeline.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

using ::testing::HasSubstr;

// A second of the specs takes this long here.
constexpr double kScale = 0.01;

template <WorkerProgram P>
std::unique_ptr<ThreadCluster<P>> MakeCluster(
    std::vector<std::unique_ptr<P>> programs, const ClusterSpec& spec,
    const Runtime& runtime = {}) {
  absl::StatusOr<SpeedModel> model = SpeedModel::Create(spec, 1);
  MUSTER_CHECK_OK(model);
  auto cluster =
      ThreadCluster<P>::Create(std::move(programs), *std::move(model),
                               {.seconds_per_virtual_second = kScale}, runtime);
  MUSTER_CHECK_OK(cluster);
  return *std::move(cluster);
}

ClusterKind ThreadKind() {
  return MakeClusterKind(
      "Paced", /*exact_times=*/false,
      []<typename P>(std::vector<std::unique_ptr<P>> programs,
                     const ClusterSpec& spec) {
        return MakeCluster(std::move(programs), spec);
      });
}
INSTANTIATE_TEST_SUITE_P(
    Thread, ClusterContractTest,
    ::testing::Combine(::testing::Values(ThreadKind()),
                       ::testing::ValuesIn(ClusterContract())),
    ClusterContractName);
TEST_P(ClusterContractTest, Holds) { CheckProperty(); }

// Runs any function as a program.
struct FunctionProgram {
  struct Request {
    int64_t a = 0;
    static void Fields(auto& self, auto&& visit) { visit(self.a); }
  };
  using Response = Request;
  Response Run(const Request& request) const { return {function(request.a)}; }
  std::function<int64_t(int64_t)> function;
};

std::vector<std::unique_ptr<FunctionProgram>> Programs(
    int n, const std::function<int64_t(int64_t)>& function) {
  std::vector<std::unique_ptr<FunctionProgram>> programs;
  for (int i = 0; i < n; ++i) {
    programs.push_back(
        std::make_unique<FunctionProgram>(FunctionProgram{function}));
  }
  return programs;
}

int64_t Square(int64_t a) { return a * a; }

void BusyFor(std::chrono::microseconds duration) {
  const auto end = std::chrono::steady_clock::now() + duration;
  while (std::chrono::steady_clock::now() < end) {
  }
}

ClusterSpec Workers(int32_t n, double seconds) {
  return {.workers = std::vector<WorkerSpec>(
              n, {.law = SpeedLaw::Constant(seconds), .modifiers = {}}),
          .text = ""};
}

// Far more paced workers than cores go on side by side: one after the other
// they would take 100 s.
TEST(ThreadClusterTest, WorkersDoNotWaitForOneAnother) {
  const auto cluster = MakeCluster(Programs(100, Square), Workers(100, 1));
  for (int32_t i = 0; i < 100; ++i) cluster->Submit({i}, {i});
  int64_t sum = 0;
  for (int i = 0; i < 100; ++i) {
    const auto done = cluster->Next();
    ASSERT_THAT(done, IsOk());
    ASSERT_THAT(done->response, IsOk());
    EXPECT_EQ(done->response->a, Square(done->worker.index));
    EXPECT_GE(done->finished_seconds - done->started_seconds, 1 - 1e-6);
    sum += done->response->a;
  }
  EXPECT_EQ(sum, 99 * 100 * 199 / 6);
  EXPECT_LT(cluster->NowSeconds(), 50);
}

TEST(ThreadClusterTest, SlowdownsStretchTheBodysTime) {
  const auto busy = [](int64_t a) {
    BusyFor(std::chrono::microseconds(500));
    return a;
  };
  auto cluster = ThreadCluster<FunctionProgram>::CreateWithSlowdowns(
      Programs(2, busy), {1, 8});
  ASSERT_THAT(cluster, IsOk());
  for (int i = 0; i < 5; ++i) {
    (*cluster)->Submit({0}, {i});
    (*cluster)->Submit({1}, {i});
  }
  for (int i = 0; i < 10; ++i) {
    const auto done = (*cluster)->Next();
    ASSERT_THAT(done, IsOk());
    ASSERT_THAT(done->response, IsOk());
    EXPECT_EQ(done->response->a, done->task);
    const double least = done->worker.index == 0 ? 500e-6 : 8 * 500e-6;
    EXPECT_GE(done->finished_seconds - done->started_seconds,
              least * (1 - 1e-6));
  }
  EXPECT_TRUE((*cluster)->IsUp({1}));
  EXPECT_EQ((*cluster)->num_overruns(), 0);
  // A limit holds without a model, too.
  (*cluster)->Submit({1}, {0}, {.abandon_after_seconds = 1e-3});
  const auto done = (*cluster)->Next();
  ASSERT_THAT(done, IsOk());
  EXPECT_THAT(done->response, StatusIs(absl::StatusCode::kDeadlineExceeded));
}

TEST(ThreadClusterTest, BodiesThatTakeLongerThanTheModelAreCounted) {
  // The model says 0.01 * 0.01 s, the body takes ten times as long.
  const auto cluster =
      MakeCluster(Programs(1,
                           [](int64_t a) {
                             BusyFor(std::chrono::microseconds(1000));
                             return a;
                           }),
                  Workers(1, 0.01));
  for (int i = 0; i < 3; ++i) cluster->Submit({0}, {7});
  for (int i = 0; i < 3; ++i) {
    const auto done = cluster->Next();
    ASSERT_THAT(done, IsOk());
    ASSERT_THAT(done->response, IsOk());
    EXPECT_GE(done->finished_seconds - done->started_seconds, 0.1 * (1 - 1e-6));
  }
  EXPECT_EQ(cluster->num_overruns(), 3);
}

// The body of a cancelled task goes on; the next one waits for it.
TEST(ThreadClusterTest, CancelDoesNotWaitForTheBody) {
  std::atomic<bool> started = false;
  std::atomic<bool> release = false;
  std::atomic<int> num_inside = 0;
  std::atomic<int> most_inside = 0;
  const auto cluster = MakeCluster(
      Programs(1,
               [&](int64_t a) {
                 most_inside = std::max(most_inside.load(), ++num_inside);
                 if (a == 0) {
                   started = true;
                   while (!release) std::this_thread::yield();
                 }
                 --num_inside;
                 return a;
               }),
      Workers(1, 1e-3));
  cluster->Submit({0}, {0});
  while (!started) std::this_thread::yield();
  cluster->Cancel({0});  // returns although the body cannot
  EXPECT_EQ(cluster->num_in_flight(), 0);
  cluster->Submit({0}, {1});
  release = true;
  const auto done = cluster->Next();
  ASSERT_THAT(done, IsOk());
  EXPECT_EQ(done->task, 1);
  ASSERT_THAT(done->response, IsOk());
  EXPECT_EQ(done->response->a, 1);
  EXPECT_EQ(most_inside, 1);
  EXPECT_EQ(cluster->timeline().totals().Tasks(Activity::kCancelled), 1);
}

TEST(ThreadClusterTest, TheStopFlagEndsWaiting) {
  std::atomic<bool> stop = false;
  const auto cluster =
      MakeCluster(Programs(1, Square), Workers(1, 1e6), Runtime{.stop = &stop});
  cluster->Submit({0}, {0});
  EXPECT_THAT(cluster->AdvanceTo(0.1), IsOkAndHolds(true));
  stop = true;
  EXPECT_THAT(cluster->Next(), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_THAT(cluster->AdvanceTo(1e6), StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(cluster->num_in_flight(), 1);
}

TEST(ThreadClusterTest, ErrorsNameTheirCause) {
  const auto status = [](int n, const ThreadClusterOptions& options) {
    return Validate(options, n);
  };
  EXPECT_THAT(status(1, {}), IsOk());
  EXPECT_THAT(status(0, {}), StatusIs(absl::StatusCode::kInvalidArgument,
                                      HasSubstr("with 0 workers")));
  EXPECT_THAT(status(1025, {}), StatusIs(absl::StatusCode::kInvalidArgument,
                                         HasSubstr("with 1025 workers")));
  for (const double scale :
       {0.0, -1.0, 1e10, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THAT(status(1, {.seconds_per_virtual_second = scale}),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         HasSubstr("seconds_per_virtual_second is ")));
  }
  EXPECT_THAT(status(1, {.timeline = {.max_segments = -1}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("max_segments is -1")));
  EXPECT_THAT(ThreadCluster<FunctionProgram>::CreateWithSlowdowns(
                  Programs(2, Square), {1, 0.5})
                  .status(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("the slowdown of worker 1 is 0.5")));
}

TEST(ThreadClusterDeathTest, AnExceptionFromABodyEndsTheProcess) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  EXPECT_DEATH(
      {
        const auto cluster = MakeCluster(
            Programs(1,
                     [](int64_t) -> int64_t {
                       throw std::runtime_error("the body's own words");
                     }),
            Workers(1, 1));
        cluster->Submit({0}, {0});
        cluster->Next().IgnoreError();
      },
      "terminate called");
}

}  // namespace
}  // namespace muster::runtime
