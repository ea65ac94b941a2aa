#ifndef MUSTER_BENCHMARKS_HARNESS_SHA256_H_
#define MUSTER_BENCHMARKS_HARNESS_SHA256_H_

// SHA-256 (FIPS 180-4), for the checksums of data files and checkpoints. Not
// for secrets: nothing here resists timing.

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace muster::benchmarks {

class Sha256 {
 public:
  // Any number of calls; the digest is of all bytes in order.
  void Update(absl::string_view bytes);
  // 64 lower-case hexadecimal digits. No Update may follow.
  std::string HexDigest();

 private:
  void Compress(const unsigned char* block);

  std::array<uint32_t, 8> state_ = {0x6a09e667, 0xbb67ae85, 0x3c6ef372,
                                    0xa54ff53a, 0x510e527f, 0x9b05688c,
                                    0x1f83d9ab, 0x5be0cd19};
  std::array<unsigned char, 64> pending_ = {};
  size_t num_pending_ = 0;
  uint64_t num_bytes_ = 0;
};

std::string Sha256Hex(absl::string_view bytes);

// Of a file's bytes as stored. NotFound or PermissionDenied with its path.
absl::StatusOr<std::string> Sha256OfFile(absl::string_view path);

}  // namespace muster::benchmarks

#endif  // MUSTER_BENCHMARKS_HARNESS_SHA256_H_
