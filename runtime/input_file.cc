#include "muster/runtime/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/check.h"
#include "muster/runtime/posix_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {

struct InputFile::State {
  explicit State(PosixFile opened) : file(std::move(opened)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    if (is_gzip) inflateEnd(&stream);
  }

  absl::Status Start();
  absl::Status Refill();
  absl::StatusOr<int64_t> ReadPlain(std::span<char> buffer);
  absl::StatusOr<int64_t> ReadGzip(std::span<char> buffer);
  absl::Status Damaged(absl::string_view reason) const {
    return absl::DataLossError(
        absl::StrCat(file.path(), ": ", reason, "; fetch the file again"));
  }

  PosixFile file;
  std::array<char, size_t{64} * 1024>
      raw;           // bytes of the file not yet consumed:
  size_t begin = 0;  // raw[begin, end)
  size_t end = 0;
  bool at_end = false;  // the file has no bytes after these
  int64_t bytes_read = 0;
  int64_t file_bytes = -1;
  bool is_gzip = false;
  bool in_member = false;  // gzip: between a member's first and last byte
  z_stream stream{};
  absl::Status error;  // repeated once it occurred
};

// Reads the first bytes and decides what they are.
absl::Status InputFile::State::Start() {
  struct stat info;
  if (fstat(file.fd(), &info) != 0) {
    return ErrnoStatus(errno, file.path(), "cannot be examined");
  }
  if (S_ISDIR(info.st_mode)) {
    return absl::InvalidArgumentError(
        absl::StrCat(file.path(), ": is a directory, not a file"));
  }
  if (S_ISREG(info.st_mode)) file_bytes = info.st_size;
  while (end < 2 && !at_end) MUSTER_RETURN_IF_ERROR(Refill());
  if (end < 2 || raw[0] != '\x1f' || raw[1] != '\x8b') return absl::OkStatus();
  constexpr int kGzipOnly = 16;
  if (inflateInit2(&stream, MAX_WBITS + kGzipOnly) != Z_OK) {
    return absl::ResourceExhaustedError(
        absl::StrCat(file.path(), ": no memory to decompress it"));
  }
  is_gzip = true;
  in_member = true;
  return absl::OkStatus();
}

// Appends to raw; needs room there.
absl::Status InputFile::State::Refill() {
  if (begin == end) begin = end = 0;
  MUSTER_ASSIGN_OR_RETURN(
      const int64_t count,
      file.Read(std::span<char>(raw.data() + end, raw.size() - end)));
  at_end = count == 0;
  bytes_read += count;
  end += static_cast<size_t>(count);
  return absl::OkStatus();
}

absl::StatusOr<int64_t> InputFile::State::ReadPlain(std::span<char> buffer) {
  if (begin == end && !at_end) MUSTER_RETURN_IF_ERROR(Refill());
  const size_t count = std::min(end - begin, buffer.size());
  std::memcpy(buffer.data(), raw.data() + begin, count);
  begin += count;
  return static_cast<int64_t>(count);
}

absl::StatusOr<int64_t> InputFile::State::ReadGzip(std::span<char> buffer) {
  const uInt room = static_cast<uInt>(
      std::min<size_t>(buffer.size(), std::numeric_limits<uInt>::max()));
  stream.next_out = reinterpret_cast<Bytef*>(buffer.data());
  stream.avail_out = room;
  while (stream.avail_out == room) {  // until there is a byte to hand out
    if (begin == end && !at_end) MUSTER_RETURN_IF_ERROR(Refill());
    if (begin == end) {
      if (!in_member) return 0;
      return Damaged("the gzip data is cut short");
    }
    in_member = true;
    stream.next_in = reinterpret_cast<Bytef*>(raw.data() + begin);
    stream.avail_in = static_cast<uInt>(end - begin);
    const int code = inflate(&stream, Z_NO_FLUSH);
    begin = end - stream.avail_in;
    if (code == Z_STREAM_END) {
      in_member = false;
      inflateReset(&stream);
    } else if (code != Z_OK) {
      error = Damaged(absl::StrCat(
          "the gzip data is damaged (",
          stream.msg != nullptr ? stream.msg : "it needs a dictionary", ")"));
      if (stream.avail_out == room) return error;
    }
  }
  return room - stream.avail_out;
}

InputFile::InputFile(std::unique_ptr<State> state) : state_(std::move(state)) {}
InputFile::InputFile(InputFile&&) noexcept = default;
InputFile& InputFile::operator=(InputFile&&) noexcept = default;
InputFile::~InputFile() = default;

absl::StatusOr<InputFile> InputFile::Open(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(PosixFile file,
                          PosixFile::Open(std::string(path), O_RDONLY));
  auto state = std::make_unique<State>(std::move(file));
  MUSTER_RETURN_IF_ERROR(state->Start());
  return InputFile(std::move(state));
}

absl::StatusOr<int64_t> InputFile::Read(std::span<char> buffer) {
  MUSTER_CHECK(!buffer.empty());
  if (!state_->error.ok()) return state_->error;
  auto count =
      state_->is_gzip ? state_->ReadGzip(buffer) : state_->ReadPlain(buffer);
  if (!count.ok()) state_->error = count.status();
  return count;
}

const std::string& InputFile::path() const { return state_->file.path(); }

bool InputFile::is_gzip() const { return state_->is_gzip; }

int64_t InputFile::file_bytes_read() const { return state_->bytes_read; }

int64_t InputFile::file_bytes() const { return state_->file_bytes; }

absl::StatusOr<std::string> ReadFile(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  constexpr size_t kStep = size_t{256} * 1024;
  std::string content;
  size_t size = 0;
  while (true) {
    if (content.size() - size < kStep) {
      content.resize(std::max(content.size() * 2, kStep));
    }
    MUSTER_ASSIGN_OR_RETURN(const int64_t count,
                            file.Read(std::span<char>(content).subspan(size)));
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  content.resize(size);
  content.shrink_to_fit();
  return content;
}

}  // namespace muster::runtime
