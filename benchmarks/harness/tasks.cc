#include "muster/benchmarks/harness/tasks.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <limits>
#include <mutex>
#include <numeric>

#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "muster/benchmarks/harness/table.h"
#include "oneapi/tbb/info.h"
#include "oneapi/tbb/parallel_for.h"
#include "oneapi/tbb/task_arena.h"

namespace muster::benchmarks::internal {
namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kSaveEvery = std::chrono::seconds(30);
constexpr auto kReportEvery = std::chrono::milliseconds(50);
// Work units are shown as whole numbers: at least this many, so that a part of
// a small task still shows.
constexpr double kLeastUnits = 10'000;

// The whole study: what is done, which error counts, whom to tell.
class Study {
 public:
  Study(Experiment& experiment, absl::string_view name,
        const std::vector<ByteTask>& tasks)
      : experiment_(experiment),
        name_(name),
        tasks_(tasks),
        runtime_(experiment.runtime()),
        fractions_(tasks.size(), 0.0),
        statuses_(tasks.size()),
        results_(tasks.size()) {
    for (const ByteTask& task : tasks) total_ += task.work;
    scale_ = total_ < kLeastUnits ? kLeastUnits / total_ : 1;
  }

  absl::StatusOr<std::vector<std::optional<std::string>>> Run();

  // Notes task i's progress and tells the observer now and then. False: stop.
  // Never goes back: parts of a task may begin at 0 again.
  bool Report(size_t i, double fraction, bool always) {
    const std::lock_guard<std::mutex> lock(mutex_);
    fraction = std::max(fraction, fractions_[i]);
    done_ += (fraction - fractions_[i]) * tasks_[i].work;
    fractions_[i] = fraction;
    const Clock::time_point now = Clock::now();
    if (always || now - last_report_ >= kReportEvery) {
      last_report_ = now;
      Tell();
    }
    return !stop_asked_ && !runtime::ShouldStop(runtime_) && i <= first_error_;
  }

  Experiment& experiment() { return experiment_; }
  const runtime::Runtime& runtime() const { return runtime_; }
  int threads_per_task() const { return threads_per_task_; }
  std::string Blob(size_t i, absl::string_view kind) const {
    return absl::StrCat(name_, ".", tasks_[i].name, ".", kind);
  }

 private:
  absl::Status CheckTasks() const;
  absl::Status LoadFinished();
  void RunOne(size_t i);

  // Requires mutex_.
  void Tell() {
    if (runtime_.observer == nullptr) return;
    if (!runtime_.observer->OnProgress(
            {.phase = name_,
             .done = static_cast<int64_t>(done_ * scale_),
             .total = static_cast<int64_t>(total_ * scale_),
             .clock_seconds = std::numeric_limits<double>::quiet_NaN(),
             .objective = std::numeric_limits<double>::quiet_NaN()})) {
      stop_asked_ = true;
    }
  }

  Experiment& experiment_;
  const std::string name_;
  const std::vector<ByteTask>& tasks_;
  const runtime::Runtime runtime_;
  double total_ = 0;
  double scale_ = 1;
  int threads_per_task_ = 1;

  std::mutex mutex_;
  // Guarded by mutex_ while tasks run.
  double done_ = 0;
  std::vector<double> fractions_;
  Clock::time_point last_report_;
  bool stop_asked_ = false;
  size_t first_error_ = std::numeric_limits<size_t>::max();

  // Slot i is written by the thread that runs task i alone.
  std::vector<absl::Status> statuses_;
  std::vector<std::optional<std::string>> results_;
};

class Context : public TaskContext, public runtime::Observer {
 public:
  Context(Study& study, size_t index)
      : study_(study), index_(index), last_save_(Clock::now()) {}

  runtime::Runtime runtime() override {
    runtime::Runtime runtime = study_.runtime();
    runtime.threads = study_.threads_per_task();
    runtime.observer = this;
    return runtime;
  }
  bool OnProgress(const runtime::Progress& progress) override {
    return Report(progress.done, progress.total);
  }
  bool Report(int64_t done, int64_t total) override {
    const double fraction =
        total > 0 ? static_cast<double>(done) / static_cast<double>(total) : 0;
    go_on_ = study_.Report(index_, std::clamp(fraction, 0.0, 1.0), false);
    return go_on_;
  }
  bool ShouldSave() override {
    return !go_on_ || Clock::now() - last_save_ >= kSaveEvery;
  }
  absl::Status SaveState(absl::string_view bytes) override {
    last_save_ = Clock::now();
    return study_.experiment().Save(study_.Blob(index_, "state"), bytes);
  }
  absl::StatusOr<std::string> LoadState() override {
    return study_.experiment().Load(study_.Blob(index_, "state"));
  }

