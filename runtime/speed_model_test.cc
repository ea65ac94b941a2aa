#include "muster/runtime/speed_model.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/alternating_path.h"
#include "muster/runtime/check.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/worker_spec.h"

namespace muster::runtime {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

ClusterSpec SameWorkers(int n, const SpeedLaw& law,
                        std::vector<SpeedModifier> modifiers) {
  ClusterSpec spec;
  spec.workers.assign(n, {.law = law, .modifiers = std::move(modifiers)});
  return spec;
}

SpeedModel MakeModel(const ClusterSpec& spec, uint64_t seed = 1) {
  auto model = SpeedModel::Create(spec, seed);
  MUSTER_CHECK_OK(model);
  return *std::move(model);
}

SpeedModel MakeModel(const SpeedLaw& law, std::vector<SpeedModifier> modifiers,
                     int n = 1, uint64_t seed = 1) {
  return MakeModel(SameWorkers(n, law, std::move(modifiers)), seed);
}

TEST(SpeedModelTest, WithoutModifiersTasksLastAsDrawn) {
  SpeedModel model = MakeModel(SpeedLaw::Gamma(2, 3), {}, 4);
  EXPECT_FALSE(model.has_modifiers());
  EXPECT_EQ(model.num_workers(), 4);
  const double seconds = model.durations().Draw(2, 7);
  const TaskEnd end = model.Finish(WorkerId{2}, 7, 100, 1.5);
  EXPECT_EQ(end.seconds, 100 + 1.5 * seconds);
  EXPECT_TRUE(end.completed);
  EXPECT_TRUE(model.IsUp(WorkerId{2}, 5));
  EXPECT_EQ(model.NextUp(WorkerId{2}, 5), 5);
  EXPECT_EQ(model.MeanSeconds(WorkerId{2}, 5), 6);
}

// Tasks of 10 s; down in [15, 20) and from 50 on:
//
//   time   0    5    10   15   20   25   30 ... 50
//   up     |--------------|xxxx|-----------------|xxxx
TEST(SpeedModelTest, ScheduledOutagesByHand) {
  SpeedModel model =
      MakeModel(SpeedLaw::Constant(10),
                {SpeedModifier::Outage(15, 20), SpeedModifier::Outage(50)});
  const WorkerId w{0};
  const auto finish = [&](double start) { return model.Finish(w, 0, start); };
  EXPECT_EQ(finish(0).seconds, 10);
  EXPECT_TRUE(finish(0).completed);
  EXPECT_EQ(finish(5).seconds, 15);  // done as the crash comes
  EXPECT_TRUE(finish(5).completed);
  EXPECT_EQ(finish(6).seconds, 15);
  EXPECT_FALSE(finish(6).completed);
  EXPECT_EQ(finish(15).seconds, 15);  // already down
  EXPECT_FALSE(finish(15).completed);
  EXPECT_EQ(finish(19).seconds, 19);
  EXPECT_FALSE(finish(19).completed);
  EXPECT_EQ(finish(20).seconds, 30);
  EXPECT_TRUE(finish(20).completed);
  EXPECT_EQ(finish(45).seconds, 50);
  EXPECT_FALSE(finish(45).completed);
  EXPECT_TRUE(model.IsUp(w, 14.9));
  EXPECT_FALSE(model.IsUp(w, 15));
  EXPECT_TRUE(model.IsUp(w, 20));
  EXPECT_EQ(model.NextUp(w, 3), 3);
  EXPECT_EQ(model.NextUp(w, 17), 20);
  EXPECT_EQ(model.NextUp(w, 50), kInfinity);
}

TEST(SpeedModelTest, OverlappingOutagesEndWithTheLast) {
  SpeedModel model =
      MakeModel(SpeedLaw::Constant(1),
                {SpeedModifier::Outage(8, 12), SpeedModifier::Outage(5, 9),
                 SpeedModifier::Outage(12, 13)});
  EXPECT_EQ(model.NextUp(WorkerId{0}, 6), 13);
}

TEST(SpeedModelTest, DriftsMultiplyAndHoldFromTheStart) {
  SpeedModel model = MakeModel(
      SpeedLaw::Constant(10),
      {SpeedModifier::Step(100, 0.5), SpeedModifier::Ramp(0, 200, 3)});
  const WorkerId w{0};
  EXPECT_EQ(model.Finish(w, 0, 0).seconds, 10);
  EXPECT_EQ(model.Finish(w, 0, 99).seconds, 99 + 10 * 1.99);
  EXPECT_EQ(model.Finish(w, 0, 100).seconds, 100 + 10 * 0.5 * 2);
  EXPECT_EQ(model.Finish(w, 0, 300).seconds, 300 + 10 * 0.5 * 3);
  EXPECT_EQ(model.MeanSeconds(w, 300), 15);
}

// Steps through the paths of the header's streams, one switch at a time.
double IntegratedEnd(double start, double work, double slow,
                     AlternatingPath markov, AlternatingPath pause) {
  double t = start;
  while (true) {
    const AlternatingPath::Span chain = markov.At(t);
    const AlternatingPath::Span running = pause.At(t);
    const double until = std::min(chain.end, running.end);
    const double rate = running.on ? (chain.on ? 1 : 1 / slow) : 0;
    if (rate > 0 && t + work / rate <= until) return t + work / rate;
    work -= (until - t) * rate;
    t = until;
  }
}

TEST(SpeedModelTest, IntegratesTheRateThroughSwitches) {
  const Rng root(9);
  SpeedModel model = MakeModel(
      SpeedLaw::Constant(1),
      {SpeedModifier::Pause(3, 0.5), SpeedModifier::Markov(4, 2, 1)}, 3, 9);
  for (int w = 0; w < 3; ++w) {
    const AlternatingPath markov(root.Fork("markov", w, 0), 2, 1);
    const AlternatingPath pause(root.Fork("pause", w, 0), 3, 0.5);
    for (int k = 0; k < 200; ++k) {
      const double start = 1.7 * k;
      const double work = 0.1 + k % 17;
      const TaskEnd end = model.Finish(WorkerId{w}, k, start, work);
      EXPECT_TRUE(end.completed);
      EXPECT_NEAR(end.seconds, IntegratedEnd(start, work, 4, markov, pause),
                  1e-9);
    }
  }
}

// A worker of speed 1 that always works finishes T * rate seconds of work by T.
// The work done by T has variance (1 - 1/slow)^2 2 (a b)^2 / (a + b)^3 T.
TEST(SpeedModelTest, LongRunRateOfTheChainIsStationary) {
  const SpeedModifier markov = SpeedModifier::Markov(10, 20, 5);
  SpeedModel model = MakeModel(SpeedLaw::Constant(1), {markov});
  double now = 0;
  int64_t done = 0;
  for (; now < 2e5; ++done) now = model.Finish(WorkerId{0}, done, now).seconds;
  const double sigma =
      0.9 * std::sqrt(2 * 100.0 * 100.0 / (25.0 * 25 * 25) * now);
  EXPECT_NEAR(done, now * markov.StationaryRate(), 6 * sigma + 1);
}

// From the fast state at 0, P(slow at t) = b/(a+b) (1 - exp(-t (1/a + 1/b)))
// for mean dwell times a (fast) and b (slow).
TEST(SpeedModelTest, ChainRelaxesAsTheClosedFormSays) {
  constexpr int kWorkers = 20000;
  const double a = 4;
  const double b = 2;
  SpeedModel model = MakeModel(SpeedLaw::Constant(3),
                               {SpeedModifier::Markov(10, a, b)}, kWorkers);
  for (const double t : {0.0, 0.5, 2.0, 10.0}) {
    int slow = 0;
    for (int w = 0; w < kWorkers; ++w) {
      const double mean = model.MeanSeconds(WorkerId{w}, t);
      ASSERT_TRUE(mean == 3 || mean == 30);
      slow += mean == 30;
    }
    const double p = b / (a + b) * -std::expm1(-t * (1 / a + 1 / b));
    EXPECT_NEAR(slow, kWorkers * p,
                6 * std::sqrt(kWorkers * p * (1 - p)) + 1e-9)
        << t;
  }
}

// A task of x seconds of work, started while running, meets Poisson(x / every)
// pauses of exponential length: mean x (1 + length / every), variance
// 2 length^2 x / every.
TEST(SpeedModelTest, PausesStretchTasksAsTheClosedFormSays) {
  constexpr int kWorkers = 20000;
  const double x = 5;
  const double every = 4;
  const double length = 3;
  SpeedModel model = MakeModel(SpeedLaw::Constant(x),
                               {SpeedModifier::Pause(every, length)}, kWorkers);
  double sum = 0;
  double square = 0;
  for (int w = 0; w < kWorkers; ++w) {
    const double seconds = model.Finish(WorkerId{w}, 0, 0).seconds;
    sum += seconds;
    square += seconds * seconds;
  }
  const double mean = x * (1 + length / every);
  const double variance = 2 * length * length * x / every;
  EXPECT_EQ(model.MeanSeconds(WorkerId{0}, 0), mean);
  EXPECT_NEAR(sum / kWorkers, mean, 6 * std::sqrt(variance / kWorkers));
  EXPECT_NEAR(square / kWorkers - mean * mean, variance, 0.1 * variance);
}

// P(a task of x seconds started at 0 survives) = exp(-x / up); P(up at t)
// relaxes like the chain.
TEST(SpeedModelTest, CrashesFollowTheClosedForms) {
  constexpr int kWorkers = 20000;
  const double up = 6;
  const double down = 3;
  SpeedModel model = MakeModel(SpeedLaw::Constant(2),
                               {SpeedModifier::Crash(up, down)}, kWorkers);
  int completed = 0;
  int is_up = 0;
  for (int w = 0; w < kWorkers; ++w) {
    const WorkerId worker{w};
    const TaskEnd end = model.Finish(worker, 0, 0);
    completed += end.completed;
    EXPECT_TRUE(end.completed ? end.seconds == 2 : end.seconds < 2);
    if (!end.completed) {
      EXPECT_FALSE(model.IsUp(worker, end.seconds));
    }
    is_up += model.IsUp(worker, 100);
    const double next = model.NextUp(worker, 100);
    EXPECT_EQ(next == 100, model.IsUp(worker, 100));
    EXPECT_TRUE(model.IsUp(worker, next));
  }
  const double survives = std::exp(-2 / up);
  EXPECT_NEAR(completed, kWorkers * survives,
              6 * std::sqrt(kWorkers * survives * (1 - survives)));
  const double rate = SpeedModifier::Crash(up, down).StationaryRate();
  EXPECT_NEAR(is_up, kWorkers * rate,
              6 * std::sqrt(kWorkers * rate * (1 - rate)));
}

ClusterSpec StormySpec(int n) {
  return SameWorkers(
      n, SpeedLaw::Exponential(1, 0.5),
      {SpeedModifier::Markov(5, 10, 3), SpeedModifier::Pause(7, 0.3),
       SpeedModifier::Crash(40, 8), SpeedModifier::Sine(50, 0.3),
       SpeedModifier::Markov(0.5, 30, 30), SpeedModifier::Outage(200, 230)});
}

struct Query {
  int32_t worker;
  int64_t task;
  double start;
};

std::vector<Query> RandomQueries(int n, int count) {
  std::mt19937_64 bits(7);
  std::vector<Query> queries;
  queries.reserve(count);
  for (int k = 0; k < count; ++k) {
    queries.push_back({static_cast<int32_t>(bits() % n),
                       static_cast<int64_t>(bits() % 1000),
                       (bits() >> 11) * 0x1p-53 * 1000});
  }
  return queries;
}

std::vector<std::pair<double, bool>> Answer(SpeedModel& model,
                                            const std::vector<Query>& queries) {
  std::vector<std::pair<double, bool>> answers;
  answers.reserve(queries.size());
  for (const Query& q : queries) {
    const TaskEnd end = model.Finish(WorkerId{q.worker}, q.task, q.start);
    answers.emplace_back(end.seconds, end.completed);
  }
  return answers;
}

TEST(SpeedModelTest, OrderOfQueriesDoesNotMatter) {
  constexpr int kWorkers = 5;
  std::vector<Query> queries = RandomQueries(kWorkers, 2000);
  SpeedModel random_order = MakeModel(StormySpec(kWorkers));
  const auto expected = Answer(random_order, queries);
  std::vector<size_t> order(queries.size());
  for (size_t k = 0; k < order.size(); ++k) order[k] = k;
  std::sort(order.begin(), order.end(), [&](size_t x, size_t y) {
    return queries[x].start < queries[y].start;
  });
  SpeedModel in_time_order = MakeModel(StormySpec(kWorkers));
  for (const size_t k : order) {
    const auto answer = Answer(in_time_order, {queries[k]});
    ASSERT_EQ(answer[0], expected[k]);
  }
}

TEST(SpeedModelTest, ThreadsDoNotMatter) {
  constexpr int kWorkers = 8;
  const std::vector<Query> queries = RandomQueries(kWorkers, 4000);
  SpeedModel sequential = MakeModel(StormySpec(kWorkers));
  const auto expected = Answer(sequential, queries);
  for (const int num_threads : {2, 3, 8}) {
    SpeedModel shared = MakeModel(StormySpec(kWorkers));
    std::vector<std::pair<double, bool>> answers(queries.size());
    std::vector<std::thread> threads;
    threads.reserve(num_threads);
    for (int thread = 0; thread < num_threads; ++thread) {
      threads.emplace_back([&, thread] {
        for (size_t k = 0; k < queries.size(); ++k) {
          if (queries[k].worker % num_threads != thread) continue;
          answers[k] = Answer(shared, {queries[k]})[0];
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(answers, expected) << num_threads << " threads";
  }
}

TEST(SpeedModelTest, WeatherIsPerWorkerAndUnchangedByOtherModifiers) {
  const SpeedModifier markov = SpeedModifier::Markov(10, 5, 5);
  SpeedModel plain = MakeModel(SpeedLaw::Constant(1), {markov}, 2);
  SpeedModel with_more = MakeModel(SpeedLaw::Constant(1),
                                   {SpeedModifier::Crash(1e6, 1), markov}, 2);
  bool workers_differ = false;
  for (int k = 0; k < 100; ++k) {
    const double t = 2.5 * k;
    const double mean = plain.MeanSeconds(WorkerId{0}, t);
    EXPECT_EQ(mean, with_more.MeanSeconds(WorkerId{0}, t));
    workers_differ |= mean != plain.MeanSeconds(WorkerId{1}, t);
  }
  EXPECT_TRUE(workers_differ);
}

TEST(SpeedModelTest, CreateNamesTheWorker) {
  EXPECT_THAT(SpeedModel::Create(ClusterSpec{}, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       HasSubstr("num_workers = 0")));
  ClusterSpec spec = SameWorkers(3, SpeedLaw::Constant(1), {});
  spec.workers[2].law = SpeedLaw::Exponential(-1);
  EXPECT_THAT(SpeedModel::Create(spec, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("worker 2"), HasSubstr("mean = -1"))));
  spec = SameWorkers(3, SpeedLaw::Constant(1), {});
  spec.workers[1].modifiers = {SpeedModifier::Step(1, -1)};
  EXPECT_THAT(SpeedModel::Create(spec, 1),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("worker 1"), HasSubstr("factor = -1"))));
}

TEST(SpeedModelTest, CreateRefusesTasksThroughMillionsOfSwitches) {
  for (const SpeedModifier& modifier :
       {SpeedModifier::Markov(2, 1e-4, 1e-4), SpeedModifier::Pause(1e-4, 1)}) {
    EXPECT_THAT(SpeedModel::Create(
                    SameWorkers(1, SpeedLaw::Constant(1000), {modifier}), 1),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("worker 0"),
                               HasSubstr("switches more than"))));
  }
}

