#ifndef MUSTER_TOOLS_DISPATCH_BACKGROUND_TASK_H_
#define MUSTER_TOOLS_DISPATCH_BACKGROUND_TASK_H_

// Work that may never end, such as reading a pipe that nobody writes to, on a
// thread of its own: the caller waits for it, or is asked to stop and leaves.

#include <functional>
#include <memory>
#include <thread>

#include "muster/runtime/runtime.h"

namespace muster::tools::dispatch {

// Thread-compatible.
class BackgroundTask {
 public:
  // No work: done.
  BackgroundTask() = default;
  // Begins `work`. As it may outlive this object, and everything else up to the
  // end of the process, it must share what it uses.
  explicit BackgroundTask(std::function<void()> work);
  BackgroundTask(BackgroundTask&& other) noexcept = default;
  BackgroundTask& operator=(BackgroundTask&& other) noexcept;
  // Leaves work that is not done to itself.
  ~BackgroundTask();

  // Waits until the work is done, and then sees all its effects, or until the
  // runtime asks to stop. Whether it is done.
  bool Wait(const runtime::Runtime& runtime);

 private:
  struct State;

  void Leave();

  std::shared_ptr<State> state_;  // null: no work
  std::thread thread_;
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_BACKGROUND_TASK_H_
