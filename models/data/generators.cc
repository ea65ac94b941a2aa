#include "muster/models/data/generators.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "absl/functional/function_ref.h"
#include "absl/strings/str_format.h"
#include "muster/models/data/dendrogram.h"
#include "muster/runtime/blocks.h"
#include "muster/runtime/check.h"
#include "muster/runtime/math.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr int64_t kMaxComponents = 4096;
constexpr int64_t kMaxDimension = int64_t{1} << 20;
constexpr int64_t kMaxClasses = int64_t{1} << 20;
constexpr int64_t kMaxCells = 1024;
// Sizes of features, so that these are finite floats (3.4e38) with room for the
// tails of the normal law.
constexpr double kMaxSize = 1e30;
constexpr int64_t kValuesPerBlock = 16384;

absl::Status CheckRange(absl::string_view field, int64_t value, int64_t low,
                        int64_t high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrFormat(
      "%s is %d, must be in [%d, %d]", field, value, low, high));
}

// Fills one row from the generator that is its own; returns its label.
using DrawRow =
    absl::FunctionRef<double(runtime::Rng& rng, std::span<float> row)>;

DenseDataset DrawRows(runtime::Rng rng, absl::string_view stream,
                      int64_t num_rows, int64_t num_features,
                      const runtime::Runtime& runtime, int64_t first_row,
                      DrawRow draw) {
  MUSTER_CHECK_GE(num_rows, 0);
  MUSTER_CHECK_GE(first_row, 0);
  const runtime::Rng root = rng.Fork("rows").Fork(stream);
  DenseDataset data;
  data.num_features = num_features;
  data.values.resize(num_rows * num_features);
  data.labels.resize(num_rows);
  const int64_t block_rows =
      std::max<int64_t>(1, kValuesPerBlock / num_features);
  runtime::ParallelForBlocks(
      runtime, runtime::CutBlocks(num_rows, block_rows),
      [&](int64_t, runtime::Block block) {
        for (int64_t row = block.begin; row < block.end; ++row) {
          runtime::Rng own = root.Fork("row", first_row + row);
          data.labels[row] = draw(
              own,
              std::span(data.values).subspan(row * num_features, num_features));
        }
      });
  return data;
}

}  // namespace

absl::Status Validate(const GaussianMixtureOptions& options) {
  MUSTER_RETURN_IF_ERROR(CheckRange("GaussianMixtureOptions.num_components",
                                    options.num_components, 1, kMaxComponents));
  MUSTER_RETURN_IF_ERROR(CheckRange("GaussianMixtureOptions.dimension",
                                    options.dimension, 1, kMaxDimension));
  MUSTER_RETURN_IF_ERROR(CheckRange("GaussianMixtureOptions.num_classes",
                                    options.num_classes, 1, kMaxClasses));
  if (!(options.standard_deviation >= 0 &&
        options.standard_deviation <= kMaxSize)) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "GaussianMixtureOptions.standard_deviation is %g, must be in [0, %g]",
        options.standard_deviation, kMaxSize));
  }
  if (options.weights.empty()) return absl::OkStatus();
  if (static_cast<int64_t>(options.weights.size()) != options.num_components) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "GaussianMixtureOptions.weights has %d elements, must have "
        "num_components, %d, or none (all equal)",
        options.weights.size(), options.num_components));
  }
  const absl::Status weights =
      runtime::AliasTable::Create(options.weights).status();
  if (!weights.ok()) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "GaussianMixtureOptions.weights: %s", weights.message()));
  }
  return absl::OkStatus();
}

std::vector<double> PowerLawWeights(int64_t count, double exponent) {
  MUSTER_CHECK_GE(count, 0);
  std::vector<double> weights(count);
  for (int64_t i = 0; i < count; ++i) {
    weights[i] = runtime::Pow(static_cast<double>(i + 1), -exponent);
  }
  return weights;
}

absl::StatusOr<GaussianMixtureDendrogram> GaussianMixtureDendrogram::Create(
    const GaussianMixtureOptions& options, runtime::Rng rng) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  const std::vector<double> equal(options.num_components, 1.0);
  MUSTER_ASSIGN_OR_RETURN(
      runtime::AliasTable table,
      runtime::AliasTable::Create(options.weights.empty() ? equal
                                                          : options.weights));
  return GaussianMixtureDendrogram(options, rng, std::move(table));
}

GaussianMixtureDendrogram::GaussianMixtureDendrogram(
    GaussianMixtureOptions options, runtime::Rng rng, runtime::AliasTable table)
    : options_(std::move(options)), rng_(rng), table_(std::move(table)) {
  means_.resize(options_.num_components * options_.dimension);
  for (int64_t i = 0; i < options_.num_components; ++i) {
    runtime::Rng mean = rng_.Fork("mean", i);
    for (int64_t t = 0; t < options_.dimension; ++t) {
      means_[i * options_.dimension + t] = runtime::Uniform01(mean);
    }
  }
  labels_ = DendrogramLabels(CompleteLinkage(means_, options_.dimension),
                             options_.num_classes, rng_.Fork("labels"));
}

