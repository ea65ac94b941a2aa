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
// A task may cross this many switches of one modifier, and be lost in crashes
// this many times, on average.
constexpr double kMaxSwitchesPerTask = 1e6;
constexpr double kMaxAttemptsPerTask = 1e4;
// Stands for the mean of a law that has none.
constexpr double kHighQuantile = 1 - 1e-6;

void CheckTime(double seconds) {
  MUSTER_CHECK(seconds >= 0 && std::isfinite(seconds)) << seconds;
}

// Seconds per second of work in the long run, crashes aside: with drifts as
// they end (sines at their mean), chains and pauses at their stationary rates.
double LongRunStretch(const std::vector<SpeedModifier>& modifiers) {
  double stretch = 1;
  for (const SpeedModifier& modifier : modifiers) {
    if (modifier.kind == Kind::kStep) stretch *= modifier.b;
    if (modifier.kind == Kind::kRamp) stretch *= modifier.c;
    if (modifier.kind == Kind::kMarkov || modifier.kind == Kind::kPause) {
      stretch /= modifier.StationaryRate();
    }
  }
  return stretch;
}

// E[exp(-rate X)], X the law's durations: the probability that a task ends
// before the first event at that rate. By the midpoint rule on quantiles, to
// about 1 % where it is above 1e-5, if the law has no elementary transform.
double SurvivalProbability(const SpeedLaw& law, double rate) {
  const double shifted = std::exp(-rate * law.shift);
  switch (law.kind) {
    case SpeedLaw::Kind::kConstant:
      return shifted * std::exp(-rate * law.a);
    case SpeedLaw::Kind::kExponential:
      return shifted / (1 + rate * law.a);
    case SpeedLaw::Kind::kShiftedExponential:
      return shifted * std::exp(-rate * law.a) / (1 + rate * law.b);
    case SpeedLaw::Kind::kGamma:
      return shifted * std::exp(-law.a * std::log1p(rate * law.b));
    default:
      break;
  }
  constexpr double kStep = 0.9;
  double sum = 0;
  for (double u = 1; u > 1e-7; u *= kStep) {
    sum += u * (1 - kStep) *
           std::exp(-rate * law.Quantile(u * (0.5 + 0.5 * kStep)));
  }
  return sum;
}

// Refuses switches (of chains and pauses) that are too many for one attempt at
// a task, which takes `attempt_seconds`.
absl::Status CheckSwitches(const SpeedModifier& modifier,
                           double attempt_seconds) {
  double cycle_seconds = kInfinity;
  if (modifier.kind == Kind::kMarkov) cycle_seconds = modifier.b + modifier.c;
  if (modifier.kind == Kind::kPause) cycle_seconds = modifier.a + modifier.b;
  if (!(cycle_seconds * kMaxSwitchesPerTask < attempt_seconds)) {
    return absl::OkStatus();
  }
  return absl::InvalidArgumentError(absl::StrCat(
      modifier.ToText(), " switches more than ",
      NumberText(kMaxSwitchesPerTask), " times during a task of ",
      attempt_seconds,
      " s (the mean, modifiers included; one in a million if there is no "
      "mean); give longer times or fold the mean effect into the law"));
}

// Refuses crashes, at `crash_rate` in all, that tasks are too long for.
absl::Status CheckAttempts(const WorkerSpec& worker, double stretch,
                           double crash_rate) {
  // E[exp(-X)] is at least exp(-mean), and half of exp(-median).
  const double mean = worker.law.Mean();
  const bool has_mean = std::isfinite(mean);
  const double seconds = stretch * (has_mean ? mean : worker.law.Quantile(0.5));
  const double enough = seconds / std::log(has_mean ? kMaxAttemptsPerTask
                                                    : kMaxAttemptsPerTask / 2);
  if (crash_rate * enough <= 1) return absl::OkStatus();
  const double survival = SurvivalProbability(worker.law, crash_rate * stretch);
  if (survival * kMaxAttemptsPerTask >= 1) return absl::OkStatus();
  const SpeedModifier* worst = nullptr;
  int num_crashes = 0;
  for (const SpeedModifier& modifier : worker.modifiers) {
    if (modifier.kind != Kind::kCrash) continue;
    ++num_crashes;
    if (worst == nullptr || modifier.a < worst->a) worst = &modifier;
  }
  const double least = num_crashes * enough;
  const double digit = std::pow(10, std::floor(std::log10(least)) - 2);
  return absl::InvalidArgumentError(absl::StrCat(
      worst->ToText(), ": up = ", NumberText(worst->a),
      " s is too short for tasks of ", has_mean ? "mean " : "median ", seconds,
      " s: one would take more than ", kMaxAttemptsPerTask,
      " attempts; make up at least ", std::ceil(least / digit) * digit, " s",
      num_crashes > 1 ? " in each crash" : "", ", or the tasks shorter"));
}

absl::Status ValidateWorker(const WorkerSpec& worker) {
  MUSTER_RETURN_IF_ERROR(worker.law.Validate());
  double crash_rate = 0;
  for (const SpeedModifier& modifier : worker.modifiers) {
    MUSTER_RETURN_IF_ERROR(modifier.Validate());
    if (modifier.kind == Kind::kCrash) crash_rate += 1 / modifier.a;
  }
  if (worker.modifiers.empty()) return absl::OkStatus();
  const double stretch = LongRunStretch(worker.modifiers);
  const double mean = worker.law.Mean();
  const double work =
      std::isfinite(mean) ? mean : worker.law.Quantile(kHighQuantile);
  for (const SpeedModifier& modifier : worker.modifiers) {
    MUSTER_RETURN_IF_ERROR(
        CheckSwitches(modifier, std::min(work * stretch, 1 / crash_rate)));
  }
  if (crash_rate == 0) return absl::OkStatus();
  return CheckAttempts(worker, stretch, crash_rate);
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
