#ifndef MUSTER_RUNTIME_FIELDS_H_
#define MUSTER_RUNTIME_FIELDS_H_

// One declared list of fields per type serves its size, its encoding on the
// wire and in checkpoints, and its decoding.
//
//   struct GradientRequest {
//     std::shared_ptr<const std::vector<double>> point;
//     uint64_t draw = 0;
//
//     static void Fields(auto& self, auto&& visit) {
//       visit(self.point, self.draw);
//     }
//   };
//   std::string bytes;
//   Encode(request, &bytes);
//   absl::StatusOr<GradientRequest> copy = Decode<GradientRequest>(bytes);
//
// Types: bool, integers, float, double, enums, std::string, std::vector,
// std::array, std::optional, std::pair, std::shared_ptr<const T>, and structs
// with Fields, nested freely. A type to be decoded is default constructible.
// (C++ allows the generic Fields above in no struct local to a function.)
//
// Format: fields in the declared order without names, tags or padding; numbers
// little endian in their own width (floating point by its bits, an enum as its
// underlying type); bool one byte, 0 or 1; strings and vectors a uint64 count
// and the elements; std::optional and std::shared_ptr one byte, 0 or 1, and the
// value if 1. Encoding is unique: equal values give equal bytes. A shared value
// is encoded, and counted, at each place that points to it. Not promised:
// reading what another declaration of the fields wrote; put a version number
// first where that matters.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/internal/fields_reader.h"
#include "muster/runtime/internal/fields_writer.h"

namespace muster::runtime {

// A type that declares its fields as shown above is HasFields<T>
// (internal/fields_writer.h).

// Bytes that Encode appends for `value`. O(number of non-numeric elements).
template <typename T>
int64_t EncodedBytes(const T& value) {
  internal_fields::CountingSink sink;
  internal_fields::Writer writer(&sink);
  writer(value);
  return sink.bytes();
}

// Appends the encoding of `value` to *out.
template <typename T>
void Encode(const T& value, std::string* out) {
  out->reserve(out->size() + static_cast<size_t>(EncodedBytes(value)));
  internal_fields::StringSink sink(out);
  internal_fields::Writer writer(&sink);
  writer(value);
}

// The value whose encoding is exactly `bytes`, which may come from anywhere:
// DataLoss names the byte where it is cut short, malformed or too long. Memory
// is at most proportional to bytes.size(), whatever counts it announces.
template <typename T>
absl::StatusOr<T> Decode(absl::string_view bytes) {
  T value{};
  internal_fields::Reader reader(bytes);
  reader(value);
  if (!reader.status().ok()) return reader.status();
  if (reader.num_left() > 0) {
    return absl::DataLossError(
        absl::StrFormat("at byte %d of %d: %d bytes are left over",
                        reader.offset(), bytes.size(), reader.num_left()));
  }
  return value;
}

}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_FIELDS_H_
