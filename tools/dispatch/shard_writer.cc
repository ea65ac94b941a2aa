#include "muster/tools/dispatch/shard_writer.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <set>
#include <system_error>
#include <utility>

#include "absl/memory/memory.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/runtime/check.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/posix_file.h"
#include "muster/runtime/status_macros.h"
#include "muster/tools/dispatch/manifest.h"

namespace muster::tools::dispatch {
namespace {

namespace fs = std::filesystem;

constexpr int64_t kLeastBuffer = 4096;
constexpr int64_t kLargestBuffer = int64_t{1} << 20;
constexpr unsigned kExchange = 2;  // RENAME_EXCHANGE of linux/fs.h

absl::Status Validate(const ShardWriterOptions& options) {
  if (options.num_shards < 1 || options.num_shards > kMaxShards) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "ShardWriterOptions.num_shards is %d, must be in [1, %d]",
        options.num_shards, kMaxShards));
  }
  if (options.gzip_level < 1 || options.gzip_level > 9) {
    return absl::InvalidArgumentError(absl::StrFormat(
        "ShardWriterOptions.gzip_level is %d, must be in [1, 9]",
        options.gzip_level));
  }
  if (options.buffer_bytes < 1) {
    return absl::InvalidArgumentError(
        absl::StrFormat("ShardWriterOptions.buffer_bytes is %d, must be >= 1",
                        options.buffer_bytes));
  }
  if (options.folder.empty() || options.files.empty()) {
    return absl::InvalidArgumentError(
        "ShardWriterOptions needs a folder and at least one file per shard");
  }
  return absl::OkStatus();
}

// The files of the shards that `folder` holds, its manifest among them.
// AlreadyExists when it holds anything else.
absl::StatusOr<std::set<std::string>> FormerFiles(const std::string& folder) {
  const fs::path root(folder);
  std::error_code error;
  if (!fs::exists(root / kManifestName, error)) {
    return absl::AlreadyExistsError(
        absl::StrCat(folder, ": is not empty and holds no shards (no ",
                     kManifestName, "); name another folder"));
  }
  const std::string path = (root / kManifestName).string();
  MUSTER_ASSIGN_OR_RETURN(const std::string text, runtime::ReadFile(path));
  const absl::StatusOr<Manifest> manifest = ParseManifest(text, path);
  if (!manifest.ok()) {
    return absl::AlreadyExistsError(absl::StrCat(
        folder, ": is not empty and holds no shards (",
        std::string(manifest.status().message()), "); name another folder"));
  }
  std::set<std::string> files = {kManifestName};
  for (const ShardEntry& shard : manifest->shards) {
    files.insert(shard.files.begin(), shard.files.end());
  }
  fs::directory_iterator entry(root, error);
  for (; !error && entry != fs::directory_iterator(); entry.increment(error)) {
    const std::string name = entry->path().filename().string();
    std::error_code unknown;
    if (files.count(name) == 0 || entry->is_directory(unknown)) {
      return absl::AlreadyExistsError(absl::StrCat(
          folder, ": holds '", name, "', which is no file of the shards that ",
          kManifestName, " lists; move it away or name another folder"));
    }
  }
  if (error) return runtime::ErrnoStatus(error.value(), folder, "not readable");
  return files;
}

// Whether a folder of that name is in the way; if it is one to be replaced, its
// files.
absl::StatusOr<std::set<std::string>> CheckTarget(
    const ShardWriterOptions& options) {
  std::error_code error;
  const fs::file_status status = fs::symlink_status(options.folder, error);
  if (status.type() == fs::file_type::not_found) return std::set<std::string>();
  if (status.type() != fs::file_type::directory) {
    return absl::AlreadyExistsError(
        absl::StrCat(options.folder, ": exists and is not a folder"));
  }
  if (fs::is_empty(options.folder, error)) return std::set<std::string>();
  MUSTER_ASSIGN_OR_RETURN(std::set<std::string> files,
                          FormerFiles(options.folder));
  if (!options.overwrite) {
    return absl::AlreadyExistsError(
        absl::StrCat(options.folder,
                     ": holds the shards of a former run; name another folder "
                     "or give --overwrite"));
  }
  return files;
}

// A folder beside `folder` that nobody else has.
absl::StatusOr<std::string> MakeTemporaryFolder(const std::string& folder) {
  static std::atomic<int64_t> counter = 0;
  while (true) {
    const std::string path =
        absl::StrCat(folder, ".", getpid(), "-", counter++, ".tmp");
    if (mkdir(path.c_str(), 0777) == 0) return path;
    if (errno == EEXIST) continue;
    return runtime::ErrnoStatus(errno, folder, "cannot be made");
  }
}

absl::StatusOr<runtime::PosixFile> OpenFolder(const std::string& folder) {
  return runtime::PosixFile::Open(folder, O_RDONLY | O_DIRECTORY);
}

