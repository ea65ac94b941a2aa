#ifndef MUSTER_TOOLS_PROGRESS_H_
#define MUSTER_TOOLS_PROGRESS_H_

// An Observer that shows a person how far a run is.
//
// On a terminal: one line, redrawn in place,
//
//   regret [=========>          ] 46.2%  1.38M/3M  52.1k/s  0:26 left 0:31
//
// elsewhere (a log, a pipe): the same facts as plain lines, at most one every
// few seconds. The rate is the mean since the phase began *in this process*,
// so that work restored from a checkpoint does not flatter it.
//
// Does not promise: a line per call. Calls that come faster than the refresh
// interval cost one clock reading under a mutex.

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>

#include "absl/strings/string_view.h"
#include "muster/runtime/observer.h"

namespace muster::tools {

struct ProgressOptions {
  // Redraw one line (true) or print plain lines (false).
  bool terminal = false;
  // Columns of the terminal. Default: the classic width.
  int width = 80;
  // Least time between two drawings. Negative: 0.1 s on a terminal, 5 s else.
  double refresh_seconds = -1;
  // Monotonic clock in seconds. Unset: std::chrono::steady_clock.
  std::function<double()> now_seconds;
  // Where the text goes. Unset: the standard error stream.
  std::function<void(absl::string_view)> write;
};

// Thread-safe. Never stops a run: OnProgress returns true.
class ProgressPrinter : public runtime::Observer {
 public:
  explicit ProgressPrinter(ProgressOptions options);
  ~ProgressPrinter() override;

  // On the standard error stream, by whether it is a terminal, with its width.
  static std::unique_ptr<ProgressPrinter> ForStandardError();

  bool OnProgress(const runtime::Progress& progress) override;

  // Prints a line of its own above the progress line.
  void PrintLine(absl::string_view line);

  // Shows the last state reported and ends the line. Called by the destructor.
  void Finish();

 private:
  struct State {
    std::string phase;
    int64_t first_done = 0;
    int64_t done = 0;
    int64_t total = -1;
    double clock_seconds = 0;  // NaN: not known
    double objective = 0;      // NaN: not known
    double begin_seconds = 0;
  };

  void Draw(double now_seconds);
  std::string Line(double now_seconds) const;

  const ProgressOptions options_;
  std::mutex mutex_;
  // All guarded by mutex_.
  State state_;
  bool has_state_ = false;
  bool drawn_is_current_ = true;
  bool line_is_open_ = false;
  double last_draw_seconds_ = 0;
};

// "0:07", "12:45", "3:02:10", "2d 04:10"; "?" for NaN, negative or infinite.
std::string FormatDuration(double seconds);

// Three significant digits with a decimal prefix: "950", "52.1k", "1.38M".
std::string FormatCount(double count);

}  // namespace muster::tools

#endif  // MUSTER_TOOLS_PROGRESS_H_
