#ifndef MUSTER_RUNTIME_ATOMIC_FILE_H_
#define MUSTER_RUNTIME_ATOMIC_FILE_H_

// Files that are written whole or not at all.
//
// The content goes to a temporary file beside the target, is synchronised with
// the device, and renamed: readers see the old content or the new one, never a
// part, and an error leaves nothing behind. (A process killed in between leaves
// the temporary file, "<path>.<process>-<number>.tmp", and the target
// untouched.)

#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/posix_file.h"

namespace muster::runtime {

// Errors: NotFound when the directory does not exist, PermissionDenied,
// ResourceExhausted when the device is full, FailedPrecondition when `path` is
// a directory, or another code by the system's error.
absl::Status WriteFileAtomically(absl::string_view path,
                                 absl::string_view contents);

// For contents that are too large to be held. Movable, thread-compatible.
class AtomicFile {
 public:
  // Errors as of WriteFileAtomically, here as in the other functions.
  static absl::StatusOr<AtomicFile> Create(absl::string_view path);

  AtomicFile(AtomicFile&&) = default;
  AtomicFile& operator=(AtomicFile&&) = delete;
  // Discards what was not committed.
  ~AtomicFile();

  // Appends; buffers about 64 KiB.
  absl::Status Append(absl::string_view data);

  // Puts the file in place. Call once, last; an error discards the file.
  absl::Status Commit();

 private:
  AtomicFile(std::string path, PosixFile file)
      : path_(std::move(path)), file_(std::move(file)) {}

  std::string path_;    // the target
  PosixFile file_;      // the temporary file while open
  std::string buffer_;  // not yet written
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_ATOMIC_FILE_H_
