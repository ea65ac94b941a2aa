#include "muster/allocation/round_simulator.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/runtime/check.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/ids.h"

namespace muster::allocation {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

struct RoundSimulator::State {
  double clock = 0;
  std::vector<int64_t> next_task;
  std::vector<Leftover> leftovers;

  static void Fields(auto& self, auto&& visit) {
    visit(self.clock, self.next_task, self.leftovers);
  }
};

RoundSimulator::RoundSimulator(const runtime::TaskDurations* durations,
                               Options options)
    : durations_(durations),
      model_(nullptr),
      options_(std::move(options)),
      next_task_(durations->num_workers()) {
  MUSTER_CHECK(options_.communication_seconds.empty() ||
               options_.communication_seconds.size() == next_task_.size());
}

RoundSimulator::RoundSimulator(runtime::SpeedModel* model, Options options)
    : durations_(&model->durations()),
      model_(model->has_modifiers() ? model : nullptr),
      options_(std::move(options)),
      next_task_(model->num_workers()) {
  MUSTER_CHECK(options_.communication_seconds.empty() ||
               options_.communication_seconds.size() == next_task_.size());
}

int32_t RoundSimulator::num_workers() const {
  return static_cast<int32_t>(next_task_.size());
}

double RoundSimulator::MeanSeconds(int32_t worker) const {
  return model_ != nullptr
             ? model_->MeanSeconds(runtime::WorkerId{worker}, clock_)
             : durations_->Mean(worker);
}

RoundOutcome RoundSimulator::Run(const Allocation& allocation, int64_t round,
                                 RoundFeedback* feedback) {
  MUSTER_CHECK(!allocation.tasks.empty());
  RoundOutcome outcome;
  completed_.clear();
  cancelled_.clear();
  if (allocation.mode == Allocation::Mode::kGreedy) {
    RunGreedy(allocation, &outcome);
  } else if (model_ != nullptr) {
    RunBarrierWithModel(allocation, &outcome);
  } else {
    RunBarrier(allocation, &outcome);
  }
  clock_ += outcome.round_seconds;
  *feedback = {.round = round,
               .round_seconds = outcome.round_seconds,
               .completed = completed_,
               .cancelled = cancelled_};
  return outcome;
}

void RoundSimulator::RunBarrier(const Allocation& allocation,
                                RoundOutcome* outcome) {
  workers_.clear();
  tasks_.clear();
  for (const WorkerTasks& t : allocation.tasks) {
    int64_t task = next_task_[t.worker];
    for (int32_t u = 0; u < t.tasks; ++u) {
      workers_.push_back(t.worker);
      tasks_.push_back(task++);
    }
    next_task_[t.worker] = task;
  }
  const size_t size = workers_.size();
  durations_drawn_.resize(size);
  durations_->DrawBatch(workers_, tasks_, durations_drawn_);

  completed_.resize(size);
  double longest = 0;
  double bill = 0;
  size_t next = 0;
  for (const WorkerTasks& t : allocation.tasks) {
    double total = 0;
    for (const size_t end = next + t.tasks; next < end; ++next) {
      const double seconds = durations_drawn_[next];
      completed_[next] = {.worker = t.worker, .seconds = seconds};
      total += seconds;
    }
    bill += total;
    longest = std::max(longest, Communication(t.worker) + total);
  }
  outcome->round_seconds = longest;
  outcome->worker_seconds = bill;
}

void RoundSimulator::RunBarrierWithModel(const Allocation& allocation,
                                         RoundOutcome* outcome) {
  for (const WorkerTasks& t : allocation.tasks) {
    const double begin = clock_ + Communication(t.worker);
    double now = begin;
    const int64_t first = next_task_[t.worker];
    next_task_[t.worker] += t.tasks;  // a crash loses the waiting ones too
    for (int32_t u = 0; u < t.tasks; ++u) {
      const runtime::TaskEnd end =
          model_->Finish(runtime::WorkerId{t.worker}, first + u, now, 1);
      const TaskRun run = {.worker = t.worker, .seconds = end.seconds - now};
      now = end.seconds;
      if (!end.completed) {
        cancelled_.push_back(run);
        outcome->missing_tasks += t.tasks - u;
        break;
      }
      completed_.push_back(run);
    }
    outcome->worker_seconds += now - begin;
    outcome->round_seconds = std::max(outcome->round_seconds, now - clock_);
  }
}

void RoundSimulator::RunGreedy(const Allocation& allocation,
                               RoundOutcome* outcome) {
  const auto later = [](const Arrival& x, const Arrival& y) {
    return x.finish > y.finish || (x.finish == y.finish && x.worker > y.worker);
  };
  BeginRace(allocation);
  // Only racers whose first task ends before the round does matter; those that
  // end by the cutoff enter at once, the others if it turns out too low.
  heap_.clear();
  double cutoff = usual_seconds_ > 0 ? 1.25 * usual_seconds_ : kInfinity;
  EnterRace(-kInfinity, cutoff);
  std::make_heap(heap_.begin(), heap_.end(), later);

  int64_t left = allocation.budget;
  double now = 0;
  while (left > 0) {
    if (cutoff < kInfinity &&
        (heap_.empty() || heap_.front().finish > cutoff)) {
      const double higher = heap_.empty() ? kInfinity : 2 * cutoff;
      EnterRace(cutoff, higher);
      cutoff = higher;
      std::make_heap(heap_.begin(), heap_.end(), later);
      continue;
    }
    if (heap_.empty()) break;  // all have crashed
    Arrival arrival = heap_.front();
    std::pop_heap(heap_.begin(), heap_.end(), later);
    heap_.pop_back();
    const size_t slot = static_cast<size_t>(arrival.slot);
    now = arrival.finish;
    uint8_t& state = states_[slot];
    const TaskRun run = {.worker = arrival.worker,
                         .seconds = durations_drawn_[slot]};
    if ((state & kCompletes) == 0 || (state & kStale) != 0) {
      cancelled_.push_back(run);
    } else {
      completed_.push_back(run);
      --left;
    }
    const bool goes_on =
        (state & kCompletes) != 0 && (state & kParticipant) != 0 && left > 0;
    if (!goes_on) {
      state &= static_cast<uint8_t>(~kRunning);
      continue;
    }
    StartTask(slot, now);
    arrival.finish = finishes_[slot];
    heap_.push_back(arrival);
    std::push_heap(heap_.begin(), heap_.end(), later);
  }
  outcome->missing_tasks = left;
  outcome->round_seconds = now;
  usual_seconds_ = usual_seconds_ > 0 ? 0.9 * usual_seconds_ + 0.1 * now : now;
  EndRace(allocation, outcome);
}

void RoundSimulator::BeginRace(const Allocation& allocation) {
  const size_t size = allocation.tasks.size();
  workers_.clear();
  states_.clear();
  if (model_ == nullptr && leftovers_.empty()) {  // the common case, in batches
    workers_.resize(size);
    tasks_.resize(size);
    durations_drawn_.resize(size);
    starts_.resize(size);
    finishes_.resize(size);
    states_.assign(size, kRunning | kCompletes | kParticipant);
    for (size_t slot = 0; slot < size; ++slot) {
      const int32_t worker = allocation.tasks[slot].worker;
      workers_[slot] = worker;
      tasks_[slot] = next_task_[worker]++;
      starts_[slot] = Communication(worker);
    }
    const int32_t span = workers_.back() - workers_.front() + 1;
    if (static_cast<size_t>(span) == size) {
      durations_->DrawConsecutive(workers_.front(), tasks_, durations_drawn_);
    } else {
      durations_->DrawBatch(workers_, tasks_, durations_drawn_);
    }
    for (size_t slot = 0; slot < size; ++slot) {
      finishes_[slot] = starts_[slot] + durations_drawn_[slot];
    }
  } else {
    durations_drawn_.clear();
    starts_.clear();
    finishes_.clear();
    size_t old = 0;
    const auto add_leftover = [&](uint8_t more) {
      const Leftover& leftover = leftovers_[old++];
      AddRacer(leftover.worker,
               kRunning | (leftover.completes ? kCompletes : 0) | more);
      durations_drawn_.back() = leftover.duration;
      starts_.back() = leftover.start;
      finishes_.back() = leftover.finish;
    };
    const uint8_t stale =
        allocation.leftover == Allocation::Leftover::kKeepDropStale ? kStale
                                                                    : 0;
    for (const WorkerTasks& t : allocation.tasks) {
      while (old < leftovers_.size() && leftovers_[old].worker < t.worker) {
        add_leftover(stale);
      }
      if (old < leftovers_.size() && leftovers_[old].worker == t.worker) {
        add_leftover(stale | kParticipant);
      } else {
        AddRacer(t.worker, kParticipant);
        StartTask(workers_.size() - 1, Communication(t.worker));
      }
    }
    while (old < leftovers_.size()) add_leftover(stale);
  }
  first_finishes_.assign(finishes_.begin(), finishes_.end());
  if (!options_.communication_seconds.empty()) {
    first_starts_.assign(starts_.begin(), starts_.end());
  }
}

void RoundSimulator::AddRacer(int32_t worker, uint8_t state) {
  workers_.push_back(worker);
  states_.push_back(state);
  durations_drawn_.push_back(0);
  starts_.push_back(0);
  finishes_.push_back(0);
}

void RoundSimulator::StartTask(size_t slot, double start) {
  const int32_t worker = workers_[slot];
  const int64_t task = next_task_[worker]++;
  bool completes = true;
  double seconds;
  double finish;
  if (model_ == nullptr) {
    seconds = durations_->Draw(worker, task);
    finish = start + seconds;
  } else {
    const runtime::TaskEnd end =
        model_->Finish(runtime::WorkerId{worker}, task, clock_ + start, 1);
    finish = end.seconds - clock_;
    seconds = finish - start;
    completes = end.completed;
  }
  starts_[slot] = start;
  durations_drawn_[slot] = seconds;
  finishes_[slot] = finish;
  states_[slot] = static_cast<uint8_t>((states_[slot] & kParticipant) |
                                       kRunning | (completes ? kCompletes : 0));
}

void RoundSimulator::EnterRace(double low, double high) {
  // Branch-free: most racers do not matter.
  const size_t size = first_finishes_.size();
  size_t entered = heap_.size();
  heap_.resize(entered + size);
  for (size_t slot = 0; slot < size; ++slot) {
    const double finish = first_finishes_[slot];
    heap_[entered] = {.finish = finish,
                      .worker = workers_[slot],
                      .slot = static_cast<int32_t>(slot)};
    entered += (finish > low) & (finish <= high);
  }
  heap_.resize(entered);
}

void RoundSimulator::EndRace(const Allocation& allocation,
                             RoundOutcome* outcome) {
  const double end = outcome->round_seconds;
  const bool keep = allocation.leftover != Allocation::Leftover::kReset &&
                    outcome->missing_tasks == 0;
  leftovers_.clear();
  double bill = 0;
  bool all_busy = true;
  for (size_t slot = 0; slot < workers_.size(); ++slot) {
    const int32_t worker = workers_[slot];
    const uint8_t state = states_[slot];
    // Communication at the round's beginning is not billed.
    const double begin =
        first_starts_.empty() ? 0 : std::clamp(first_starts_[slot], 0.0, end);
    // What does not run ended at the round's end, or earlier: a crash or a
    // leftover.
    const bool running = (state & kRunning) != 0;
    const double busy_until = running ? end : std::min(finishes_[slot], end);
    all_busy = all_busy && begin == 0 && busy_until == end;
    bill += busy_until - begin;
    if (!running) continue;
    if (keep) {
      leftovers_.push_back({.worker = worker,
                            .start = starts_[slot] - end,
                            .duration = durations_drawn_[slot],
                            .finish = finishes_[slot] - end,
                            .completes = (state & kCompletes) != 0});
    } else {
      cancelled_.push_back(
          {.worker = worker, .seconds = std::max(0.0, end - starts_[slot])});
    }
  }
  // One product instead of a sum where it is exact.
  outcome->worker_seconds =
      all_busy ? static_cast<double>(workers_.size()) * end : bill;
}

absl::Status RoundSimulator::FindWorkers(RoundRequest* request) {
  if (model_ == nullptr) {
    request->up = {};
    return absl::OkStatus();
  }
  const int32_t n = num_workers();
  up_.resize(n);
  while (true) {
    int32_t num_up = 0;
    double next = kInfinity;
    for (int32_t i = 0; i < n; ++i) {
      const runtime::WorkerId worker{i};
      up_[i] = model_->IsUp(worker, clock_) ? 1 : 0;
      num_up += up_[i];
    }
    if (num_up > 0) {
      // Allocators have their fast methods for a cluster that is all up.
      request->up = num_up == n ? std::span<const uint8_t>() : up_;
      return absl::OkStatus();
    }
    for (int32_t i = 0; i < n; ++i) {
      next = std::min(next, model_->NextUp(runtime::WorkerId{i}, clock_));
    }
    if (!(next < kInfinity)) {
      return absl::FailedPreconditionError(
          absl::StrCat("in round ", request->round, " at ", clock_,
                       " s no worker is up and none will return; give some "
                       "worker a return time"));
    }
    MUSTER_CHECK_GT(next, clock_);
    clock_ = next;
  }
}

absl::StatusOr<RoundOutcome> RoundSimulator::Play(
    Allocator& allocator, int64_t round, int64_t budget, Allocation* allocation,
    const runtime::Runtime& runtime) {
  const double begin = clock_;
  RoundRequest request{.round = round, .budget = budget};
  absl::Status found = FindWorkers(&request);
  if (!found.ok()) return found;
  bool interrupted = clock_ != begin;
  allocator.Allocate(request, allocation);
  RoundFeedback feedback;
  RoundOutcome outcome = Run(*allocation, round, &feedback);
  if (outcome.missing_tasks > 0) {
    interrupted = true;
    Allocation wave_allocation;
    all_completed_.assign(completed_.begin(), completed_.end());
    all_cancelled_.assign(cancelled_.begin(), cancelled_.end());
    while (outcome.missing_tasks > 0) {
      if (ShouldStop(runtime)) {
        return absl::CancelledError(
            absl::StrCat("stopped in round ", round, " with ",
                         outcome.missing_tasks, " tasks missing"));
      }
      request.budget = outcome.missing_tasks;
      found = FindWorkers(&request);
      if (!found.ok()) return found;
      allocator.Allocate(request, &wave_allocation);
      const RoundOutcome wave = Run(wave_allocation, round, &feedback);
      outcome.worker_seconds += wave.worker_seconds;
      ++outcome.waves;
      outcome.missing_tasks = wave.missing_tasks;
      all_completed_.insert(all_completed_.end(), completed_.begin(),
                            completed_.end());
      all_cancelled_.insert(all_cancelled_.end(), cancelled_.begin(),
                            cancelled_.end());
    }
    feedback.completed = all_completed_;
    feedback.cancelled = all_cancelled_;
  }
  // Waves and waits included.
  if (interrupted) outcome.round_seconds = clock_ - begin;
  feedback.round_seconds = outcome.round_seconds;
  allocator.Observe(feedback);
  return outcome;
}

std::string RoundSimulator::SaveState() const {
  const State state{
      .clock = clock_, .next_task = next_task_, .leftovers = leftovers_};
  std::string bytes;
  runtime::Encode(state, &bytes);
  return bytes;
}

absl::Status RoundSimulator::RestoreState(absl::string_view bytes) {
  absl::StatusOr<State> state = runtime::Decode<State>(bytes);
  if (!state.ok()) {
    return absl::DataLossError(absl::StrCat(
        "saved state of the round simulator: ", state.status().message()));
  }
  if (state->next_task.size() != next_task_.size()) {
    return absl::InvalidArgumentError(absl::StrCat(
        "saved state of the round simulator is for ", state->next_task.size(),
        " workers; this one has ", next_task_.size()));
  }
  for (const Leftover& leftover : state->leftovers) {
    if (leftover.worker < 0 || leftover.worker >= num_workers()) {
      return absl::DataLossError(
          absl::StrCat("saved state of the round simulator names worker ",
                       leftover.worker, " of ", num_workers()));
    }
  }
  clock_ = state->clock;
  next_task_ = std::move(state->next_task);
  leftovers_ = std::move(state->leftovers);
  return absl::OkStatus();
}

}  // namespace muster::allocation
