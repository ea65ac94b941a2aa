#ifndef MUSTER_RUNTIME_VIRTUAL_TASK_H_
#define MUSTER_RUNTIME_VIRTUAL_TASK_H_

// One task of a VirtualCluster, as its scheduler and its body window see it.
// VirtualCluster<Program> derives its slots (with request and response) from
// it.

#include <atomic>
#include <cstdint>
#include <tuple>

#include "muster/runtime/ids.h"

namespace muster::runtime {

struct VirtualTask {
  enum class End : uint8_t {
    kComputed,
    kLost,     // the worker crashed
    kRefused,  // the worker was down at the submission
    kExpired,  // abandoned
  };
  // Of the body. It goes from kUnclaimed to kRunning by the thread that removes
  // the task from the window, and to kDone by the same thread.
  enum BodyState : int32_t { kUnclaimed, kRunning, kDone };

  // Owned by the scheduler.
  WorkerId worker;
  int32_t label = 0;  // Timeline::labels()
  int64_t number = 0;
  double submitted_seconds = 0;
  double started_seconds = 0;
  double finished_seconds = 0;
  VirtualTask* next = nullptr;  // the worker's FIFO
  End end = End::kComputed;

  // Owned by the body window.
  bool orphan = false;  // cancelled while its body ran; guarded by its mutex
  std::atomic<int32_t> body_state = kUnclaimed;
};

// The order of completions, and of bodies.
inline bool EndsBefore(const VirtualTask& a, const VirtualTask& b) {
  return std::tie(a.finished_seconds, a.worker.index, a.number) <
         std::tie(b.finished_seconds, b.worker.index, b.number);
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_VIRTUAL_TASK_H_
