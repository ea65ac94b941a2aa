#ifndef MUSTER_MODELS_DATA_IDX_STREAM_H_
#define MUSTER_MODELS_DATA_IDX_STREAM_H_

// An IDX file (idx.h), plain or gzip-compressed, read piece by piece in
// constant memory. Internal to the readers of this package.

#include <cstdint>
#include <span>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/input_file.h"

namespace muster::models {

// Reads until `buffer` is full or the file ends; the number of bytes read.
absl::StatusOr<int64_t> ReadFully(runtime::InputFile& file,
                                  std::span<char> buffer);

// True if the content begins like an IDX file of bytes. Looks at three bytes
// and no further: damage of them is false, for another reader to tell. Errors:
// those of InputFile::Open.
absl::StatusOr<bool> HasIdxMagic(absl::string_view path);

// An IDX file behind its header.
struct IdxStream {
  runtime::InputFile file;
  std::vector<int64_t> sizes;  // of each dimension, slowest first

  // Errors of InputFile and of ParseIdxHeader.
  static absl::StatusOr<IdxStream> Open(absl::string_view path);

  // DataLoss unless the file is at its end.
  absl::Status CheckEnd();
};

}  // namespace muster::models

#endif  // MUSTER_MODELS_DATA_IDX_STREAM_H_
