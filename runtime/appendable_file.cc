#include "muster/runtime/appendable_file.h"

#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/check.h"
#include "muster/runtime/posix_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {

absl::StatusOr<AppendableFile> AppendableFile::Open(absl::string_view path,
                                                    int64_t keep_bytes) {
  MUSTER_CHECK_GE(keep_bytes, 0);
  MUSTER_ASSIGN_OR_RETURN(PosixFile file,
                          PosixFile::OpenToWrite(std::string(path), 0));
  const int64_t size = lseek(file.fd(), 0, SEEK_END);
  if (size < keep_bytes) {
    return absl::DataLossError(absl::StrFormat(
        "%s: has %d bytes, but %d were recorded: it was shortened since", path,
        size, keep_bytes));
  }
  if (ftruncate(file.fd(), keep_bytes) != 0 ||
      lseek(file.fd(), keep_bytes, SEEK_SET) < 0) {
    return ErrnoStatus(errno, path, "cannot be cut to its recorded size");
  }
  return AppendableFile(std::move(file), keep_bytes);
}

AppendableFile::~AppendableFile() { (void)Close(); }

absl::Status AppendableFile::Append(absl::string_view data) {
  MUSTER_RETURN_IF_ERROR(file_.WriteBuffered(data, &buffer_));
  bytes_ += static_cast<int64_t>(data.size());
  return absl::OkStatus();
}

absl::Status AppendableFile::Flush() {
  MUSTER_CHECK(file_.is_open()) << "the file is closed";
  MUSTER_RETURN_IF_ERROR(file_.Write(buffer_));
  buffer_.clear();
  return absl::OkStatus();
}

absl::Status AppendableFile::Sync() {
  MUSTER_RETURN_IF_ERROR(Flush());
  return file_.Sync();
}

absl::Status AppendableFile::Close() {
  if (!file_.is_open()) return absl::OkStatus();
  const absl::Status flushed = Flush();
  const absl::Status closed = file_.Close();
  return flushed.ok() ? closed : flushed;
}

}  // namespace muster::runtime
