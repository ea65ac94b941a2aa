#include "muster/dispatch/assignment_smoothing.h"

#include <algorithm>
#include <cmath>

namespace muster::dispatch {

SmoothLoad SmoothSize(double price, double width, LoadBounds bounds) {
  const double spread = bounds.upper - bounds.lower;
  if (std::abs(price) >= width) {
    const double load = price > 0 ? bounds.lower : bounds.upper;
    return {load, load * price + spread * width / 4, 0};
  }
  const double middle = (bounds.lower + bounds.upper) / 2;
  return {middle - spread * price / (2 * width),
          middle * price - spread * price * price / (4 * width),
          spread / (2 * width)};
}

SmoothChoice SmoothShares(std::span<const double> reduced, int64_t copies,
                          double width, std::span<double> shares) {
  const auto size = static_cast<int64_t>(reduced.size());
  SmoothChoice choice;
  for (int64_t e = 0; e < copies; ++e) {
    shares[e] = 1;
    choice.value += reduced[e];
  }
  choice.begin = choice.end = copies;
  if (!(reduced[copies] - reduced[copies - 1] < width)) return choice;
  // `whole` entries have share 1, those up to `end` share the rest.
  for (int64_t whole = copies - 1; whole >= 0; --whole) {
    double sum = 0;
    for (int64_t e = whole; e < size; ++e) {
      sum += reduced[e];
      if (e < copies) continue;
      const double tau = (sum + width * static_cast<double>(copies - whole)) /
                         static_cast<double>(e + 1 - whole);
      const bool last = e + 1 == size || reduced[e + 1] >= tau;
      if (!last) continue;
      const bool capped = whole == 0 || reduced[whole - 1] <= tau - width;
      if (!capped) break;
      choice.begin = whole;
      choice.end = e + 1;
      choice.value = 0;
      for (int64_t q = 0; q <= e; ++q) {
        shares[q] = std::clamp((tau - reduced[q]) / width, 0.0, 1.0);
        choice.value +=
            shares[q] * reduced[q] + width / 2 * (shares[q] * shares[q]);
      }
      choice.value -= width / 2 * static_cast<double>(copies);
      return choice;
    }
  }
  return choice;
}

}  // namespace muster::dispatch
