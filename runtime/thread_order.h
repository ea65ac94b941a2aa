#ifndef MUSTER_RUNTIME_THREAD_ORDER_H_
#define MUSTER_RUNTIME_THREAD_ORDER_H_

// Tells ThreadSanitizer which threads a library has ordered.
//
// The system's oneTBB is not instrumented, so ThreadSanitizer does not see that
// a task begins after the call that spawned it and ends before the call that
// waited for it; every result of a task would be reported as a race. Code that
// hands work to TBB says so:
//
//   HappensBefore(&work.fork);
//   tbb::parallel_for(range, [&work](const auto& part) MUSTER_LIBRARY_TASK {
//     work.Run(part);   // HappensAfter(&fork) … HappensBefore(&join)
//   });
//   HappensAfter(&work.join);
//
// The closure itself is a copy that the library moves between threads, hence
// the attribute: it only calls a function that is checked. Races between tasks
// are found; those inside the library are suppressed by tools/tsan.supp. In
// builds without ThreadSanitizer all of this is empty.

#include <cstddef>

#include "absl/base/config.h"

#ifdef ABSL_HAVE_THREAD_SANITIZER
#include <sanitizer/tsan_interface.h>
#define MUSTER_LIBRARY_TASK __attribute__((no_sanitize("thread")))
#else
#define MUSTER_LIBRARY_TASK
#endif

namespace muster::runtime {

// What this thread did so far happens before what another does after its later
// HappensAfter(place).
inline void HappensBefore([[maybe_unused]] const void* place) {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  __tsan_release(const_cast<void*>(place));
#endif
}

inline void HappensAfter([[maybe_unused]] const void* place) {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  __tsan_acquire(const_cast<void*>(place));
#endif
}

// What other threads did before their last write to an atomic in the `bytes` at
// `place`, which are a library's: its threads signal there that they are done,
// and the library itself, which waited for that, is not seen doing so.
inline void HappensAfterSignals([[maybe_unused]] const void* place,
                                [[maybe_unused]] size_t bytes) {
#ifdef ABSL_HAVE_THREAD_SANITIZER
  const char* const begin = static_cast<const char*>(place);
  for (size_t i = 0; i < bytes; i += alignof(void*)) HappensAfter(begin + i);
#endif
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_THREAD_ORDER_H_
