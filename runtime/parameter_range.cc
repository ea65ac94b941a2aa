#include "muster/runtime/parameter_range.h"

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/string_view.h"
#include "muster/runtime/number_text.h"

namespace muster::runtime {

absl::Status CheckParameter(absl::string_view family, absl::string_view name,
                            double value, double low, double high) {
  if (value >= low && value <= high) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat(
      family, ": ", name, " = ", NumberText(value), " must be a number from ",
      NumberText(low), " to ", NumberText(high)));
}

}  // namespace muster::runtime
