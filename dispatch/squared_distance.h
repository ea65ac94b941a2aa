#ifndef MUSTER_DISPATCH_SQUARED_DISTANCE_H_
#define MUSTER_DISPATCH_SQUARED_DISTANCE_H_

// The definition of distance that every reported cost comes from.

#include <cstddef>
#include <span>

#include "muster/runtime/check.h"

namespace muster::dispatch {

// sum_m (x_m - y_m)^2 in double, in the order of m. Equal lengths (CHECKed).
// The same bits on every machine.
inline double SquaredDistance(std::span<const float> x,
                              std::span<const float> y) {
  MUSTER_CHECK(x.size() == y.size());
  double sum = 0;
  for (size_t m = 0; m < x.size(); ++m) {
    const double difference = static_cast<double>(x[m]) - y[m];
    sum += difference * difference;
  }
  return sum;
}

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_SQUARED_DISTANCE_H_