// Waits until the names in `folder`, or all that was written to its file
// system, are on the device.
absl::Status SyncFolder(const runtime::PosixFile& directory,
                        bool whole_file_system) {
  const int code =
      whole_file_system ? syncfs(directory.fd()) : fsync(directory.fd());
  // Some file systems cannot synchronise a folder, and say so.
  if (code != 0 && errno != EINVAL && errno != EROFS) {
    return runtime::ErrnoStatus(errno, directory.path(),
                                "cannot be synchronised");
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<std::unique_ptr<ShardWriter>> ShardWriter::Create(
    ShardWriterOptions options) {
  MUSTER_RETURN_IF_ERROR(Validate(options));
  MUSTER_RETURN_IF_ERROR(CheckTarget(options).status());
  auto writer = absl::WrapUnique(new ShardWriter(std::move(options)));
  MUSTER_ASSIGN_OR_RETURN(writer->temporary_,
                          MakeTemporaryFolder(writer->options_.folder));
  // Opened now: Commit must not fail behind the renaming.
  MUSTER_ASSIGN_OR_RETURN(
      writer->parent_,
      OpenFolder(runtime::DirectoryOf(writer->options_.folder)));
  // All files are made now: what cannot be written is known before the first
  // row, and a shard without rows has its file.
  for (int64_t shard = 0; shard < writer->num_shards(); ++shard) {
    const auto num_files = static_cast<int64_t>(writer->options_.files.size());
    for (int64_t file = 0; file < num_files; ++file) {
      MUSTER_RETURN_IF_ERROR(writer->Begin(shard, file));
    }
  }
  return writer;
}

ShardWriter::ShardWriter(ShardWriterOptions options)
    : options_(std::move(options)) {
  const auto num_buffers =
      options_.num_shards * static_cast<int64_t>(options_.files.size());
  buffer_bytes_ = std::clamp(options_.buffer_bytes / num_buffers, kLeastBuffer,
                             kLargestBuffer);
  shards_.resize(options_.num_shards);
  for (Shard& shard : shards_) {
    shard.buffers.resize(options_.files.size());
    shard.bytes.resize(options_.files.size(), 0);
  }
  if (options_.gzip) {
    compressor_ = std::make_unique<GzipMembers>(options_.gzip_level);
  }
}

ShardWriter::~ShardWriter() {
  if (temporary_.empty()) return;
  std::error_code error;
  fs::remove_all(temporary_, error);
}

std::string ShardWriter::FileName(int64_t shard, int64_t file) const {
  return absl::StrFormat("shard-%05d-of-%05d%s%s", shard, options_.num_shards,
                         options_.files[file].extension,
                         options_.gzip ? ".gz" : "");
}

std::string ShardWriter::TemporaryPath(int64_t shard, int64_t file) const {
  return absl::StrCat(temporary_, "/", FileName(shard, file));
}

absl::Status ShardWriter::Begin(int64_t shard, int64_t file) {
  MUSTER_ASSIGN_OR_RETURN(runtime::PosixFile out,
                          runtime::PosixFile::OpenToWrite(
                              TemporaryPath(shard, file), O_CREAT | O_EXCL));
  const std::string bytes =
      Prologue(options_.files[file], options_.files[file].prologue);
  MUSTER_RETURN_IF_ERROR(out.Write(bytes));
  shards_[shard].bytes[file] = static_cast<int64_t>(bytes.size());
  return out.Close();
}

std::string ShardWriter::Prologue(const ShardFileKind& kind,
                                  const std::string& text) const {
  if (!options_.gzip || text.empty()) return text;
  if (kind.final_prologue != nullptr) return StoredGzipMember(text);
  std::string member;
  compressor_->Append(text, &member);
  return member;
}

absl::Status ShardWriter::Append(int64_t shard,
                                 std::span<const absl::string_view> records) {
  Shard& target = shards_[shard];
  MUSTER_CHECK_EQ(records.size(), target.buffers.size());
  for (size_t file = 0; file < records.size(); ++file) {
    const std::string& separator = options_.files[file].separator;
    std::string& buffer = target.buffers[file];
    const size_t size = buffer.size() + records[file].size() + separator.size();
    if (size > static_cast<size_t>(buffer_bytes_)) {
      MUSTER_RETURN_IF_ERROR(Flush(shard, static_cast<int64_t>(file)));
    }
    // At once: growing by and by would take up to twice as much.
    buffer.reserve(static_cast<size_t>(buffer_bytes_));
    buffer.append(records[file].data(), records[file].size());
    buffer.append(separator);
  }
  ++target.rows;
  return absl::OkStatus();
}

absl::Status ShardWriter::Flush(int64_t shard, int64_t file) {
  std::string& buffer = shards_[shard].buffers[file];
  if (buffer.empty()) return absl::OkStatus();
  MUSTER_RETURN_IF_ERROR(Write(shard, file, buffer));
  buffer.clear();
  // One long row must not make every buffer as long for good.
  if (static_cast<int64_t>(buffer.capacity()) > buffer_bytes_) {
    std::string().swap(buffer);
  }
  return absl::OkStatus();
}

absl::Status ShardWriter::Write(int64_t shard, int64_t file,
                                absl::string_view bytes) {
  if (compressor_ != nullptr) {
    compressed_.clear();
    compressor_->Append(bytes, &compressed_);
    bytes = compressed_;
  }
  MUSTER_ASSIGN_OR_RETURN(
      runtime::PosixFile out,
      runtime::PosixFile::OpenToWrite(TemporaryPath(shard, file), O_APPEND));
  MUSTER_RETURN_IF_ERROR(out.Write(bytes));
  shards_[shard].bytes[file] += static_cast<int64_t>(bytes.size());
  return out.Close();
}

absl::Status ShardWriter::WriteFinalPrologue(int64_t shard, int64_t file) {
  const ShardFileKind& kind = options_.files[file];
  if (kind.final_prologue == nullptr) return absl::OkStatus();
  const std::string text =
      kind.final_prologue(kind.prologue, shards_[shard].rows);
  MUSTER_CHECK_EQ(text.size(), kind.prologue.size());
  MUSTER_ASSIGN_OR_RETURN(
      runtime::PosixFile out,
      runtime::PosixFile::OpenToWrite(TemporaryPath(shard, file), 0));
  MUSTER_RETURN_IF_ERROR(out.Write(Prologue(kind, text)));
  return out.Close();
}

absl::StatusOr<std::vector<std::vector<int64_t>>> ShardWriter::Finish() {
  std::vector<std::vector<int64_t>> bytes;
  bytes.reserve(shards_.size());
  for (int64_t shard = 0; shard < num_shards(); ++shard) {
    const auto num_files = static_cast<int64_t>(options_.files.size());
    for (int64_t file = 0; file < num_files; ++file) {
      MUSTER_RETURN_IF_ERROR(Flush(shard, file));
      // No byte at all is no gzip file: one empty member is.
      if (options_.gzip && shards_[shard].bytes[file] == 0) {
        MUSTER_RETURN_IF_ERROR(Write(shard, file, ""));
      }
      MUSTER_RETURN_IF_ERROR(WriteFinalPrologue(shard, file));
    }
    bytes.push_back(shards_[shard].bytes);
  }
  MUSTER_ASSIGN_OR_RETURN(const runtime::PosixFile directory,
                          OpenFolder(temporary_));
  MUSTER_RETURN_IF_ERROR(SyncFolder(directory, /*whole_file_system=*/true));
  return bytes;
}

absl::Status ShardWriter::AddFile(absl::string_view name,
                                  absl::string_view contents) {
  const std::string path = absl::StrCat(temporary_, "/", name);
  MUSTER_ASSIGN_OR_RETURN(
      runtime::PosixFile out,
      runtime::PosixFile::OpenToWrite(path, O_CREAT | O_TRUNC));
  MUSTER_RETURN_IF_ERROR(out.Write(contents));
  MUSTER_RETURN_IF_ERROR(out.Sync());
  return out.Close();
}

absl::Status ShardWriter::Commit() {
  MUSTER_CHECK(!temporary_.empty());
  // Somebody may have made the folder in the meantime, or added to it.
  MUSTER_ASSIGN_OR_RETURN(const std::set<std::string> former,
                          CheckTarget(options_));
  MUSTER_ASSIGN_OR_RETURN(const runtime::PosixFile directory,
                          OpenFolder(temporary_));
  MUSTER_RETURN_IF_ERROR(SyncFolder(directory, /*whole_file_system=*/false));
  const std::string& folder = options_.folder;
  if (std::rename(temporary_.c_str(), folder.c_str()) == 0) {
    temporary_.clear();
    return SyncFolder(parent_, /*whole_file_system=*/false);
  }
  if (former.empty() || (errno != ENOTEMPTY && errno != EEXIST)) {
    return runtime::ErrnoStatus(errno, folder, "cannot be put in place");
  }
  // The two folders change places in one step.
  if (syscall(SYS_renameat2, AT_FDCWD, temporary_.c_str(), AT_FDCWD,
              folder.c_str(), kExchange) != 0) {
    return runtime::ErrnoStatus(errno, folder, "cannot be replaced");
  }
  // Of the old folder goes what was looked at above, and nothing else.
  const fs::path old = std::exchange(temporary_, std::string());
  std::error_code error;
  for (const std::string& name : former) fs::remove(old / name, error);
  fs::remove(old, error);
  return SyncFolder(parent_, /*whole_file_system=*/false);
}

}  // namespace muster::tools::dispatch
