#include "muster/dispatch/fractional_clustering.h"

#include <algorithm>
#include <cmath>

#include "muster/runtime/check.h"

namespace muster::dispatch {

void Move(double amount, int64_t from, int64_t to,
          FractionalClustering* fractional) {
  double& source = fractional->openings[from];
  MUSTER_CHECK(from != to && source > 0 && amount >= 0);
  MUSTER_CHECK_LE(amount, source + kOpeningTolerance);
  const bool all = source - amount <= kOpeningTolerance;
  const double fraction = all ? 1.0 : amount / source;
  for (int64_t j = 0; j < fractional->size(); ++j) {
    double& share = fractional->share(from, j);
    if (share == 0) continue;
    const double moved = all ? share : share * fraction;
    fractional->share(to, j) += moved;
    share -= moved;
  }
  fractional->openings[to] += all ? source : amount;
  source = all ? 0.0 : source - amount;
}

double FractionalCost(const DistanceMatrix& costs,
                      const FractionalClustering& fractional) {
  const int64_t n = fractional.size();
  double cost = 0;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j < n; ++j) {
      cost += costs(i, j) * fractional.share(i, j);
    }
  }
  return cost;
}

double LargestViolation(const FractionalClustering& fractional, int64_t copies,
                        const SizeBounds& sizes, double largest_opening) {
  const int64_t n = fractional.size();
  const double a = static_cast<double>(sizes.lower);
  const double b = static_cast<double>(std::min(sizes.upper, n));
  const double unit = std::max(1.0, b);
  double worst = 0;
  std::vector<double> served(static_cast<size_t>(n), 0.0);
  for (int64_t i = 0; i < n; ++i) {
    const double y = fractional.openings[i];
    worst = std::max({worst, -y, y - largest_opening});
    double load = 0;
    for (int64_t j = 0; j < n; ++j) {
      const double x = fractional.share(i, j);
      worst = std::max({worst, -x, x - y});
      load += x;
      served[j] += x;
    }
    worst = std::max({worst, (a * y - load) / unit, (load - b * y) / unit});
  }
  for (const double sum : served) {
    worst = std::max(worst, std::abs(sum - static_cast<double>(copies)));
  }
  return worst;
}

}  // namespace muster::dispatch
