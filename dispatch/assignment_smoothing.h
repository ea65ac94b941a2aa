#ifndef MUSTER_DISPATCH_ASSIGNMENT_SMOOTHING_H_
#define MUSTER_DISPATCH_ASSIGNMENT_SMOOTHING_H_

// The two smoothed pieces of the dual of the balanced assignment
// (assignment_prices.h), for a width h > 0.
//
// A point's choice of p centres with reduced costs r_1 <= r_2 <= ...:
//
//   min  sum_e s_e r_e + h / 2 (sum_e s_e^2 - p)
//   over 0 <= s_e <= 1, sum_e s_e = p ,
//
// that is s_e = clamp((tau - r_e) / h, 0, 1): whole where no other centre is
// within h, and for two centres g < h apart shares (1 +- g / h) / 2. Its
// Hessian in r is that of a complete graph on the centres with 0 < s_e < 1.
//
// A centre's load f in [a, b] at price lambda:
//
//   f = b for lambda <= -h, a for lambda >= h, and linear between ,
//
// the derivative of a concave function of lambda that tends to min(a lambda, b
// lambda) as h goes to 0.

#include <cstdint>
#include <span>

namespace muster::dispatch {

// Loads asked for, in the total weight of the points at hand.
struct LoadBounds {
  double lower = 0;
  double upper = 0;
};

struct SmoothLoad {
  double load = 0;
  double value = 0;
  double slope = 0;  // -d load / d lambda
};
SmoothLoad SmoothSize(double price, double width, LoadBounds bounds);

struct SmoothChoice {
  double value = 0;
  // Entries [begin, end) have shares strictly between 0 and 1; those before
  // have 1, those after 0. Empty or at least 2.
  int64_t begin = 0;
  int64_t end = 0;
};
// reduced: ascending, more than `copies`; shares (as many) is written on
// [0, end). O(copies m) time at worst.
SmoothChoice SmoothShares(std::span<const double> reduced, int64_t copies,
                          double width, std::span<double> shares);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ASSIGNMENT_SMOOTHING_H_