 private:
  Study& study_;
  const size_t index_;
  Clock::time_point last_save_;
  bool go_on_ = true;
};

absl::Status Study::CheckTasks() const {
  absl::flat_hash_set<std::string> names;
  for (const ByteTask& task : tasks_) {
    if (!IsFileName(task.name)) {
      return absl::InvalidArgumentError(
          absl::StrCat("task name '", task.name,
                       "': use letters, digits, '_', '-' and '.' only"));
    }
    if (!names.insert(task.name).second) {
      return absl::InvalidArgumentError(
          absl::StrCat("two tasks of ", name_, " are named ", task.name));
    }
    if (!(task.work > 0)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "task ", task.name, ": work = ", task.work, " must be > 0"));
    }
  }
  return absl::OkStatus();
}

absl::Status Study::LoadFinished() {
  for (size_t i = 0; i < tasks_.size(); ++i) {
    absl::StatusOr<std::string> bytes = experiment_.Load(Blob(i, "done"));
    if (bytes.ok()) {
      results_[i] = *std::move(bytes);
      fractions_[i] = 1;
      done_ += tasks_[i].work;
    } else if (!absl::IsNotFound(bytes.status())) {
      return bytes.status();
    }
  }
  return absl::OkStatus();
}

void Study::RunOne(size_t i) {
  if (!Report(i, fractions_[i], false)) return;
  Context context(*this, i);
  absl::StatusOr<std::string> bytes = tasks_[i].run(context);
  absl::Status status = bytes.status();
  if (status.ok()) status = experiment_.Save(Blob(i, "done"), *bytes);
  if (status.ok()) status = experiment_.Forget(Blob(i, "state"));
  if (status.ok()) {
    results_[i] = *std::move(bytes);
    Report(i, 1, true);
    return;
  }
  const std::lock_guard<std::mutex> lock(mutex_);
  const bool stopped =
      stop_asked_ || runtime::ShouldStop(runtime_) || i > first_error_;
  if (absl::IsCancelled(status) && stopped) return;
  statuses_[i] = absl::Status(
      status.code(),
      absl::StrCat("task ", tasks_[i].name, ": ", status.message()));
  first_error_ = std::min(first_error_, i);
}

absl::StatusOr<std::vector<std::optional<std::string>>> Study::Run() {
  MUSTER_RETURN_IF_ERROR(CheckTasks());
  MUSTER_RETURN_IF_ERROR(LoadFinished());
  std::vector<size_t> order;
  for (size_t i = 0; i < tasks_.size(); ++i) {
    if (!results_[i].has_value()) order.push_back(i);
  }
  // Longest first, so that no long one is left alone at the end.
  std::stable_sort(order.begin(), order.end(), [this](size_t a, size_t b) {
    return tasks_[a].work > tasks_[b].work;
  });
  const int threads = runtime_.threads > 0
                          ? runtime_.threads
                          : oneapi::tbb::info::default_concurrency();
  const int lanes = static_cast<int>(
      std::min<size_t>(order.size(), static_cast<size_t>(threads)));
  if (lanes > 0) {
    threads_per_task_ = std::max(1, threads / lanes);
    Tell();
    std::atomic<size_t> next = 0;
    oneapi::tbb::task_arena arena(lanes);
    arena.execute([&] {
      oneapi::tbb::parallel_for(
          0, lanes, 1,
          [&](int) {
            for (size_t k = next++; k < order.size(); k = next++) {
              RunOne(order[k]);
            }
          },
          oneapi::tbb::simple_partitioner());
    });
  }
  for (const absl::Status& status : statuses_) {
    if (!status.ok()) return status;
  }
  for (const auto& result : results_) {
    if (!result.has_value()) experiment_.MarkIncomplete();
  }
  return std::move(results_);
}

}  // namespace

absl::StatusOr<std::vector<std::optional<std::string>>> RunByteTasks(
    Experiment& experiment, absl::string_view study,
    const std::vector<ByteTask>& tasks) {
  if (!IsFileName(study)) {
    return absl::InvalidArgumentError(
        absl::StrCat("study name '", study,
                     "': use letters, digits, '_', '-' and '.' only"));
  }
  return Study(experiment, study, tasks).Run();
}

}  // namespace muster::benchmarks::internal
