#ifndef MUSTER_RUNTIME_INPUT_FILE_H_
#define MUSTER_RUNTIME_INPUT_FILE_H_

// Bytes of a file that is plain or gzip-compressed.
//
// Which of the two is decided by the content (the two magic bytes of RFC 1952),
// not by the name. Several gzip members one after another are read as one.
// Memory is constant: two buffers of 64 KiB.

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::runtime {

// Movable, thread-compatible.
class InputFile {
 public:
  // NotFound when there is no such file, InvalidArgument when it is a
  // directory, PermissionDenied, or another code by the system's error.
  static absl::StatusOr<InputFile> Open(absl::string_view path);

  InputFile(InputFile&&) noexcept;
  InputFile& operator=(InputFile&&) noexcept;
  ~InputFile();

  // The next bytes of the (decompressed) content: at least one, at most
  // buffer.size() (> 0) of them; 0 at the end. DataLoss "path: reason; fetch
  // the file again" when compressed data is damaged or cut short; everything
  // before the damage has been handed out by then. Errors repeat.
  absl::StatusOr<int64_t> Read(std::span<char> buffer);

  const std::string& path() const;
  bool is_gzip() const;
  // Bytes of the file itself (compressed, if it is) taken so far, and its size
  // when it was opened; -1 for what has no size, such as a pipe. For progress.
  int64_t file_bytes_read() const;
  int64_t file_bytes() const;

 private:
  struct State;
  explicit InputFile(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

// The whole content, decompressed if it is gzip. Errors as above.
absl::StatusOr<std::string> ReadFile(absl::string_view path);

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_INPUT_FILE_H_
