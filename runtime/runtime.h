#ifndef MUSTER_RUNTIME_RUNTIME_H_
#define MUSTER_RUNTIME_RUNTIME_H_

// What a run uses but its results do not depend on: threads, observer, stop.
//
// Everything that changes results is in an algorithm's Options. Each algorithm
// that takes a Runtime gives the same bits for any number of threads.

#include <atomic>

#include "muster/runtime/observer.h"

namespace muster::runtime {

struct Runtime {
  // Threads to compute with, the caller's among them. 0: as many as the
  // enclosing TBB arena has, at the outermost level all cores. More threads
  // than cores are really started (tests of determinism use that).
  int threads = 0;

  // Told of progress; not owned; may be null.
  Observer* observer = nullptr;

  // Set from outside (by a signal handler, say) to ask for an early end; not
  // owned; may be null.
  const std::atomic<bool>* stop = nullptr;
};

// True once an early end was asked for through runtime.stop.
inline bool ShouldStop(const Runtime& runtime) {
  return runtime.stop != nullptr &&
         runtime.stop->load(std::memory_order_relaxed);
}

// Tells the observer, if any. False when the run should stop, be it by the
// observer's answer or by runtime.stop.
inline bool ReportProgress(const Runtime& runtime, const Progress& progress) {
  const bool go_on =
      runtime.observer == nullptr || runtime.observer->OnProgress(progress);
  return go_on && !ShouldStop(runtime);
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_RUNTIME_H_
