#include "muster/benchmarks/harness/checkpoint.h"

#include <filesystem>
#include <system_error>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
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
constexpr absl::string_view kDataRecord = "data.sha256";
constexpr size_t kSha256Digits = 64;
constexpr absl::string_view kSeparator = "  ";

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

std::string CheckpointStore::DataPath() const {
  return absl::StrCat(folder_, "/", kDataRecord);
}

absl::Status CheckpointStore::Write(const std::string& path,
                                    absl::string_view bytes) {
  std::error_code error;
  std::filesystem::create_directories(folder_, error);
  if (error) {
    return absl::PermissionDeniedError(absl::StrCat(
        "cannot make the checkpoint folder ", folder_, ": ", error.message()));
  }
  return runtime::WriteFileAtomically(path, bytes);
}

absl::Status CheckpointStore::Save(absl::string_view name,
                                   absl::string_view bytes) {
  if (!IsFileName(name)) {
    return absl::InvalidArgumentError(
        absl::StrCat("checkpoint name '", name,
                     "': use letters, digits, '_', '-' and '.' only"));
  }
  return Write(Path(name), absl::StrCat(kFormat, "\n", fingerprint_, "\n",
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

absl::StatusOr<DataChecksums> CheckpointStore::LoadData() const {
  DataChecksums checksums;
  std::error_code error;
  if (!std::filesystem::exists(DataPath(), error)) return checksums;
  MUSTER_ASSIGN_OR_RETURN(const std::string text,
                          runtime::ReadFile(DataPath()));
  absl::string_view rest = text;
  absl::string_view line;
  while (TakeLine(&rest, &line)) {
    const std::pair<std::string, std::string> parts =
        absl::StrSplit(line, absl::MaxSplits(kSeparator, 1));
    if (parts.first.size() != kSha256Digits || parts.second.empty()) break;
    checksums.insert({parts.second, parts.first});
    line = {};
  }
  if (!rest.empty() || !line.empty()) {
    return absl::DataLossError(absl::StrCat(
        DataPath(), ": damaged; run without --resume to begin anew"));
  }
  return checksums;
}

absl::Status CheckpointStore::SaveData(const DataChecksums& checksums) {
  std::string text;
  for (const auto& [name, sha256] : checksums) {
    absl::StrAppend(&text, sha256, kSeparator, name, "\n");
  }
  return Write(DataPath(), text);
}

absl::Status CheckpointStore::Clear() {
  std::error_code error;
  std::vector<std::filesystem::path> blobs;
  for (std::filesystem::directory_iterator entry(folder_, error), end;
       !error && entry != end; entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    if (absl::EndsWith(name, kSuffix) || name == kDataRecord) {
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
