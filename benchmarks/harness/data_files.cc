#include "muster/benchmarks/harness/data_files.h"

#include <filesystem>
#include <span>
#include <system_error>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/benchmarks/harness/data_catalog.h"
#include "muster/benchmarks/harness/sha256.h"
#include "muster/runtime/status_macros.h"

namespace muster::benchmarks {
namespace {

// Digits of a checksum that are shown.
constexpr size_t kShownDigits = 12;

bool Exists(const std::string& folder, const std::string& path) {
  std::error_code error;
  return !folder.empty() && std::filesystem::is_regular_file(path, error);
}

// "in --data_dir=…", or that no folder is named.
std::string Place(const std::string& folder) {
  return folder.empty() ? ": neither --data_dir nor $MUSTER_DATA is set"
                        : absl::StrCat(" in --data_dir=", folder);
}

}  // namespace

DataFiles::DataFiles(std::string folder) : folder_(std::move(folder)) {}

absl::StatusOr<std::string> DataFiles::Find(absl::string_view relative_path) {
  const std::string name(relative_path);
  const std::string path = absl::StrCat(folder_, "/", name);
  if (!Exists(folder_, path)) {
    const DataAdvice advice =
        DataCatalog::BuiltIn().Advice(std::span(&name, 1), folder_);
    const std::lock_guard<std::mutex> lock(mutex_);
    missing_.insert(name);
    return absl::NotFoundError(
        absl::StrCat("no data file ", name, Place(folder_), "; ",
                     advice.by_hand.empty() ? "get it by: " : "",
                     advice.fetch_command, advice.by_hand));
  }
  MUSTER_ASSIGN_OR_RETURN(std::string sha256, Sha256OfFile(path));
  const std::lock_guard<std::mutex> lock(mutex_);
  checksums_[name] = std::move(sha256);
  return path;
}

absl::Status DataFiles::CheckUnchanged(const DataChecksums& checksums) const {
  for (const auto& [name, expected] : checksums) {
    const std::string path = absl::StrCat(folder_, "/", name);
    if (!Exists(folder_, path)) {
      return absl::FailedPreconditionError(
          absl::StrCat("there is no ", name, Place(folder_)));
    }
    MUSTER_ASSIGN_OR_RETURN(const std::string sha256, Sha256OfFile(path));
    if (sha256 != expected) {
      return absl::FailedPreconditionError(absl::StrCat(
          name, Place(folder_), " is another file (its SHA-256 begins with ",
          sha256.substr(0, kShownDigits), ", not with ",
          expected.substr(0, kShownDigits), ")"));
    }
  }
  return absl::OkStatus();
}

DataChecksums DataFiles::checksums() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return checksums_;
}

std::set<std::string> DataFiles::missing() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return missing_;
}

}  // namespace muster::benchmarks
