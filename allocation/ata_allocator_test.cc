#include "muster/allocation/ata_allocator.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/score_allocation.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {
namespace {

using ::muster::runtime::Rng;

// The definition: score everybody, split.
class FullScan {
 public:
  FullScan(WidthKind kind, double width, const AllocatorOptions& options)
      : kind_(kind),
        width_(width),
        arms_(options.num_workers),
        split_({.num_workers = options.num_workers,
                .zero_rule = options.zero_rule,
                .seed = options.seed}),
        scores_(options.num_workers) {}

  void Allocate(const RoundRequest& request, Allocation* allocation) {
    ComputeScores(kind_, arms_, LogTerm(request.round), width_, scores_);
    split_.Allocate(scores_, arms_.counts(), request, allocation);
  }
  void Observe(const RoundFeedback& feedback) {
    for (const TaskRun& run : feedback.completed) {
      arms_.Add(run.worker, run.seconds);
      arms_.Refresh(run.worker);
    }
  }

 private:
  const WidthKind kind_;
  const double width_;
  ArmStatistics arms_;
  ScoreAllocation split_;
  std::vector<double> scores_;
};

struct Case {
  WidthKind kind;
  double width;
  ZeroRule rule;
  int64_t budget;
  double power;  // of the means
  int64_t skip;  // rounds between rounds played, to move L quickly
  int rounds;
};

class ManyWorkersTest : public testing::TestWithParam<Case> {};

// Hot set and zero set against the full scan, every round, over the unexplored,
// the exploring and the settled phase, in which workers fall to zero again.
TEST_P(ManyWorkersTest, AnswersAsTheFullScan) {
  const Case c = GetParam();
  AllocatorOptions options;
  options.num_workers = 2500;
  options.budget = c.budget;
  options.zero_rule = c.rule;
  ASSERT_GE(options.num_workers, AtaAllocator::kManyWorkers);
  AtaAllocator fast("ata", c.kind, c.width, options);
  FullScan full(c.kind, c.width, options);
  Allocation answer, expected;
  std::vector<TaskRun> completed;
  int exploring = 0;
  for (int step = 0; step < c.rounds; ++step) {
    const int64_t round = 1 + step * c.skip;
    RoundRequest request{.round = round, .budget = c.budget};
    if (step % 50 == 49) request.budget = c.budget / 2 + 1;
    fast.Allocate(request, &answer);
    full.Allocate(request, &expected);
    ASSERT_EQ(answer.tasks, expected.tasks) << "round " << round;
    ASSERT_EQ(answer.exploring, expected.exploring);
    ASSERT_EQ(answer.budget, expected.budget);
    exploring += answer.exploring ? 1 : 0;
    completed.clear();
    Rng rng = Rng(3).Fork("round", static_cast<uint64_t>(round));
    for (const WorkerTasks& t : answer.tasks) {
      const double beta = 29 * std::pow(1 + t.worker, c.power);
      for (int32_t u = 0; u < t.tasks; ++u) {
        completed.push_back(
            {t.worker, beta + beta * runtime::Exponential(rng)});
      }
    }
    const RoundFeedback feedback{.round = round, .completed = completed};
    fast.Observe(feedback);
    full.Observe(feedback);
    if (step == c.rounds / 2) {
      ASSERT_TRUE(fast.RestoreState(fast.SaveState()).ok());
    }
  }
  EXPECT_GT(exploring, 0);
  EXPECT_LT(exploring, c.rounds) << "the min-max rule was never reached";
}

INSTANTIATE_TEST_SUITE_P(
    All, ManyWorkersTest,
    testing::Values(Case{WidthKind::kRelative, 2, ZeroRule::kRandomRemainder,
                         400, 0.5, 1, 1500},
                    Case{WidthKind::kRelative, 0.2, ZeroRule::kRandomRemainder,
                         23, 1, 7, 3000},
                    Case{WidthKind::kRelative, 0.5, ZeroRule::kLowestIndex, 300,
                         1, 40, 1000},
                    Case{WidthKind::kAbsolute, 50, ZeroRule::kRandomRemainder,
                         200, 0.5, 3, 1500},
                    Case{WidthKind::kAbsolute, 20, ZeroRule::kRandomRemainder,
                         4000, 1, 1, 200},
                    Case{WidthKind::kAbsolute, 0, ZeroRule::kRandomRemainder,
                         100, 1, 1, 500}));

}  // namespace
}  // namespace muster::allocation
