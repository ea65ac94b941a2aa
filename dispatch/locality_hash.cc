#include "muster/dispatch/locality_hash.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_format.h"
#include "muster/dispatch/hash_chain.h"
#include "muster/dispatch/lane_sums.h"
#include "muster/dispatch/router_checks.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kPointsPerBlock = 512;
constexpr int64_t kMaxDirections = 1000;
// The tuner tries widths R 2^(-i / 4) below the range R of the projections,
// then halves the interval around the best one.
constexpr int kCoarseWidths = 64;
constexpr int kFineWidths = 12;
constexpr double kMaxBinsPerGroup = 2.5;

uint64_t AppendToBin(uint64_t bin, float projection, double width) {
  // A tiny width, or a product that overflows, may make any quotient.
  const double quotient = std::floor(static_cast<double>(projection) / width);
  const double cell =
      std::isnan(quotient) ? 0 : std::clamp(quotient, -0x1p60, 0x1p60);
  return ExtendHash(bin, static_cast<uint64_t>(static_cast<int64_t>(cell)));
}

int64_t CountDistinct(std::vector<uint64_t> values) {
  std::sort(values.begin(), values.end());
  return std::unique(values.begin(), values.end()) - values.begin();
}

// Bins by the first `used` of the `total` projections of each point.
int64_t CountFilledBins(const std::vector<float>& projections, int64_t total,
                        int64_t used, double width) {
  std::vector<uint64_t> bins;
  bins.reserve(projections.size() / static_cast<size_t>(total));
  for (size_t row = 0; row < projections.size();
       row += static_cast<size_t>(total)) {
    uint64_t bin = 0;
    for (int64_t i = 0; i < used; ++i) {
      bin = AppendToBin(bin, projections[row + i], width);
    }
    bins.push_back(bin);
  }
  return CountDistinct(std::move(bins));
}

struct Tuned {
  int64_t directions = 1;
  double width = 1;
};

Tuned Tune(const std::vector<float>& projections, int64_t total,
           int64_t num_groups) {
  float range = 0;
  for (const float value : projections) {
    if (std::isfinite(value)) range = std::max(range, std::abs(value));
  }
  if (!(range > 0)) return {total, 1};
  Tuned best{total, 2.0 * range};
  const double target = 2 * static_cast<double>(num_groups);
  while (best.directions > 1 &&
         static_cast<double>(
             CountFilledBins(projections, total, best.directions, best.width)) >
             kMaxBinsPerGroup * static_cast<double>(num_groups)) {
    --best.directions;
  }
  double best_miss = HUGE_VAL;
  const auto try_width = [&](double width) {
    const auto bins = static_cast<double>(
        CountFilledBins(projections, total, best.directions, width));
    const double miss = std::abs(bins - target);
    if (miss < best_miss) {
      best_miss = miss;
      best.width = width;
    }
    return bins;
  };
  double narrow = 0, wide = 2.0 * range;
  for (int i = 0; i < kCoarseWidths; ++i) {
    const double width = 2.0 * range * std::exp2(-0.25 * i);
    if (try_width(width) > target) {
      narrow = width;
      break;
    }
    wide = width;
  }
  for (int i = 0; narrow > 0 && i < kFineWidths && best_miss > 0; ++i) {
    const double middle = std::sqrt(narrow * wide);
    (try_width(middle) > target ? narrow : wide) = middle;
  }
  return best;
}

}  // namespace

uint64_t LocalityHash::BinOf(std::span<const float> point) const {
  uint64_t bin = 0;
  for (size_t at = 0; at < directions.size(); at += point.size()) {
    bin = AppendToBin(
        bin, LaneDot(point, std::span(directions).subspan(at, point.size())),
        width);
  }
  return bin;
}

absl::Status Validate(const LocalityHash& hash) {
  MUSTER_RETURN_IF_ERROR(ValidateDimension(hash.dimension));
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(hash.num_groups));
  if (hash.directions.empty() ||
      static_cast<int64_t>(hash.directions.size()) % hash.dimension != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "directions: %d values are no whole number >= 1 of rows of %d",
        hash.directions.size(), hash.dimension));
  }
  for (const float value : hash.directions) {
    if (!std::isfinite(value)) {
      return absl::InvalidArgumentError("directions: a value is not finite");
    }
  }
  if (!(hash.width > 0 && std::isfinite(hash.width))) {
    return absl::InvalidArgumentError(
        absl::StrFormat("width is %g, need a finite number > 0", hash.width));
  }
  return absl::OkStatus();
}

absl::StatusOr<LocalityHash> FitLocalityHash(PointsView sample,
                                             int64_t num_groups,
                                             int64_t num_directions,
                                             runtime::Rng rng,
                                             const runtime::Runtime& runtime) {
  MUSTER_RETURN_IF_ERROR(ValidatePoints(sample, "sample"));
  MUSTER_RETURN_IF_ERROR(ValidateNumGroups(num_groups));
  if (num_directions < 1 || num_directions > kMaxDirections) {
    return absl::InvalidArgumentError(
        absl::StrFormat("hash directions: %d, need a number in [1, %d]",
                        num_directions, kMaxDirections));
  }
  const int64_t t = num_directions, d = sample.dimension;
  LocalityHash hash{.dimension = d, .num_groups = num_groups};
  for (int64_t i = 0; i < t; ++i) {
    runtime::Rng draws = rng.Fork("direction", static_cast<uint64_t>(i));
    for (int64_t m = 0; m < d; ++m) {
      hash.directions.push_back(static_cast<float>(runtime::Normal(draws)));
    }
  }
  std::vector<float> projections(static_cast<size_t>(sample.size * t));
  const PointsView rows{hash.directions.data(), t, d};
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(sample.size, kPointsPerBlock),
      [&](int64_t, runtime::Block block) {
        for (int64_t j = block.begin; j < block.end; ++j) {
          for (int64_t i = 0; i < t; ++i) {
            projections[j * t + i] = LaneDot(sample.Point(j), rows.Point(i));
          }
        }
      });
  const Tuned tuned = Tune(projections, t, num_groups);
  hash.directions.resize(static_cast<size_t>(tuned.directions * d));
  hash.width = tuned.width;
  return hash;
}

int64_t CountBins(const LocalityHash& hash, PointsView points) {
  std::vector<uint64_t> bins;
  bins.reserve(static_cast<size_t>(points.size));
  for (int64_t j = 0; j < points.size; ++j) {
    bins.push_back(hash.BinOf(points.Point(j)));
  }
  return CountDistinct(std::move(bins));
}

}  // namespace muster::dispatch
