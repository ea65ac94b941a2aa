#ifndef MUSTER_RUNTIME_APPENDABLE_FILE_H_
#define MUSTER_RUNTIME_APPENDABLE_FILE_H_

// Files that grow while a run works.
//
// What was flushed survives the end of the process. A resumed run cuts the file
// back to the size that its checkpoint recorded and goes on from there.

#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/posix_file.h"

namespace muster::runtime {

// Movable, thread-compatible.
class AppendableFile {
 public:
  // Creates the file if needed and keeps its first `keep_bytes` bytes (0:
  // starts anew). DataLoss when it is shorter than that.
  static absl::StatusOr<AppendableFile> Open(absl::string_view path,
                                             int64_t keep_bytes = 0);

  AppendableFile(AppendableFile&&) = default;
  AppendableFile& operator=(AppendableFile&&) = delete;
  // Flushes; call Close() to learn of errors.
  ~AppendableFile();

  // Appends; buffers about 64 KiB.
  absl::Status Append(absl::string_view data);
  // Hands the buffer to the system.
  absl::Status Flush();
  // Flush, and wait until the data is on the device.
  absl::Status Sync();
  absl::Status Close();

  // Length of the file including what is buffered.
  int64_t bytes() const { return bytes_; }

 private:
  AppendableFile(PosixFile file, int64_t bytes)
      : file_(std::move(file)), bytes_(bytes) {}

  PosixFile file_;
  int64_t bytes_;
  std::string buffer_;  // not yet written
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_APPENDABLE_FILE_H_
