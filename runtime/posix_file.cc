#include "muster/runtime/posix_file.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/check.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {
namespace {

constexpr size_t kBufferBytes = size_t{64} * 1024;

}  // namespace

absl::Status ErrnoStatus(int error_number, absl::string_view path,
                         absl::string_view what) {
  return absl::ErrnoToStatus(error_number, absl::StrCat(path, ": ", what));
}

std::string DirectoryOf(absl::string_view path) {
  const size_t slash = path.rfind('/');
  if (slash == absl::string_view::npos) return ".";
  return std::string(path.substr(0, slash == 0 ? 1 : slash));
}

PosixFile& PosixFile::operator=(PosixFile&& other) noexcept {
  if (this != &other) {
    (void)Close();
    path_ = std::move(other.path_);
    fd_ = std::exchange(other.fd_, -1);
  }
  return *this;
}

absl::StatusOr<PosixFile> PosixFile::Open(std::string path, int flags) {
  int fd;
  do {
    fd = open(path.c_str(), flags | O_CLOEXEC, 0666);
  } while (fd < 0 && errno == EINTR);
  if (fd < 0) return ErrnoStatus(errno, path, "cannot be opened");
  return PosixFile(std::move(path), fd);
}

absl::StatusOr<PosixFile> PosixFile::OpenToWrite(const std::string& path,
                                                 int flags) {
  absl::StatusOr<PosixFile> file = Open(path, O_WRONLY | O_CREAT | flags);
  if (!absl::IsNotFound(file.status())) return file;
  return absl::NotFoundError(
      absl::StrCat(path, ": cannot be created: the directory ",
                   DirectoryOf(path), " does not exist"));
}

absl::StatusOr<int64_t> PosixFile::Read(std::span<char> buffer) {
  while (true) {
    const ssize_t count = read(fd_, buffer.data(), buffer.size());
    if (count >= 0) return count;
    if (errno != EINTR) return ErrnoStatus(errno, path_, "cannot be read");
  }
}

absl::Status PosixFile::Write(absl::string_view data) {
  while (!data.empty()) {
    const ssize_t count = write(fd_, data.data(), data.size());
    if (count < 0) {
      if (errno == EINTR) continue;
      return ErrnoStatus(errno, path_, "cannot be written");
    }
    data.remove_prefix(static_cast<size_t>(count));
  }
  return absl::OkStatus();
}

absl::Status PosixFile::WriteBuffered(absl::string_view data,
                                      std::string* buffer) {
  MUSTER_CHECK(is_open()) << "the file is closed";
  if (buffer->size() + data.size() < kBufferBytes) {
    buffer->append(data.data(), data.size());
    return absl::OkStatus();
  }
  MUSTER_RETURN_IF_ERROR(Write(*buffer));
  buffer->clear();
  if (data.size() >= kBufferBytes) return Write(data);
  buffer->append(data.data(), data.size());
  return absl::OkStatus();
}

absl::Status PosixFile::Sync() {
  // Pipes and some devices have nothing to synchronise.
  if (fsync(fd_) == 0 || errno == EINVAL || errno == EROFS) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, path_, "cannot be synchronised");
}

absl::Status PosixFile::Close() {
  if (fd_ < 0) return absl::OkStatus();
  // Linux frees the descriptor whatever close returns.
  if (close(std::exchange(fd_, -1)) == 0 || errno == EINTR) {
    return absl::OkStatus();
  }
  return ErrnoStatus(errno, path_, "cannot be closed");
}

}  // namespace muster::runtime
