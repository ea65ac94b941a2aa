#include "muster/runtime/atomic_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/check.h"
#include "muster/runtime/posix_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {

absl::Status WriteFileAtomically(absl::string_view path,
                                 absl::string_view contents) {
  MUSTER_ASSIGN_OR_RETURN(AtomicFile file, AtomicFile::Create(path));
  MUSTER_RETURN_IF_ERROR(file.Append(contents));
  return file.Commit();
}

absl::StatusOr<AtomicFile> AtomicFile::Create(absl::string_view path) {
  struct stat info;
  if (stat(std::string(path).c_str(), &info) == 0 && S_ISDIR(info.st_mode)) {
    return absl::FailedPreconditionError(
        absl::StrCat(path, ": cannot be written: it is a directory"));
  }
  static std::atomic<int64_t> number = 0;
  const std::string temporary =
      absl::StrFormat("%s.%d-%d.tmp", path, getpid(), ++number);
  absl::StatusOr<PosixFile> file = PosixFile::OpenToWrite(temporary, O_TRUNC);
  if (!file.ok()) return file.status();
  return AtomicFile(std::string(path), *std::move(file));
}

AtomicFile::~AtomicFile() {
  if (file_.is_open()) unlink(file_.path().c_str());
}

absl::Status AtomicFile::Append(absl::string_view data) {
  return file_.WriteBuffered(data, &buffer_);
}

absl::Status AtomicFile::Commit() {
  MUSTER_CHECK(file_.is_open()) << "the file was committed before";
  absl::Status status = file_.Write(buffer_);
  if (status.ok()) status = file_.Sync();
  if (const absl::Status closed = file_.Close(); status.ok()) status = closed;
  const std::string& temporary = file_.path();
  if (status.ok() && std::rename(temporary.c_str(), path_.c_str()) != 0) {
    status = ErrnoStatus(errno, path_, "cannot be put in place");
  }
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  // Makes the new name last, where directories can be synchronised.
  MUSTER_ASSIGN_OR_RETURN(
      PosixFile directory,
      PosixFile::Open(DirectoryOf(path_), O_RDONLY | O_DIRECTORY));
  return directory.Sync();
}

}  // namespace muster::runtime
