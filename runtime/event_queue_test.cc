#include "muster/runtime/event_queue.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <limits>
#include <queue>
#include <vector>

#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/event.h"
#include "muster/runtime/math.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

constexpr double kMax = std::numeric_limits<double>::max();

// An EventQueue and its specification, given the same calls: every pop and
// every size is compared.
class Mirror {
 public:
  void Push(double seconds, int32_t worker, int32_t tag = 0) {
    queue_.Push({seconds, worker, tag});
    reference_.push({seconds, worker, tag});
  }
  Event Pop() {
    EXPECT_EQ(queue_.empty(), reference_.empty());
    EXPECT_EQ(queue_.size(), static_cast<int64_t>(reference_.size()));
    const Event want = reference_.top();
    reference_.pop();
    if (++num_pops_ % 7 == 0) {
      EXPECT_EQ(queue_.Top(), want);
    }
    const Event got = queue_.Pop();
    EXPECT_EQ(got.seconds, want.seconds) << "pop " << num_pops_;
    EXPECT_EQ(got.worker, want.worker) << "pop " << num_pops_;
    EXPECT_EQ(got.tag, want.tag) << "pop " << num_pops_;
    return want;
  }
  void Drain() {
    while (!reference_.empty() && !testing::Test::HasFailure()) Pop();
    EXPECT_TRUE(queue_.empty());
  }
  void Clear() {
    queue_.Clear();
    reference_ = {};
    EXPECT_TRUE(queue_.empty());
  }
  int64_t size() const { return static_cast<int64_t>(reference_.size()); }
  const EventQueue& queue() const { return queue_; }

 private:
  EventQueue queue_;
  std::priority_queue<Event, std::vector<Event>, std::greater<Event>>
      reference_;
  int64_t num_pops_ = 0;
};

// The shapes of durations on which the order must hold, and the speed too
// (event_queue_benchmark.cc).
struct Shape {
  const char* name;
  double (*draw)(Rng& rng);
};

constexpr Shape kShapes[] = {
    {"exponential", [](Rng& rng) { return Exponential(rng); }},
    {"constant", [](Rng&) { return 1.0; }},
    {"zero", [](Rng&) { return 0.0; }},
    {"few_values",
     [](Rng& rng) { return static_cast<double>(UniformInt(rng, 3)); }},
    {"bimodal",
     [](Rng& rng) {
       return Exponential(rng) * (UniformInt(rng, 100) == 0 ? 1e6 : 1);
     }},
    {"pareto", [](Rng& rng) { return Exp(Exponential(rng) / 1.1); }},
    {"lognormal", [](Rng& rng) { return Exp(3 * Normal(rng)); }},
    {"clustered", [](Rng& rng) { return 1 + 1e-12 * Uniform01(rng); }},
    {"adjacent_doubles",
     [](Rng& rng) {
       double seconds = 1;
       for (int64_t i = UniformInt(rng, 4); i > 0; --i) {
         seconds = std::nextafter(seconds, 2);
       }
       return seconds;
     }},
    {"all_magnitudes",
     [](Rng& rng) { return std::exp2(Uniform(rng, -1070, 900)); }},
};

class EventQueueShapeTest : public testing::TestWithParam<Shape> {};

// Pops one, schedules the same worker again: n stays as it is.
TEST_P(EventQueueShapeTest, HoldsLikeThePriorityQueue) {
  const Rng root = Rng(TestSeed()).Fork("hold").Fork(GetParam().name);
  for (const int n : {1, 2, 3, 8, 13, 17, 40, 100, 1000, 20000}) {
    for (uint64_t instance = 0; instance < (n <= 100 ? 40 : 2); ++instance) {
      Rng rng = root.Fork("instance", n, instance);
      Mirror mirror;
      for (int i = 0; i < n; ++i) mirror.Push(GetParam().draw(rng), i);
      const int num_pops = n <= 100 ? 500 : 3 * n;
      for (int k = 0; k < num_pops; ++k) {
        const Event event = mirror.Pop();
        const double next = event.seconds + GetParam().draw(rng);
        mirror.Push(std::min(next, kMax), event.worker, k);
        ASSERT_FALSE(HasFailure()) << "n " << n << " instance " << instance;
      }
      mirror.Drain();
      ASSERT_FALSE(HasFailure()) << "n " << n << " instance " << instance;
    }
  }
}

// The size wanders between 0 and thousands, in bursts of pushes and of pops.
TEST_P(EventQueueShapeTest, GrowsAndShrinksLikeThePriorityQueue) {
  const Rng root = Rng(TestSeed()).Fork("bursts").Fork(GetParam().name);
  for (uint64_t instance = 0; instance < 60; ++instance) {
    Rng rng = root.Fork("instance", instance);
    Mirror mirror;
    double now = 0;
    for (int burst = 0; burst < 12; ++burst) {
      const int64_t most = int64_t{1} << UniformInt(rng, 12);
      for (int64_t i = UniformInt(rng, most); i >= 0; --i) {
        mirror.Push(std::min(now + GetParam().draw(rng), kMax),
                    static_cast<int32_t>(UniformInt(rng, 50)) - 25,
                    static_cast<int32_t>(UniformInt(rng, 5)) - 2);
      }
      for (int64_t i = UniformInt(rng, 2 * most); i > 0; --i) {
        if (mirror.size() == 0) break;
        now = mirror.Pop().seconds;
      }
      ASSERT_FALSE(HasFailure()) << "instance " << instance;
    }
    mirror.Drain();
    ASSERT_FALSE(HasFailure()) << "instance " << instance;
  }
}

