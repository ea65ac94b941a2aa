#include "muster/tools/dispatch/background_task.h"

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <utility>

namespace muster::tools::dispatch {
namespace {

// Between two looks at the stop flag.
constexpr std::chrono::milliseconds kPatience(50);

}  // namespace

struct BackgroundTask::State {
  std::mutex mutex;
  std::condition_variable changed;
  bool done = false;
};

BackgroundTask::BackgroundTask(std::function<void()> work)
    : state_(std::make_shared<State>()),
      thread_([state = state_, work = std::move(work)]() mutable {
        work();
        work = nullptr;
        const std::lock_guard<std::mutex> lock(state->mutex);
        state->done = true;
        state->changed.notify_all();
      }) {}

BackgroundTask& BackgroundTask::operator=(BackgroundTask&& other) noexcept {
  if (this != &other) {
    Leave();
    state_ = std::move(other.state_);
    thread_ = std::move(other.thread_);
  }
  return *this;
}

BackgroundTask::~BackgroundTask() { Leave(); }

void BackgroundTask::Leave() {
  if (!thread_.joinable()) return;
  bool done = false;
  {
    const std::lock_guard<std::mutex> lock(state_->mutex);
    done = state_->done;
  }
  if (done) {
    thread_.join();
  } else {
    thread_.detach();
  }
}

bool BackgroundTask::Wait(const runtime::Runtime& runtime) {
  if (state_ == nullptr) return true;
  std::unique_lock<std::mutex> lock(state_->mutex);
  while (!state_->done) {
    if (runtime::ShouldStop(runtime)) return false;
    state_->changed.wait_for(lock, kPatience);
  }
  return true;
}

}  // namespace muster::tools::dispatch
