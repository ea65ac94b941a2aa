#include "muster/benchmarks/dispatch/shard_training.h"

#include <algorithm>
#include <bit>
#include <chrono>
#include <numeric>
#include <string>

#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/runtime.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

using runtime::WorkerId;
using Clock = std::chrono::steady_clock;

// The least work of a task: durations are positive.
constexpr double kLeastSeconds = 1e-9;

// Measures a phase on both clocks.
class PhaseTimer {
 public:
  explicit PhaseTimer(const runtime::Cluster<ShardProgram>& cluster)
      : cluster_(cluster),
        virtual_begin_(cluster.NowSeconds()),
        wall_begin_(Clock::now()) {}

  void Stop(PhaseReport* report) const {
    report->virtual_seconds = cluster_.NowSeconds() - virtual_begin_;
    const std::chrono::duration<double> wall = Clock::now() - wall_begin_;
    report->wall_seconds = wall.count();
  }

 private:
  const runtime::Cluster<ShardProgram>& cluster_;
  const double virtual_begin_;
  const Clock::time_point wall_begin_;
};

std::vector<int64_t> Range(int64_t begin, int64_t end) {
  std::vector<int64_t> rows(static_cast<size_t>(end - begin));
  std::iota(rows.begin(), rows.end(), begin);
  return rows;
}

absl::Status ErrorOf(const ShardProgram::Response& response) {
  if (response.error.empty()) return absl::OkStatus();
  return absl::InternalError(response.error);
}

}  // namespace

// The state of one Answer.
struct ShardTraining::Query {
  const LabeledData& data;
  std::span<const char> lost;
  PhaseReport report = {};
  std::vector<int32_t> groups = {};  // n x p
  std::vector<int32_t> asked = {};   // n: groups of the row gone through
  std::vector<double> sums = {};     // n x classes
  std::vector<int32_t> counts = {};  // n: answers

  bool Lost(WorkerId worker) const {
    return !lost.empty() && lost[static_cast<size_t>(worker.index)] != 0;
  }
};

std::vector<std::unique_ptr<ShardProgram>> ShardTraining::MakePrograms(
    int32_t workers, const std::shared_ptr<const dispatch::Router>& router,
    const std::vector<double>& classes, const LearnerOptions& learner,
    uint64_t seed) {
  std::vector<std::unique_ptr<ShardProgram>> programs;
  programs.reserve(static_cast<size_t>(workers));
  for (int32_t w = 0; w < workers; ++w) {
    programs.push_back(
        std::make_unique<ShardProgram>(router, classes, learner, seed));
  }
  return programs;
}

ShardTraining::ShardTraining(runtime::Cluster<ShardProgram>* cluster,
                             std::shared_ptr<const dispatch::Router> router,
                             std::vector<double> classes,
                             const ShardTrainingOptions& options,
                             const runtime::Runtime& runtime)
    : cluster_(cluster),
      router_(std::move(router)),
      classes_(std::move(classes)),
      options_(options),
      runtime_(runtime),
      trainings_(static_cast<size_t>(router_->num_groups())),
      alive_(static_cast<size_t>(router_->num_groups()), 0) {
  MUSTER_CHECK(options_.batch_rows >= 1);
}

WorkerId ShardTraining::Owner(int32_t group) const {
  return WorkerId{group % cluster_->num_workers()};
}

void ShardTraining::Submit(WorkerId worker, Request request, Pending pending,
                           double seconds) {
  const int64_t task =
      cluster_->Submit(worker, std::move(request),
                       {.work_units = std::max(kLeastSeconds, seconds)});
  pending_.emplace(std::pair(worker.index, task), std::move(pending));
}

void ShardTraining::BeginPhase(absl::string_view name, int64_t total_rows) {
  progress_ = {.phase = name, .total = total_rows};
}

absl::Status ShardTraining::Drain(const Handler& handler) {
  while (cluster_->num_in_flight() > 0) {
    if (!runtime::ReportProgress(runtime_, progress_)) {
      return absl::CancelledError("stopped");
    }
    MUSTER_ASSIGN_OR_RETURN(auto done, cluster_->Next());
    const auto found = pending_.find(std::pair(done.worker.index, done.task));
    MUSTER_CHECK(found != pending_.end());
    const Pending pending = std::move(found->second);
    pending_.erase(found);
    if (done.response.ok()) {
      MUSTER_RETURN_IF_ERROR(ErrorOf(*done.response));
    } else if (!absl::IsUnavailable(done.response.status())) {
      return done.response.status();
    }
    MUSTER_RETURN_IF_ERROR(handler(done.worker, pending, done.response));
  }
  return absl::OkStatus();
}

