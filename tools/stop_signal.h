#ifndef MUSTER_TOOLS_STOP_SIGNAL_H_
#define MUSTER_TOOLS_STOP_SIGNAL_H_

// SIGINT, SIGTERM and SIGHUP as a flag that a run looks at. The first signal
// sets the flag and says so on the standard error stream; a second one ends the
// process at once with exit code 128 + its number.
//
// A hangup that is ignored when the program starts (nohup) stays so. A reader
// of the output that goes away does not end the process (SIGPIPE): writing to
// it fails. System calls go on after a signal: a thread that waits for input
// does not see the flag.

#include <atomic>

namespace muster::tools {

// Catches these signals from now on; the flag starts unset. `message` is what
// the first signal prints, a line with its newlines; it must live as long as
// the process.
void CatchStopSignals(const char* message);

// The flag. Lives as long as the process.
const std::atomic<bool>& StopRequested();

// The number of the signal that set the flag; 0 while it is unset.
int StopSignal();

}  // namespace muster::tools

#endif  // MUSTER_TOOLS_STOP_SIGNAL_H_
