#ifndef MUSTER_MODELS_DATA_SHIFTED_IMAGES_H_
#define MUSTER_MODELS_DATA_SHIFTED_IMAGES_H_

// More images out of few: copies moved by whole pixels, as a stand-in for the
// deformed copies of which MNIST-8M consists.

#include <cstdint>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "muster/models/data/sparse_dataset.h"
#include "muster/runtime/rng.h"

namespace muster::models {

struct ShiftedImagesOptions {
  // Pixels of an image, row by row; height width is the number of features.
  // Default: MNIST's.
  int64_t height = 28;
  int64_t width = 28;
  // Largest shift in each direction, in [1, 16]. With 2 there are 24 shifts
  // other than none, so up to 25 times as many rows.
  int64_t max_shift = 2;
};

// `num_rows` rows: the n rows of `images` in order, then further passes over
// them, each image moved by a shift (dy, dx) != 0, |dy| and |dx| <= max_shift,
// that it was not moved by before. The order of the shifts is random for each
// image (stream rng.Fork("shifts", image)), so that any pass mixes all shifts.
// Pixels moved beyond the edge are lost, others come in as 0; labels are kept.
// Row r does not depend on num_rows. InvalidArgument names a field of the
// options out of range, a size that is not the number of features, and num_rows
// outside [0, n (2 max_shift + 1)^2]. O(result).
absl::StatusOr<SparseDataset> ShiftedImages(const SparseDataset& images,
                                            int64_t num_rows,
                                            const ShiftedImagesOptions& options,
                                            runtime::Rng rng);

// The same rows in dense form.
absl::StatusOr<DenseDataset> ShiftedImages(const DenseDataset& images,
                                           int64_t num_rows,
                                           const ShiftedImagesOptions& options,
                                           runtime::Rng rng);

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_SHIFTED_IMAGES_H_
