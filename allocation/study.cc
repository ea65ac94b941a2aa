#include "muster/allocation/study.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/status_macros.h"

namespace muster::allocation {
namespace {

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();

absl::Status ValidateMeans(const std::vector<double>& means, size_t n) {
  if (!means.empty() && means.size() != n) {
    return absl::InvalidArgumentError(
        absl::StrCat("true_means has ", means.size(),
                     " entries; give one per worker (", n, ") or none"));
  }
  return absl::OkStatus();
}

// The first index at which two vectors differ, be it by their lengths.
template <typename T>
std::optional<size_t> FirstDifference(const std::vector<T>& x,
                                      const std::vector<T>& y) {
  if (x == y) return std::nullopt;
  return static_cast<size_t>(
      std::mismatch(x.begin(), x.end(), y.begin(), y.end()).first - x.begin());
}

template <typename T>
std::string EntryText(const std::vector<T>& x, size_t index) {
  return index < x.size() ? absl::StrCat(x[index]) : "none";
}

}  // namespace

std::vector<int64_t> RecordGrid(int64_t rounds, int per_decade, int linear) {
  MUSTER_CHECK_GE(rounds, 1);
  MUSTER_CHECK_GE(per_decade, 0);
  MUSTER_CHECK_GE(linear, 0);
  std::vector<int64_t> grid = {rounds};
  for (int step = 0; per_decade > 0; ++step) {
    const double round =
        std::round(std::pow(10.0, static_cast<double>(step) / per_decade));
    if (round >= static_cast<double>(rounds)) break;
    grid.push_back(static_cast<int64_t>(round));
  }
  for (int step = 1; step < linear; ++step) {
    const double round =
        std::round(static_cast<double>(rounds) * step / linear);
    grid.push_back(std::clamp<int64_t>(static_cast<int64_t>(round), 1, rounds));
  }
  std::sort(grid.begin(), grid.end());
  grid.erase(std::unique(grid.begin(), grid.end()), grid.end());
  return grid;
}

absl::Status Validate(const StudyOptions& options) {
  if (options.rounds < 1) {
    return absl::InvalidArgumentError(absl::StrCat(
        "rounds is ", options.rounds, "; it must be >= 1: set it"));
  }
  if (options.budget < 1 ||
      options.budget > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrCat("budget is ", options.budget,
                     "; it must be in [1, 2147483647]: set it to the tasks of "
                     "one round"));
  }
  int64_t before = 0;
  for (const int64_t round : options.record_rounds) {
    if (round <= before || round > options.rounds) {
      return absl::InvalidArgumentError(absl::StrCat(
          "record_rounds has ", round, " after ", before,
          "; rounds must ascend within [1, ", options.rounds, "]"));
    }
    before = round;
  }
  for (size_t i = 0; i < options.true_means.size(); ++i) {
    if (!(options.true_means[i] > 0 && std::isfinite(options.true_means[i]))) {
      return absl::InvalidArgumentError(
          absl::StrCat("true_means[", i, "] is ", options.true_means[i],
                       "; it must be finite and > 0 seconds"));
    }
  }
  return absl::OkStatus();
}

struct Study::State {
  int64_t rounds = 0;
  int64_t budget = 0;
  std::vector<int64_t> record_rounds;
  bool regret = true;
  std::vector<double> true_means;
  StudyPoint total;
  std::vector<StudyPoint> points;
  std::string allocator;
  std::string simulator;

  static void Fields(auto& self, auto&& visit) {
    visit(self.rounds, self.budget, self.record_rounds, self.regret,
          self.true_means, self.total, self.points, self.allocator,
          self.simulator);
  }
};

Study::Study(Allocator* allocator, RoundSimulator* simulator,
             StudyOptions options)
    : allocator_(allocator),
      simulator_(simulator),
      options_(std::move(options)) {
  if (options_.record_rounds.empty()) {
    options_.record_rounds = RecordGrid(options_.rounds, 20, 200);
  }
  if (!options_.regret) total_.proxy_regret = kNaN;
}

absl::StatusOr<Study> Study::Create(Allocator* allocator,
                                    RoundSimulator* simulator,
                                    StudyOptions options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(ValidateMeans(
      options.true_means, static_cast<size_t>(simulator->num_workers())));
  if (options.regret && options.true_means.empty()) {
    for (int32_t i = 0; i < simulator->num_workers(); ++i) {
      const double mean = simulator->MeanSeconds(i);
      if (!(mean > 0 && std::isfinite(mean))) {
        return absl::InvalidArgumentError(
            absl::StrCat("worker ", i, " has mean ", mean,
                         "; the proxy regret needs finite means: set "
                         "true_means, or regret to false"));
      }
    }
  }
  return Study(allocator, simulator, std::move(options));
}

void Study::ComputeOptimum() {
  const int32_t n = simulator_->num_workers();
  means_.resize(n);
  for (int32_t i = 0; i < n; ++i) {
    means_[i] = options_.true_means.empty() ? simulator_->MeanSeconds(i)
                                            : options_.true_means[i];
  }
  optimal_loss_ =
      MinMaxAllocate(means_, {}, options_.budget, &workspace_, &optimum_);
}

