#ifndef MUSTER_BENCHMARKS_HARNESS_DATA_FILES_H_
#define MUSTER_BENCHMARKS_HARNESS_DATA_FILES_H_

// The data files of a run: where they are, what they hold, which are missing.

#include <map>
#include <mutex>
#include <set>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

// A file's path under the data folder -> SHA-256 of its content.
using DataChecksums = std::map<std::string, std::string>;

// Thread-safe.
class DataFiles {
 public:
  // `folder`: absolute, or empty when none was given.
  explicit DataFiles(std::string folder);

  // The path of a file, whose checksum is noted. NotFound says how to get it.
  absl::StatusOr<std::string> Find(absl::string_view relative_path);

  // OK when each file is there with that content. FailedPrecondition names the
  // first that is missing or differs, and how.
  absl::Status CheckUnchanged(const DataChecksums& checksums) const;

  DataChecksums checksums() const;        // of the files found so far
  std::set<std::string> missing() const;  // asked for, not found

 private:
  const std::string folder_;
  mutable std::mutex mutex_;
  DataChecksums checksums_;        // guarded by mutex_
  std::set<std::string> missing_;  // guarded by mutex_
};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_DATA_FILES_H_
