#include "muster/tools/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::tools {
namespace {

constexpr int kBarWidth = 20;
constexpr int kLeastWidth = 20;

double SteadySeconds() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

void WriteToStandardError(absl::string_view text) {
  std::fwrite(text.data(), 1, text.size(), stderr);
  std::fflush(stderr);
}

ProgressOptions WithDefaults(ProgressOptions options) {
  if (options.refresh_seconds < 0) {
    options.refresh_seconds = options.terminal ? 0.1 : 5;
  }
  if (!options.now_seconds) options.now_seconds = SteadySeconds;
  if (!options.write) options.write = WriteToStandardError;
  options.width = std::max(options.width, kLeastWidth);
  return options;
}

std::string Bar(double fraction) {
  const int filled = static_cast<int>(fraction * kBarWidth);
  std::string bar(kBarWidth, ' ');
  std::fill_n(bar.begin(), filled, '=');
  if (filled < kBarWidth) bar[filled] = '>';
  return bar;
}

}  // namespace

std::string FormatDuration(double seconds) {
  if (!(seconds >= 0) || std::isinf(seconds)) return "?";
  const auto whole = static_cast<int64_t>(std::min(seconds, 1e15));
  const int64_t days = whole / 86400;
  const int64_t hours = whole / 3600 % 24;
  const int64_t minutes = whole / 60 % 60;
  if (days > 0) return absl::StrFormat("%dd %02d:%02d", days, hours, minutes);
  if (hours > 0) {
    return absl::StrFormat("%d:%02d:%02d", hours, minutes, whole % 60);
  }
  return absl::StrFormat("%d:%02d", minutes, whole % 60);
}

std::string FormatCount(double count) {
  constexpr const char* kPrefixes[] = {"", "k", "M", "G", "T", "P"};
  size_t prefix = 0;
  // 999.5 and more would print as "1e+03" with three digits.
  while (std::fabs(count) >= 999.5 && prefix + 1 < std::size(kPrefixes)) {
    count /= 1000;
    ++prefix;
  }
  return absl::StrFormat("%.3g%s", count, kPrefixes[prefix]);
}

ProgressPrinter::ProgressPrinter(ProgressOptions options)
    : options_(WithDefaults(std::move(options))) {}

ProgressPrinter::~ProgressPrinter() { Finish(); }

std::unique_ptr<ProgressPrinter> ProgressPrinter::ForStandardError() {
  ProgressOptions options;
  options.terminal = isatty(STDERR_FILENO) != 0;
  winsize size = {};
  if (options.terminal && ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 &&
      size.ws_col > 0) {
    options.width = size.ws_col;
  }
  return std::make_unique<ProgressPrinter>(std::move(options));
}

bool ProgressPrinter::OnProgress(const runtime::Progress& progress) {
  const std::lock_guard<std::mutex> lock(mutex_);
  const double now = options_.now_seconds();
  const bool new_phase =
      !has_state_ || absl::string_view(state_.phase) != progress.phase;
  if (new_phase) {
    // On a terminal the new phase takes the line of the old one.
    if (has_state_ && !options_.terminal && !drawn_is_current_) Draw(now);
    state_.phase = std::string(progress.phase);
    state_.first_done = progress.done;
    state_.begin_seconds = now;
    has_state_ = true;
  }
  state_.done = progress.done;
  state_.total = progress.total;
  state_.clock_seconds = progress.clock_seconds;
  state_.objective = progress.objective;
  drawn_is_current_ = false;
  if (new_phase || now - last_draw_seconds_ >= options_.refresh_seconds) {
    Draw(now);
  }
  return true;
}

std::string ProgressPrinter::Line(double now_seconds) const {
  const double elapsed = now_seconds - state_.begin_seconds;
  const double here = static_cast<double>(state_.done - state_.first_done);
  const double rate = elapsed > 0 ? here / elapsed : 0;
  std::string line = state_.phase;
  if (state_.total > 0) {
    const double fraction = std::clamp(
        static_cast<double>(state_.done) / static_cast<double>(state_.total),
        0.0, 1.0);
    absl::StrAppendFormat(&line, " [%s] %.1f%%  %s/%s", Bar(fraction),
                          100 * fraction, FormatCount(state_.done),
                          FormatCount(state_.total));
  } else {
    absl::StrAppend(&line, " ", FormatCount(state_.done));
  }
  if (rate > 0) absl::StrAppend(&line, "  ", FormatCount(rate), "/s");
  absl::StrAppend(&line, "  ", FormatDuration(elapsed));
  if (state_.total > 0 && rate > 0) {
    const double left = static_cast<double>(state_.total - state_.done) / rate;
    absl::StrAppend(&line, " left ", FormatDuration(std::max(left, 0.0)));
  }
  if (!std::isnan(state_.objective)) {
    absl::StrAppendFormat(&line, "  objective %.5g", state_.objective);
  }
  if (!std::isnan(state_.clock_seconds)) {
    absl::StrAppendFormat(&line, "  clock %.4g s", state_.clock_seconds);
  }
  return line;
}

void ProgressPrinter::Draw(double now_seconds) {
  std::string line = Line(now_seconds);
  if (options_.terminal) {
    // One column stays free: some terminals wrap when the last is written.
    line = line.substr(0, options_.width - 1);
    options_.write(absl::StrCat("\r\x1b[K", line));
    line_is_open_ = true;
  } else {
    options_.write(absl::StrCat(line, "\n"));
  }
  drawn_is_current_ = true;
  last_draw_seconds_ = now_seconds;
}

void ProgressPrinter::PrintLine(absl::string_view line) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (line_is_open_) options_.write("\r\x1b[K");
  options_.write(absl::StrCat(line, "\n"));
  if (line_is_open_) Draw(options_.now_seconds());
}

void ProgressPrinter::Finish() {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (has_state_ && !drawn_is_current_) Draw(options_.now_seconds());
  if (line_is_open_) options_.write("\n");
  line_is_open_ = false;
}

}  // namespace muster::tools