void Study::AddRound(const RoundOutcome& outcome) {
  ++total_.round;
  total_.runtime_seconds += outcome.round_seconds;
  total_.worker_seconds += outcome.worker_seconds;
  total_.exploring_rounds += allocation_.exploring ? 1 : 0;
  total_.completed_tasks += options_.budget;
  if (allocation_.mode == Allocation::Mode::kGreedy) {
    total_.proxy_regret = kNaN;
  } else if (options_.regret) {
    total_.proxy_regret +=
        MinMaxLoss(means_, {}, allocation_.tasks) - optimal_loss_;
  }
}

absl::Status Study::Run(const runtime::Runtime& runtime) {
  const bool drifts =
      simulator_->has_modifiers() && options_.true_means.empty();
  // In waves, of which a round without crashes has one.
  const int64_t look_every = std::clamp<int64_t>(
      (int64_t{1} << 21) / (simulator_->num_workers() + options_.budget), 1,
      16384);
  if (options_.regret && !drifts) ComputeOptimum();
  auto record = std::upper_bound(options_.record_rounds.begin(),
                                 options_.record_rounds.end(), total_.round);
  runtime::Progress progress{.phase = allocator_->name(),
                             .total = options_.rounds};
  int64_t waves = look_every;  // since the last look
  // The state then; only crashes make rounds that can be left in the middle.
  std::string last_look;
  while (total_.round < options_.rounds) {
    if (waves >= look_every) {
      waves = 0;
      progress.done = total_.round;
      progress.clock_seconds = simulator_->clock_seconds();
      if (!ReportProgress(runtime, progress)) return absl::OkStatus();
      if (simulator_->has_modifiers()) last_look = SaveState();
    }
    if (options_.regret && drifts) ComputeOptimum();
    const absl::StatusOr<RoundOutcome> outcome = simulator_->Play(
        *allocator_, total_.round + 1, options_.budget, &allocation_, runtime);
    if (absl::IsCancelled(outcome.status())) return RestoreState(last_look);
    MUSTER_RETURN_IF_ERROR(outcome.status());
    AddRound(*outcome);
    waves += outcome->waves;
    if (record != options_.record_rounds.end() && *record == total_.round) {
      points_.push_back(total_);
      ++record;
    }
  }
  progress.done = total_.round;
  progress.clock_seconds = simulator_->clock_seconds();
  ReportProgress(runtime, progress);
  return absl::OkStatus();
}

StudySummary Study::Summary() const {
  return {.points = points_,
          .last = total_,
          .complete = total_.round == options_.rounds};
}

std::string Study::SaveState() const {
  const State state{.rounds = options_.rounds,
                    .budget = options_.budget,
                    .record_rounds = options_.record_rounds,
                    .regret = options_.regret,
                    .true_means = options_.true_means,
                    .total = total_,
                    .points = points_,
                    .allocator = allocator_->SaveState(),
                    .simulator = simulator_->SaveState()};
  std::string bytes;
  runtime::Encode(state, &bytes);
  return bytes;
}

absl::Status Study::CheckOptions(const State& state) const {
  const auto differs = [](absl::string_view field, const auto& saved,
                          const auto& own) {
    return absl::FailedPreconditionError(absl::StrCat(
        "saved study has ", field, " = ", saved, ", this one ", own,
        "; go on with the options of the saved one, or begin anew"));
  };
  if (state.rounds != options_.rounds) {
    return differs("rounds", state.rounds, options_.rounds);
  }
  if (state.budget != options_.budget) {
    return differs("budget", state.budget, options_.budget);
  }
  if (state.regret != options_.regret) {
    return differs("regret", state.regret, options_.regret);
  }
  const std::optional<size_t> record =
      FirstDifference(state.record_rounds, options_.record_rounds);
  if (record.has_value()) {
    return differs(absl::StrCat("record_rounds[", *record, "]"),
                   EntryText(state.record_rounds, *record),
                   EntryText(options_.record_rounds, *record));
  }
  const std::optional<size_t> mean =
      FirstDifference(state.true_means, options_.true_means);
  if (mean.has_value()) {
    return differs(absl::StrCat("true_means[", *mean, "]"),
                   EntryText(state.true_means, *mean),
                   EntryText(options_.true_means, *mean));
  }
  return absl::OkStatus();
}

absl::Status Study::RestoreState(absl::string_view bytes) {
  absl::StatusOr<State> state = runtime::Decode<State>(bytes);
  if (!state.ok()) {
    return absl::DataLossError(
        absl::StrCat("saved state of a study: ", state.status().message()));
  }
  MUSTER_RETURN_IF_ERROR(CheckOptions(*state));
  if (state->total.round < 0 || state->total.round > options_.rounds) {
    return absl::DataLossError(
        absl::StrCat("saved state of a study is at round ", state->total.round,
                     " of ", options_.rounds));
  }
  const std::string before = simulator_->SaveState();
  MUSTER_RETURN_IF_ERROR(simulator_->RestoreState(state->simulator));
  const absl::Status restored = allocator_->RestoreState(state->allocator);
  if (!restored.ok()) {
    MUSTER_CHECK_OK(simulator_->RestoreState(before));
    return restored;
  }
  total_ = state->total;
  points_ = std::move(state->points);
  return absl::OkStatus();
}

absl::StatusOr<StudySummary> RunStudy(Allocator* allocator,
                                      RoundSimulator* simulator,
                                      StudyOptions options,
                                      const runtime::Runtime& runtime) {
  MUSTER_ASSIGN_OR_RETURN(
      Study study, Study::Create(allocator, simulator, std::move(options)));
  MUSTER_RETURN_IF_ERROR(study.Run(runtime));
  return study.Summary();
}

}  // namespace muster::allocation
