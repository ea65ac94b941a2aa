#include "muster/runtime/number_text.h"

#include <charconv>
#include <string>
#include <system_error>

#include "absl/strings/string_view.h"

namespace muster::runtime {

std::string NumberText(double value) {
  char buffer[32];
  const std::to_chars_result result =
      std::to_chars(buffer, buffer + sizeof(buffer), value);
  return std::string(buffer, result.ptr);
}

bool ParseNumber(absl::string_view text, double* value) {
  const char* end = text.data() + text.size();
  const std::from_chars_result result =
      std::from_chars(text.data(), end, *value);
  return result.ec == std::errc() && result.ptr == end;
}

}  // namespace muster::runtime
