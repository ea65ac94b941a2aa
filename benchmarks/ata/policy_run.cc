#include "muster/benchmarks/ata/policy_run.h"

#include <algorithm>
#include <memory>
#include <utility>

#include "muster/runtime/check.h"
#include "muster/runtime/observer.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/task_durations.h"

namespace muster::benchmarks {
namespace {

// Passes progress on, and interrupts the study when it is time to save.
class SavePoints : public runtime::Observer {
 public:
  explicit SavePoints(TaskContext* context) : context_(context) {}

  bool OnProgress(const runtime::Progress& progress) override {
    if (!context_->Report(progress.done, progress.total)) stopped_ = true;
    return !stopped_ && !context_->ShouldSave();
  }
  bool stopped() const { return stopped_; }

 private:
  TaskContext* context_;
  bool stopped_ = false;
};

absl::StatusOr<PolicyRun> Play(const Workers& workers,
                               const PolicyRunOptions& options, bool regret,
                               allocation::RoundSimulator* simulator,
                               TaskContext& context) {
  MUSTER_ASSIGN_OR_RETURN(
      std::unique_ptr<allocation::Allocator> allocator,
      MakeAllocator(options.policy, workers, options.budget, options.seed));
  allocation::StudyOptions study_options;
  study_options.rounds = options.rounds;
  study_options.budget = options.budget;
  study_options.record_rounds = options.record_rounds;
  study_options.regret = regret;
  MUSTER_ASSIGN_OR_RETURN(allocation::Study study,
                          allocation::Study::Create(allocator.get(), simulator,
                                                    std::move(study_options)));
  const absl::StatusOr<std::string> saved = context.LoadState();
  if (saved.ok()) {
    MUSTER_RETURN_IF_ERROR(study.RestoreState(*saved));
  } else if (saved.status().code() != absl::StatusCode::kNotFound) {
    return saved.status();
  }
  SavePoints observer(&context);
  runtime::Runtime runtime = context.runtime();
  runtime.observer = &observer;
  while (true) {
    MUSTER_RETURN_IF_ERROR(study.Run(runtime));
    allocation::StudySummary summary = study.Summary();
    if (summary.complete) return PolicyRun{std::move(summary.points)};
    MUSTER_RETURN_IF_ERROR(context.SaveState(study.SaveState()));
    if (observer.stopped() || runtime::ShouldStop(runtime)) {
      return absl::CancelledError("stopped");
    }
  }
}

double MeanOverRounds(const std::vector<allocation::StudyPoint>& points,
                      int64_t first, int64_t last,
                      double allocation::StudyPoint::*total) {
  if (last < 0) last = points.back().round;
  double before = 0;
  double after = 0;
  bool found = false;
  for (const allocation::StudyPoint& point : points) {
    if (point.round == first) before = point.*total;
    if (point.round == last) {
      after = point.*total;
      found = true;
    }
  }
  MUSTER_CHECK(found) << "round " << last << " was not recorded";
  return (after - before) / static_cast<double>(last - first);
}

}  // namespace

double PolicyRun::MeanRoundSeconds(int64_t first, int64_t last) const {
  return MeanOverRounds(points, first, last,
                        &allocation::StudyPoint::runtime_seconds);
}

double PolicyRun::MeanWorkerSeconds(int64_t first, int64_t last) const {
  return MeanOverRounds(points, first, last,
                        &allocation::StudyPoint::worker_seconds);
}

absl::StatusOr<PolicyRun> RunPolicy(const Workers& workers,
                                    const PolicyRunOptions& options,
                                    TaskContext& context) {
  const runtime::TaskDurations durations(workers.laws, options.seed);
  allocation::RoundSimulator simulator(&durations);
  return Play(workers, options, /*regret=*/true, &simulator, context);
}

absl::StatusOr<PolicyRun> RunPolicyOnModel(const Workers& workers,
                                           runtime::SpeedModel* model,
                                           const PolicyRunOptions& options,
                                           TaskContext& context) {
  allocation::RoundSimulator simulator(model);
  return Play(workers, options, /*regret=*/false, &simulator, context);
}

}  // namespace muster::benchmarks
