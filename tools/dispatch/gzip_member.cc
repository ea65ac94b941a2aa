#include "muster/tools/dispatch/gzip_member.h"

#include <zlib.h>

#include <cstddef>
#include <cstdint>
#include <limits>

#include "muster/runtime/check.h"

namespace muster::tools::dispatch {
namespace {

constexpr int kGzipOnly = 16;
constexpr int kDefaultMemory = 8;

void AppendLittleEndian(uint32_t number, int bytes, std::string* out) {
  for (int i = 0; i < bytes; ++i) {
    *out += static_cast<char>(number >> (8 * i) & 0xff);
  }
}

}  // namespace

struct GzipMembers::State {
  z_stream stream = {};
};

GzipMembers::GzipMembers(int level) : state_(std::make_unique<State>()) {
  MUSTER_CHECK(level >= 1 && level <= 9);
  MUSTER_CHECK_EQ(
      deflateInit2(&state_->stream, level, Z_DEFLATED, MAX_WBITS + kGzipOnly,
                   kDefaultMemory, Z_DEFAULT_STRATEGY),
      Z_OK);
}

GzipMembers::~GzipMembers() { deflateEnd(&state_->stream); }

void GzipMembers::Append(absl::string_view content, std::string* out) {
  z_stream& stream = state_->stream;
  MUSTER_CHECK_LT(content.size(), std::numeric_limits<uInt>::max() / size_t{2});
  MUSTER_CHECK_EQ(deflateReset(&stream), Z_OK);
  const size_t begin = out->size();
  out->resize(begin + deflateBound(&stream, content.size()));
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(content.data()));
  stream.avail_in = static_cast<uInt>(content.size());
  stream.next_out = reinterpret_cast<Bytef*>(out->data() + begin);
  stream.avail_out = static_cast<uInt>(out->size() - begin);
  MUSTER_CHECK_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out->resize(out->size() - stream.avail_out);
}

std::string StoredGzipMember(absl::string_view content) {
  MUSTER_CHECK_LE(content.size(), size_t{0xffff});
  const auto size = static_cast<uint32_t>(content.size());
  // Magic, deflate, no flags, no time, no hint, unknown system.
  std::string member("\x1f\x8b\x08\0\0\0\0\0\0\xff", 10);
  member += '\x01';  // the last block, stored
  AppendLittleEndian(size, 2, &member);
  AppendLittleEndian(~size & 0xffff, 2, &member);
  member.append(content.data(), content.size());
  const uLong crc =
      crc32(0, reinterpret_cast<const Bytef*>(content.data()), size);
  AppendLittleEndian(static_cast<uint32_t>(crc), 4, &member);
  AppendLittleEndian(size, 4, &member);
  return member;
}

}  // namespace muster::tools::dispatch