// Other modifiers lengthen the task, and a law of infinite mean is judged by a
// high quantile.
TEST(SpeedModelTest, CreateCountsSwitchesOfAllModifiers) {
  const struct {
    SpeedLaw law;
    std::vector<SpeedModifier> modifiers;
    const char* message;
  } cases[] = {
      {SpeedLaw::Pareto(1, 0.1),
       {SpeedModifier::Pause(50, 9)},
       "pause(every=50, length=9) switches more than 1e+06 times"},
      {SpeedLaw::Constant(1),
       {SpeedModifier::Step(0, 1e6), SpeedModifier::Pause(0.1, 0.1)},
       "pause(every=0.1, length=0.1) switches more than"},
      {SpeedLaw::Constant(1),
       {SpeedModifier::Markov(1e6, 1, 1e9), SpeedModifier::Pause(0.1, 0.1)},
       "pause(every=0.1, length=0.1) switches more than"},
  };
  for (const auto& c : cases) {
    EXPECT_THAT(SpeedModel::Create(SameWorkers(1, c.law, c.modifiers), 1),
                StatusIs(absl::StatusCode::kInvalidArgument,
                         AllOf(HasSubstr("worker 0"), HasSubstr(c.message))));
  }
  // A moderate tail passes, and so does an attempt that a crash cuts short.
  EXPECT_THAT(SpeedModel::Create(SameWorkers(1, SpeedLaw::Pareto(1, 0.1),
                                             {SpeedModifier::Pause(50, 9),
                                              SpeedModifier::Crash(1000, 1)}),
                                 1),
              IsOk());
  EXPECT_THAT(SpeedModel::Create(SameWorkers(1, SpeedLaw::Pareto(1, 0.9),
                                             {SpeedModifier::Pause(50, 9)}),
                                 1),
              IsOk());
}

