#ifndef MUSTER_RUNTIME_INTERNAL_FIELDS_WRITER_H_
#define MUSTER_RUNTIME_INTERNAL_FIELDS_WRITER_H_

// The writing half of runtime/fields.h: which types have an encoding, and what
// it is.

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

namespace muster::runtime {
namespace internal_fields {

struct AnyVisitor {
  void operator()(auto&...) const {}
};

}  // namespace internal_fields

// A type that declares its fields as shown above.
template <typename T>
concept HasFields = requires(T& value) {
  T::Fields(value, internal_fields::AnyVisitor());
};

namespace internal_fields {

// bool is apart: not all its encodings are valid.
template <typename T>
concept Number =
    (std::integral<T> && !std::same_as<T, bool>) || std::same_as<T, float> ||
    std::same_as<T, double> || std::is_enum_v<T>;

// Arrays of these are copied as they lie in memory.
template <typename T>
inline constexpr bool kIsRaw = Number<T> &&
                               (sizeof(T) == 1 ||
                                std::endian::native == std::endian::little);

template <size_t kBytes>
using Bits = std::conditional_t<
    kBytes == 1, uint8_t,
    std::conditional_t<kBytes == 2, uint16_t,
                       std::conditional_t<kBytes == 4, uint32_t, uint64_t>>>;

// Where a Writer writes to: a string, or a count of bytes.
class StringSink {
 public:
  explicit StringSink(std::string* out) : out_(out) {}
  void Append(const void* bytes, size_t count) {
    out_->append(static_cast<const char*>(bytes), count);
  }

 private:
  std::string* out_;
};

class CountingSink {
 public:
  int64_t bytes() const { return bytes_; }
  void Append(const void*, size_t count) {
    bytes_ += static_cast<int64_t>(count);
  }

 private:
  int64_t bytes_ = 0;
};

// Writes values to a sink; one overload per kind of type.
template <typename Sink>
class Writer {
 public:
  explicit Writer(Sink* sink) : sink_(*sink) {}

  void operator()(const auto&... values) { (Put(values), ...); }

 private:
  void Put(bool value) {
    const char byte = value ? 1 : 0;
    sink_.Append(&byte, 1);
  }
  template <Number T>
  void Put(T value) {
    if constexpr (kIsRaw<T>) {
      sink_.Append(&value, sizeof(T));
    } else {
      auto bits = std::bit_cast<Bits<sizeof(T)>>(value);
      char bytes[sizeof(T)];
      for (char& byte : bytes) {
        byte = static_cast<char>(bits & 0xFF);
        bits >>= 8;
      }
      sink_.Append(bytes, sizeof(T));
    }
  }
  void Put(const std::string& text) {
    Put(uint64_t{text.size()});
    sink_.Append(text.data(), text.size());
  }
  template <typename T>
  void Put(const std::vector<T>& values) {
    Put(uint64_t{values.size()});
    if constexpr (kIsRaw<T>) {
      sink_.Append(values.data(), values.size() * sizeof(T));
    } else {
      for (const T& value : values) Put(value);
    }
  }
  template <typename T, size_t kSize>
  void Put(const std::array<T, kSize>& values) {
    for (const T& value : values) Put(value);
  }
  template <typename T>
  void Put(const std::optional<T>& value) {
    Put(value.has_value());
    if (value.has_value()) Put(*value);
  }
  template <typename A, typename B>
  void Put(const std::pair<A, B>& pair) {
    Put(pair.first);
    Put(pair.second);
  }
  template <typename T>
  void Put(const std::shared_ptr<const T>& value) {
    Put(value != nullptr);
    if (value != nullptr) Put(*value);
  }
  template <HasFields T>
  void Put(const T& value) {
    T::Fields(value, *this);
  }

  Sink& sink_;
};

}  // namespace internal_fields
}  // namespace muster::runtime

#endif  // MUSTER_RUNTIME_INTERNAL_FIELDS_WRITER_H_
