#include "muster/runtime/text_file.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <utility>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "absl/strings/strip.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::runtime {
namespace {

constexpr size_t kBufferBytes = size_t{64} * 1024;

}  // namespace

LineReader::LineReader(InputFile file)
    : file_(std::move(file)), buffer_(kBufferBytes) {}

absl::StatusOr<LineReader> LineReader::Open(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(InputFile file, InputFile::Open(path));
  return LineReader(std::move(file));
}

absl::StatusOr<bool> LineReader::Next(std::string* line) {
  line->clear();
  bool ended = false;      // by a newline
  bool has_bytes = false;  // of this line
  while (!ended) {
    if (begin_ == end_) {
      const absl::StatusOr<int64_t> count = file_.Read(buffer_);
      if (!count.ok()) {
        const absl::string_view reason = absl::StripPrefix(
            count.status().message(), absl::StrCat(path(), ": "));
        return absl::Status(
            count.status().code(),
            absl::StrCat(path(), ", line ", line_number_ + 1, ": ", reason));
      }
      if (*count == 0) break;
      begin_ = 0;
      end_ = static_cast<size_t>(*count);
    }
    has_bytes = true;
    const char* first = buffer_.data() + begin_;
    const void* newline = std::memchr(first, '\n', end_ - begin_);
    ended = newline != nullptr;
    const size_t size =
        ended ? static_cast<size_t>(static_cast<const char*>(newline) - first)
              : end_ - begin_;
    line->append(first, size);
    begin_ += size + (ended ? 1 : 0);
  }
  if (!has_bytes) return false;
  if (ended && line->ends_with('\r')) line->pop_back();
  ++line_number_;
  return true;
}

absl::Status LineReader::Error(absl::string_view message) const {
  return absl::InvalidArgumentError(
      absl::StrCat(path(), ", line ", line_number_, ": ", message));
}

}  // namespace muster::runtime