absl::StatusOr<PhaseReport> ShardTraining::BillFit(double multiply_adds) {
  const PhaseTimer timer(*cluster_);
  progress_ = {.phase = "fit", .done = 1, .total = 1};  // by FitRouter before
  const CostModel& costs = options_.costs;
  PhaseReport report{.multiply_adds = multiply_adds};
  const Handler nothing = [](WorkerId, const Pending&,
                             const absl::StatusOr<Response>&) {
    return absl::OkStatus();
  };
  Submit(WorkerId{0}, {}, {}, multiply_adds * costs.fit_seconds);
  MUSTER_RETURN_IF_ERROR(Drain(nothing));
  const auto rule_bytes = static_cast<int64_t>(router_->EncodeState().size());
  const int32_t workers = cluster_->num_workers();
  report.bytes = rule_bytes * (workers - 1);
  const int hops = std::bit_width(static_cast<uint32_t>(workers - 1));
  for (int32_t w = 0; w < workers; ++w) {
    Submit(WorkerId{w}, {}, {},
           hops * (static_cast<double>(rule_bytes) * costs.rule_byte_seconds +
                   costs.message_seconds));
  }
  MUSTER_RETURN_IF_ERROR(Drain(nothing));
  timer.Stop(&report);
  return report;
}

absl::Status ShardTraining::RouteAll(
    const LabeledData& data, std::span<const char> lost,
    std::span<const int32_t> groups, PhaseReport* report,
    const std::function<absl::Status(WorkerId, int64_t,
                                     std::span<const int32_t>)>& routed,
    const Handler& other) {
  const int64_t n = data.num_rows();
  const int64_t d = data.points.num_features;
  const int64_t copies = router_->copies();
  MUSTER_CHECK(groups.empty() ||
               static_cast<int64_t>(groups.size()) == n * copies);
  const int64_t num_batches =
      (n + options_.batch_rows - 1) / options_.batch_rows;
  std::vector<int64_t> waiting = Range(0, num_batches);
  std::reverse(waiting.begin(), waiting.end());  // the next one at the back
  std::vector<char> reads(static_cast<size_t>(cluster_->num_workers()), 0);
  // Gives a batch to each worker that has none.
  const auto read_on = [&] {
    for (int32_t w = 0; w < cluster_->num_workers(); ++w) {
      const auto index = static_cast<size_t>(w);
      if (waiting.empty()) return;
      if (reads[index] != 0 || !cluster_->IsUp(WorkerId{w})) continue;
      if (!lost.empty() && lost[index] != 0) continue;
      reads[index] = 1;
      const int64_t batch = waiting.back();
      waiting.pop_back();
      const int64_t begin = batch * options_.batch_rows;
      const int64_t rows = std::min(options_.batch_rows, n - begin);
      double seconds = options_.costs.message_seconds +
                       static_cast<double>(rows) * options_.costs.row_seconds;
      Request request;
      if (groups.empty()) {
        request.step = Step::kRoute;
        request.points.assign(data.points.values.begin() + begin * d,
                              data.points.values.begin() + (begin + rows) * d);
        const double work =
            static_cast<double>(rows) * options_.route_multiply_adds;
        report->multiply_adds += work;
        seconds += work * options_.costs.route_seconds;
      }
      Submit(WorkerId{w}, std::move(request),
             {.step = Step::kRoute, .batch = batch}, seconds);
    }
  };
  read_on();
  MUSTER_RETURN_IF_ERROR(
      Drain([&](WorkerId worker, const Pending& pending,
                const absl::StatusOr<Response>& response) -> absl::Status {
        if (pending.step != Step::kRoute) {
          return other(worker, pending, response);
        }
        reads[static_cast<size_t>(worker.index)] = 0;
        // A lost batch is read again, by whoever has none.
        if (!response.ok()) waiting.push_back(pending.batch);
        read_on();
        if (!response.ok()) return absl::OkStatus();
        if (groups.empty()) {
          return routed(worker, pending.batch, response->groups);
        }
        const int64_t begin = pending.batch * options_.batch_rows;
        const int64_t rows = std::min(options_.batch_rows, n - begin);
        return routed(worker, pending.batch,
                      groups.subspan(static_cast<size_t>(begin * copies),
                                     static_cast<size_t>(rows * copies)));
      }));
  if (waiting.empty()) return absl::OkStatus();
  return absl::UnavailableError(
      absl::StrCat(waiting.size(), " of ", num_batches,
                   " batches could not be routed: no worker is up"));
}

