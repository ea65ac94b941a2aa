#include "muster/models/data/shifted_images.h"

#include <algorithm>
#include <span>
#include <vector>

#include "absl/strings/str_format.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr int64_t kMaxShift = 16;
constexpr int64_t kMaxSide = 32768;

struct Shift {
  int64_t down = 0;
  int64_t right = 0;
};

absl::Status Check(const ShiftedImagesOptions& options, int64_t num_features,
                   int64_t num_images, int64_t num_rows) {
  if (options.max_shift < 1 || options.max_shift > kMaxShift) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "ShiftedImagesOptions.max_shift is %d, must be in [1, %d]",
        options.max_shift, kMaxShift));
  }
  if (options.height < 1 || options.height > kMaxSide || options.width < 1 ||
      options.width > kMaxSide) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "ShiftedImagesOptions.height is %d and width %d, must be in [1, %d]",
        options.height, options.width, kMaxSide));
  }
  if (options.height * options.width != num_features) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "ShiftedImagesOptions has %d x %d = %d pixels, the images have %d",
        options.height, options.width, options.height * options.width,
        num_features));
  }
  const int64_t side = 2 * options.max_shift + 1;
  if (num_rows < 0 || num_rows > num_images * side * side) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "num_rows is %d, must be in [0, %d]: %d images in %d positions each",
        num_rows, num_images * side * side, num_images, side * side));
  }
  return absl::OkStatus();
}

// The shifts of an image in the order of its copies, "none" first.
std::vector<Shift> ShiftsOfImage(int64_t image, int64_t max_shift,
                                 runtime::Rng rng) {
  std::vector<Shift> shifts = {{.down = 0, .right = 0}};
  for (int64_t down = -max_shift; down <= max_shift; ++down) {
    for (int64_t right = -max_shift; right <= max_shift; ++right) {
      if (down != 0 || right != 0) {
        shifts.push_back({.down = down, .right = right});
      }
    }
  }
  runtime::Rng own = rng.Fork("shifts", image);
  runtime::Shuffle(own, std::span(shifts).subspan(1));
  return shifts;
}

// The shifts of all rows of the result; row r is image r mod num_images.
std::vector<Shift> ShiftsOfRows(int64_t num_images, int64_t num_rows,
                                int64_t max_shift, runtime::Rng rng) {
  std::vector<Shift> of_row(num_rows);
  for (int64_t image = 0; image < std::min(num_images, num_rows); ++image) {
    const std::vector<Shift> shifts = ShiftsOfImage(image, max_shift, rng);
    for (int64_t row = image, copy = 0; row < num_rows;
         row += num_images, ++copy) {
      of_row[row] = shifts[copy];
    }
  }
  return of_row;
}

}  // namespace

absl::StatusOr<SparseDataset> ShiftedImages(const SparseDataset& images,
                                            int64_t num_rows,
                                            const ShiftedImagesOptions& options,
                                            runtime::Rng rng) {
  const int64_t num_images = images.num_rows();
  MUSTER_RETURN_IF_ERROR(
      Check(options, images.num_features, num_images, num_rows));
  const std::vector<Shift> shifts =
      ShiftsOfRows(num_images, num_rows, options.max_shift, rng);
  SparseDataset result;
  result.num_features = images.num_features;
  result.row_begin.reserve(num_rows + 1);
  result.labels.reserve(num_rows);
  for (int64_t row = 0; row < num_rows; ++row) {
    const int64_t image = row % num_images;
    const std::span<const int32_t> columns = images.RowColumns(image);
    const std::span<const float> values = images.RowValues(image);
    // All pixels move alike, so columns still increase.
    for (size_t e = 0; e < columns.size(); ++e) {
      const int64_t y = columns[e] / options.width + shifts[row].down;
      const int64_t x = columns[e] % options.width + shifts[row].right;
      if (y < 0 || y >= options.height || x < 0 || x >= options.width) continue;
      result.columns.push_back(static_cast<int32_t>(y * options.width + x));
      result.values.push_back(values[e]);
    }
    result.row_begin.push_back(result.num_entries());
    result.labels.push_back(images.labels[image]);
  }
  return result;
}

absl::StatusOr<DenseDataset> ShiftedImages(const DenseDataset& images,
                                           int64_t num_rows,
                                           const ShiftedImagesOptions& options,
                                           runtime::Rng rng) {
  const int64_t num_images = images.num_rows();
  MUSTER_RETURN_IF_ERROR(
      Check(options, images.num_features, num_images, num_rows));
  const std::vector<Shift> shifts =
      ShiftsOfRows(num_images, num_rows, options.max_shift, rng);
  DenseDataset result;
  result.num_features = images.num_features;
  result.values.assign(num_rows * images.num_features, 0.0F);
  result.labels.reserve(num_rows);
  for (int64_t row = 0; row < num_rows; ++row) {
    const std::span<const float> image = images.Row(row % num_images);
    float* out = result.values.data() + row * images.num_features;
    const Shift shift = shifts[row];
    const int64_t first_y = std::max<int64_t>(0, shift.down);
    const int64_t last_y = options.height + std::min<int64_t>(0, shift.down);
    const int64_t first_x = std::max<int64_t>(0, shift.right);
    const int64_t last_x = options.width + std::min<int64_t>(0, shift.right);
    for (int64_t y = first_y; y < last_y && first_x < last_x; ++y) {
      const float* from = image.data() + (y - shift.down) * options.width;
      std::copy(from + first_x - shift.right, from + last_x - shift.right,
                out + y * options.width + first_x);
    }
    result.labels.push_back(images.labels[row % num_images]);
  }
  return result;
}

}  // namespace muster::models
