#include "muster/runtime/step_progress.h"

#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/runtime.h"

namespace muster::runtime {
namespace {

using ::testing::ElementsAre;

class Recorder : public Observer {
 public:
  bool OnProgress(const Progress& progress) override {
    EXPECT_EQ(progress.total, StepProgress::kTotal);
    done.push_back(progress.done);
    phases.emplace_back(progress.phase);
    return go_on;
  }

  bool go_on = true;
  std::vector<int64_t> done;
  std::vector<std::string> phases;
};

TEST(StepProgressTest, MapsEachStepToItsShare) {
  Recorder recorder;
  StepProgress steps({.observer = &recorder});
  const Runtime runtime = steps.runtime();
  steps.Begin(.2);
  ReportProgress(runtime, {.phase = "fit", .done = 1, .total = 2});
  ReportProgress(runtime, {.phase = "fit", .done = 2, .total = 2});
  // A step that says nothing counts as done when the next begins.
  steps.Begin(.5);
  steps.Begin(.3);
  ReportProgress(runtime, {.phase = "test", .done = 0, .total = 3});
  ReportProgress(runtime, {.phase = "test", .done = 3, .total = 3});
  EXPECT_THAT(recorder.done, ElementsAre(1'000, 2'000, 7'000, 10'000));
  EXPECT_THAT(recorder.phases, ElementsAre("fit", "fit", "test", "test"));
}

TEST(StepProgressTest, UnknownTotalsAndTooMuchStayInTheStep) {
  Recorder recorder;
  StepProgress steps({.observer = &recorder});
  const Runtime runtime = steps.runtime();
  steps.Begin(.4);
  ReportProgress(runtime, {.phase = "step", .done = 5, .total = -1});
  ReportProgress(runtime, {.phase = "step", .done = 5, .total = 2});
  steps.Begin(.9);
  ReportProgress(runtime, {.phase = "step", .done = 2, .total = 2});
  EXPECT_THAT(recorder.done, ElementsAre(0, 4'000, 10'000));
}

TEST(StepProgressTest, KeepsStopThreadsAndTheObserversAnswer) {
  Recorder recorder;
  std::atomic<bool> stop = false;
  StepProgress steps({.threads = 3, .observer = &recorder, .stop = &stop});
  const Runtime runtime = steps.runtime();
  steps.Begin(1);
  EXPECT_EQ(runtime.threads, 3);
  EXPECT_TRUE(
      ReportProgress(runtime, {.phase = "step", .done = 1, .total = 2}));
  recorder.go_on = false;
  EXPECT_FALSE(
      ReportProgress(runtime, {.phase = "step", .done = 1, .total = 2}));
  recorder.go_on = true;
  stop = true;
  EXPECT_FALSE(
      ReportProgress(runtime, {.phase = "step", .done = 1, .total = 2}));
}

TEST(StepProgressTest, NobodyWatching) {
  StepProgress steps(Runtime{});
  EXPECT_TRUE(ReportProgress(steps.runtime(),
                             {.phase = "step", .done = 1, .total = 2}));
}

}  // namespace
}  // namespace muster::runtime
