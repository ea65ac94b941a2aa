#include "muster/tools/dispatch/command.h"

#include <array>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/tools/command_line.h"

namespace muster::tools::dispatch {
namespace {

constexpr int64_t kBadRowsTold = 10;

}  // namespace

absl::Status StoppedError() {
  return absl::CancelledError("stopped: nothing was written");
}

std::string Thousands(int64_t number) {
  const std::string digits = absl::StrCat(number);
  std::string text;
  for (size_t i = 0; i < digits.size(); ++i) {
    const size_t left = digits.size() - i;
    if (i > 0 && left % 3 == 0 && digits[i - 1] != '-') text += ',';
    text += digits[i];
  }
  return text;
}

std::string Bytes(int64_t bytes) {
  static constexpr std::array<const char*, 4> kUnits = {"KiB", "MiB", "GiB",
                                                        "TiB"};
  if (bytes < 1024) return absl::StrCat(bytes, " B");
  auto amount = static_cast<double>(bytes) / 1024;
  size_t unit = 0;
  while (amount >= 1023.5 && unit + 1 < kUnits.size()) {
    amount /= 1024;
    ++unit;
  }
  return absl::StrFormat("%.3g %s", amount, kUnits[unit]);
}

std::string Line(absl::string_view label, absl::string_view text) {
  return absl::StrFormat("%-10s%s", label, text);
}

std::string SpreadText(const lib::LoadSpread& spread) {
  return absl::StrFormat(
      "smallest %.3g, largest %.3g, deviation %.3g (of the mean load)",
      spread.smallest, spread.largest, spread.deviation);
}

absl::Status CheckFactors(double lower, double upper) {
  if (!(0 <= lower && lower <= 1)) {
    return InvalidFlag("lower", absl::StrFormat("%g", lower), "in [0, 1]",
                       "it is a share of the mean load; 0: no least load");
  }
  if (!(1 <= upper && std::isfinite(upper))) {
    return InvalidFlag("upper", absl::StrFormat("%g", upper),
                       "a finite number of at least 1",
                       "it is in mean loads; the number of groups: no bound");
  }
  return absl::OkStatus();
}

void BadRowPrinter::operator()(absl::string_view message) {
  ++count_;
  if (count_ <= kBadRowsTold)
    context_->warn(absl::StrCat("bad row: ", message));
  if (count_ == kBadRowsTold) {
    context_->warn("further bad rows are counted, not shown");
  }
}

}  // namespace muster::tools::dispatch
