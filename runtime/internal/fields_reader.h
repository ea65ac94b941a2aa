#ifndef MUSTER_RUNTIME_INTERNAL_FIELDS_READER_H_
#define MUSTER_RUNTIME_INTERNAL_FIELDS_READER_H_

// The reading half of runtime/fields.h: bytes from anywhere to values.

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_format.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/internal/fields_writer.h"

namespace muster::runtime {
namespace internal_fields {

// Nested structs beyond this depth are refused when decoding, so that bytes
// from outside cannot exhaust the stack through a recursive type.
inline constexpr int kMaxDepth = 100;

// The least number of bytes that any value of a type needs; visits a default
// value, of which only the types matter.
class MinSizer {
 public:
  int64_t bytes() const { return bytes_; }

  void operator()(const auto&... values) { (Add(values), ...); }

 private:
  void Add(bool) { bytes_ += 1; }
  template <Number T>
  void Add(T) {
    bytes_ += sizeof(T);
  }
  void Add(const std::string&) { bytes_ += 8; }
  template <typename T>
  void Add(const std::vector<T>&) {
    bytes_ += 8;
  }
  template <typename T, size_t kSize>
  void Add(const std::array<T, kSize>& values) {
    for (const T& value : values) Add(value);
  }
  template <typename T>
  void Add(const std::optional<T>&) {
    bytes_ += 1;
  }
  template <typename A, typename B>
  void Add(const std::pair<A, B>& pair) {
    Add(pair.first);
    Add(pair.second);
  }
  template <typename T>
  void Add(const std::shared_ptr<const T>&) {
    bytes_ += 1;
  }
  template <HasFields T>
  void Add(const T& value) {
    T::Fields(value, *this);
  }

  int64_t bytes_ = 0;
};

// Reads until the first error, after which it changes nothing more.
class Reader {
 public:
  explicit Reader(absl::string_view bytes) : bytes_(bytes) {}

  const absl::Status& status() const { return status_; }
  size_t num_left() const { return bytes_.size() - offset_; }
  size_t offset() const { return offset_; }

  void operator()(auto&... values) { (Get(values), ...); }

 private:
  void Fail(const std::string& what) {
    if (status_.ok()) {
      status_ = absl::DataLossError(absl::StrFormat(
          "at byte %d of %d: %s", offset_, bytes_.size(), what));
    }
  }
  // The next `count` bytes, or nullptr after an error.
  const char* Take(size_t count) {
    if (!status_.ok()) return nullptr;
    if (count > num_left()) {
      Fail(absl::StrFormat("%d bytes are needed, %d are left", count,
                           num_left()));
      return nullptr;
    }
    const char* begin = bytes_.data() + offset_;
    offset_ += count;
    return begin;
  }
  // A count of elements that take at least `min_bytes` each, or 0 on error.
  size_t TakeCount(int64_t min_bytes) {
    uint64_t count = 0;
    Get(count);
    if (!status_.ok()) return 0;
    if (count > num_left() / static_cast<uint64_t>(min_bytes)) {
      Fail(absl::StrFormat(
          "%d elements are announced, but only %d bytes are left", count,
          num_left()));
      return 0;
    }
    return static_cast<size_t>(count);
  }

  void Get(bool& value) {
    const char* byte = Take(1);
    if (byte == nullptr) return;
    if (*byte != 0 && *byte != 1) {
      --offset_;
      Fail(absl::StrFormat("a flag is %d, but must be 0 or 1",
                           static_cast<unsigned char>(*byte)));
      return;
    }
    value = *byte == 1;
  }
  template <Number T>
  void Get(T& value) {
    const char* bytes = Take(sizeof(T));
    if (bytes == nullptr) return;
    uint64_t bits = 0;
    for (size_t i = sizeof(T); i-- > 0;) {
      bits = bits << 8 | static_cast<unsigned char>(bytes[i]);
    }
    value = std::bit_cast<T>(static_cast<Bits<sizeof(T)>>(bits));
  }
  void Get(std::string& text) {
    const size_t size = TakeCount(1);
    const char* bytes = Take(size);
    if (bytes != nullptr) text.assign(bytes, size);
  }
  template <typename T>
  void Get(std::vector<T>& values) {
    values.clear();
    MinSizer element;
    if constexpr (std::same_as<T, bool>) {
      element(false);
    } else {
      element(T());
    }
    // Else nothing would bound the number of elements.
    const int64_t min_bytes = std::max<int64_t>(1, element.bytes());
    const size_t size = TakeCount(min_bytes);
    if constexpr (kIsRaw<T>) {
      const char* bytes = Take(size * sizeof(T));
      if (bytes == nullptr) return;
      values.resize(size);
      if (size > 0) std::memcpy(values.data(), bytes, size * sizeof(T));
    } else {
      for (size_t i = 0; i < size && status_.ok(); ++i) {
        T value{};
        Get(value);
        values.push_back(std::move(value));
      }
    }
  }
  template <typename T, size_t kSize>
  void Get(std::array<T, kSize>& values) {
    for (T& value : values) Get(value);
  }
  template <typename T>
  void Get(std::optional<T>& value) {
    bool present = false;
    Get(present);
    value.reset();
    if (present) Get(value.emplace());
  }
  template <typename A, typename B>
  void Get(std::pair<A, B>& pair) {
    Get(pair.first);
    Get(pair.second);
  }
  template <typename T>
  void Get(std::shared_ptr<const T>& value) {
    bool present = false;
    Get(present);
    value.reset();
    if (!present) return;
    auto read = std::make_shared<T>();
    Get(*read);
    value = std::move(read);
  }
  template <HasFields T>
  void Get(T& value) {
    if (depth_ == kMaxDepth) {
      Fail(absl::StrFormat("structs are nested more than %d deep", kMaxDepth));
      return;
    }
    ++depth_;
    T::Fields(value, *this);
    --depth_;
  }

  absl::string_view bytes_;
  size_t offset_ = 0;
  int depth_ = 0;
  absl::Status status_;
};

}  // namespace internal_fields
}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_INTERNAL_FIELDS_READER_H_
