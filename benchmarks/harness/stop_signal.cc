#include "muster/benchmarks/harness/stop_signal.h"

#include <unistd.h>

#include <csignal>

namespace muster::benchmarks {
namespace {

std::atomic<bool> stop_requested = false;
std::atomic<int> stop_signal = 0;

extern "C" void HandleStopSignal(int signal) {
  int none = 0;
  if (!stop_signal.compare_exchange_strong(none, signal)) _exit(128 + signal);
  stop_requested.store(true, std::memory_order_relaxed);
  constexpr char kMessage[] =
      "\nstopping: writing the results so far (once more to kill)\n";
  if (write(STDERR_FILENO, kMessage, sizeof(kMessage) - 1) < 0) {
    // A closed stream; a signal handler can do nothing about it.
  }
}

}  // namespace

void CatchStopSignals() {
  stop_requested = false;
  stop_signal = 0;
  struct sigaction action = {};
  action.sa_handler = HandleStopSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

const std::atomic<bool>& StopRequested() { return stop_requested; }

int StopSignal() { return stop_signal; }

}  // namespace muster::benchmarks
