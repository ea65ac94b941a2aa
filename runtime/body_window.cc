#include "muster/runtime/body_window.h"

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <thread>
#include <vector>

#include "muster/runtime/check.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/thread_order.h"
#include "muster/runtime/virtual_task.h"
#include "oneapi/tbb/global_control.h"
#include "oneapi/tbb/info.h"
#include "oneapi/tbb/task_arena.h"
#include "oneapi/tbb/task_group.h"

namespace muster::runtime {
namespace {

// How often an idle helper looks for an offer before it leaves: some 20
// microseconds, about what it costs to wake a sleeping thread instead.
constexpr int kIdleLooks = 256;

void Pause() {
#if defined(__x86_64__)
  for (int i = 0; i < 4; ++i) __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

// In a vector ordered by descending end.
auto PositionOf(std::vector<VirtualTask*>& tasks, const VirtualTask* task) {
  return std::lower_bound(tasks.begin(), tasks.end(), task,
                          [](const VirtualTask* a, const VirtualTask* b) {
                            return EndsBefore(*b, *a);
                          });
}

// True if the task was there.
bool Remove(std::vector<VirtualTask*>& tasks, const VirtualTask* task) {
  const auto position = PositionOf(tasks, task);
  if (position == tasks.end() || *position != task) return false;
  tasks.erase(position);
  return true;
}

}  // namespace

bool BodyWindow::State::IsBlocked(WorkerId worker) const {
  if (busy.empty()) return false;
  return busy[worker.index] || std::any_of(offered.begin(), offered.end(),
                                           [worker](const VirtualTask* o) {
                                             return o->worker == worker;
                                           });
}

VirtualTask* BodyWindow::State::Claim() {
  for (auto it = offered.rbegin(); it != offered.rend(); ++it) {
    VirtualTask* const task = *it;
    if (!busy.empty()) {
      if (busy[task->worker.index]) continue;
      busy[task->worker.index] = true;
    }
    offered.erase(std::next(it).base());
    task->body_state.store(VirtualTask::kRunning, std::memory_order_relaxed);
    return task;
  }
  return nullptr;
}

void BodyWindow::State::Release(VirtualTask* task) {
  if (!busy.empty()) busy[task->worker.index] = false;
  if (task->orphan) orphans.push_back(task);
  task->body_state.store(VirtualTask::kDone, std::memory_order_release);
  task->body_state.notify_one();
}

VirtualTask* BodyWindow::State::ClaimOrLeave() {
  uint32_t seen;
  {
    const std::lock_guard<std::mutex> lock(mutex);
    if (VirtualTask* const task = Claim()) return task;
    seen = num_offers.load(std::memory_order_relaxed);
    ++num_idle_helpers;
  }
  for (int look = 0; look < kIdleLooks; ++look) {
    if (num_offers.load(std::memory_order_relaxed) != seen) break;
    Pause();
  }
  const std::lock_guard<std::mutex> lock(mutex);
  --num_idle_helpers;
  VirtualTask* const task = Claim();
  if (task == nullptr) --num_helpers;
  return task;
}

void BodyWindow::State::RunHelper() {
  HappensAfter(this);
  for (VirtualTask* task = ClaimOrLeave(); task != nullptr;) {
    // A body that waits for parallel work of its own must not pick up another
    // helper meanwhile: it would be kept from ending.
    tbb::this_task_arena::isolate([&] { runner->RunBody(task); });
    VirtualTask* next;
    {
      const std::lock_guard<std::mutex> lock(mutex);
      Release(task);
      next = Claim();
    }
    task = next != nullptr ? next : ClaimOrLeave();
  }
}

BodyWindow::BodyWindow(int num_threads, int32_t num_workers, bool exclusive,
                       BodyRunner* runner)
    : max_helpers_(num_threads - 1),
      state_(num_workers, exclusive, runner),
      arena_(num_threads, /*reserved_for_masters=*/1) {
  MUSTER_CHECK_GE(num_threads, 2);
  // TBB starts no more threads than cores unless told to.
  if (num_threads > tbb::info::default_concurrency()) {
    more_threads_.emplace(tbb::global_control::max_allowed_parallelism,
                          static_cast<size_t>(num_threads));
  }
}

BodyWindow::~BodyWindow() {
  {
    const std::lock_guard<std::mutex> lock(state_.mutex);
    state_.offered.clear();
  }
  // In the arena this thread runs the helpers that nobody has started yet: they
  // find nothing to do and leave.
  arena_.execute([this] { helpers_.wait(); });
  HappensAfterSignals(&helpers_, sizeof(helpers_));
}

void BodyWindow::Offer(VirtualTask* task) {
  // The coordinator's own view is enough: only it offers, and a body once
  // claimed never becomes unclaimed again.
  if (task->body_state.load(std::memory_order_relaxed) !=
      VirtualTask::kUnclaimed) {
    return;
  }
  bool wants_helper = false;
  {
    const std::lock_guard<std::mutex> lock(state_.mutex);
    auto& offered = state_.offered;
    const bool blocked = state_.IsBlocked(task->worker);
    offered.insert(PositionOf(offered, task), task);
    if (blocked) return;  // whoever ends its worker's body before goes on
    state_.num_offers.fetch_add(1, std::memory_order_relaxed);
    const int64_t num_waiting =
        static_cast<int64_t>(offered.size()) - state_.num_idle_helpers;
    wants_helper = num_waiting > 0 && state_.num_helpers < max_helpers_;
    if (wants_helper) ++state_.num_helpers;
  }
  if (!wants_helper) return;
  HappensBefore(&state_);
  arena_.enqueue(helpers_.defer(
      [state = &state_]() MUSTER_LIBRARY_TASK { state->RunHelper(); }));
}

void BodyWindow::Withdraw(VirtualTask* task) {
  const std::lock_guard<std::mutex> lock(state_.mutex);
  Remove(state_.offered, task);
}

void BodyWindow::Finish(VirtualTask* task) {
  State& state = state_;
  if (task->body_state.load(std::memory_order_acquire) == VirtualTask::kDone) {
    return;
  }
  std::unique_lock<std::mutex> lock(state.mutex);
  while (task->body_state.load(std::memory_order_relaxed) !=
         VirtualTask::kDone) {
    // The one needed ends before all others: if it is unclaimed it comes first.
    VirtualTask* const mine = state.Claim();
    lock.unlock();
    if (mine == nullptr) {
      task->body_state.wait(VirtualTask::kRunning, std::memory_order_acquire);
      return;
    }
    state.runner->RunBody(mine);
    lock.lock();
    state.Release(mine);
  }
}

bool BodyWindow::Drop(VirtualTask* task) {
  const std::lock_guard<std::mutex> lock(state_.mutex);
  if (task->body_state.load(std::memory_order_acquire) ==
      VirtualTask::kRunning) {
    task->orphan = true;
    ++num_orphans_;
    return false;
  }
  Remove(state_.offered, task);
  return true;
}

void BodyWindow::TakeOrphans(std::vector<VirtualTask*>* tasks) {
  const std::lock_guard<std::mutex> lock(state_.mutex);
  tasks->insert(tasks->end(), state_.orphans.begin(), state_.orphans.end());
  num_orphans_ -= static_cast<int64_t>(state_.orphans.size());
  state_.orphans.clear();
}

}  // namespace muster::runtime
