#ifndef MUSTER_MODELS_DATA_IDX_H_
#define MUSTER_MODELS_DATA_IDX_H_

// IDX, the format of the MNIST family: a big-endian header of two zero bytes,
// a type byte (8: unsigned byte), the number of dimensions, one 32-bit size per
// dimension, then the elements, last dimension fastest. Source: Y. LeCun, C.
// Cortes, C. Burges, "The MNIST database of handwritten digits". Files may be
// gzip-compressed (recognised by content).

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/sparse_dataset.h"

namespace muster::models {

struct IdxTensor {
  std::vector<int64_t> sizes;  // of each dimension, slowest first; 1 to 8
  std::vector<uint8_t> bytes;  // product of sizes

  friend bool operator==(const IdxTensor&, const IdxTensor&) = default;
};

// Reads the bytes of an IDX file, `name` standing in errors for its path.
// InvalidArgument for a wrong magic number, a type other than unsigned byte or
// a number of dimensions outside 1..8; DataLoss for a header or data cut short
// and for bytes after the data. Sizes are checked against the bytes at hand
// before anything is allocated. Memory: the result.
absl::StatusOr<IdxTensor> ParseIdx(absl::string_view bytes,
                                   absl::string_view name);

// The sizes of the dimensions from a header, the first 4 + 4 dimensions of
// `bytes`; more may follow. Errors as above.
absl::StatusOr<std::vector<int64_t>> ParseIdxHeader(absl::string_view bytes,
                                                    absl::string_view name);

// The same as ParseIdx from a file. Memory: twice the uncompressed file, for a
// moment.
absl::StatusOr<IdxTensor> ReadIdx(absl::string_view path);

// The bytes of an IDX file that ParseIdx reads as `tensor`. CHECKs that sizes
// are 1 to 8 numbers in [0, 2^32) whose product is bytes.size().
std::string FormatIdx(const IdxTensor& tensor);

// Images and their labels as rows: features pixel / 255 in float, zeros
// dropped, label the label byte. `images` has two or more dimensions, the first
// counts the rows; `labels` has one of the same size: else InvalidArgument.
// Only the first `max_rows` >= 1 rows are taken.
absl::StatusOr<SparseDataset> ImagesToDataset(
    const IdxTensor& images, const IdxTensor& labels,
    int64_t max_rows = std::numeric_limits<int64_t>::max());

// ReadIdx of both files, then ImagesToDataset; errors name the files.
absl::StatusOr<SparseDataset> ReadIdxDataset(
    absl::string_view images_path, absl::string_view labels_path,
    int64_t max_rows = std::numeric_limits<int64_t>::max());

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_IDX_H_
