#ifndef MUSTER_RUNTIME_OBSERVER_H_
#define MUSTER_RUNTIME_OBSERVER_H_

// How long runs tell of their progress, and may be stopped.
//
// Libraries never print. They call the Observer of their Runtime at the moments
// that their headers name; programs turn that into a progress line, a log or a
// decision to stop. What an observer answers never changes a result, only how
// much of it there is.

#include <cstdint>
#include <limits>

#include "absl/strings/string_view.h"

namespace muster::runtime {

struct Progress {
  // What is being done ("rounds of ata, n = 51"). Valid during the call.
  absl::string_view phase;
  // Steps finished, of `total`; total is -1 when it is not known.
  int64_t done = 0;
  int64_t total = -1;
  // Virtual or wall seconds of the run's own clock; NaN when it has none.
  double clock_seconds = std::numeric_limits<double>::quiet_NaN();
  // The objective being minimised; NaN when there is none.
  double objective = std::numeric_limits<double>::quiet_NaN();
};

class Observer {
 public:
  virtual ~Observer() = default;

  // False asks the run to stop soon: it keeps its results so far and marks them
  // incomplete. Calls come from one thread at a time, not always the same.
  virtual bool OnProgress(const Progress& progress) = 0;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_OBSERVER_H_
