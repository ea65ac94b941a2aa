#ifndef MUSTER_BENCHMARKS_HARNESS_STOP_SIGNAL_H_
#define MUSTER_BENCHMARKS_HARNESS_STOP_SIGNAL_H_

// SIGINT and SIGTERM as a flag that a run looks at. The first signal sets the
// flag and says so on the standard error stream; a second one ends the process
// at once with exit code 128 + its number.

#include <atomic>

namespace muster::benchmarks {

// Catches both signals from now on; the flag starts unset.
void CatchStopSignals();

// The flag. Lives as long as the process.
const std::atomic<bool>& StopRequested();

// The number of the signal that set the flag; 0 while it is unset.
int StopSignal();

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_STOP_SIGNAL_H_