void ShardTraining::SendToOwners(const LabeledData& data, WorkerId reader,
                                 int64_t begin, std::span<const int32_t> groups,
                                 PhaseReport* report) {
  const auto copies = static_cast<size_t>(router_->copies());
  std::map<int32_t, Pending> by_owner;
  for (size_t i = 0; i < groups.size(); ++i) {
    if (groups[i] < 0) continue;
    Pending& pending = by_owner[Owner(groups[i]).index];
    pending.rows.push_back(begin + static_cast<int64_t>(i / copies));
    pending.groups.push_back(groups[i]);
  }
  for (auto& [owner, pending] : by_owner) {
    pending.step = Step::kStore;
    Request request{.step = Step::kStore};
    request.groups = pending.groups;
    request.rows = TakeRows(data, pending.rows);
    double seconds =
        options_.costs.message_seconds +
        static_cast<double>(pending.rows.size()) * options_.costs.row_seconds;
    if (owner != reader.index) {
      const int64_t bytes = runtime::EncodedBytes(request);
      report->bytes += bytes;
      seconds += static_cast<double>(bytes) * options_.costs.byte_seconds;
    }
    Submit(WorkerId{owner}, std::move(request), std::move(pending), seconds);
  }
}

absl::StatusOr<PhaseReport> ShardTraining::Store(
    const LabeledData& data, std::span<const int32_t> given) {
  const PhaseTimer timer(*cluster_);
  BeginPhase("dispatch", data.num_rows());
  PhaseReport report;
  const auto copies = static_cast<size_t>(router_->copies());
  const size_t before = stored_groups_.size();
  stored_groups_.resize(before + static_cast<size_t>(data.num_rows()) * copies);
  MUSTER_RETURN_IF_ERROR(RouteAll(
      data, {}, given, &report,
      [&](WorkerId reader, int64_t batch, std::span<const int32_t> groups) {
        const int64_t begin = batch * options_.batch_rows;
        std::copy(groups.begin(), groups.end(),
                  stored_groups_.begin() + static_cast<int64_t>(before) +
                      begin * static_cast<int64_t>(copies));
        SendToOwners(data, reader, begin, groups, &report);
        progress_.done += static_cast<int64_t>(groups.size() / copies);
        return absl::OkStatus();
      },
      [&](WorkerId, const Pending& pending,
          const absl::StatusOr<Response>& response) {
        if (response.ok()) return absl::OkStatus();
        lost_rows_ += static_cast<int64_t>(pending.rows.size());
        return absl::OkStatus();
      }));
  timer.Stop(&report);
  return report;
}

absl::StatusOr<PhaseReport> ShardTraining::Train() {
  const PhaseTimer timer(*cluster_);
  BeginPhase("train", static_cast<int64_t>(stored_groups_.size()));
  PhaseReport report;
  const auto num_groups = static_cast<int32_t>(router_->num_groups());
  std::vector<char> has_rows(static_cast<size_t>(num_groups), 0);
  for (const int32_t group : stored_groups_) {
    if (group >= 0) has_rows[static_cast<size_t>(group)] = 1;
  }
  for (int32_t g = 0; g < num_groups; ++g) {
    if (has_rows[static_cast<size_t>(g)] == 0) continue;
    Submit(Owner(g), {.step = Step::kTrain, .group = g},
           {.step = Step::kTrain, .group = g}, 0);
  }
  MUSTER_RETURN_IF_ERROR(Drain([&](WorkerId worker, const Pending& pending,
                                   const absl::StatusOr<Response>& response) {
    const auto group = static_cast<size_t>(pending.group);
    if (!response.ok()) return absl::OkStatus();  // the group is lost
    if (pending.step == Step::kTrain) {
      trainings_[group] = response->training;
      progress_.done += response->training.rows;
      report.multiply_adds += response->training.multiply_adds;
      Submit(worker, {}, {.step = Step::kBusy, .group = pending.group},
             options_.costs.message_seconds + response->training.multiply_adds *
                                                  options_.costs.train_seconds);
    } else {
      alive_[group] = trainings_[group].rows > 0 ? 1 : 0;
    }
    return absl::OkStatus();
  }));
  timer.Stop(&report);
  return report;
}

