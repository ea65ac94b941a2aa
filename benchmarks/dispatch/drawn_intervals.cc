#include "muster/benchmarks/dispatch/drawn_intervals.h"

#include <algorithm>
#include <vector>

namespace muster::benchmarks {

void ClipIntervals(const NaturalRange& range, Panel* panel) {
  for (Series& series : panel->series) {
    for (std::vector<double>* ends : {&series.low, &series.high}) {
      for (double& end : *ends) {
        end = std::clamp(end, range.least, range.greatest);
      }
    }
  }
}

}  // namespace muster::benchmarks
