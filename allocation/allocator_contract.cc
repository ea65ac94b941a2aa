#include "muster/allocation/allocator_contract.h"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <string>

#include "absl/status/status.h"
#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::Rng;

// One round of a scripted world: the request, and exponential durations for
// whatever the policy answers. A pure function of (case, round).
class World {
 public:
  explicit World(const ContractCase& c) : case_(c) {}

  // Every third round some workers are down, every fifth has another budget,
  // every seventh begins with a mid-round call.
  RoundRequest Request(int64_t round) {
    const size_t n = static_cast<size_t>(case_.num_workers);
    Rng rng = Rng(case_.seed).Fork("world", static_cast<uint64_t>(round));
    RoundRequest request{.round = round, .budget = case_.budget};
    if (round % 3 == 0) {
      up_.resize(n);
      for (uint8_t& up : up_) up = runtime::Uniform01(rng) < 0.7 ? 1 : 0;
      up_[runtime::UniformInt(rng, case_.num_workers)] = 1;
      request.up = up_;
    }
    if (round % 5 == 0) request.budget = 1 + runtime::UniformInt(rng, 30);
    if (round % 7 == 0) {
      ready_.resize(n);
      for (double& ready : ready_) ready = 3 * runtime::Uniform01(rng);
      request.ready_seconds = ready_;
    }
    return request;
  }

  RoundFeedback Play(int64_t round, const Allocation& allocation) {
    Rng rng = Rng(case_.seed).Fork("durations", static_cast<uint64_t>(round));
    completed_.clear();
    cancelled_.clear();
    const auto draw = [&](int32_t worker) {
      return TaskRun{worker,
                     case_.true_means[worker] * runtime::Exponential(rng)};
    };
    if (allocation.mode == Allocation::Mode::kBarrier) {
      for (const WorkerTasks& t : allocation.tasks) {
        for (int32_t u = 0; u < t.tasks; ++u)
          completed_.push_back(draw(t.worker));
      }
    } else {
      const int64_t size = static_cast<int64_t>(allocation.tasks.size());
      for (int64_t b = 0; b < allocation.budget; ++b) {
        completed_.push_back(
            draw(allocation.tasks[runtime::UniformInt(rng, size)].worker));
      }
      for (const WorkerTasks& t : allocation.tasks) {
        cancelled_.push_back(draw(t.worker));
      }
    }
    return {.round = round,
            .round_seconds = 1,
            .completed = completed_,
            .cancelled = cancelled_};
  }

 private:
  const ContractCase case_;
  std::vector<uint8_t> up_;
  std::vector<double> ready_;
  std::vector<TaskRun> completed_;
  std::vector<TaskRun> cancelled_;
};

void CheckAnswer(const ContractCase& c, const RoundRequest& request,
                 const Allocation& allocation) {
  ASSERT_FALSE(allocation.tasks.empty());
  EXPECT_EQ(allocation.budget, request.budget);
  const bool greedy = allocation.mode == Allocation::Mode::kGreedy;
  int64_t sum = 0;
  int32_t before = -1;
  for (const WorkerTasks& t : allocation.tasks) {
    ASSERT_GT(t.worker, before) << "not ascending";
    ASSERT_LT(t.worker, c.num_workers);
    before = t.worker;
    EXPECT_TRUE(request.up.empty() || request.up[t.worker] != 0)
        << "worker " << t.worker << " is down";
    if (greedy) {
      EXPECT_EQ(t.tasks, 0);
    } else {
      EXPECT_GT(t.tasks, 0);
    }
    sum += t.tasks;
  }
  EXPECT_EQ(sum, greedy ? 0 : request.budget);
}

// Plays rounds first..last and returns all answers as text.
std::string PlayRounds(const ContractCase& c, int64_t first, int64_t last,
                       Allocator& allocator) {
  World world(c);
  Allocation allocation;
  std::string answers;
  for (int64_t round = first; round <= last; ++round) {
    RoundRequest request = world.Request(round);
    const int calls = request.ready_seconds.empty() ? 1 : 2;
    for (int call = 0; call < calls; ++call) {
      allocator.Allocate(request, &allocation);
      CheckAnswer(c, request, allocation);
      if (testing::Test::HasFatalFailure()) return answers;
      answers += "|";
      for (const WorkerTasks& t : allocation.tasks) {
        answers += std::to_string(t.worker) + ":" + std::to_string(t.tasks) +
                   (allocation.exploring ? "e " : " ");
      }
      request.ready_seconds = {};
    }
    allocator.Observe(world.Play(round, allocation));
  }
  return answers;
}

void CheckCase(const ContractFactory& create, const ContractCase& c) {
  SCOPED_TRACE(testing::Message()
               << "n = " << c.num_workers << ", B = " << c.budget);
  constexpr int64_t kSaved = 60;
  constexpr int64_t kLast = 120;
  const std::unique_ptr<Allocator> first = create(c);
  ASSERT_NE(first, nullptr);
  const std::string empty_state = first->SaveState();
  const std::string start = PlayRounds(c, 1, kSaved, *first);
  const std::string bytes = first->SaveState();
  const std::string rest = PlayRounds(c, kSaved + 1, kLast, *first);

  const std::unique_ptr<Allocator> second = create(c);
  EXPECT_EQ(PlayRounds(c, 1, kLast, *second), start + rest)
      << "not deterministic";

  const std::unique_ptr<Allocator> restored = create(c);
  PlayRounds(c, 1, 7, *restored);  // restoring replaces what it has learned
  ASSERT_EQ(restored->RestoreState(bytes), absl::OkStatus());
  EXPECT_EQ(restored->SaveState(), bytes);
  EXPECT_EQ(PlayRounds(c, kSaved + 1, kLast, *restored), rest)
      << "a restored allocator answers differently";
  EXPECT_EQ(restored->SaveState(), first->SaveState());

  first->Reset();
  EXPECT_EQ(first->SaveState(), empty_state);
  EXPECT_EQ(PlayRounds(c, 1, kSaved, *first), start)
      << "a reset allocator differs from a new one";

  // Refused bytes change nothing.
  const std::string now = first->SaveState();
  for (const std::string& bad :
       {std::string("x"), now.substr(0, now.size() - 1), now + "x"}) {
    EXPECT_EQ(first->RestoreState(bad).code(), absl::StatusCode::kDataLoss);
  }
  ContractCase other = c;
  ++other.num_workers;
  other.true_means.push_back(1);
  other.true_deviations.push_back(1);
  EXPECT_EQ(first->RestoreState(create(other)->SaveState()).code(),
            absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(first->SaveState(), now);
  EXPECT_EQ(PlayRounds(c, kSaved + 1, kLast, *first), rest);
}

}  // namespace

void CheckAllocatorContract(const ContractFactory& create) {
  const struct {
    int32_t num_workers;
    int64_t budget;
  } sizes[] = {{1, 1}, {1, 9}, {5, 1}, {5, 7}, {3, 200}, {40, 3}, {17, 23}};
  for (const auto& size : sizes) {
    for (const bool equal : {false, true}) {
      ContractCase c{.num_workers = size.num_workers,
                     .budget = size.budget,
                     .seed = 7,
                     .true_means = {},
                     .true_deviations = {}};
      for (int32_t i = 0; i < size.num_workers; ++i) {
        c.true_means.push_back(equal ? 2 : 1 + i);
      }
      c.true_deviations = c.true_means;
      CheckCase(create, c);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

}  // namespace muster::allocation
