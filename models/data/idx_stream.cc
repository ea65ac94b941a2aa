#include "muster/models/data/idx_stream.h"

#include <array>
#include <cstddef>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "muster/models/data/idx.h"
#include "muster/runtime/status_macros.h"

namespace muster::models {

absl::StatusOr<int64_t> ReadFully(runtime::InputFile& file,
                                  std::span<char> buffer) {
  size_t size = 0;
  while (size < buffer.size()) {
    MUSTER_ASSIGN_OR_RETURN(const int64_t count,
                            file.Read(buffer.subspan(size)));
    if (count == 0) break;
    size += static_cast<size_t>(count);
  }
  return static_cast<int64_t>(size);
}

absl::StatusOr<bool> HasIdxMagic(absl::string_view path) {
  constexpr std::array<char, 3> kMagic = {0, 0, 8};  // 8: unsigned bytes
  MUSTER_ASSIGN_OR_RETURN(runtime::InputFile file,
                          runtime::InputFile::Open(path));
  std::array<char, 3> found;
  const absl::StatusOr<int64_t> count = ReadFully(file, found);
  return count.ok() && *count == 3 && found == kMagic;
}

absl::StatusOr<IdxStream> IdxStream::Open(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(runtime::InputFile file,
                          runtime::InputFile::Open(path));
  // The magic number ends with the number of dimensions, 1 to 8.
  std::string header(4, '\0');
  MUSTER_ASSIGN_OR_RETURN(int64_t count, ReadFully(file, header));
  const auto dimensions = static_cast<uint8_t>(header[3]);
  if (count == 4 && dimensions <= 8) {
    header.resize(4 + size_t{4} * dimensions);
    MUSTER_ASSIGN_OR_RETURN(const int64_t more,
                            ReadFully(file, std::span(header).subspan(4)));
    count += more;
  }
  header.resize(count);
  MUSTER_ASSIGN_OR_RETURN(std::vector<int64_t> sizes,
                          ParseIdxHeader(header, path));
  return IdxStream{.file = std::move(file), .sizes = std::move(sizes)};
}

absl::Status IdxStream::CheckEnd() {
  std::array<char, 1> more;
  MUSTER_ASSIGN_OR_RETURN(const int64_t count, file.Read(more));
  if (count == 0) return absl::OkStatus();
  return absl::DataLossError(absl::StrCat(
      file.path(), ": bytes follow those of the tensor, expected none"));
}

}  // namespace muster::models
