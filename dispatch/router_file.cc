#include "muster/dispatch/router_file.h"

#include <zlib.h>

#include <algorithm>
#include <array>
#include <cstddef>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "muster/dispatch/routers.h"
#include "muster/runtime/atomic_file.h"
#include "muster/runtime/fields.h"
#include "muster/runtime/input_file.h"
#include "muster/runtime/status_macros.h"

namespace muster::dispatch {
namespace {

constexpr absl::string_view kMagic = "MSTROUTE";
constexpr size_t kVersionEnd = 12;  // of the magic bytes and the version

struct FileContents {
  std::array<char, 8> magic = {};
  uint32_t version = kRouterFileVersion;
  std::string kind = {};
  std::string state = {};
  uint32_t checksum = 0;

  static void Fields(auto& self, auto&& visit) {
    visit(self.magic, self.version, self.kind, self.state, self.checksum);
  }
};

// Of all but the last four bytes.
uint32_t ChecksumOf(absl::string_view bytes) {
  return static_cast<uint32_t>(
      crc32_z(crc32_z(0, nullptr, 0),
              reinterpret_cast<const unsigned char*>(bytes.data()),
              bytes.size() - sizeof(uint32_t)));
}

// `status` with the file's name in front.
absl::Status InFile(absl::string_view name, const absl::Status& status,
                    absl::string_view mend) {
  return absl::Status(status.code(),
                      absl::StrCat(name, ": ", status.message(), mend));
}

constexpr absl::string_view kFitAgain =
    "; the file is cut short or damaged: copy it again or fit the router again";

absl::Status CheckHeader(absl::string_view bytes, absl::string_view name) {
  const size_t length = std::min(bytes.size(), kMagic.size());
  if (bytes.substr(0, length) != kMagic.substr(0, length)) {
    return absl::InvalidArgumentError(absl::StrCat(
        name, ": is not a router file: at byte 0 it must have \"", kMagic,
        "\"; give a file that SaveRouter or `dispatch fit` wrote"));
  }
  if (bytes.size() < kVersionEnd) {
    return absl::DataLossError(
        absl::StrFormat("%s: at byte %d: the file ends within its header%s",
                        name, bytes.size(), kFitAgain));
  }
  uint32_t version = 0;
  for (size_t at = kVersionEnd; at-- > kMagic.size();) {
    version = version << 8 | static_cast<unsigned char>(bytes[at]);
  }
  if (version != kRouterFileVersion) {
    return absl::FailedPreconditionError(absl::StrFormat(
        "%s: at byte 8: the format's version is %d, this program reads %d: fit "
        "the router again, or read it by the program that wrote it",
        name, version, kRouterFileVersion));
  }
  return absl::OkStatus();
}

}  // namespace

std::string EncodeRouterFile(const Router& router) {
  FileContents contents{
      .kind = std::string(router.kind().data(), router.kind().size()),
      .state = router.EncodeState()};
  std::copy(kMagic.begin(), kMagic.end(), contents.magic.begin());
  std::string bytes;
  runtime::Encode(contents, &bytes);
  const uint32_t checksum = ChecksumOf(bytes);
  bytes.resize(bytes.size() - sizeof(checksum));
  runtime::Encode(checksum, &bytes);
  return bytes;
}

absl::StatusOr<std::unique_ptr<Router>> DecodeRouterFile(
    absl::string_view bytes, absl::string_view name) {
  MUSTER_RETURN_IF_ERROR(CheckHeader(bytes, name));
  absl::StatusOr<FileContents> contents = runtime::Decode<FileContents>(bytes);
  if (!contents.ok()) return InFile(name, contents.status(), kFitAgain);
  if (const uint32_t computed = ChecksumOf(bytes);
      computed != contents->checksum) {
    return absl::DataLossError(absl::StrFormat(
        "%s: at byte %d: the checksum is %08x, but the contents have %08x%s",
        name, bytes.size() - sizeof(uint32_t), contents->checksum, computed,
        kFitAgain));
  }
  absl::StatusOr<std::unique_ptr<Router>> router =
      DecodeRouter(contents->kind, contents->state);
  if (router.ok()) return router;
  if (router.status().code() == absl::StatusCode::kNotFound) {
    return InFile(name, router.status(),
                  ": read it by the program that wrote it");
  }
  // The checksum is right, so the bytes are as someone wrote them.
  return absl::DataLossError(absl::StrFormat(
      "%s: state of the %s router: %s; the file was not written by SaveRouter: "
      "fit the router again",
      name, contents->kind, router.status().message()));
}

absl::Status SaveRouter(const Router& router, absl::string_view path) {
  return runtime::WriteFileAtomically(path, EncodeRouterFile(router));
}

absl::StatusOr<std::unique_ptr<Router>> LoadRouter(absl::string_view path) {
  MUSTER_ASSIGN_OR_RETURN(const std::string bytes, runtime::ReadFile(path));
  return DecodeRouterFile(bytes, path);
}

}  // namespace muster::dispatch
