#include "muster/tools/stop_signal.h"

#include <unistd.h>

#include <csignal>
#include <cstring>

namespace muster::tools {
namespace {

std::atomic<bool> stop_requested = false;
std::atomic<int> stop_signal = 0;
std::atomic<const char*> stop_message = "";

extern "C" void HandleStopSignal(int signal) {
  int none = 0;
  if (!stop_signal.compare_exchange_strong(none, signal)) _exit(128 + signal);
  stop_requested.store(true, std::memory_order_relaxed);
  const char* message = stop_message;
  if (write(STDERR_FILENO, message, std::strlen(message)) < 0) {
    // A closed stream; a signal handler can do nothing about it.
  }
}

extern "C" void IgnoreSignal(int) {}

}  // namespace

void CatchStopSignals(const char* message) {
  stop_requested = false;
  stop_signal = 0;
  stop_message = message;
  struct sigaction action = {};
  action.sa_handler = HandleStopSignal;
  action.sa_flags = SA_RESTART;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
  struct sigaction hangup = {};
  sigaction(SIGHUP, nullptr, &hangup);
  if (hangup.sa_handler != SIG_IGN) sigaction(SIGHUP, &action, nullptr);
  // A handler, as programs started from here would inherit SIG_IGN.
  action.sa_handler = IgnoreSignal;
  sigaction(SIGPIPE, &action, nullptr);
}

const std::atomic<bool>& StopRequested() { return stop_requested; }

int StopSignal() { return stop_signal; }

}  // namespace muster::tools