// P(a task of x s ends before the crash) = E[exp(-x / up)]: exp(-100) for a
// constant 100, 1 / (1 + 30) for Exp(3) and up = 0.1.
TEST(SpeedModelTest, CreateRefusesCrashesThatNoTaskOutlives) {
  const auto create = [](const SpeedLaw& law,
                         std::vector<SpeedModifier> modifiers) {
    return SpeedModel::Create(SameWorkers(1, law, std::move(modifiers)), 1);
  };
  EXPECT_THAT(
      create(SpeedLaw::Constant(100), {SpeedModifier::Crash(1, 1)}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("worker 0: crash(up=1, down=1)"),
                     HasSubstr("up = 1 s"), HasSubstr("tasks of mean 100 s"),
                     HasSubstr("more than 10000 attempts"),
                     HasSubstr("make up at least 10.9 s"))));
  EXPECT_THAT(create(SpeedLaw::Constant(100), {SpeedModifier::Crash(10.9, 1)}),
              IsOk());
  EXPECT_THAT(create(SpeedLaw::Exponential(3), {SpeedModifier::Crash(0.1, 1)}),
              IsOk());
  EXPECT_THAT(
      create(SpeedLaw::Exponential(3), {SpeedModifier::Crash(1e-9, 1e-9)}),
      StatusIs(absl::StatusCode::kInvalidArgument,
               AllOf(HasSubstr("up = 1e-09 s"), HasSubstr("attempts"))));
  // Each of a hundred would do, not all of them.
  EXPECT_THAT(create(SpeedLaw::Constant(10), {SpeedModifier::Crash(9, 1)}),
              IsOk());
  EXPECT_THAT(
      create(SpeedLaw::Constant(10),
             std::vector<SpeedModifier>(100, SpeedModifier::Crash(9, 1))),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("attempts")));
  // Drifts and pauses lengthen the task.
  EXPECT_THAT(
      create(SpeedLaw::Constant(1),
             {SpeedModifier::Crash(1, 1), SpeedModifier::Step(5, 100)}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("attempts")));
  EXPECT_THAT(
      create(SpeedLaw::Constant(1),
             {SpeedModifier::Crash(1, 1), SpeedModifier::Pause(1, 99)}),
      StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("attempts")));
  // Half of these tasks last less than 2^10 s, a mean does not exist.
  EXPECT_THAT(
      create(SpeedLaw::Pareto(1, 0.1), {SpeedModifier::Crash(1e3, 1e3)}),
      IsOk());
}

