#include "muster/models/data/idx.h"

#include <algorithm>
#include <array>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "muster/runtime/check.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {
namespace {

constexpr uint8_t kUnsignedByte = 8;
constexpr int64_t kMaxDimensions = 8;

// The 32-bit big-endian number at `offset`.
uint32_t BigEndianAt(absl::string_view bytes, size_t offset) {
  uint32_t number = 0;
  for (size_t i = 0; i < 4; ++i) {
    number = number << 8 | static_cast<uint8_t>(bytes[offset + i]);
  }
  return number;
}

absl::Status TooShort(absl::string_view name, absl::string_view part,
                      uint64_t expected, size_t found) {
  return absl::DataLossError(absl::StrFormat(
      "%s: %s needs %d bytes, the file has %d; it was cut short, fetch it "
      "again",
      name, part, expected, found));
}

// Rows times the size of one row, if all counts fit the data that is there.
absl::Status CheckImages(const IdxTensor& images, const IdxTensor& labels,
                         int64_t max_rows) {
  if (images.sizes.size() < 2) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the images have %d dimension, need at least 2 (rows, pixels); the "
        "label file may stand in the place of the image file",
        images.sizes.size()));
  }
  if (labels.sizes.size() != 1) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "the labels have %d dimensions, need 1; the image file may stand in "
        "the place of the label file",
        labels.sizes.size()));
  }
  if (images.sizes[0] != labels.sizes[0]) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%d images but %d labels, the two files must belong together",
        images.sizes[0], labels.sizes[0]));
  }
  if (max_rows < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("max_rows is %d, must be >= 1", max_rows));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::vector<int64_t>> ParseIdxHeader(absl::string_view bytes,
                                                    absl::string_view name) {
  if (bytes.size() < 4) {
    return TooShort(name, "the IDX magic number", 4, bytes.size());
  }
  const uint32_t magic = BigEndianAt(bytes, 0);
  if (magic >> 16 != 0) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: magic number 0x%08x, expected 0x0000 and a type and a dimension "
        "byte; not an IDX file",
        name, magic));
  }
  if ((magic >> 8 & 0xff) != kUnsignedByte) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "%s: element type 0x%02x, expected 0x08 (unsigned byte), the only one "
        "read here",
        name, magic >> 8 & 0xff));
  }
  const int64_t num_dimensions = magic & 0xff;
  if (num_dimensions < 1 || num_dimensions > kMaxDimensions) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%s: %d dimensions, expected 1 to %d", name,
                        num_dimensions, kMaxDimensions));
  }
  const size_t header = 4 + 4 * num_dimensions;
  if (bytes.size() < header) {
    return TooShort(name, "the IDX header", header, bytes.size());
  }
  std::vector<int64_t> sizes;
  for (int64_t i = 0; i < num_dimensions; ++i) {
    sizes.push_back(BigEndianAt(bytes, 4 + 4 * i));
  }
  return sizes;
}

absl::StatusOr<IdxTensor> ParseIdx(absl::string_view bytes,
                                   absl::string_view name) {
  IdxTensor tensor;
  MUSTER_ASSIGN_OR_RETURN(tensor.sizes, ParseIdxHeader(bytes, name));
  const size_t header = 4 + 4 * tensor.sizes.size();
  // With a zero size anywhere there is no data, whatever the others are.
  const bool empty = std::find(tensor.sizes.begin(), tensor.sizes.end(), 0) !=
                     tensor.sizes.end();
  const uint64_t available = bytes.size() - header;
  uint64_t needed = empty ? 0 : 1;
  for (int64_t size : tensor.sizes) {
    if (empty) break;
    // Above what is there it no longer matters by how much: no overflow.
    if (needed > available / size) {
      return absl::DataLossError(absl::StrFormat(
          "%s: a tensor of %s bytes does not fit the %d bytes after the "
          "header; the file was cut short, fetch it again",
          name, absl::StrJoin(tensor.sizes, " x "), available));
    }
    needed *= size;
  }
  if (available > needed) {
    return absl::DataLossError(absl::StrFormat(
        "%s: %d bytes follow the %d of the tensor, expected none", name,
        available - needed, needed));
  }
  const absl::string_view data = bytes.substr(header);
  tensor.bytes.assign(data.begin(), data.end());
  return tensor;
}

