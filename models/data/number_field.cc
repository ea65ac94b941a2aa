#include "muster/models/data/number_field.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <system_error>

#include "absl/strings/charconv.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace muster::models {
namespace {

// Longest piece of a wrong field that an error repeats.
constexpr size_t kMaxQuoted = 40;

// Half a step above the largest float: from here on a double rounds to
// infinity, below to a float.
constexpr double kFloatOverflow = 0x1.ffffffp127;

}  // namespace

NumberError ReadNumber(absl::string_view field, double* number) {
  if (field.size() > 1 && field[0] == '+' && field[1] != '-' &&
      field[1] != '+') {
    field.remove_prefix(1);
  }
  // Hexadecimal numbers, which from_chars would take, are not of any format.
  if (field.find_first_of("xX") != absl::string_view::npos) {
    return NumberError::kNotANumber;
  }
  const char* end = field.data() + field.size();
  const absl::from_chars_result result =
      absl::from_chars(field.data(), end, *number);
  if (result.ec == std::errc::invalid_argument || result.ptr != end) {
    return NumberError::kNotANumber;
  }
  if (!std::isfinite(*number)) return NumberError::kNotFinite;
  if (result.ec == std::errc::result_out_of_range) {
    if (std::abs(*number) > 1) return NumberError::kOverflow;
    *number = 0;  // underflow
  }
  return NumberError::kNone;
}

NumberError ReadNumber(absl::string_view field, float* number) {
  double value = 0;
  const NumberError error = ReadNumber(field, &value);
  if (error != NumberError::kNone) return error;
  if (std::abs(value) >= kFloatOverflow) return NumberError::kOverflow;
  constexpr double kMax = std::numeric_limits<float>::max();
  *number = static_cast<float>(std::clamp(value, -kMax, kMax));
  return NumberError::kNone;
}

absl::string_view DescribeNumberError(NumberError error) {
  switch (error) {
    case NumberError::kNotFinite:
      return "is not finite; remove the row or give the number";
    case NumberError::kOverflow:
      return "is beyond the range of numbers; rescale the column";
    default:
      return "is not a number";
  }
}

std::string QuotedField(absl::string_view field) {
  std::string text;
  for (char c : field.substr(0, kMaxQuoted)) {
    if (c >= ' ' && c <= '~') {
      text += c;
    } else {
      text += absl::StrFormat("\\x%02x", static_cast<unsigned char>(c));
    }
  }
  return absl::StrCat("'", text, field.size() > kMaxQuoted ? "...'" : "'");
}

}  // namespace muster::models