// The share of attempts that the check assumes is that of the closed forms: a
// law is refused just when 1 / E[exp(-x / up)] is above the bound.
TEST(SpeedModelTest, TheShareOfSurvivorsIsTheLaplaceTransform) {
  const double up = 1e-3;
  const auto is_ok = [&](const SpeedLaw& law) {
    return SpeedModel::Create(
               SameWorkers(1, law, {SpeedModifier::Crash(up, 1)}), 1)
        .ok();
  };
  // 1 / E = 1 + mean / up; (1 + scale / up)^shape; about low = 0:
  // (high / up) / (1 - exp(-high / up)); half-normal: sqrt(pi / 2) sigma / up
  // for large sigma / up. All within 10 % of the bound of 10^4.
  EXPECT_TRUE(is_ok(SpeedLaw::Exponential(9.0)));
  EXPECT_FALSE(is_ok(SpeedLaw::Exponential(10.1)));
  EXPECT_TRUE(is_ok(SpeedLaw::Gamma(2, 0.9 * 0.099)));
  EXPECT_FALSE(is_ok(SpeedLaw::Gamma(2, 0.101)));
  EXPECT_TRUE(is_ok(SpeedLaw::Uniform(0, 9.0)));
  EXPECT_FALSE(is_ok(SpeedLaw::Uniform(0, 10.1)));
  EXPECT_TRUE(is_ok(SpeedLaw::HalfNormal(9.0 * std::sqrt(2 / M_PI))));
  EXPECT_FALSE(is_ok(SpeedLaw::HalfNormal(10.5 * std::sqrt(2 / M_PI))));
}

TEST(SpeedModelDeathTest, ChecksItsArguments) {
  SpeedModel model = MakeModel(SpeedLaw::Constant(1), {});
  EXPECT_DEATH(model.Finish(WorkerId{1}, 0, 0), "worker 1");
  EXPECT_DEATH(model.Finish(WorkerId{0}, 0, -1), "seconds");
  EXPECT_DEATH(model.Finish(WorkerId{0}, 0, 0, 0), "work_units");
  EXPECT_DEATH(model.NextUp(WorkerId{0}, kInfinity), "seconds");
}

}  // namespace
}  // namespace muster::runtime
