#include "muster/runtime/speed_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "muster/runtime/alternating_path.h"
#include "muster/runtime/check.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/number_text.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/speed_law.h"
#include "muster/runtime/speed_modifier.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/task_durations.h"

namespace muster::runtime {
namespace {

using Kind = SpeedModifier::Kind;

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// A mean task may cross this many switches of one modifier.
constexpr double kMaxSwitchesPerTask = 1e6;

void CheckTime(double seconds) {
  MUSTER_CHECK(seconds >= 0 && std::isfinite(seconds)) << seconds;
}

absl::Status ValidateModifier(const SpeedModifier& modifier,
                              double mean_task_seconds) {
  MUSTER_RETURN_IF_ERROR(modifier.Validate());
  double cycle_seconds = kInfinity;
  if (modifier.kind == Kind::kMarkov) cycle_seconds = modifier.b + modifier.c;
  if (modifier.kind == Kind::kPause) cycle_seconds = modifier.a;
  if (cycle_seconds * kMaxSwitchesPerTask < mean_task_seconds &&
      std::isfinite(mean_task_seconds)) {
    return absl::InvalidArgumentError(absl::StrCat(
        modifier.ToText(), " switches more than ",
        NumberText(kMaxSwitchesPerTask), " times during a mean task of ",
        NumberText(mean_task_seconds),
        " s; give longer times or fold the mean effect into the law"));
  }
  return absl::OkStatus();
}

absl::Status ValidateWorker(const WorkerSpec& worker) {
  MUSTER_RETURN_IF_ERROR(worker.law.Validate());
  const double mean_task_seconds = worker.law.Mean();
  for (const SpeedModifier& modifier : worker.modifiers) {
    MUSTER_RETURN_IF_ERROR(ValidateModifier(modifier, mean_task_seconds));
  }
  return absl::OkStatus();
}

}  // namespace

struct SpeedModel::State {
  // A markov chain or a pause: on is full speed.
  struct RateProcess {
    AlternatingPath path;
    double slow;  // factor when off; +infinity for a pause
  };

  State(const WorkerSpec& spec, const Rng& root, uint64_t worker);

  double DriftFactor(double t) const {
    double factor = 1;
    for (const SpeedModifier& drift : drifts) factor *= drift.DriftFactor(t);
    return factor;
  }

  // The product of factors at t (+infinity: paused), and until when it holds.
  std::pair<double, double> SlowFactorUntil(double t) {
    double factor = 1;
    double until = kInfinity;
    for (RateProcess& process : rates) {
      const AlternatingPath::Span span = process.path.At(t);
      if (!span.on) factor *= process.slow;
      until = std::min(until, span.end);
    }
    return {factor, until};
  }

  // The end of the downtime that covers t, or t itself when up; with several
  // overlapping downtimes the end of one of them.
  double EndOfSomeDowntime(double t) {
    for (AlternatingPath& crash : crashes) {
      const AlternatingPath::Span span = crash.At(t);
      if (!span.on) return span.end;
    }
    for (const SpeedModifier& outage : outages) {
      if (outage.a <= t && t < outage.b) return outage.b;
    }
    return t;
  }

  // When the worker, up at t, goes down next.
  double NextCrash(double t) {
    double next = kInfinity;
    for (AlternatingPath& crash : crashes) {
      next = std::min(next, crash.At(t).end);
    }
    for (const SpeedModifier& outage : outages) {
      if (outage.a > t) next = std::min(next, outage.a);
    }
    return next;
  }

