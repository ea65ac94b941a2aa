#include "muster/benchmarks/harness/checkpoint.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "muster/benchmarks/harness/sha256.h"
#include "muster/benchmarks/harness/table.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

constexpr absl::string_view kFormat = "muster checkpoint 1";
constexpr absl::string_view kSuffix = ".checkpoint";

// Takes one line off the front of `bytes`; false when there is no line end.
bool TakeLine(absl::string_view* bytes, absl::string_view* line) {
  const size_t end = bytes->find('\n');
  if (end == absl::string_view::npos) return false;
  *line = bytes->substr(0, end);
  bytes->remove_prefix(end + 1);
  return true;
}

}  // namespace

CheckpointStore::CheckpointStore(std::string folder, std::string fingerprint)
    : folder_(std::move(folder)), fingerprint_(std::move(fingerprint)) {}

std::string CheckpointStore::Path(absl::string_view name) const {
  return absl::StrCat(folder_, "/", name, kSuffix);
}

absl::Status CheckpointStore::Save(absl::string_view name,
                                   absl::string_view bytes) {
  if (!IsFileName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("checkpoint name '", name,
                     "': use letters, digits, '_', '-' and '.' only"));
  }
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    return absl::PermissionDeniedError(absl::StrCat(
        "cannot make the checkpoint folder ", folder_, ": ", error.message()));
  }
  return runtime::WriteFileAtomically(
      Path(name), absl::StrCat(kFormat, "\n", fingerprint_, "\n",
                               Sha256Hex(bytes), "\n", bytes));
}

absl::StatusOr<std::string> CheckpointStore::Load(
    absl::string_view name) const {
  const std::string path = Path(name);
  std::error_code error;
  if (!std::filesystem::exists(path, error)) {
    return absl::NotFoundError(absl::StrCat("no checkpoint ", path));
  }
  MUSTER_ASSIGN_OR_RETURN(const std::string file, runtime::ReadFile(path));
  absl::string_view bytes = file;
  absl::string_view format, fingerprint, checksum;
  if (!TakeLine(&bytes, &format) || !TakeLine(&bytes, &fingerprint) ||
      !TakeLine(&bytes, &checksum) || format != kFormat) {
    return absl::DataLossError(
        absl::StrCat(path,
                     ": not a checkpoint of this version; remove it, or "
                     "run without --resume to begin anew"));
  }
  if (fingerprint != fingerprint_) {
    return absl::FailedPreconditionError(absl::StrCat(
        path,
        ": saved with other flags or by another build of the program; "
        "repeat the flags of that run with its program, or run without "
        "--resume to begin anew"));
  }
  if (checksum != Sha256Hex(bytes)) {
    return absl::DataLossError(
        absl::StrCat(path,
                     ": damaged (its checksum differs); remove it, or "
                     "run without --resume to begin anew"));
  }
  return std::string(bytes);
}

absl::Status CheckpointStore::Forget(absl::string_view name) {
  std::error_code error;
  std::filesystem::remove(Path(name), error);
  if (error) {
    return absl::PermissionDeniedError(
        absl::StrCat("cannot remove ", Path(name), ": ", error.message()));
  }
  return absl::OkStatus();
}

absl::Status CheckpointStore::Clear() {
  std::error_code error;
  std::vector<std::filesystem::path> blobs;
  for (std::filesystem::directory_iterator entry(folder_, error), end;
       !error && entry != end; entry.increment(error)) {
    if (absl::EndsWith(entry->path().string(), kSuffix)) {
      blobs.push_back(entry->path());
    }
  }
  for (const auto& blob : blobs) {
    std::filesystem::remove(blob, error);
    if (error) {
      return absl::PermissionDeniedError(
          absl::StrCat("cannot remove ", blob.string(), ": ", error.message()));
    }
  }
  std::filesystem::remove(folder_, error);  // stays when not empty
  return absl::OkStatus();
}

}  // namespace muster::benchmarks
