#include "muster/allocation/change_detection_allocator.h"

#include <algorithm>
#include <cstddef>
#include <utility>

#include "absl/status/statusor.h"
#include "muster/allocation/confidence.h"
#include "muster/allocation/score_allocation.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/math.h"
#include "muster/runtime/rng.h"

namespace muster::allocation {
namespace {

// Before that many tasks a mean is too rough to test against.
constexpr double kMinTasks = 20;

// Adds one task of `worker` to an allocation in ascending order.
void AddTask(int32_t worker, std::vector<WorkerTasks>* tasks) {
  const auto at = std::lower_bound(
      tasks->begin(), tasks->end(), worker,
      [](const WorkerTasks& t, int32_t w) { return t.worker < w; });
  if (at != tasks->end() && at->worker == worker) {
    ++at->tasks;
  } else {
    tasks->insert(at, {worker, 1});
  }
}

// The worker that is up and has `rank` others that are up before it.
int32_t UpWorker(std::span<const uint8_t> up, int64_t rank) {
  if (up.empty()) return static_cast<int32_t>(rank);
  int32_t worker = -1;
  for (; rank >= 0; --rank) {
    do ++worker;
    while (up[worker] == 0);
  }
  return worker;
}

}  // namespace

struct ChangeDetectionAllocator::Sums {
  std::vector<double> slower;
  std::vector<double> faster;
  int64_t num_changes = 0;
  static void Fields(auto& self, auto&& visit) {
    visit(self.slower, self.faster, self.num_changes);
  }
};

ChangeDetectionAllocator::ChangeDetectionAllocator(
    absl::string_view name, const AllocatorOptions& options)
    : LearningAllocator(name, options),
      width_(ConfidenceWidth(options.width_kind, options)),
      log_ratio_(runtime::Log(options.change_ratio)),
      slower_(options.num_workers),
      faster_(options.num_workers) {}

void ChangeDetectionAllocator::Score(const RoundRequest& request,
                                     std::span<double> scores) {
  ComputeScores(options().width_kind, arms(), LogTerm(request.round), width_,
                scores);
}

void ChangeDetectionAllocator::Allocate(const RoundRequest& request,
                                        Allocation* allocation) {
  if (request.round % options().probe_period != 0) {
    LearningAllocator::Allocate(request, allocation);
    return;
  }
  CheckRequest(request, options().num_workers);
  if (request.budget > 1) {
    RoundRequest rest = request;
    --rest.budget;
    LearningAllocator::Allocate(rest, allocation);
  } else {
    *allocation = Allocation();
  }
  allocation->budget = request.budget;
  const int64_t num_up =
      request.up.empty() ? options().num_workers
                         : std::count_if(request.up.begin(), request.up.end(),
                                         [](uint8_t up) { return up != 0; });
  runtime::Rng rng = runtime::Rng(options().seed)
                         .Fork("probe", static_cast<uint64_t>(request.round));
  AddTask(UpWorker(request.up, runtime::UniformInt(rng, num_up)),
          &allocation->tasks);
}

bool ChangeDetectionAllocator::Detect(int32_t worker, double seconds) {
  const double count = arms().counts()[worker];
  if (count < kMinTasks) return false;
  const double ratio = options().change_ratio;
  const double x = seconds * count / arms().totals()[worker];
  slower_[worker] =
      std::max(0.0, slower_[worker] + x * (1 - 1 / ratio) - log_ratio_);
  faster_[worker] =
      std::max(0.0, faster_[worker] + log_ratio_ - x * (ratio - 1));
  return std::max(slower_[worker], faster_[worker]) >
         options().change_threshold;
}

void ChangeDetectionAllocator::Observe(const RoundFeedback& feedback) {
  for (const TaskRun& run : feedback.completed) {
    if (Detect(run.worker, run.seconds)) {
      arms().Set(run.worker, 0, 0);
      slower_[run.worker] = faster_[run.worker] = 0;
      ++num_changes_;
    } else {
      arms().Add(run.worker, run.seconds);
    }
  }
  for (const TaskRun& run : feedback.completed) arms().Refresh(run.worker);
}

void ChangeDetectionAllocator::ResetMore() {
  std::fill(slower_.begin(), slower_.end(), 0);
  std::fill(faster_.begin(), faster_.end(), 0);
  num_changes_ = 0;
}

std::string ChangeDetectionAllocator::SaveMore() const {
  std::string bytes;
  runtime::Encode(
      Sums{.slower = slower_, .faster = faster_, .num_changes = num_changes_},
      &bytes);
  return bytes;
}

absl::Status ChangeDetectionAllocator::RestoreMore(absl::string_view bytes) {
  absl::StatusOr<Sums> sums = runtime::Decode<Sums>(bytes);
  if (!sums.ok()) return DamagedState(name(), sums.status().message());
  if (sums->slower.size() != slower_.size() ||
      sums->faster.size() != faster_.size()) {
    return DamagedState(name(), "wrong number of cumulative sums");
  }
  slower_ = std::move(sums->slower);
  faster_ = std::move(sums->faster);
  num_changes_ = sums->num_changes;
  return absl::OkStatus();
}

}  // namespace muster::allocation
