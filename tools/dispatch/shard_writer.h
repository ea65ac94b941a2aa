#ifndef MUSTER_TOOLS_DISPATCH_SHARD_WRITER_H_
#define MUSTER_TOOLS_DISPATCH_SHARD_WRITER_H_

// A folder of k shard files that grow together and appear together.
//
// Rows go to files in "<folder>.<process>-<number>.tmp"; Commit renames that to
// the folder: readers find all shards, whole, or none. What is not committed is
// removed. (A process killed by SIGKILL leaves the temporary folder; the target
// is untouched.) Beside the shards is manifest.json (manifest.h).
//
// Memory: `buffer_bytes` for all shards together, but no less than 4 KiB for
// each file, below which writes would be too many (400 MB for 99,999 shards);
// and what is appended in one call. Files are opened for each flush of a
// shard's buffer, so that k may exceed the limit of open files.
//
// Shard s of k is "shard-<s>-of-<k><extension>", both with five digits. With
// gzip each flushed buffer is a member of its own (gzip_member.h). The bytes
// are a function of the options and of what is appended, in order.

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/posix_file.h"
#include "muster/tools/dispatch/gzip_member.h"

namespace muster::tools::dispatch {

inline constexpr int64_t kMaxShards = 99'999;  // five digits

struct ShardFileKind {
  // After the shard's number: ".libsvm", ".csv", "-images.idx".
  std::string extension = {};
  // Every file begins so: the header line of a CSV file with its newline.
  std::string prologue = {};
  // Replaces the prologue (below 64 KiB then) at the end, same length, when the
  // shard's number of rows is known: the header of an IDX file. Null: the
  // prologue stays.
  std::string (*final_prologue)(const std::string& prologue,
                                int64_t rows) = nullptr;
  // Follows each record: the newline of a text file.
  std::string separator = {};
};

struct ShardWriterOptions {
  std::string folder = {};  // absolute; made by Commit
  int64_t num_shards = 0;   // k in [1, kMaxShards]
  // The files of each shard: one, or images and labels.
  std::vector<ShardFileKind> files = {};
  bool gzip = false;   // ".gz" is appended to the names
  int gzip_level = 1;  // 1..9; default: fast, within 15 % of 6 on text
  // In all. More means fewer, longer writes. Default: 64 KiB each for 1024.
  int64_t buffer_bytes = int64_t{64} << 20;
  // Replace a folder that a former run wrote: it has a manifest, and no file
  // that the manifest does not list.
  bool overwrite = false;
};

// Thread-compatible.
class ShardWriter {
 public:
  // InvalidArgument naming a field; AlreadyExists when the folder is there and
  // is neither empty nor to be overwritten, naming a file that is no shard's;
  // otherwise as of PosixFile for a folder that cannot be made.
  static absl::StatusOr<std::unique_ptr<ShardWriter>> Create(
      ShardWriterOptions options);
  ~ShardWriter();

  // Appends one row: records[f] to file f of the shard, as many as files
  // (CHECKed).
  absl::Status Append(int64_t shard,
                      std::span<const absl::string_view> records);

  int64_t num_shards() const { return options_.num_shards; }
  int64_t rows(int64_t shard) const { return shards_[shard].rows; }
  // Name of a file within the folder.
  std::string FileName(int64_t shard, int64_t file) const;

  // Flushes all shards and waits until they are on the device. Returns the size
  // of each file: [shard][file]. No Append after it.
  absl::StatusOr<std::vector<std::vector<int64_t>>> Finish();
  // After Finish: adds a file such as the manifest.
  absl::Status AddFile(absl::string_view name, absl::string_view contents);
  // After Finish: puts the folder in place. Call once, last. Errors as of
  // Create leave the target as it was. Of a former run's folder the files of
  // its manifest are removed; what somebody adds to it at that very moment
  // stays in the temporary folder. An error that the folder around it "cannot
  // be synchronised" comes after the shards are in place.
  absl::Status Commit();

 private:
  struct Shard {
    int64_t rows = 0;
    std::vector<std::string> buffers = {};  // by file
    std::vector<int64_t> bytes = {};        // written, by file
  };
  explicit ShardWriter(ShardWriterOptions options);
  absl::Status Begin(int64_t shard, int64_t file);
  // As it stands in the file: with gzip of a size that depends on the text's
  // alone if it is to be replaced.
  std::string Prologue(const ShardFileKind& kind,
                       const std::string& text) const;
  absl::Status Flush(int64_t shard, int64_t file);
  // Appends to the file; with gzip a member, also when there are no bytes.
  absl::Status Write(int64_t shard, int64_t file, absl::string_view bytes);
  absl::Status WriteFinalPrologue(int64_t shard, int64_t file);
  std::string TemporaryPath(int64_t shard, int64_t file) const;

  const ShardWriterOptions options_;
  int64_t buffer_bytes_;       // of one file of one shard
  std::string temporary_;      // the folder being filled; empty: none
  runtime::PosixFile parent_;  // the folder around it
  std::vector<Shard> shards_;
  std::unique_ptr<GzipMembers> compressor_;  // null without gzip
  std::string compressed_;                   // scratch
};

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_SHARD_WRITER_H_
