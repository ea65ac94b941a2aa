#ifndef MUSTER_DISPATCH_ROUTER_FILE_H_
#define MUSTER_DISPATCH_ROUTER_FILE_H_

// Routers as files: fitted once, read by every dispatcher and server.
//
// Format, numbers little endian: 8 bytes "MSTROUTE"; uint32 version (1); uint64
// length and the kind's name; uint64 length and the member's state
// (Router::EncodeState); uint32 CRC-32 (that of zlib) of all bytes before it.
// The same router gives the same bytes. A file is written whole or not at all
// (runtime/atomic_file.h), and every single damaged bit is noticed.

#include <cstdint>
#include <memory>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "muster/dispatch/router.h"

namespace muster::dispatch {

inline constexpr uint32_t kRouterFileVersion = 1;

// The whole file as bytes.
std::string EncodeRouterFile(const Router& router);

// The router in `bytes`, which may come from anywhere; `name` (a path) begins
// every message. InvalidArgument: not a router file. FailedPrecondition:
// another version. DataLoss: cut short or damaged, with the byte or the
// checksums. NotFound: a kind that this program does not know, with those that
// it does. Memory at most proportional to bytes.size().
absl::StatusOr<std::unique_ptr<Router>> DecodeRouterFile(
    absl::string_view bytes, absl::string_view name);

// Errors as of runtime::WriteFileAtomically.
absl::Status SaveRouter(const Router& router, absl::string_view path);

// Errors as of DecodeRouterFile and runtime::InputFile::Open.
absl::StatusOr<std::unique_ptr<Router>> LoadRouter(absl::string_view path);

}  // namespace muster::dispatch

#endif  // MUSTER_DISPATCH_ROUTER_FILE_H_