int64_t GaussianMixtureDendrogram::DrawComponent(runtime::Rng& rng) const {
  runtime::Rng component = rng.Fork("component");
  return table_.Sample(component);
}

DenseDataset GaussianMixtureDendrogram::Draw(absl::string_view stream,
                                             int64_t num_rows,
                                             const runtime::Runtime& runtime,
                                             int64_t first_row) const {
  return DrawRows(
      rng_, stream, num_rows, options_.dimension, runtime, first_row,
      [&](runtime::Rng& rng, std::span<float> row) {
        const int64_t component = DrawComponent(rng);
        const double* mean = means_.data() + component * options_.dimension;
        for (size_t t = 0; t < row.size(); ++t) {
          row[t] = static_cast<float>(mean[t] + options_.standard_deviation *
                                                    runtime::Normal(rng));
        }
        return static_cast<double>(labels_[component]);
      });
}

int64_t GaussianMixtureDendrogram::Component(absl::string_view stream,
                                             int64_t row) const {
  MUSTER_CHECK_GE(row, 0);
  runtime::Rng own = rng_.Fork("rows").Fork(stream).Fork("row", row);
  return DrawComponent(own);
}

int64_t GaussianMixtureDendrogram::NearestComponent(
    std::span<const float> point) const {
  MUSTER_CHECK_EQ(static_cast<int64_t>(point.size()), options_.dimension);
  int64_t best = 0;
  double best_distance = std::numeric_limits<double>::infinity();
  for (int64_t i = 0; i < options_.num_components; ++i) {
    const double* mean = means_.data() + i * options_.dimension;
    double distance = 0;
    for (size_t t = 0; t < point.size(); ++t) {
      const double difference = static_cast<double>(point[t]) - mean[t];
      distance += difference * difference;
    }
    if (distance < best_distance) {
      best = i;
      best_distance = distance;
    }
  }
  return best;
}

absl::Status Validate(const GridCellsOptions& options) {
  MUSTER_RETURN_IF_ERROR(
      CheckRange("GridCellsOptions.cells", options.cells, 1, kMaxCells));
  MUSTER_RETURN_IF_ERROR(CheckRange("GridCellsOptions.noise_dimension",
                                    options.noise_dimension, 0, kMaxDimension));
  if (!(options.side > 0 && options.side <= kMaxSize)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("GridCellsOptions.side is %g, must be in (0, %g]",
                        options.side, kMaxSize));
  }
  return absl::OkStatus();
}

absl::StatusOr<GridCells> GridCells::Create(const GridCellsOptions& options,
                                            runtime::Rng rng) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return GridCells(options, rng);
}

DenseDataset GridCells::Draw(absl::string_view stream, int64_t num_rows,
                             const runtime::Runtime& runtime,
                             int64_t first_row) const {
  const auto cell = [this](float x) {
    const double scaled = static_cast<double>(x) *
                          static_cast<double>(options_.cells) / options_.side;
    return std::min(static_cast<int64_t>(scaled), options_.cells - 1);
  };
  return DrawRows(rng_, stream, num_rows, 2 + options_.noise_dimension, runtime,
                  first_row, [&](runtime::Rng& rng, std::span<float> row) {
                    for (size_t t = 0; t < row.size(); ++t) {
                      const double u = runtime::Uniform01(rng);
                      row[t] =
                          static_cast<float>(t < 2 ? options_.side * u : u);
                    }
                    return static_cast<double>(options_.cells * cell(row[1]) +
                                               cell(row[0]));
                  });
}

absl::Status Validate(const TwoGaussiansOptions& options) {
  if (!(options.far_weight >= 0 && options.far_weight <= 1)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("TwoGaussiansOptions.far_weight is %g, must be in "
                        "[0, 1]",
                        options.far_weight));
  }
  if (!(options.distance >= 0 && options.distance <= kMaxSize)) {
    return absl::InvalidArgumentError(
        absl::StrFormat("TwoGaussiansOptions.distance is %g, must be in [0, "
                        "%g]",
                        options.distance, kMaxSize));
  }
  return absl::OkStatus();
}

absl::StatusOr<TwoGaussians> TwoGaussians::Create(
    const TwoGaussiansOptions& options, runtime::Rng rng) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  return TwoGaussians(options, rng);
}

DenseDataset TwoGaussians::Draw(absl::string_view stream, int64_t num_rows,
                                const runtime::Runtime& runtime,
                                int64_t first_row) const {
  return DrawRows(
      rng_, stream, num_rows, 2, runtime, first_row,
      [&](runtime::Rng& rng, std::span<float> row) {
        const bool far = runtime::Uniform01(rng) < options_.far_weight;
        const double x = runtime::Normal(rng);
        const double y = runtime::Normal(rng);
        row[0] = static_cast<float>(far ? options_.distance + x : x);
        row[1] = static_cast<float>(y);
        if (row[0] <= 0) return -1.0;
        return row[0] <= options_.distance / 2 ? 1.0 : 2.0;
      });
}

}  // namespace muster::models
