#include "muster/runtime/fields.h"

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "muster/runtime/distributions.h"
#include "muster/runtime/ids.h"
#include "muster/runtime/rng.h"
#include "muster/runtime/status_matchers.h"
#include "muster/runtime/test_seed.h"

namespace muster::runtime {
namespace {

using ::testing::HasSubstr;

enum class Kind : uint16_t { kNone = 0, kSome = 0x1234 };

struct Inner {
  WorkerId worker;
  std::pair<float, std::string> pair;

  bool operator==(const Inner&) const = default;
  static void Fields(auto& self, auto&& visit) {
    visit(self.worker, self.pair);
  }
};

struct Everything {
  bool flag = false;
  int8_t tiny = 0;
  uint64_t large = 0;
  double number = 0;
  Kind kind = Kind::kNone;
  std::string text;
  std::vector<double> numbers;
  std::vector<bool> flags;
  std::vector<Inner> inners;
  std::array<int16_t, 3> three{};
  std::optional<Inner> maybe;
  std::vector<std::vector<std::string>> nested;
  std::shared_ptr<const std::vector<double>> shared;

  static void Fields(auto& self, auto&& visit) {
    visit(self.flag, self.tiny, self.large, self.number, self.kind, self.text,
          self.numbers, self.flags, self.inners, self.three, self.maybe,
          self.nested, self.shared);
  }
};

// Any value, with all members of random size.
Everything RandomValue(Rng& rng) {
  const auto count = [&rng] { return UniformInt(rng, 5); };
  const auto text = [&] {
    std::string result;
    for (int64_t i = count(); i > 0; --i) {
      result += static_cast<char>(UniformInt(rng, 256));
    }
    return result;
  };
  const auto inner = [&] {
    return Inner{{static_cast<int32_t>(rng.NextUint64())},
                 {static_cast<float>(Normal(rng)), text()}};
  };
  Everything value;
  value.flag = UniformInt(rng, 2) == 1;
  value.tiny = static_cast<int8_t>(rng.NextUint64());
  value.large = rng.NextUint64();
  value.number = Normal(rng);
  value.kind = Kind::kSome;
  value.text = text();
  for (int64_t i = count(); i > 0; --i) value.numbers.push_back(Normal(rng));
  for (int64_t i = count(); i > 0; --i) value.flags.push_back(count() > 2);
  for (int64_t i = count(); i > 0; --i) value.inners.push_back(inner());
  value.three = {1, -2, static_cast<int16_t>(rng.NextUint64())};
  if (count() > 1) value.maybe = inner();
  value.nested.resize(static_cast<size_t>(count()));
  for (auto& texts : value.nested) {
    for (int64_t i = count(); i > 0; --i) texts.push_back(text());
  }
  if (count() > 1) {
    value.shared = std::make_shared<std::vector<double>>(value.numbers);
  }
  return value;
}

template <typename T>
std::string EncodeToString(const T& value) {
  std::string bytes;
  Encode(value, &bytes);
  return bytes;
}

struct Small {
  uint16_t a = 0x0102;
  bool b = true;
  double c = 1;  // 3ff0000000000000
  std::string d = "xy";
  std::vector<int32_t> e = {-2};
  std::optional<int8_t> f;
  std::shared_ptr<const int8_t> g = std::make_shared<int8_t>(7);
  static void Fields(auto& self, auto&& visit) {
    visit(self.a, self.b, self.c, self.d, self.e, self.f, self.g);
  }
};

TEST(FieldsTest, LayoutIsPinned) {
  const char expected[] =
      "\x02\x01"
      "\x01"
      "\0\0\0\0\0\0\xf0\x3f"
      "\2\0\0\0\0\0\0\0xy"
      "\1\0\0\0\0\0\0\0\xfe\xff\xff\xff"
      "\0"
      "\1\7";
  EXPECT_EQ(EncodeToString(Small()),
            std::string(expected, sizeof(expected) - 1));
}

TEST(FieldsTest, EncodeAppends) {
  std::string bytes = "before";
  Encode(int8_t{65}, &bytes);
  EXPECT_EQ(bytes, "beforeA");
}

TEST(FieldsTest, RoundTripsAndSizesAgree) {
  Rng rng(TestSeed());
  for (int trial = 0; trial < 300; ++trial) {
    const Everything value = RandomValue(rng);
    const std::string bytes = EncodeToString(value);
    ASSERT_EQ(EncodedBytes(value), static_cast<int64_t>(bytes.size()));
    const absl::StatusOr<Everything> copy = Decode<Everything>(bytes);
    ASSERT_THAT(copy, IsOk());
    EXPECT_EQ(copy->flag, value.flag);
    EXPECT_EQ(copy->tiny, value.tiny);
    EXPECT_EQ(copy->large, value.large);
    EXPECT_EQ(copy->number, value.number);
    EXPECT_EQ(copy->kind, value.kind);
    EXPECT_EQ(copy->text, value.text);
    EXPECT_EQ(copy->numbers, value.numbers);
    EXPECT_EQ(copy->flags, value.flags);
    EXPECT_EQ(copy->inners, value.inners);
    EXPECT_EQ(copy->three, value.three);
    EXPECT_EQ(copy->maybe, value.maybe);
    EXPECT_EQ(copy->nested, value.nested);
    ASSERT_EQ(copy->shared == nullptr, value.shared == nullptr);
    if (value.shared != nullptr) {
      EXPECT_EQ(*copy->shared, *value.shared);
    }
  }
}

TEST(FieldsTest, FloatingPointKeepsItsBits) {
  const std::vector<double> values = {-0.0, 5e-324,
                                      std::numeric_limits<double>::infinity(),
                                      std::numeric_limits<double>::quiet_NaN()};
  const auto copy = Decode<std::vector<double>>(EncodeToString(values));
  ASSERT_THAT(copy, IsOk());
  EXPECT_TRUE(std::signbit((*copy)[0]));
  EXPECT_EQ((*copy)[1], 5e-324);
  EXPECT_TRUE(std::isinf((*copy)[2]));
  EXPECT_TRUE(std::isnan((*copy)[3]));
}

struct Defaults {
  std::vector<int> numbers = {1, 2, 3};
  std::optional<int> maybe = 4;
  std::shared_ptr<const int> shared = std::make_shared<int>(5);
  static void Fields(auto& self, auto&& visit) {
    visit(self.numbers, self.maybe, self.shared);
  }
};

TEST(FieldsTest, DefaultValuesAreReplaced) {
  Defaults empty;
  empty.numbers.clear();
  empty.maybe.reset();
  empty.shared.reset();
  const auto copy = Decode<Defaults>(EncodeToString(empty));
  ASSERT_THAT(copy, IsOk());
  EXPECT_TRUE(copy->numbers.empty());
  EXPECT_FALSE(copy->maybe.has_value());
  EXPECT_EQ(copy->shared, nullptr);
}

TEST(FieldsTest, ErrorsNameTheByte) {
  const std::string good = EncodeToString(std::string("hello"));
  EXPECT_THAT(Decode<std::string>(good.substr(0, 5)),
              StatusIs(absl::StatusCode::kDataLoss,
                       "at byte 0 of 5: 8 bytes are needed, 5 are left"));
  EXPECT_THAT(Decode<std::string>(good.substr(0, 10)),
              StatusIs(absl::StatusCode::kDataLoss,
                       "at byte 8 of 10: 5 elements are announced, but only 2 "
                       "bytes are left"));
  EXPECT_THAT(Decode<std::string>(good + "!"),
              StatusIs(absl::StatusCode::kDataLoss,
                       "at byte 13 of 14: 1 bytes are left over"));
  EXPECT_THAT(Decode<bool>(absl::string_view("\2", 1)),
              StatusIs(absl::StatusCode::kDataLoss,
                       "at byte 0 of 1: a flag is 2, but must be 0 or 1"));
}

// Counts up to 2^64 - 1 are refused before anything is allocated.
TEST(FieldsTest, HugeCountsAreRefused) {
  for (const uint64_t count :
       {uint64_t{2}, uint64_t{1} << 32, uint64_t{1} << 61, ~uint64_t{0}}) {
    std::string bytes;
    Encode(count, &bytes);
    bytes += "12345678";
    EXPECT_THAT(Decode<std::vector<double>>(bytes),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("announced")));
    EXPECT_THAT(Decode<std::vector<std::string>>(bytes),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("announced")));
    EXPECT_THAT(Decode<std::vector<Inner>>(bytes),
                StatusIs(absl::StatusCode::kDataLoss, HasSubstr("announced")));
  }
}

