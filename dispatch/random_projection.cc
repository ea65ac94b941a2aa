#include "muster/dispatch/random_projection.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <limits>

#include "absl/strings/str_format.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_macros.h"
#include "muster/runtime/vectorize.h"

namespace muster::dispatch {
namespace {

constexpr int64_t kRowsPerBlock = 64;
constexpr int64_t kBitsPerDraw = 128;
constexpr int64_t kWordBits = 32;

// out[i] += value with the sign of bit i of `words`, for 128 outputs.
MUSTER_VECTORIZE_CLONES void AddSigned(const uint32_t* words, float value,
                                       float* out) {
  const auto bits = std::bit_cast<uint32_t>(value);
  for (int64_t w = 0; w < kBitsPerDraw / kWordBits; ++w) {
    const uint32_t word = words[w];
    for (uint32_t i = 0; i < kWordBits; ++i) {
      out[w * kWordBits + i] += std::bit_cast<float>(
          bits ^ ((word << (kWordBits - 1 - i)) & 0x80000000U));
    }
  }
}

// Length of the row; 1 for a row of zeros.
double LengthOf(SparseRow row) {
  double squares = 0;
  for (const float value : row.values) {
    squares += static_cast<double>(value) * value;
  }
  return squares > 0 ? std::sqrt(squares) : 1;
}

float CutToFinite(double value) {
  constexpr double kLargest = std::numeric_limits<float>::max();
  return std::isnan(value)
             ? 0.0F
             : static_cast<float>(std::clamp(value, -kLargest, kLargest));
}

absl::Status ValidateRow(SparseRowsView rows, int64_t r,
                         absl::string_view what) {
  const SparseRow row = rows.Row(r);
  int64_t previous = -1;
  for (size_t i = 0; i < row.columns.size(); ++i) {
    const int64_t column = row.columns[i];
    if (column < 0 || column >= rows.num_columns) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: row %d has column %d (both from 0), need one in [0, %d)", what,
          r, column, rows.num_columns));
    }
    if (column <= previous) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: row %d has column %d after %d (from 0); columns must increase",
          what, r, column, previous));
    }
    previous = column;
    if (!std::isfinite(row.values[i])) {
      return absl::InvalidArgumentError(absl::StrFormat(
          "%s: row %d, column %d (both from 0) is %f; every value must be "
          "finite: drop or impute the row",
          what, r, column, row.values[i]));
    }
  }
  return absl::OkStatus();
}

}  // namespace

SparseRows SelectRows(SparseRowsView rows, std::span<const int64_t> indices) {
  SparseRows selected{.num_columns = rows.num_columns};
  for (const int64_t r : indices) {
    MUSTER_CHECK(0 <= r && r < rows.size());
    const SparseRow row = rows.Row(r);
    selected.columns.insert(selected.columns.end(), row.columns.begin(),
                            row.columns.end());
    selected.values.insert(selected.values.end(), row.values.begin(),
                           row.values.end());
    selected.row_begin.push_back(static_cast<int64_t>(selected.columns.size()));
  }
  return selected;
}

absl::Status ValidateSparseRows(SparseRowsView rows, absl::string_view what) {
  if (rows.columns.size() != rows.values.size()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %d columns and %d values", what,
                        rows.columns.size(), rows.values.size()));
  }
  const auto entries = static_cast<int64_t>(rows.values.size());
  int64_t previous = 0;
  for (size_t r = 0; r < rows.row_begin.size(); ++r) {
    if (rows.row_begin[r] < previous || rows.row_begin[r] > entries) {
      return absl::InvalidArgumentError(
          absl::StrFormat("%s: row_begin entry %d is %d, need one in [%d, %d]",
                          what, r, rows.row_begin[r], previous, entries));
    }
    previous = rows.row_begin[r];
  }
  for (int64_t r = 0; r < rows.size(); ++r) {
    MUSTER_RETURN_IF_ERROR(ValidateRow(rows, r, what));
  }
  return absl::OkStatus();
}