absl::StatusOr<IdxTensor> ReadIdx(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, runtime::ReadFile(path));
  return ParseIdx(bytes, path);
}

std::string FormatIdx(const IdxTensor& tensor) {
  const auto num_dimensions = static_cast<int64_t>(tensor.sizes.size());
  MUSTER_CHECK(num_dimensions >= 1 && num_dimensions <= kMaxDimensions);
  std::string text = {0, 0, kUnsignedByte, static_cast<char>(num_dimensions)};
  int64_t product = 1;
  for (int64_t size : tensor.sizes) {
    MUSTER_CHECK(size >= 0 && size <= std::numeric_limits<uint32_t>::max());
    for (int shift = 24; shift >= 0; shift -= 8) {
      text += static_cast<char>(size >> shift & 0xff);
    }
    product *= size;
  }
  MUSTER_CHECK_EQ(product, static_cast<int64_t>(tensor.bytes.size()));
  text.append(tensor.bytes.begin(), tensor.bytes.end());
  return text;
}

absl::StatusOr<SparseDataset> ImagesToDataset(const IdxTensor& images,
                                              const IdxTensor& labels,
                                              int64_t max_rows) {
  MUSTER_RETURN_IF_ERROR(CheckImages(images, labels, max_rows));
  const int64_t num_rows = std::min(images.sizes[0], max_rows);
  const int64_t num_pixels =
      images.sizes[0] == 0
          ? 0
          : static_cast<int64_t>(images.bytes.size()) / images.sizes[0];
  if (num_pixels > std::numeric_limits<int32_t>::max()) {
    return absl::InvalidArgumentError(
        absl::StrFormat("%d pixels an image, must be below 2^31", num_pixels));
  }
  std::array<float, 256> feature;
  for (int level = 0; level < 256; ++level) {
    feature[level] = static_cast<float>(level / 255.0);
  }
  const auto pixels_end = images.bytes.begin() + num_rows * num_pixels;
  const int64_t num_entries =
      num_rows * num_pixels -
      std::count(images.bytes.begin(), pixels_end, uint8_t{0});
  SparseDataset data;
  data.num_features = num_pixels;
  data.row_begin.reserve(num_rows + 1);
  data.columns.reserve(num_entries);
  data.values.reserve(num_entries);
  data.labels.assign(labels.bytes.begin(), labels.bytes.begin() + num_rows);
  for (int64_t row = 0; row < num_rows; ++row) {
    const uint8_t* pixels = images.bytes.data() + row * num_pixels;
    for (int64_t j = 0; j < num_pixels; ++j) {
      if (pixels[j] == 0) continue;
      data.columns.push_back(static_cast<int32_t>(j));
      data.values.push_back(feature[pixels[j]]);
    }
    data.row_begin.push_back(data.num_entries());
  }
  return data;
}

absl::StatusOr<SparseDataset> ReadIdxDataset(absl::string_view images_path,
                                             absl::string_view labels_path,
                                             int64_t max_rows) {
  MUSTER_ASSIGN_OR_RETURN(const IdxTensor images, ReadIdx(images_path));
  MUSTER_ASSIGN_OR_RETURN(const IdxTensor labels, ReadIdx(labels_path));
  absl::StatusOr<SparseDataset> data =
      ImagesToDataset(images, labels, max_rows);
  if (!data.ok()) {
    return absl::Status(data.status().code(),
                        absl::StrCat(images_path, ", ", labels_path, ": ",
                                     data.status().message()));
  }
  return data;
}

}  // namespace muster::models
