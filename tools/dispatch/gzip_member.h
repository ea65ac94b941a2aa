#ifndef MUSTER_TOOLS_DISPATCH_GZIP_MEMBER_H_
#define MUSTER_TOOLS_DISPATCH_GZIP_MEMBER_H_

// Bytes as gzip members (RFC 1952). Members one after another are one gzip
// file, so a stream can be compressed piece by piece without keeping a
// compressor open for it: what lets thousands of files grow at a time.

#include <memory>
#include <string>

#include "absl/strings/string_view.h"

namespace muster::tools::dispatch {

// Keeps one compressor, of about 256 KiB. Thread-compatible.
class GzipMembers {
 public:
  // `level` in 1 (fast) .. 9 (small), CHECKed.
  explicit GzipMembers(int level);
  ~GzipMembers();
  GzipMembers(const GzipMembers&) = delete;
  GzipMembers& operator=(const GzipMembers&) = delete;

  // Appends `content` as one member, without name and time: a function of
  // content and level.
  void Append(absl::string_view content, std::string* out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// `content` (below 64 KiB, CHECKed) as one member that is not compressed: its
// size depends on content.size() alone, so that it can be replaced in place.
std::string StoredGzipMember(absl::string_view content);

}  // namespace muster::tools::dispatch

#endif  // MUSTER_TOOLS_DISPATCH_GZIP_MEMBER_H_