absl::Status Validate(const RandomProjectionOptions& options) {
  constexpr int64_t kMost = std::numeric_limits<int32_t>::max();
  if (options.num_features < 1 || options.num_features > kMost) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "projection: num_features is %d, need a number in [1, 2^31 - 1]",
        options.num_features));
  }
  if (options.dimension < 0 || options.dimension > kMaxProjectedDimension) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "projection: dimension is %d, need a number in [0, %d] (0: rows as "
        "they are)",
        options.dimension, kMaxProjectedDimension));
  }
  if (options.dimension == 0 && options.num_features > kMaxProjectedDimension) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "projection: dimension 0 leaves %d features to a point, of which there "
        "may be %d: project to fewer",
        options.num_features, kMaxProjectedDimension));
  }
  return absl::OkStatus();
}

absl::StatusOr<RandomProjection> RandomProjection::Create(
    const RandomProjectionOptions& options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return RandomProjection(options);
}

RandomProjection::RandomProjection(const RandomProjectionOptions& options)
    : options_(options),
      stream_(runtime::Rng(options.seed).Fork("random_projection").stream()) {}

int64_t RandomProjection::dimension() const {
  return options_.dimension == 0 ? options_.num_features : options_.dimension;
}

void RandomProjection::ProjectRow(SparseRow row, std::span<float> point) const {
  const int64_t d = dimension();
  MUSTER_CHECK_EQ(static_cast<int64_t>(point.size()), d);
  double scale = options_.unit_length ? 1 / LengthOf(row) : 1;
  if (options_.dimension == 0) {
    std::fill(point.begin(), point.end(), 0.0F);
    for (size_t i = 0; i < row.columns.size(); ++i) {
      point[row.columns[i]] = CutToFinite(row.values[i] * scale);
    }
    return;
  }
  scale /= std::sqrt(static_cast<double>(d));
  const int64_t draws = (d + kBitsPerDraw - 1) / kBitsPerDraw;
  std::array<float, kBitsPerDraw> sums;
  for (int64_t draw = 0; draw < draws; ++draw) {
    sums.fill(0);
    for (size_t i = 0; i < row.columns.size(); ++i) {
      const auto position =
          static_cast<uint64_t>(row.columns[i]) * static_cast<uint64_t>(draws) +
          static_cast<uint64_t>(draw);
      const runtime::BlockBits bits =
          runtime::PhiloxBlock(options_.seed, stream_, position);
      const std::array<uint32_t, 4> words = {
          static_cast<uint32_t>(bits.first),
          static_cast<uint32_t>(bits.first >> 32),
          static_cast<uint32_t>(bits.second),
          static_cast<uint32_t>(bits.second >> 32)};
      AddSigned(words.data(), CutToFinite(row.values[i] * scale), sums.data());
    }
    const int64_t begin = draw * kBitsPerDraw;
    const int64_t count = std::min(kBitsPerDraw, d - begin);
    for (int64_t i = 0; i < count; ++i) {
      point[begin + i] = CutToFinite(sums[i]);
    }
  }
}

absl::StatusOr<PointSet> RandomProjection::Project(
    SparseRowsView rows, const runtime::Runtime& runtime) const {
  if (rows.num_columns != num_features()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "rows to project have %d columns, the projection has %d features: they "
        "must come from the same space",
        rows.num_columns, num_features()));
  }
  MUSTER_RETURN_IF_ERROR(ValidateSparseRows(rows, "rows to project"));
  const int64_t d = dimension();
  PointSet points{
      .values = std::vector<float>(static_cast<size_t>(rows.size() * d)),
      .dimension = d};
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(rows.size(), kRowsPerBlock),
      [&](int64_t, runtime::Block block) {
        for (int64_t r = block.begin; r < block.end; ++r) {
          ProjectRow(rows.Row(r), std::span(points.values)
                                      .subspan(static_cast<size_t>(r * d),
                                               static_cast<size_t>(d)));
        }
      });
  return points;
}

}  // namespace muster::dispatch
