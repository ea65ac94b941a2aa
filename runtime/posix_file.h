#ifndef MUSTER_RUNTIME_POSIX_FILE_H_
#define MUSTER_RUNTIME_POSIX_FILE_H_

// A file descriptor that closes itself, with errors as absl::Status that name
// the path: what the file classes of this package are made of.

#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::runtime {

// "path: what: text of errno", with the code that absl::ErrnoToStatus gives.
absl::Status ErrnoStatus(int error_number, absl::string_view path,
                         absl::string_view what);

// The directory part of a path; "." if there is none.
std::string DirectoryOf(absl::string_view path);

// Movable, thread-compatible.
class PosixFile {
 public:
  PosixFile() = default;
  PosixFile(PosixFile&& other) noexcept
      : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)) {}
  PosixFile& operator=(PosixFile&& other) noexcept;
  ~PosixFile() { (void)Close(); }

  // open(2) with these flags (O_CLOEXEC is added), mode 0666 less the umask.
  static absl::StatusOr<PosixFile> Open(std::string path, int flags);

  // Opens or creates a file to write, with these further flags. The error for a
  // missing directory names it.
  static absl::StatusOr<PosixFile> OpenToWrite(const std::string& path,
                                               int flags);

  bool is_open() const { return fd_ >= 0; }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }

  // Reads up to buffer.size() bytes; 0 only at the end.
  absl::StatusOr<int64_t> Read(std::span<char> buffer);
  // Writes all of `data`, or fails; then a part may have been written.
  absl::Status Write(absl::string_view data);
  // Appends `data` to *buffer, and writes that out when it reaches 64 KiB.
  absl::Status WriteBuffered(absl::string_view data, std::string* buffer);
  // Waits until the data is on the device.
  absl::Status Sync();
  // Idempotent.
  absl::Status Close();

 private:
  PosixFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_ = -1;
};

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_POSIX_FILE_H_
