// Another project uses one module of Muster: its own four "machines" share 24
// tasks a round, and ATA learns how many each should get.

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "muster/allocation/allocator.h"
#include "muster/allocation/allocators.h"

namespace {

using ::muster::allocation::Allocation;
using ::muster::allocation::Allocator;
using ::muster::allocation::AllocatorOptions;
using ::muster::allocation::TaskRun;
using ::muster::allocation::WorkerTasks;

// Seconds that a task takes on each machine, which the allocator cannot see.
constexpr double kTaskSeconds[] = {1.0, 2.0, 4.0, 8.0};

// Runs a round as the machines would; returns its length.
double RunRound(const Allocation& allocation, std::vector<TaskRun>* completed) {
  completed->clear();
  double longest = 0;
  for (const WorkerTasks& share : allocation.tasks) {
    const double seconds = kTaskSeconds[share.worker];
    completed->insert(completed->end(), share.tasks, {share.worker, seconds});
    longest = std::max(longest, share.tasks * seconds);
  }
  return longest;
}

}  // namespace

int main() {
  constexpr int64_t kRounds = 2000;
  const AllocatorOptions options = {
      .num_workers = 4, .budget = 24, .alpha = 0.1};
  absl::StatusOr<std::unique_ptr<Allocator>> allocator =
      muster::allocation::CreateAllocator("ata", options);
  if (!allocator.ok()) {
    std::fprintf(stderr, "%s\n", allocator.status().ToString().c_str());
    return 1;
  }
  Allocation allocation;
  std::vector<TaskRun> completed;
  double seconds = 0;
  for (int64_t round = 1; round <= kRounds; ++round) {
    (*allocator)->Allocate({.round = round, .budget = 24}, &allocation);
    seconds = RunRound(allocation, &completed);
    (*allocator)
        ->Observe(
            {.round = round, .round_seconds = seconds, .completed = completed});
  }
  std::printf("round %lld takes %.1f s:", static_cast<long long>(kRounds),
              seconds);
  for (const WorkerTasks& share : allocation.tasks) {
    std::printf(" machine %d gets %d", share.worker, share.tasks);
  }
  std::printf("\n");
  // In 13 seconds the machines end 13 + 6 + 3 + 1 = 23 tasks, so 14 is the
  // best.
  return seconds == 14 ? 0 : 1;
}
