#include "muster/dispatch/metric.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "muster/dispatch/distances.h"
#include "muster/runtime/blocks.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kRowsPerBlock = 64;

}  // namespace

absl::StatusOr<DistanceMatrix> DistanceMatrix::Create(
    std::vector<double> values, int64_t n) {
  if (n < 1 || static_cast<int64_t>(values.size()) != n * n) {
    return absl::InvalidArgumentError(
        absl::StrFormat("distances: %d values for n = %d points, need n >= 1 "
                        "and n^2 values",
                        values.size(), n));
  }
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t j = 0; j <= i; ++j) {
      const double d = values[i * n + j], mirrored = values[j * n + i];
      if (!(std::isfinite(d) && d >= 0 && d == mirrored &&
            (i != j || d == 0))) {
        return absl::InvalidArgumentError(absl::StrFormat(
            "distances: entry (%d, %d) is %g and (%d, %d) is %g; need finite "
            "values >= 0, symmetric, 0 on the diagonal",
            i, j, d, j, i, mirrored));
      }
    }
  }
  return DistanceMatrix(std::move(values), n);
}

DistanceMatrix DistanceMatrix::Of(PointsView points,
                                  const runtime::Runtime& runtime) {
  const int64_t n = points.size;
  std::vector<double> values(static_cast<size_t>(n * n));
  const auto blocks = runtime::CutBlocks(n, kRowsPerBlock);
  runtime::ParallelForBlocks(
      runtime, blocks, [&](int64_t, runtime::Block block) {
        for (int64_t i = block.begin; i < block.end; ++i) {
          for (int64_t j = 0; j < n; ++j) {
            values[i * n + j] =
                std::sqrt(SquaredDistance(points.Point(i), points.Point(j)));
          }
        }
      });
  return DistanceMatrix(std::move(values), n);
}

double DistanceMatrix::Largest() const {
  return *std::max_element(values_.begin(), values_.end());
}

std::vector<double> DistanceMatrix::DistinctValues() const {
  std::vector<double> values = values_;
  std::sort(values.begin(), values.end());
  values.erase(std::unique(values.begin(), values.end()), values.end());
  return values;
}

DistanceMatrix ConnectionCosts(Objective objective, DistanceMatrix metric) {
  if (objective == Objective::kKMeans) {
    for (double& value : metric.values_) value *= value;
  }
  return metric;
}

}  // namespace muster::dispatch
