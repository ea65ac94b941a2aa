// What the policies for changing speeds promise, on one scripted world: five
// workers, of which the slowest becomes the fastest (or the other way round).

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"
#include "gtest/gtest.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocator_options.h"
#include "muster/allocation/allocators.h"
#include "muster/allocation/change_detection_allocator.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {
namespace {

constexpr int32_t kWorkers = 5;
constexpr int64_t kBudget = 12;

AllocatorOptions Options() {
  AllocatorOptions options;
  options.num_workers = kWorkers;
  options.budget = kBudget;
  options.eta = 0.5;
  options.window = 300;
  options.discount = 1 - 1.0 / 300;
  return options;
}

// Plays rounds first..last with exponential durations of the given means and
// returns the share of all tasks that `worker` got in them.
double Share(Allocator& allocator, int64_t first, int64_t last,
             const std::vector<double>& means, int32_t worker) {
  Allocation allocation;
  std::vector<TaskRun> completed;
  int64_t tasks = 0;
  for (int64_t round = first; round <= last; ++round) {
    allocator.Allocate({.round = round, .budget = kBudget}, &allocation);
    completed.clear();
    runtime::Rng rng =
        runtime::Rng(5).Fork("round", static_cast<uint64_t>(round));
    for (const WorkerTasks& t : allocation.tasks) {
      if (t.worker == worker) tasks += t.tasks;
      for (int32_t u = 0; u < t.tasks; ++u) {
        completed.push_back(
            {t.worker, means[t.worker] * runtime::Exponential(rng)});
      }
    }
    allocator.Observe({.round = round, .completed = completed});
  }
  return static_cast<double>(tasks) /
         static_cast<double>(kBudget * (last - first + 1));
}

const std::vector<double> kBefore = {1, 2, 3, 4, 100};
const std::vector<double> kFasterAfter = {1, 2, 3, 4, 0.25};
const std::vector<double> kSlowerAfter = {40, 2, 3, 4, 100};

std::unique_ptr<Allocator> Create(absl::string_view name) {
  auto allocator = CreateAllocator(name, Options());
  EXPECT_TRUE(allocator.ok()) << allocator.status();
  return *std::move(allocator);
}

// Once settled, plain ATA hardly looks at the slow worker again and misses that
// it has become four times as fast as the best; the three remedies notice.
TEST(NonstationaryTest, OnlyTheRemediesNoticeAnIdleWorkerThatBecomesFast) {
  for (const char* name : {"ata_empirical", "sliding_window_ata",
                           "discounted_ata", "change_detection_ata"}) {
    const std::unique_ptr<Allocator> allocator = Create(name);
    EXPECT_LT(Share(*allocator, 1, 20000, kBefore, 4), 0.08) << name;
    Share(*allocator, 20001, 24000, kFasterAfter, 4);
    const double share = Share(*allocator, 24001, 28000, kFasterAfter, 4);
    if (name == std::string("ata_empirical")) {
      EXPECT_LT(share, 0.1) << name;
    } else {
      EXPECT_GT(share, 0.4) << name;
    }
  }
}

// A worker in use that becomes slow is noticed by all; plain ATA takes longest,
// because its old tasks weigh on the mean.
TEST(NonstationaryTest, ForgettingLeavesASlowWorkerSooner) {
  const std::unique_ptr<Allocator> plain = Create("ata_empirical");
  Share(*plain, 1, 20000, kBefore, 0);
  const double plain_share = Share(*plain, 20001, 21000, kSlowerAfter, 0);
  for (const char* name :
       {"sliding_window_ata", "discounted_ata", "change_detection_ata"}) {
    const std::unique_ptr<Allocator> allocator = Create(name);
    EXPECT_GT(Share(*allocator, 1, 20000, kBefore, 0), 0.2) << name;
    EXPECT_LT(Share(*allocator, 20001, 21000, kSlowerAfter, 0),
              0.6 * plain_share)
        << name;
  }
}

// With a window as long as the run and nothing forgotten, the answers are
// ATA's.
TEST(NonstationaryTest, AnEndlessWindowIsPlainAta) {
  AllocatorOptions options = Options();
  options.window = 1'000'000;
  auto window = CreateAllocator("sliding_window_ata", options);
  auto plain = CreateAllocator("ata_empirical", options);
  ASSERT_TRUE(window.ok() && plain.ok());
  for (int32_t worker = 0; worker < kWorkers; ++worker) {
    (*window)->Reset();
    (*plain)->Reset();
    EXPECT_EQ(Share(**window, 1, 2000, kBefore, worker),
              Share(**plain, 1, 2000, kBefore, worker));
  }
}

TEST(ChangeDetectionTest, CountsChangesAndRaisesNoFalseAlarm) {
  ChangeDetectionAllocator allocator("change_detection_ata", Options());
  Share(allocator, 1, 20000, kBefore, 0);
  EXPECT_EQ(allocator.num_changes(), 0);
  Share(allocator, 20001, 22000, kSlowerAfter, 0);
  EXPECT_EQ(allocator.num_changes(), 1);
  allocator.Reset();
  EXPECT_EQ(allocator.num_changes(), 0);
}

// One task of every 20th round goes to a random worker, so even the slowest
// keeps getting 1/5 of those: about 200 of 1,000 probes (five deviations: 63).
TEST(ChangeDetectionTest, ProbesEverybody) {
  ChangeDetectionAllocator allocator("change_detection_ata", Options());
  Share(allocator, 1, 1000, kBefore, 4);
  const double share = Share(allocator, 1001, 21000, kBefore, 4);
  const double probes = share * 20000 * kBudget;
  EXPECT_GT(probes, 200 - 63);
}

}  // namespace
}  // namespace muster::allocation