// Pushes before the last pop are allowed, if unusual.
TEST_P(EventQueueShapeTest, TakesEventsOfThePast) {
  const Rng root = Rng(TestSeed()).Fork("past").Fork(GetParam().name);
  for (uint64_t instance = 0; instance < 60; ++instance) {
    Rng rng = root.Fork("instance", instance);
    Mirror mirror;
    for (int k = 0; k < 1500; ++k) {
      for (int64_t i = UniformInt(rng, 6); i > 0; --i) {
        mirror.Push(GetParam().draw(rng), k);
      }
      if (mirror.size() > 0) mirror.Pop();
      ASSERT_FALSE(HasFailure()) << "instance " << instance;
    }
    mirror.Drain();
    ASSERT_FALSE(HasFailure()) << "instance " << instance;
  }
}

// A barrier: all of a round's events are pushed, then all are popped.
TEST_P(EventQueueShapeTest, RunsRounds) {
  Rng rng = Rng(TestSeed()).Fork("rounds").Fork(GetParam().name);
  Mirror mirror;
  double now = 0;
  for (const int n : {5, 5, 51, 51, 1000, 1000, 3, 1000, 12, 13}) {
    for (int i = 0; i < n; ++i) {
      mirror.Push(std::min(now + GetParam().draw(rng), kMax), i);
    }
    while (mirror.size() > 0) now = mirror.Pop().seconds;
    ASSERT_FALSE(HasFailure());
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, EventQueueShapeTest,
                         testing::ValuesIn(kShapes),
                         [](const auto& info) { return info.param.name; });

TEST(EventQueueTest, OrdersBySecondsThenWorkerThenTag) {
  EventQueue queue;
  queue.Push({2, 0, 0});
  queue.Push({1, 7, 0});
  queue.Push({1, 3, 5});
  queue.Push({1, 3, -5});
  queue.Push({1, -1, 9});
  EXPECT_EQ(queue.size(), 5);
  EXPECT_EQ(queue.Top(), (Event{1, -1, 9}));
  EXPECT_EQ(queue.Pop(), (Event{1, -1, 9}));
  EXPECT_EQ(queue.Pop(), (Event{1, 3, -5}));
  EXPECT_EQ(queue.Pop(), (Event{1, 3, 5}));
  EXPECT_EQ(queue.Pop(), (Event{1, 7, 0}));
  EXPECT_EQ(queue.Pop(), (Event{2, 0, 0}));
  EXPECT_TRUE(queue.empty());
}

TEST(EventQueueTest, BreaksTiesOfManyEventsByWorkerAndTag) {
  Rng rng = Rng(TestSeed()).Fork("ties");
  for (const int n : {7, 8, 100, 5000}) {
    std::vector<int> order(n);
    for (int i = 0; i < n; ++i) order[i] = i;
    Shuffle(rng, std::span<int>(order));
    EventQueue queue;
    for (const int i : order) queue.Push({4.25, i / 3, i % 3});
    for (int i = 0; i < n; ++i) {
      ASSERT_EQ(queue.Pop(), (Event{4.25, i / 3, i % 3}));
    }
  }
}

// A message without delay: new events at the very time that is being popped.
TEST(EventQueueTest, TakesTiesWhileTiesArePopped) {
  Rng rng = Rng(TestSeed()).Fork("instant");
  Mirror mirror;
  for (int i = 0; i < 3000; ++i) {
    mirror.Push(1, static_cast<int32_t>(UniformInt(rng, 1000)), i);
    mirror.Push(1 + 1e-9 * i, i);
  }
  for (int k = 0; k < 20000; ++k) {
    const Event event = mirror.Pop();
    mirror.Push(event.seconds, static_cast<int32_t>(UniformInt(rng, 1000)), k);
    if (k % 2 == 0) mirror.Pop();
    if (k % 3 == 0) mirror.Push(event.seconds + 1e-10, k);
    ASSERT_FALSE(HasFailure()) << "pop " << k;
  }
  mirror.Drain();
}

TEST(EventQueueTest, KeepsEqualEventsApartInNumber) {
  Mirror mirror;
  for (int i = 0; i < 1000; ++i) mirror.Push(3, 1, 2);
  for (int i = 0; i < 1000; ++i) mirror.Push(3, i % 3, i % 4);
  mirror.Drain();
}

TEST(EventQueueTest, TakesTheWholeRangeOfTimes) {
  Mirror mirror;
  const double denormal = std::numeric_limits<double>::denorm_min();
  for (int i = 0; i < 40; ++i) {
    mirror.Push(kMax, i);
    mirror.Push(std::nextafter(kMax, 0), i);
    mirror.Push(denormal * (i % 4), i);
    mirror.Push(0, i);
    mirror.Push(1, i);
    mirror.Push(std::nextafter(1.0, 2.0), i);
  }
  mirror.Drain();
}

TEST(EventQueueTest, TakesSortedAndReverseSortedSchedules) {
  Mirror mirror;
  for (int i = 0; i < 5000; ++i) mirror.Push(i, i);
  for (int i = 0; i < 2000; ++i) mirror.Pop();
  for (int i = 5000; i > 0; --i) mirror.Push(i + 0.5, i);
  mirror.Drain();
}

TEST(EventQueueTest, TreatsNegativeZeroAsZero) {
  EventQueue queue;
  queue.Push({0.0, 1, 0});
  queue.Push({-0.0, 0, 0});
  EXPECT_EQ(queue.Pop().worker, 0);
  EXPECT_EQ(queue.Pop().worker, 1);
}

TEST(EventQueueTest, ClearedIsAsNew) {
  Rng rng = Rng(TestSeed()).Fork("clear");
  Mirror mirror;
  for (const int n : {10, 3000, 100, 3000}) {
    for (int i = 0; i < n; ++i) mirror.Push(1e3 + Exponential(rng), i);
    for (int i = 0; i < n / 2; ++i) mirror.Pop();
    for (int i = 0; i < 5; ++i) mirror.Push(i, i);  // not placed yet
    mirror.Clear();
    EXPECT_EQ(mirror.queue().size(), 0);
  }
  for (int i = 0; i < 100; ++i) mirror.Push(Exponential(rng), i);
  mirror.Drain();
}

TEST(EventQueueTest, CopiesAreIndependent) {
  EventQueue queue;
  for (int i = 0; i < 500; ++i) queue.Push({1.0 * (i * 37 % 500), i, 0});
  for (int i = 0; i < 100; ++i) queue.Pop();
  for (int i = 500; i < 507; ++i) queue.Push({1.0 * i, i, 0});
  EventQueue copy = queue;
  copy.Clear();
  copy = queue;
  for (int i = 100; i < 507; ++i) {
    EXPECT_EQ(queue.Pop().seconds, i);
    EXPECT_EQ(copy.Pop().seconds, i);
  }
}

// Pops and reschedules; returns the last time.
double Hold(EventQueue* queue, Rng* rng, int64_t num_pops) {
  double now = 0;
  for (int64_t k = 0; k < num_pops; ++k) {
    Event event = queue->Pop();
    now = event.seconds;
    event.seconds += Exponential(*rng);
    queue->Push(event);
  }
  return now;
}

TEST(EventQueueTest, MemoryIsLinearAndSteady) {
  Rng rng(1);
  for (const int n : {64, 1000, 10000, 100000}) {
    EventQueue queue;
    for (int i = 0; i < n; ++i) queue.Push({Exponential(rng), i, 0});
    Hold(&queue, &rng, 10 * n);
    const int64_t bytes = queue.MemoryBytes();
    EXPECT_LE(bytes, 8192 + 320 * n) << "n " << n;
    Hold(&queue, &rng, 10 * n);
    EXPECT_LE(queue.MemoryBytes(), 2 * bytes) << "n " << n;
  }
}

TEST(EventQueueTest, MemoryFallsWithTheNumberOfEvents) {
  Rng rng(1);
  EventQueue queue;
  for (int i = 0; i < 200000; ++i) queue.Push({Exponential(rng), i, 0});
  Hold(&queue, &rng, 500000);
  EXPECT_GE(queue.MemoryBytes(), 200000 * 16);
  while (queue.size() > 100) queue.Pop();
  Hold(&queue, &rng, 2000);
  EXPECT_LE(queue.MemoryBytes(), 512 * 1024);
  while (queue.size() > 4) queue.Pop();
  Hold(&queue, &rng, 1000);
  EXPECT_LE(queue.MemoryBytes(), 256 * 1024);
}

TEST(EventQueueDeathTest, RejectsTimesThatAreNotFinite) {
  EventQueue queue;
  const double inf = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_DEATH(queue.Push({inf, 0, 0}), "finite and not negative; it is inf");
  EXPECT_DEATH(queue.Push({nan, 0, 0}), "finite and not negative; it is nan");
  EXPECT_DEATH(queue.Push({-1, 0, 0}), "finite and not negative; it is -1");
}

TEST(EventQueueDeathTest, HasNothingToPopWhenEmpty) {
  EventQueue queue;
  EXPECT_DEATH(queue.Pop(), "the event queue is empty");
  EXPECT_DEATH(queue.Top(), "the event queue is empty");
  queue.Push({1, 0, 0});
  queue.Pop();
  EXPECT_DEATH(queue.Pop(), "the event queue is empty");
}

}  // namespace
}  // namespace muster::runtime