struct Tree {
  std::vector<Tree> children;
  static void Fields(auto& self, auto&& visit) { visit(self.children); }
};

TEST(FieldsTest, DeepNestingIsRefused) {
  std::string bytes;
  for (int depth = 0; depth < 100'000; ++depth) Encode(uint64_t{1}, &bytes);
  EXPECT_THAT(Decode<Tree>(bytes), StatusIs(absl::StatusCode::kDataLoss,
                                            HasSubstr("more than 100 deep")));
  Tree two;
  two.children.resize(2);
  EXPECT_EQ(Decode<Tree>(EncodeToString(two))->children.size(), 2u);
}

// Whatever is done to the bytes, decoding either fails cleanly or gives a value
// that encodes to exactly these bytes.
TEST(FieldsTest, MutatedBytesNeverDecodeToAnotherEncoding) {
  Rng rng(TestSeed());
  int num_refused = 0;
  for (int trial = 0; trial < 20'000; ++trial) {
    std::string bytes = EncodeToString(RandomValue(rng));
    for (int64_t changes = 1 + UniformInt(rng, 3); changes > 0; --changes) {
      const int64_t size = static_cast<int64_t>(bytes.size());
      switch (UniformInt(rng, 4)) {
        case 0:
          bytes.resize(static_cast<size_t>(UniformInt(rng, size + 1)));
          break;
        case 1:
          bytes += static_cast<char>(rng.NextUint64());
          break;
        case 2:
          if (size == 0) break;
          bytes[static_cast<size_t>(UniformInt(rng, size))] =
              static_cast<char>(rng.NextUint64());
          break;
        default:
          bytes.insert(static_cast<size_t>(UniformInt(rng, size + 1)),
                       static_cast<size_t>(UniformInt(rng, 9)),
                       static_cast<char>(0xFF));
      }
    }
    const absl::StatusOr<Everything> value = Decode<Everything>(bytes);
    if (value.ok()) {
      ASSERT_EQ(EncodeToString(*value), bytes);
    } else {
      ASSERT_THAT(value, StatusIs(absl::StatusCode::kDataLoss));
      ++num_refused;
    }
  }
  EXPECT_GT(num_refused, 10'000);
}

}  // namespace
}  // namespace muster::runtime
