#include "muster/models/data/number_field.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "absl/strings/str_format.h"

namespace muster::models {
namespace {

constexpr float kMaxFloat = std::numeric_limits<float>::max();

TEST(NumberFieldTest, APlusAndUnderflowAreNumbers) {
  double number = 7;
  EXPECT_EQ(ReadNumber("+1.5e2", &number), NumberError::kNone);
  EXPECT_EQ(number, 150);
  EXPECT_EQ(ReadNumber("1e-400", &number), NumberError::kNone);
  EXPECT_EQ(number, 0);
  for (const char* field : {"", "+", "++1", "+-1", "1x", "0x1", " 1"}) {
    EXPECT_EQ(ReadNumber(field, &number), NumberError::kNotANumber) << field;
  }
  EXPECT_EQ(ReadNumber("-inf", &number), NumberError::kNotFinite);
  EXPECT_EQ(ReadNumber("-1e309", &number), NumberError::kOverflow);
}

// Floats end at 2^128 - 2^104; what is nearer to it than to 2^128 is rounded to
// it, the middle, 2^128 - 2^103, is not.
TEST(NumberFieldTest, FloatsEndHalfAStepAboveTheLargest) {
  const double middle = std::ldexp(1.0, 128) - std::ldexp(1.0, 103);
  for (const double sign : {1.0, -1.0}) {
    float number = 0;
    for (const double value : {static_cast<double>(kMaxFloat), 3.40282347e+38,
                               std::nextafter(middle, 0)}) {
      const std::string field = absl::StrFormat("%.17g", sign * value);
      EXPECT_EQ(ReadNumber(field, &number), NumberError::kNone) << field;
      EXPECT_EQ(number, sign * kMaxFloat) << field;
    }
    for (const double value : {middle, std::ldexp(1.0, 128), 1e39}) {
      const std::string field = absl::StrFormat("%.17g", sign * value);
      EXPECT_EQ(ReadNumber(field, &number), NumberError::kOverflow) << field;
    }
  }
}

TEST(NumberFieldTest, NineDigitsAreAFloat) {
  for (const float value :
       {kMaxFloat, -kMaxFloat, std::nextafter(kMaxFloat, 0.0F),
        std::numeric_limits<float>::min(),
        std::numeric_limits<float>::denorm_min(), 0.1F}) {
    float number = 0;
    const std::string field = absl::StrFormat("%.9g", value);
    EXPECT_EQ(ReadNumber(field, &number), NumberError::kNone) << field;
    EXPECT_EQ(number, value) << field;
  }
}

}  // namespace
}  // namespace muster::models
