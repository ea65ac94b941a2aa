#ifndef MUSTER_BENCHMARKS_DISPATCH_DRAWN_INTERVALS_H_
#define MUSTER_BENCHMARKS_DISPATCH_DRAWN_INTERVALS_H_

// Intervals of quantities with a natural range, as figures show them.
//
// The interval mean ± t sd / √s knows nothing of the range: with few seeds that
// differ much it reaches accuracies above 1 or costs below 0. Claims are judged
// on it as it is; a figure shows the part that can be.

#include <limits>

#include "muster/benchmarks/harness/figure.h"

namespace muster::benchmarks {

// What accuracies and shares can be, and what costs and loads can be.
struct NaturalRange {
  double least = 0;
  double greatest = 1;
};
inline constexpr NaturalRange kShares = {};
inline constexpr NaturalRange kAmounts = {
    .greatest = std::numeric_limits<double>::infinity()};

// Moves the ends of all intervals of the panel's series into the range. y, x,
// series without an interval and NaN stay.
void ClipIntervals(const NaturalRange& range, Panel* panel);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_DISPATCH_DRAWN_INTERVALS_H_