  std::vector<SpeedModifier> drifts;
  std::vector<RateProcess> rates;
  std::vector<AlternatingPath> crashes;
  std::vector<SpeedModifier> outages;
  double pause_stretch = 1;  // product of 1 + length / every
};

SpeedModel::State::State(const WorkerSpec& spec, const Rng& root,
                         uint64_t worker) {
  uint64_t num_markov = 0;
  uint64_t num_pause = 0;
  for (const SpeedModifier& modifier : spec.modifiers) {
    const double a = modifier.a;
    const double b = modifier.b;
    switch (modifier.kind) {
      case Kind::kStep:
      case Kind::kRamp:
      case Kind::kSine:
        drifts.push_back(modifier);
        break;
      case Kind::kMarkov:
        rates.push_back(
            {.path = AlternatingPath(root.Fork("markov", worker, num_markov++),
                                     b, modifier.c),
             .slow = a});
        break;
      case Kind::kPause:
        rates.push_back({.path = AlternatingPath(
                             root.Fork("pause", worker, num_pause++), a, b),
                         .slow = kInfinity});
        pause_stretch *= 1 + b / a;
        break;
      case Kind::kCrash:
        crashes.emplace_back(root.Fork("crash", worker, crashes.size()), a, b);
        break;
      case Kind::kOutage:
        outages.push_back(modifier);
        break;
    }
  }
}

absl::StatusOr<SpeedModel> SpeedModel::Create(const ClusterSpec& spec,
                                              uint64_t seed) {
  const int64_t n = static_cast<int64_t>(spec.workers.size());
  if (n < 1 || n > kMaxWorkers) {
    return absl::InvalidArgumentError(
        absl::StrCat("num_workers = ", n, " must be from 1 to ", kMaxWorkers));
  }
  bool has_modifiers = false;
  std::vector<SpeedLaw> laws;
  laws.reserve(n);
  for (int64_t w = 0; w < n; ++w) {
    const absl::Status status = ValidateWorker(spec.workers[w]);
    if (!status.ok()) {
      return absl::Status(status.code(),
                          absl::StrCat("worker ", w, ": ", status.message()));
    }
    laws.push_back(spec.workers[w].law);
    has_modifiers |= !spec.workers[w].modifiers.empty();
  }
  std::vector<std::unique_ptr<State>> states;
  if (has_modifiers) {
    const Rng root(seed);
    states.resize(n);
    for (int64_t w = 0; w < n; ++w) {
      if (spec.workers[w].modifiers.empty()) continue;
      states[w] = std::make_unique<State>(spec.workers[w], root, w);
    }
  }
  return SpeedModel(TaskDurations(std::move(laws), seed), std::move(states));
}

SpeedModel::SpeedModel(TaskDurations durations,
                       std::vector<std::unique_ptr<State>> states)
    : durations_(std::move(durations)), states_(std::move(states)) {}
SpeedModel::SpeedModel(SpeedModel&&) noexcept = default;
SpeedModel& SpeedModel::operator=(SpeedModel&&) noexcept = default;
SpeedModel::~SpeedModel() = default;

SpeedModel::State* SpeedModel::StateOf(WorkerId worker) {
  MUSTER_CHECK(worker.index >= 0 && worker.index < num_workers()) << worker;
  return states_.empty() ? nullptr : states_[worker.index].get();
}

TaskEnd SpeedModel::Finish(WorkerId worker, int64_t task, double start_seconds,
                           double work_units) {
  CheckTime(start_seconds);
  MUSTER_CHECK(work_units > 0 && std::isfinite(work_units)) << work_units;
  State* const state = StateOf(worker);
  double work = work_units * durations_.Draw(worker.index, task);
  if (state == nullptr) return {start_seconds + work, true};
  if (state->EndOfSomeDowntime(start_seconds) != start_seconds) {
    return {start_seconds, false};
  }
  const double crash = state->NextCrash(start_seconds);
  work *= state->DriftFactor(start_seconds);
  double t = start_seconds;
  while (true) {
    const auto [slow, until] = state->SlowFactorUntil(t);
    const double end = work > 0 ? t + work * slow : t;  // slow may be infinite
    if (end <= until) {
      return end <= crash ? TaskEnd{end, true} : TaskEnd{crash, false};
    }
    if (until >= crash) return {crash, false};
    work = std::max(0.0, work - (until - t) / slow);
    t = until;
  }
}

bool SpeedModel::IsUp(WorkerId worker, double seconds) {
  CheckTime(seconds);
  State* const state = StateOf(worker);
  return state == nullptr || state->EndOfSomeDowntime(seconds) == seconds;
}

double SpeedModel::NextUp(WorkerId worker, double seconds) {
  CheckTime(seconds);
  State* const state = StateOf(worker);
  if (state == nullptr) return seconds;
  while (std::isfinite(seconds)) {
    const double end = state->EndOfSomeDowntime(seconds);
    if (end == seconds) break;
    seconds = end;
  }
  return seconds;
}

double SpeedModel::MeanSeconds(WorkerId worker, double seconds) {
  CheckTime(seconds);
  State* const state = StateOf(worker);
  const double mean = durations_.Mean(worker.index);
  if (state == nullptr) return mean;
  double factor = state->DriftFactor(seconds) * state->pause_stretch;
  for (State::RateProcess& process : state->rates) {
    if (std::isinf(process.slow) || process.path.At(seconds).on) continue;
    factor *= process.slow;
  }
  return mean * factor;
}

}  // namespace muster::runtime
