#ifndef MUSTER_BENCHMARKS_HARNESS_CHECKPOINT_H_
#define MUSTER_BENCHMARKS_HARNESS_CHECKPOINT_H_

// A folder of named byte blobs, for runs that continue where they were cut.
//
// A blob's file holds a line that names the format, a line with the store's
// fingerprint, a line with the SHA-256 of the bytes, and the bytes. It is
// replaced by a rename, so that it is whole at any moment of a kill.
//
// One more file, data.sha256, records the data files that the blobs may have
// been computed from, in the format of sha256sum.

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/benchmarks/harness/data_files.h"

namespace muster::benchmarks {

// Thread-safe as long as one name is not saved from two threads at a time.
class CheckpointStore {
 public:
  // `fingerprint`: hexadecimal text of all that a blob depends on. Nothing is
  // touched until the first call.
  CheckpointStore(std::string folder, std::string fingerprint);

  // Names: letters, digits, '_', '-', '.' (else InvalidArgument).
  absl::Status Save(absl::string_view name, absl::string_view bytes);

  // NotFound: never saved. FailedPrecondition: saved under another fingerprint.
  // DataLoss: damaged. Each says how to go on.
  absl::StatusOr<std::string> Load(absl::string_view name) const;

  // Removes one blob, if it is there.
  absl::Status Forget(absl::string_view name);

  // The record of data files; empty when there is none. DataLoss: damaged.
  absl::StatusOr<DataChecksums> LoadData() const;
  absl::Status SaveData(const DataChecksums& checksums);

  // Removes all blobs and the record, and the folder if nothing else is in it.
  absl::Status Clear();

 private:
  std::string Path(absl::string_view name) const;
  std::string DataPath() const;
  absl::Status Write(const std::string& path, absl::string_view bytes);

  const std::string folder_;
  const std::string fingerprint_;
};

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_CHECKPOINT_H_