void ShardTraining::Ask(std::span<const int64_t> rows, WorkerId reader,
                        Query* query) {
  const auto copies = static_cast<int32_t>(router_->copies());
  std::map<int32_t, Pending> by_owner;
  for (const int64_t row : rows) {
    int32_t& asked = query->asked[static_cast<size_t>(row)];
    while (asked < copies) {
      const int32_t group =
          query->groups[static_cast<size_t>(row * copies + asked)];
      ++asked;
      if (group < 0) continue;
      const WorkerId owner = Owner(group);
      if (alive_[static_cast<size_t>(group)] == 0 || query->Lost(owner)) {
        continue;
      }
      by_owner[owner.index].rows.push_back(row);
      by_owner[owner.index].groups.push_back(group);
      if (options_.combine == Combine::kBest) break;
    }
  }
  for (auto& [owner, pending] : by_owner) {
    pending.step = Step::kAnswer;
    pending.reader = reader;
    Request request{.step = Step::kAnswer};
    request.groups = pending.groups;
    request.rows = TakeRows(query->data, pending.rows);
    request.rows.labels.clear();
    const double row_entries = static_cast<double>(request.rows.num_entries()) /
                               static_cast<double>(pending.rows.size());
    double work = 0;
    for (const int32_t group : pending.groups) {
      work += row_entries * static_cast<double>(
                                trainings_[static_cast<size_t>(group)].classes);
    }
    query->report.multiply_adds += work;
    double seconds =
        options_.costs.message_seconds + work * options_.costs.answer_seconds;
    if (owner != reader.index) {
      const int64_t bytes = runtime::EncodedBytes(request);
      query->report.bytes += bytes;
      seconds += static_cast<double>(bytes) * options_.costs.byte_seconds;
    }
    Submit(WorkerId{owner}, std::move(request), std::move(pending), seconds);
  }
}

absl::StatusOr<Answers> ShardTraining::Answer(const LabeledData& queries,
                                              std::span<const char> lost,
                                              std::span<const int32_t> given) {
  MUSTER_CHECK(lost.empty() ||
               static_cast<int32_t>(lost.size()) == cluster_->num_workers());
  const PhaseTimer timer(*cluster_);
  BeginPhase("answer", queries.num_rows());
  const auto n = static_cast<size_t>(queries.num_rows());
  const size_t num_classes = classes_.size();
  const auto copies = static_cast<size_t>(router_->copies());
  Query query{.data = queries, .lost = lost};
  query.groups.resize(n * copies);
  query.asked.assign(n, 0);
  query.sums.assign(n * num_classes, 0);
  query.counts.assign(n, 0);
  MUSTER_RETURN_IF_ERROR(RouteAll(
      queries, lost, given, &query.report,
      [&](WorkerId reader, int64_t batch, std::span<const int32_t> groups) {
        const int64_t begin = batch * options_.batch_rows;
        std::copy(groups.begin(), groups.end(),
                  query.groups.begin() + begin * static_cast<int64_t>(copies));
        const auto rows = static_cast<int64_t>(groups.size() / copies);
        Ask(Range(begin, begin + rows), reader, &query);
        progress_.done += rows;
        return absl::OkStatus();
      },
      [&](WorkerId, const Pending& pending,
          const absl::StatusOr<Response>& response) {
        if (!response.ok()) {
          for (const int32_t group : pending.groups) {
            alive_[static_cast<size_t>(group)] = 0;
          }
          Ask(pending.rows, pending.reader, &query);
          return absl::OkStatus();
        }
        for (size_t i = 0; i < pending.rows.size(); ++i) {
          const auto row = static_cast<size_t>(pending.rows[i]);
          ++query.counts[row];
          for (size_t c = 0; c < num_classes; ++c) {
            query.sums[row * num_classes + c] +=
                response->scores[i * num_classes + c];
          }
        }
        return absl::OkStatus();
      }));
  Answers answers;
  answers.labels.assign(n, 0);
  answers.answered.assign(n, 0);
  int64_t right = 0;
  int64_t answered = 0;
  for (size_t i = 0; i < n; ++i) {
    if (query.counts[i] == 0) continue;
    const auto scores = query.sums.begin() + i * num_classes;
    const auto best = std::max_element(scores, scores + num_classes);
    answers.labels[i] = classes_[static_cast<size_t>(best - scores)];
    answers.answered[i] = 1;
    ++answered;
    if (answers.labels[i] == queries.labels()[i]) ++right;
  }
  answers.accuracy = static_cast<double>(right) / static_cast<double>(n);
  answers.answered_share =
      static_cast<double>(answered) / static_cast<double>(n);
  answers.report = query.report;
  timer.Stop(&answers.report);
  return answers;
}

}  // namespace muster::benchmarks
