#ifndef MUSTER_TOOLS_DISPATCH_MANIFEST_H_
#define MUSTER_TOOLS_DISPATCH_MANIFEST_H_

// What a folder of shards says of itself: manifest.json, written last, before
// the folder appears. It holds nothing that differs between two equal runs.

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/models/data/csv.h"

namespace muster::tools::dispatch {

inline constexpr char kManifestName[] = "manifest.json";

struct ShardEntry {
  std::vector<std::string> files = {};  // names within the folder
  std::vector<int64_t> bytes = {};      // of each file
  int64_t rows = 0;
};

struct Manifest {
  std::string format = {};        // "libsvm", "csv", "idx"
  std::string input = {};         // as given on the command line
  std::string router = {};        // as given on the command line
  std::string router_kind = {};   // "price"
  std::string router_crc32 = {};  // of the file, 8 hexadecimal digits
  int64_t copies = 1;             // p
  int64_t rows = 0;               // of the input, without bad ones
  int64_t bad_rows = 0;           // left out
  bool online = false;            // bounds were kept while streaming
  // CSV: how to read the shards; the header is present or absent, not kAuto.
  // Optional in a file, too.
  std::optional<models::CsvOptions> csv = std::nullopt;
  std::vector<ShardEntry> shards = {};
};

// JSON of two blanks indent, fields in the order above.
std::string FormatManifest(const Manifest& manifest);

// DataLoss "<name>: ..." where it is not what FormatManifest writes: a field
// missing or of another type, a negative number, a file name with a slash or
// twice, shards that do not hold `copies` of each of `rows` >= 1 rows. Sums of
// rows and bytes, and rows times copies, fit into int64_t then.
// FailedPrecondition for another version.
absl::StatusOr<Manifest> ParseManifest(absl::string_view text,
                                       absl::string_view name);

// The manifest of a folder, every file of which is there and has the size that
// it says: NotFound, DataLoss name the file. O(files), reads no shard.
absl::StatusOr<Manifest> ReadShardFolder(absl::string_view folder);

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_MANIFEST_H_
